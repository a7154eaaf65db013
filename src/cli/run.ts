import { resolve } from "node:path";
import { Command } from "commander";
import { isWritten, stepSummary } from "./formats.js";
import { inIsolation } from "./isolated.js";
import { type RunOptions, runOptions } from "./run-options.js";

export function runCommand(): Command {
  return runOptions(new Command("run"))
    .description("run scenarios against a director")
    .action(async (paths: string[], options: RunOptions) => {
      const out = resolve(options.out ?? "reports");
      process.exitCode = await inIsolation(
        {
          paths: [...paths, options.director, options.extract, stepSummary()].filter((path) => path !== undefined),
          ...(isWritten(options) ? { out } : {}),
        },
        async () => {
          // Loaded here alone: whoever only wants to know the rules, or what the machine lacks, needs no lab.
          const { run } = await import("./run-inside.js");
          return run(paths, options);
        },
      );
    });
}
