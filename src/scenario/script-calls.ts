import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ScenarioError } from "./problem.js";
import type { Position } from "./scenario.js";

/** Where a script called hopcheck, by the stack of an error that was made in the call. */
export function callIn(file: string, { stack = "" }: Error): Position {
  const url = pathToFileURL(realpathSync(resolve(file))).href;
  const call = stack.split("\n").find((line) => line.includes(`${url}:`));
  const [, line = 1, column = 1] = /:(\d+):(\d+)\)?$/.exec(call ?? "") ?? [];
  return { file, line: Number(line), column: Number(column) };
}

/** Reads what a script passed on; what is wrong with it is shown at the call: the file has no such text. */
export function shownAt<T>(position: Position, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    throw new ScenarioError(
      error.problems.map((problem) =>
        problem.position.file === position.file ? { position, message: problem.message } : problem,
      ),
    );
  }
}
