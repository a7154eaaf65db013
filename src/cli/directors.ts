import type { Director } from "../director/director.js";
import { loadDirector } from "../scenario/director-file.js";
import { bundledDirectors, directorPath } from "../scenario/paths.js";
import { ScenarioError } from "../scenario/problem.js";
import { CliError, STATUS } from "./error.js";

/** The director that a user means: one that comes with hopcheck, or one with a file of its own. */
export function directorNamed(name: string): Director {
  const file = directorPath(name);
  if (file === undefined)
    throw new CliError(STATUS.badInput, `unknown director ${name}; there are ${bundledDirectors().join(", ")}`);
  try {
    return loadDirector(file);
  } catch (error) {
    if (error instanceof ScenarioError) throw new CliError(STATUS.badInput, error.message);
    throw error;
  }
}
