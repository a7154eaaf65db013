import { Command, Option } from "commander";
import type { InitOptions } from "./init-from-capture.js";
import type { ProjectOptions } from "./init-project.js";
import { models } from "./run-options.js";
import { capture, vip } from "./verify.js";

type Options = ProjectOptions & Omit<InitOptions, "fromCapture"> & Partial<Pick<InitOptions, "fromCapture">>;

export function initCommand(): Command {
  const files = new Option(
    "--from-capture <files...>",
    "write a scenario alone: a setup file that names its captures; with --vip the captures instead",
  );
  return new Command("init")
    .description(
      "make hopcheck a part of the project in this folder, or write a scenario that sends the packets of captures again",
    )
    .option("--name <name>", "of the load balancer (default: that of the folder)")
    .option("--model <models>", "by which it forwards: nat,dr,tun", models)
    .option("--start <command>", "the command that starts it")
    .option(
      "--config <template>",
      "the template of its configuration; one to begin with is written where there is none",
    )
    .option("--ready <command>", "a command that ends with 0 when it serves")
    .option("--yes", "ask nothing", false)
    .addOption(files.conflicts(["name", "model", "start", "config", "ready"]))
    .option("--capture <tap=file>", "a capture of a host of the setup, or of one of its NICs (repeatable)", capture, [])
    .option("--vip <address[:port[/protocol]]>", "no setup file: find out who is who behind this virtual address", vip)
    .option("--with-fault", "put in what is wrong with the hosts, to see the bug again", false)
    .option("--out <file>", "where to write the scenario of captures", "scenario.yaml")
    .option("--force", "overwrite the scenario of captures where it is there", false)
    .action(async (options: Options) => {
      const { fromCapture } = options;
      if (fromCapture === undefined) {
        const { initProject } = await import("./init-project.js");
        process.exitCode = await initProject(options);
        return;
      }
      const { initFromCapture } = await import("./init-from-capture.js");
      process.exitCode = await initFromCapture({ ...options, fromCapture });
    });
}
