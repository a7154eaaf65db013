import { accessSync, constants, mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { CliError, STATUS } from "./error.js";
import { isWritten } from "./formats.js";
import type { RunOptions } from "./run-options.js";

/** Before anything runs: minutes later, nobody wants to learn that the results have no place. */
export function checkFolder(out: string): void {
  reported(out, () => {
    mkdirSync(out, { recursive: true });
    accessSync(out, constants.W_OK | constants.X_OK);
  });
}

/** The folder that a run started at that time writes to, absolute; made, and known to be writable, where it writes. */
export function folderFor(options: Pick<RunOptions, "reporter" | "out">, startedAt: string): string {
  const out = resolve(options.out ?? `reports/${startedAt.replaceAll(":", "-").slice(0, 19)}`);
  if (!isWritten(options)) return out;
  if (options.out === undefined) return reported(out, () => newFolder(out));
  checkFolder(out);
  return out;
}

/** Several runs may start in the same second: `2026-01-02T03-04-05`, then `2026-01-02T03-04-05-2`, … */
function newFolder(wanted: string): string {
  mkdirSync(dirname(wanted), { recursive: true });
  for (let number = 1; ; number++) {
    const folder = number === 1 ? wanted : `${wanted}-${number}`;
    try {
      mkdirSync(folder);
      return folder;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

export function reported<T>(out: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code ? unwritable(out, error) : error;
  }
}

export function unwritable(out: string, error: unknown): CliError {
  return new CliError(
    STATUS.badInput,
    `the report cannot be written to ${out}: ${(error as Error).message}\nChoose another folder with --out.`,
  );
}
