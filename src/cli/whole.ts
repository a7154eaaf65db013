import { type Merged, MergeError, mergeResults, type Part } from "../report/merge.js";
import { CliError, STATUS } from "./error.js";

/** @throws CliError where they are not of one run */
export function whole(parts: readonly Part[]): Merged {
  try {
    return mergeResults(parts);
  } catch (error) {
    if (error instanceof MergeError) throw new CliError(STATUS.badInput, error.message);
    throw error;
  }
}
