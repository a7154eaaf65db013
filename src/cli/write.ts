import { appendFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { RunResult } from "../report/result.js";
import { LONGEST_SUMMARY } from "../report/step-summary.js";
import { type Reporting, stepSummary, withShownCaptures } from "./formats.js";
import { shown, writeFile } from "./paths.js";

type Render = (result: RunResult) => string;

/**
 * The file of each format, in the order in which they are named to the user; `writeReport` writes the first two. What
 * renders a format is loaded where that is asked for: all of them take as long as the start of a run.
 */
const FILES: readonly (readonly [format: string, file: string, load: () => Promise<Render>])[] = [
  ["html", "index.html", async () => (await import("../report/html.js")).renderHtml],
  ["json", "results.json", async () => (await import("../report/json.js")).renderJson],
  ["junit", "junit.xml", async () => (await import("../report/junit.js")).renderJunit],
  ["conformance", "conformance.yaml", async () => (await import("../report/conformance.js")).renderConformance],
  ["badge", "badge.svg", async () => (await import("../report/badge-svg.js")).renderBadge],
];

/** Writes the files of all formats, and says where they are. */
export async function write(result: RunResult, out: string, { reporter }: Reporting): Promise<void> {
  const wanted = new Set(reporter);
  const files = FILES.filter(([format]) => wanted.has(format));
  const isReport = wanted.has("html") && wanted.has("json");
  if (isReport) await (await import("../report/write.js")).writeReport(result, out);
  else if (wanted.has("html")) await (await import("../report/write.js")).writePage(result, out);
  const isLeft = ([format]: (typeof FILES)[number]) => format !== "html" && !(isReport && format === "json");
  for (const [, file, load] of files.filter(isLeft)) writeFile(join(out, file), (await load())(result));
  if (wanted.has("github")) {
    const { renderStepSummary } = await import("../report/github.js");
    appendSummary((most) => renderStepSummary(withShownCaptures(result, out), most), out);
  }
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
