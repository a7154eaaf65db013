import { appendFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { InvalidArgumentError } from "commander";
import { renderBadge } from "../report/badge-svg.js";
import { renderConformance } from "../report/conformance.js";
import { renderStepSummary } from "../report/github.js";
import { renderHtml } from "../report/html.js";
import { renderJson } from "../report/json.js";
import { renderJunit } from "../report/junit.js";
import type { RunResult, ScenarioResult } from "../report/result.js";
import { LONGEST_SUMMARY } from "../report/step-summary.js";
import { writeReport } from "../report/write.js";
import { shown, writeFile } from "./paths.js";

/** Formats of our own, for `--reporter`. */
export const FORMATS = ["list", "dot", "html", "json", "junit", "github", "conformance", "badge"] as const;

/** What each of them is, for the help of the commands that have `--reporter`. */
export const FORMATS_HELP = `several with commas between them: list and dot on the terminal, html (index.html), json (results.json), junit (junit.xml), github (annotations, and a summary of the step), conformance (conformance.yaml), badge (badge.svg)`;

/** Those that are printed and nothing else. */
const PRINTED: readonly string[] = ["list", "dot"];

/** The file of each format, in the order in which they are named to the user; `writeReport` writes the first two. */
const FILES: readonly (readonly [format: string, file: string, render: (result: RunResult) => string])[] = [
  ["html", "index.html", renderHtml],
  ["json", "results.json", renderJson],
  ["junit", "junit.xml", renderJunit],
  ["conformance", "conformance.yaml", renderConformance],
  ["badge", "badge.svg", renderBadge],
];

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

/** Writes the files of all formats, and says where they are. */
export async function write(result: RunResult, out: string, { reporter }: Reporting): Promise<void> {
  const wanted = new Set(reporter);
  const files = FILES.filter(([format]) => wanted.has(format));
  const isReport = wanted.has("html") && wanted.has("json");
  if (isReport) await writeReport(result, out);
  for (const [, file, render] of files.slice(isReport ? 2 : 0)) writeFile(join(out, file), render(result));
  if (wanted.has("github")) appendSummary((most) => renderStepSummary(withShownCaptures(result, out), most), out);
  const [first] = files;
  if (first !== undefined) process.stderr.write(`report: ${shown(join(out, first[1]))}\n`);
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

/**
 * Writes the summary of a step where GitHub looks for it, behind what is there already, or else beside the report.
 * @param render the summary, of so many bytes at most
 */
export function appendSummary(render: (most: number) => string, out: string): void {
  const file = stepSummary();
  if (file === undefined) {
    writeFile(join(out, "summary.md"), render(LONGEST_SUMMARY));
    return;
  }
  const text = render(LONGEST_SUMMARY - (statSync(file, { throwIfNoEntry: false })?.size ?? 0) - 1);
  // Where it is too long, GitHub shows nothing of it, nor what others wrote.
  if (text !== "") appendFileSync(file, `\n${text}`);
}
