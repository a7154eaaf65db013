import { appendFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { renderBadge } from "../report/badge-svg.js";
import { renderConformance } from "../report/conformance.js";
import { renderStepSummary } from "../report/github.js";
import { renderHtml } from "../report/html.js";
import { renderJson } from "../report/json.js";
import { renderJunit } from "../report/junit.js";
import type { RunResult } from "../report/result.js";
import { LONGEST_SUMMARY } from "../report/step-summary.js";
import { writePage, writeReport } from "../report/write.js";
import { type Reporting, stepSummary, withShownCaptures } from "./formats.js";
import { shown, writeFile } from "./paths.js";

/** The file of each format, in the order in which they are named to the user; `writeReport` writes the first two. */
const FILES: readonly (readonly [format: string, file: string, render: (result: RunResult) => string])[] = [
  ["html", "index.html", renderHtml],
  ["json", "results.json", renderJson],
  ["junit", "junit.xml", renderJunit],
  ["conformance", "conformance.yaml", renderConformance],
  ["badge", "badge.svg", renderBadge],
];

/** Writes the files of all formats, and says where they are. */
export async function write(result: RunResult, out: string, { reporter }: Reporting): Promise<void> {
  const wanted = new Set(reporter);
  const files = FILES.filter(([format]) => wanted.has(format));
  const isReport = wanted.has("html") && wanted.has("json");
  if (isReport) await writeReport(result, out);
  else if (wanted.has("html")) await writePage(result, out);
  const isLeft = ([format]: (typeof FILES)[number]) => format !== "html" && !(isReport && format === "json");
  for (const [, file, render] of files.filter(isLeft)) writeFile(join(out, file), render(result));
  if (wanted.has("github")) appendSummary((most) => renderStepSummary(withShownCaptures(result, out), most), out);
  const [first] = files;
  if (first !== undefined) process.stderr.write(`report: ${shown(join(out, first[1]))}\n`);
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
