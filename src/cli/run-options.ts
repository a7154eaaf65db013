import { createRequire } from "node:module";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Model } from "../forwarding/setup.js";
import type { KernelChoice } from "../scenario/stage.js";
import { EXTRACT, FORMATS_HELP, formats, isFormat } from "./formats.js";

export interface RunOptions {
  readonly director: string;
  /** Which version of it is tested, for the reports; left out: what its file says. */
  readonly directorVersion?: string;
  readonly model?: readonly Model[];
  readonly profile: "core" | "extended";
  readonly kernel: KernelChoice;
  /** The rule that the reference director is to break. */
  readonly fault?: string;
  readonly grep?: RegExp;
  readonly shard?: { readonly index: number; readonly count: number };
  readonly repeat: number;
  readonly retries: number;
  readonly bail: boolean;
  readonly keep: boolean;
  readonly reporter: readonly string[];
  readonly out?: string;
  /** Where the packets of each finding go. */
  readonly extract?: string;
}

export function runOptions(command: Command): Command {
  return command
    .argument("[paths...]", "scenario files, and folders that hold some (default: the bundled cases)")
    .option("--director <name>", "the load balancer to test: a name, or a director file", "ipvs")
    .option(
      "--director-version <text>",
      "which version of it is tested, for the reports, such as a commit",
      versionText,
    )
    .option("--model <models>", "only scenarios of these models: nat,dr,tun,proxy", models)
    .addOption(
      new Option("--profile <profile>", "the rules to judge by, and with them the bundled cases")
        .choices(["core", "extended"])
        .default("core"),
    )
    .addOption(
      new Option("--kernel <kernel>", "whose kernel runs IPVS and ipip")
        .choices(["auto", "host", "uml"])
        .default("auto"),
    )
    .option(
      "--fault <fault>",
      "what the reference director is to do wrong: a rule, such as GEN-TTL-01, or `RULE: title`",
    )
    .option("--grep <expression>", "only scenarios and rules whose titles match", expression)
    .option("--shard <i/n>", "the i-th of n parts of the scenarios", shard)
    .option("--repeat <n>", "run each scenario so many times", count, 1)
    .option("--retries <n>", "run a failed scenario again so many times", retries, 0)
    .option("--bail", "stop at the first failure", false)
    .option("--keep", "keep the lab after a failure, and say how to enter it", false)
    .option("--reporter <names>", `${FORMATS_HELP}; and one of mocha's reporters`, reporters, ["list", "html", "json"])
    .option("--out <folder>", "where to write (default: reports/ and the time)")
    .option("--extract <folder>", EXTRACT);
}

export function models(text: string): Model[] {
  const known = ["nat", "dr", "tun", "proxy"] as const;
  return text.split(",").map((name) => {
    const model = known.find((model) => model === name.trim());
    if (!model) throw new InvalidArgumentError(`'${name}' is no model; there are ${known.join(", ")}.`);
    return model;
  });
}

/** What a director's file may say as well. */
function versionText(text: string): string {
  if (text.length < 1 || text.length > 100) throw new InvalidArgumentError("text of 1 to 100 characters is wanted.");
  return text;
}

function expression(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

function shard(text: string): { index: number; count: number } {
  const [, index = 0, count = 0] = /^(\d+)\/(\d+)$/.exec(text)?.map(Number) ?? [];
  if (index < 1 || index > count)
    throw new InvalidArgumentError("write the part and the number of parts, such as 1/4.");
  return { index, count };
}

function count(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError("a number from 1 to 9999 is wanted.");
  return Number(text);
}

function retries(text: string): number {
  if (!/^\d{1,2}$/.test(text)) throw new InvalidArgumentError("a number from 0 to 99 is wanted.");
  return Number(text);
}

/** Any other name is one of mocha's reporters. */
function reporters(text: string): string[] {
  const isOurs = text.split(",").every((part) => isFormat(part.trim()));
  const names = formats(text, isOurs ? [] : reportersOfMocha());
  const ofMocha = names.filter((name) => !isFormat(name));
  if (ofMocha.length > 1)
    throw new InvalidArgumentError(`${ofMocha.join(" and ")} are both of mocha, which prints one of them only.`);
  return names;
}

function reportersOfMocha(): string[] {
  // Mocha takes longer to load than all that is needed to start a run.
  const { reporters } = createRequire(import.meta.url)("mocha") as typeof import("mocha");
  return Object.keys(reporters).filter((name) => /^[a-z]/.test(name) && name !== "base" && !isFormat(name));
}
