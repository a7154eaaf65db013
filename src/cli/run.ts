import { delimiter, resolve } from "node:path";
import { Command } from "commander";
import { entriesOfRun, insideIsolation, isBelowRun, isolate, isolationError, vanishes } from "../lab/isolation.js";
import { CliError, STATUS } from "./error.js";
import { loadProblem, NATIVE_PACKAGES } from "./native.js";
import { checkFolder, isWritten } from "./results.js";
import { type RunOptions, runOptions } from "./run-options.js";

export function runCommand(): Command {
  return runOptions(new Command("run"))
    .description("run scenarios against a director")
    .action(async (paths: string[], options: RunOptions) => {
      process.exitCode = insideIsolation() ? await runInside(paths, options) : await runIsolated(paths, options);
    });
}

async function runIsolated(paths: readonly string[], options: RunOptions): Promise<number> {
  for (const name of NATIVE_PACKAGES) {
    const problem = await loadProblem(name);
    if (problem) throw cannotRun(`the npm package ${name} does not load: ${problem}`);
  }
  const out = resolve(options.out ?? "reports");
  if (isWritten(options) && isBelowRun(out)) {
    if (vanishes(out))
      throw new CliError(
        STATUS.badInput,
        `the report cannot be written to ${out}: that is a folder of the lab, and gone with it\nChoose another folder with --out.`,
      );
    checkFolder(out);
  }
  const programs = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const kept = entriesOfRun([".", out, ...paths, process.execPath, process.argv[1] ?? ".", ...programs]);
  const reason = await isolationError(kept);
  if (reason) throw cannotRun(reason);
  return isolate(process.argv.slice(1), kept);
}

function cannotRun(reason: string): CliError {
  return new CliError(STATUS.cannotRun, `${reason}\n\`hopcheck doctor\` says what this machine can run.`);
}

/** Loaded here alone: whoever only wants to know the rules, or what the machine lacks, needs no lab. */
async function runInside(paths: readonly string[], options: RunOptions): Promise<number> {
  const { run } = await import("./run-inside.js");
  return run(paths, options);
}
