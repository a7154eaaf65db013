import { writeFileSync } from "node:fs";
import { pcapBytes } from "./pcap.js";

/** tcpreplay did not send all frames; the message has what it printed. */
export class ReplayError extends Error {
  override name = "ReplayError";
}

/** Runs a command where the interface is; resolves to what it printed, and fails where it ends with another status than 0. */
type Run = (command: readonly string[]) => Promise<string>;

/**
 * Sends the frames of a classic capture file on an interface, as fast as it goes, through `tcpreplay`.
 * @throws ReplayError where the kernel refused a frame.
 */
export async function replay(run: Run, device: string, file: string): Promise<void> {
  const command = ["tcpreplay", "--intf1", device, "--topspeed", "--preload-pcap", file];
  const said = await run(command);
  // It goes on after a frame that the kernel refuses, and ends with 0 all the same.
  const failed = /^\s*Failed packets:\s+(\d+)/m.exec(said)?.[1];
  if (failed !== "0") throw new ReplayError(`\`${command.join(" ")}\` failed: ${said}`);
}

/** Sends frames as one burst. @param file to write them to first. */
export async function burst(run: Run, device: string, frames: readonly Uint8Array[], file: string): Promise<void> {
  writeFileSync(file, pcapBytes(frames));
  await replay(run, device, file);
}
