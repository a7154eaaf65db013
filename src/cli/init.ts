import { Command } from "commander";
import { type InitOptions, initFromCapture } from "./init-from-capture.js";
import { capture, vip } from "./verify.js";

export function initCommand(): Command {
  return new Command("init")
    .description("write a scenario that sends the packets of captures again, in a lab")
    .requiredOption(
      "--from-capture <files...>",
      "a setup file that names its captures; with --vip the captures instead",
    )
    .option("--capture <tap=file>", "a capture of a host of the setup, or of one of its NICs (repeatable)", capture, [])
    .option("--vip <address[:port[/protocol]]>", "no setup file: find out who is who behind this virtual address", vip)
    .option("--with-fault", "put in what is wrong with the hosts, to see the bug again", false)
    .option("--out <file>", "where to write", "scenario.yaml")
    .option("--force", "overwrite the file where it is there", false)
    .action(async (options: InitOptions) => {
      process.exitCode = await initFromCapture(options);
    });
}
