import { delimiter, resolve } from "node:path";
import { setFlagsFromString } from "node:v8";
import { arrive, entriesOfRun, insideIsolation, isBelowRun, isolate, NotIsolated, vanishes } from "../lab/isolation.js";
import { CliError, STATUS } from "./error.js";
import { checkFolder } from "./folder.js";
import { loadProblem, NATIVE_PACKAGES } from "./native.js";

/** What a command that builds labs reads and writes outside of them. */
export interface Reach {
  readonly paths: readonly string[];
  /** Where it writes; left out: nowhere. */
  readonly out?: string;
}

/**
 * How much of a function has to run before V8 optimizes it, in bytes of its code; 66 KiB unless told otherwise. A run is
 * over within seconds, and most of what would be optimized on the way is not used often enough to pay for it.
 */
const LATE_OPTIMIZATION = "--interrupt-budget=600000";
/** The V8 that has it, which is that of Node 20. */
const HAS_IT = /^11\./;

/**
 * Runs a command's work inside the private namespaces of a run, and resolves to its exit status: outside of them this
 * very command is started again, as their first process.
 */
export async function inIsolation({ paths, out }: Reach, work: () => Promise<number>): Promise<number> {
  if (insideIsolation()) {
    arrive();
    if (HAS_IT.test(process.versions.v8)) setFlagsFromString(LATE_OPTIMIZATION);
    for (const name of NATIVE_PACKAGES) {
      const problem = await loadProblem(name);
      if (problem) throw cannotRun(`the npm package ${name} does not load: ${problem}`);
    }
    return work();
  }
  if (out !== undefined && isBelowRun(out)) {
    if (vanishes(out))
      throw new CliError(
        STATUS.badInput,
        `the report cannot be written to ${out}: that is a folder of the lab, and gone with it\nChoose another folder with --out.`,
      );
    checkFolder(out);
  }
  const programs = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const kept = entriesOfRun([
    ".",
    ...(out === undefined ? [] : [resolve(out)]),
    ...paths,
    process.execPath,
    process.argv[1] ?? ".",
    ...programs,
  ]);
  return isolate(process.argv.slice(1), kept).catch((error: Error) => {
    throw error instanceof NotIsolated ? cannotRun(error.message) : error;
  });
}

function cannotRun(reason: string): CliError {
  return new CliError(STATUS.cannotRun, `${reason}\n\`hopcheck doctor\` says what this machine can run.`);
}
