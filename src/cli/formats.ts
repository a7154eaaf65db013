import { join } from "node:path";
import { InvalidArgumentError } from "commander";
import type { RunResult, ScenarioResult } from "../report/result.js";
import { shown } from "./paths.js";

/** Formats of our own, for `--reporter`. */
export const FORMATS = ["list", "dot", "html", "json", "junit", "github", "conformance", "badge"] as const;

/** What each of them is, for the help of the commands that have `--reporter`. */
export const FORMATS_HELP = `several with commas between them: list and dot on the terminal, html (index.html), json (results.json), junit (junit.xml), github (annotations, and a summary of the step), conformance (conformance.yaml), badge (badge.svg)`;

/** What `--extract` does, for the help of the commands that have it. */
export const EXTRACT = "where to write the packets of each finding, as pcapng with a comment on every frame";

/** Those that are printed and nothing else. */
const PRINTED: readonly string[] = ["list", "dot"];

export interface Reporting {
  readonly reporter: readonly string[];
}

/** Reads a list of formats; `others` may stand in it as well. */
export function formats(text: string, others: readonly string[] = []): string[] {
  const known = [...FORMATS, ...others];
  return text.split(",").map((part) => {
    const name = part.trim();
    if (!known.includes(name)) throw new InvalidArgumentError(`'${name}' is none; there are ${known.join(", ")}.`);
    return name;
  });
}

export function isFormat(name: string): boolean {
  return (FORMATS as readonly string[]).includes(name);
}

/** Whether a folder is needed, for files or for the captures that they refer to. */
export function isWritten({ reporter }: Reporting): boolean {
  return reporter.some((name) => isFormat(name) && !PRINTED.includes(name));
}

/** A scenario whose capture has the path that the user would write. */
export function withShownCapture(scenario: ScenarioResult, out: string): ScenarioResult {
  const { capture } = scenario;
  return capture === undefined ? scenario : { ...scenario, capture: shown(join(out, capture)) };
}

export function withShownCaptures(result: RunResult, out: string): RunResult {
  return { ...result, scenarios: result.scenarios.map((scenario) => withShownCapture(scenario, out)) };
}

/** The file that GitHub reads a step's summary from. */
export function stepSummary(): string | undefined {
  return process.env.GITHUB_STEP_SUMMARY || undefined;
}
