#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { CliError } from "./error.js";
import { version } from "./version.js";

const COMMANDS: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ["run", async () => (await import("./run.js")).runCommand()],
  ["verify", async () => (await import("./verify.js")).verifyCommand()],
  ["faults", async () => (await import("./faults.js")).faultsCommand()],
  ["report", async () => (await import("./report.js")).reportCommand()],
  ["rules", async () => (await import("./rules.js")).rulesCommand()],
  ["schema", async () => (await import("./schema.js")).schemaCommand()],
  ["init", async () => (await import("./init.js")).initCommand()],
  ["doctor", async () => (await import("./doctor.js")).doctorCommand()],
]);

const program = new Command("hopcheck")
  .description(
    "Proves, hop by hop, that a layer-4 load balancer forwards packets the way its model (NAT, DR or TUN) says it must.",
  )
  .version(version, "-V, --version")
  .exitOverride()
  .showHelpAfterError("(add --help for what this command takes)")
  .addHelpText(
    "after",
    "\nExit status: 0 all rules hold · 1 a rule is violated or inconclusive · 2 bad usage or input · 3 this machine cannot run it · 130 interrupted",
  );
// Each command has a second's worth of modules of its own: the others are loaded only to be listed.
const asked = COMMANDS.get(process.argv[2] ?? "");
for (const load of asked === undefined ? COMMANDS.values() : [asked])
  program.addCommand((await load()).exitOverride().copyInheritedSettings(program));

// `npm start` runs in hopcheck's own folder; the paths that it was given are those of its caller's.
const { npm_lifecycle_event, npm_package_name, INIT_CWD } = process.env;
if (npm_lifecycle_event === "start" && npm_package_name === "hopcheck" && INIT_CWD) process.chdir(INIT_CWD);
// Whoever reads the output may stop early (`| head`); the report is written all the same.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
// Labs leave sockets and watchers behind that would keep the process alive; the namespaces end with it.
process.exit();

/** Prints what went wrong; returns the exit status that says so. */
function report(error: unknown): number {
  // commander has printed its own message already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof CliError) {
    process.stderr.write(`hopcheck: ${error.message}\n`);
    return error.status;
  }
  process.stderr.write(
    `hopcheck: this is a fault of hopcheck itself; please report it\n${(error as Error)?.stack ?? error}\n`,
  );
  return 70;
}
