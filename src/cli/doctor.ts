import { Command } from "commander";
import { makeStyle } from "../report/list.js";
import { type Check, checkMachine, installationOf } from "./doctor-checks.js";
import { STATUS } from "./error.js";

/** What must be there for any run, of code that is compiled; real IPVS needs one of the two kernels besides. */
const INDISPENSABLE = ["lab", "bursts"];
const DIRECTORS = ["the director nftables", "the director keepalived"];
const KERNELS = ["ipvs on the host's kernel", "ipvs in User-Mode Linux"];

export function doctorCommand(): Command {
  return new Command("doctor")
    .description("what this machine can run, and what to install for the rest")
    .action(async () => {
      const checks = await checkMachine();
      const style = makeStyle(process.stdout);
      const width = Math.max(...checks.map((check) => check.name.length));
      for (const { name, ok, detail, needed, fix } of checks) {
        const sign = ok ? style.good("✓") : style.bad("✗");
        process.stdout.write(`${sign} ${name.padEnd(width)}  ${detail}${ok ? "" : ` (needed for: ${needed})`}\n`);
        if (!ok && fix) process.stdout.write(`  ${" ".repeat(width)}  → ${fix}\n`);
      }
      const able = canRun(checks);
      process.stdout.write(`\n${able.text}\n`);
      const command = installationOf(checks);
      if (command !== undefined) process.stdout.write(`One command installs what is missing:\n  ${command}\n`);
      process.exitCode = able.status;
    });
}

function canRun(checks: readonly Check[]): { status: number; text: string } {
  const missing = (needed: string) => checks.some((check) => check.needed === needed && !check.ok);
  if (INDISPENSABLE.some(missing))
    return { status: STATUS.cannotRun, text: "This machine cannot run labs yet; see the lines marked ✗." };
  const kernel = KERNELS.find((kernel) => !missing(kernel));
  if (!kernel)
    return {
      status: STATUS.cannotRun,
      text: "This machine runs the reference director only: neither kernel for real IPVS is there.",
    };
  const lacking = DIRECTORS.filter(missing);
  const what = lacking.length === 0 ? "everything" : `all but ${lacking.join(" and ")}`;
  return { status: STATUS.holds, text: `This machine runs ${what}: real ${kernel}.` };
}
