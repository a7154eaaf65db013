import { Command } from "commander";
import { type InitOptions, initFromCapture } from "./init-from-capture.js";

export function initCommand(): Command {
  return new Command("init")
    .description("write a scenario that sends the packets of captures again, in a lab")
    .requiredOption("--from-capture <setup>", "the setup file that names the captures")
    .option("--out <file>", "where to write", "scenario.yaml")
    .option("--force", "overwrite the file where it is there", false)
    .action(async (options: InitOptions) => {
      process.exitCode = await initFromCapture(options);
    });
}
