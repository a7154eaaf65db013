import { resolve } from "node:path";
import { Command, Option } from "commander";
import type { KernelChoice } from "../scenario/stage.js";
import { inIsolation } from "./isolated.js";

export interface FaultsOptions {
  readonly kernel: KernelChoice;
  readonly out?: string;
}

export function faultsCommand(): Command {
  return new Command("faults")
    .description(
      "prove the suite: each deliberate fault must be caught by the rule that it breaks, and by no other but those that it names",
    )
    .argument("[ids...]", "only the faults of these rules, such as DR-ARP-02 or DR (default: all)")
    .addOption(
      new Option("--kernel <kernel>", "whose kernel runs IPVS and tunnels")
        .choices(["auto", "host", "uml"])
        .default("auto"),
    )
    .option("--out <file>", "write the score as JSON as well")
    .action(async (ids: string[], options: FaultsOptions) => {
      const out = options.out === undefined ? {} : { out: resolve(options.out) };
      process.exitCode = await inIsolation({ paths: [], ...out }, async () => {
        const { faults } = await import("./faults-inside.js");
        return faults(ids, options);
      });
    });
}
