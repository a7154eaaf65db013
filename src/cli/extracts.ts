import { pcapngBytes } from "../capture/pcapng.js";
import type { Evidence } from "../forwarding/evidence.js";
import type { Finding } from "../forwarding/rule.js";
import { extractsOf } from "../report/extract.js";
import { CliError, STATUS } from "./error.js";
import { shown, writeFile } from "./paths.js";
import { version } from "./version.js";

/**
 * Writes the packets of each finding that something is wrong with into a file of their own, and says on stderr how to
 * open it at the right one.
 * @throws CliError where the folder cannot be written to
 */
export function writeExtracts(folder: string, evidence: Evidence, findings: readonly Finding[]): void {
  for (const { name, frames, comments, shownAt } of extractsOf(evidence, findings)) {
    const file = `${folder}/${name}.pcapng`;
    try {
      writeFile(file, pcapngBytes(frames, `hopcheck ${version}`, comments));
    } catch (error) {
      throw new CliError(
        STATUS.badInput,
        `the packets cannot be written to ${folder}: ${(error as Error).message}\nChoose another folder with --extract.`,
      );
    }
    process.stderr.write(`extract: wireshark -g ${shownAt} ${shown(file)}\n`);
  }
}
