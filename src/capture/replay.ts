import { writeFileSync } from "node:fs";
import { pcapBytes } from "./pcap.js";

/** tcpreplay did not send all frames; the message has what it printed. */
export class ReplayError extends Error {
  override name = "ReplayError";
}

/** Runs a command where the interface is; resolves to what it printed, and fails where it ends with another status than 0. */
type Run = (command: readonly string[]) => Promise<string>;

/**
 * Sends frames on an interface as one burst, as fast as it goes, through `tcpreplay`.
 * @param file to write them to first.
 * @throws ReplayError where not all of them were sent.
 */
export async function burst(run: Run, device: string, frames: readonly Uint8Array[], file: string): Promise<void> {
  writeFileSync(file, pcapBytes(frames));
  const command = ["tcpreplay", "--intf1", device, "--topspeed", "--preload-pcap", file];
  const said = await run(command);
  // It ends with 0 also where the kernel refused a frame, or it was interrupted.
  const sent = Number(/^\s*Successful packets:\s+(\d+)/m.exec(said)?.[1] ?? 0);
  if (sent !== frames.length)
    throw new ReplayError(`\`${command.join(" ")}\` sent ${sent} of ${frames.length} frames: ${said}`);
}
