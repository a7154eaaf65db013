import { writeFileSync } from "node:fs";
import { execa } from "execa";
import { insideNamespace } from "./libc.js";
import { pcapBytes } from "./pcap.js";

/** tcpreplay is not there, or ended with an error; the message has what it printed. */
export class ReplayError extends Error {
  override name = "ReplayError";
}

/**
 * Sends the frames of a classic capture file on an interface, as fast as it goes, through `tcpreplay`; some 80 ms
 * whatever the number of frames.
 * @param namespace path of the network namespace that the interface is in.
 */
export async function replay(namespace: string, device: string, file: string): Promise<void> {
  // Politely: whoever records and forwards the frames comes first, or the burst would outrun its own recording.
  const command = ["--adjustment=19", "tcpreplay", "--intf1", device, "--topspeed", "--preload-pcap", file];
  // The process is started in this very call; only its end is waited for outside.
  const result = await insideNamespace(namespace, () =>
    execa("nice", command, { all: true, reject: false, stdin: "ignore" }),
  );
  // It goes on after a frame that the kernel refuses, and ends with 0 all the same.
  const failed = /^\s*Failed packets:\s+(\d+)/m.exec(result.all ?? "")?.[1];
  if (result.exitCode !== 0 || failed !== "0")
    throw new ReplayError(`\`nice ${command.join(" ")}\` failed: ${result.all || result.message}`);
}

/** Sends frames as one burst. @param file to write them to first. */
export async function burst(
  namespace: string,
  device: string,
  frames: readonly Uint8Array[],
  file: string,
): Promise<void> {
  writeFileSync(file, pcapBytes(frames));
  await replay(namespace, device, file);
}
