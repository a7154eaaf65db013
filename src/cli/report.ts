import { Command } from "commander";
import { FORMATS_HELP, formats } from "./formats.js";
import { type ReportOptions, report } from "./report-files.js";

export function reportCommand(): Command {
  return new Command("report")
    .description("render results of earlier runs, put those of shards together, or compare them; needs no lab")
    .argument("<results...>", "results.json files, or the folders that hold them")
    .option(
      "--compare",
      "two results of one director: what broke, what was mended, what is slower; of several directors: rules by director",
      false,
    )
    .option(
      "--reporter <names>",
      `${FORMATS_HELP} (default: list,html,json; with --compare: list, and of the others html (compare.html), json (compare.json) and github)`,
      (text) => formats(text),
    )
    .option("--out <folder>", "where to write (default: reports/ and the time)")
    .addHelpText("after", EXAMPLES)
    .action(async (files: string[], options: ReportOptions) => {
      process.exitCode = await report(files, options);
    });
}

const EXAMPLES = `
  hopcheck report reports/2026-01-02T03-04-05 --reporter junit     the same result in another format
  hopcheck report shard-*/results.json                             shards of one run, as one run
  hopcheck report main.json pull-request.json --compare            what a change broke
  hopcheck report ipvs.json nftables.json mine.json --compare      director against director

Shards are put together in the order that one run would have had. What two results both have is taken for a repetition.
Exit status: as that of a run; with --compare 1 where something broke, or where a director breaks a rule.`;
