import { join } from "node:path";
import { compareResults, type Side } from "../report/compare.js";
import { comparisonHtml } from "../report/compare-html.js";
import { renderComparison, renderMatrix } from "../report/compare-list.js";
import { comparisonMarkdown, matrixMarkdown } from "../report/compare-markdown.js";
import { matrixOf } from "../report/directors.js";
import { makeStyle, type Style } from "../report/list.js";
import { matrixHtml } from "../report/matrix-html.js";
import type { Part } from "../report/merge.js";
import type { RunResult } from "../report/result.js";
import { CliError, STATUS } from "./error.js";
import { folderFor, reported } from "./folder.js";
import { isWritten } from "./formats.js";
import { shown, writeFile } from "./paths.js";
import type { ReportOptions } from "./report-files.js";
import { whole } from "./whole.js";
import { appendSummary } from "./write.js";

/** What can be made of a comparison. */
interface Rendered {
  readonly isGood: boolean;
  list(style: Style): string[];
  html(): string;
  json(): unknown;
  markdown(most: number): string;
}

/** The formats that a comparison has. */
const COMPARED: readonly string[] = ["list", "html", "json", "github"];

/** Holds two runs of one director against each other, or several directors; returns the exit status. */
export function compare(parts: readonly Part[], { reporter = ["list"], out: wanted }: ReportOptions): number {
  const other = reporter.find((name) => !COMPARED.includes(name));
  if (other !== undefined)
    throw new CliError(STATUS.badInput, `a comparison is not written as ${other}; there are ${COMPARED.join(", ")}`);
  const rendered = renderedOf(parts);
  const out = folderFor({ reporter, ...(wanted === undefined ? {} : { out: wanted }) }, new Date().toISOString());
  reported(out, () => {
    if (reporter.includes("html")) writeFile(join(out, "compare.html"), rendered.html());
    if (reporter.includes("json"))
      writeFile(join(out, "compare.json"), `${JSON.stringify(rendered.json(), undefined, 2)}\n`);
    if (reporter.includes("github")) appendSummary((most) => rendered.markdown(most), out);
  });
  if (isWritten({ reporter })) process.stderr.write(`comparison: ${shown(out)}\n`);
  if (reporter.includes("list")) process.stdout.write(`${rendered.list(makeStyle(process.stdout)).join("\n")}\n`);
  return rendered.isGood ? STATUS.holds : STATUS.violated;
}

function renderedOf(parts: readonly Part[]): Rendered {
  const names = [...new Set(parts.map(directorOf))];
  if (names.length > 1) return directorsAgainstEachOther(parts, names);
  const [before, after, ...others] = parts;
  if (before === undefined || after === undefined || others.length > 0)
    throw new CliError(
      STATUS.badInput,
      `--compare takes two results of one director, the earlier one first, or results of several directors; there ${parts.length === 1 ? "is one result" : `are ${parts.length} results`} of ${names[0]} (without --compare, \`hopcheck report\` puts shards together)`,
    );
  checkProfiles([before, after]);
  const comparison = compareResults(sideOf(before), sideOf(after));
  return {
    isGood: comparison.broke.length === 0,
    list: (style) => renderComparison(comparison, style),
    html: () => comparisonHtml(comparison),
    json: () => comparison,
    markdown: (most) => comparisonMarkdown(comparison, most),
  };
}

/** Shards of the same director, and repeated runs of it, count as one. */
function directorsAgainstEachOther(parts: readonly Part[], names: readonly string[]): Rendered {
  checkProfiles(parts);
  const sides = names.map((name) => {
    const own = parts.filter((part) => directorOf(part) === name);
    return { name: own.map((part) => part.name).join(", "), ...whole(own).result };
  });
  const matrix = matrixOf(sides);
  return {
    isGood: sides.every(({ verdict }) => verdict === "pass"),
    list: (style) => renderMatrix(matrix, style),
    html: () => matrixHtml(matrix),
    json: () => matrix,
    markdown: (most) => matrixMarkdown(matrix, most),
  };
}

function directorOf({ result: { director } }: Part): string {
  return director?.name ?? "captures";
}

function sideOf({ name, result }: Part): Side & RunResult {
  return { name, ...result };
}

/** Rules that only one of them was judged by would look like changes. */
function checkProfiles([first, ...others]: readonly Part[]): void {
  const other = others.find(({ result }) => result.profile !== first?.result.profile);
  if (first === undefined || other === undefined) return;
  throw new CliError(
    STATUS.badInput,
    `${first.name} was judged by the profile ${first.result.profile ?? "of an older hopcheck"}, and ${other.name} by ${other.result.profile ?? "that of an older hopcheck"}: what one leaves out would look like a change`,
  );
}
