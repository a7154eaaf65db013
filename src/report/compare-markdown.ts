import type { Change, Comparison } from "./compare.js";
import {
  matrixText,
  placesOf,
  SLOWER_TEXT,
  scenarioText,
  sectionsOf,
  sideText,
  totalsOf,
  wayOf,
} from "./compare-text.js";
import { type Matrix, telling } from "./directors.js";
import { duration, STATUS_WORDS } from "./format.js";
import { code, table } from "./markdown.js";
import { limited } from "./step-summary.js";
import { shortened, visible } from "./visible.js";

const safe = (text: string) => code(shortened(visible(text)));

/** A comparison in Markdown. @param most bytes that it may have */
export function comparisonMarkdown(comparison: Comparison, most?: number): string {
  const { before, after, broke, slower, added, vanished } = comparison;
  const totals = totalsOf(comparison);
  return limited(
    [
      `## ${broke.length > 0 ? "✗ hopcheck: something broke" : "✓ hopcheck: nothing broke"}\n`,
      table(
        ["", "results", "run"],
        [
          ["before", safe(before.name), safe(sideText(before))],
          ["after", safe(after.name), safe(sideText(after))],
        ],
      ),
      table(
        totals.map(([what]) => what),
        [totals.map(([, number]) => `${number}`)],
      ),
      ...sectionsOf(comparison).flatMap(({ title, tone, changes }) => [
        `### ${STATUS_WORDS[tone].sign} ${title}\n`,
        ...changes.map(changeLine),
        "",
      ]),
      ...listed(
        `Slower: ${SLOWER_TEXT}`,
        slower.map((one) => `${duration(one.beforeMs)} → ${duration(one.afterMs)} ${safe(scenarioText(one))}`),
      ),
      ...listed(
        "New scenarios",
        added.map((one) => `${STATUS_WORDS[one.verdict].sign} ${safe(scenarioText(one))}`),
      ),
      ...listed(
        "Vanished scenarios",
        vanished.map((one) => safe(scenarioText(one))),
      ),
    ],
    most,
  );
}

function changeLine(change: Change): string {
  const { rule = "problem", title, finding } = change;
  const isWrong = finding?.status === "fail";
  const details = [
    ...placesOf(change).map((place) => `in ${safe(place)}`),
    ...(isWrong && finding.expected !== undefined ? [`expected ${safe(finding.expected)}`] : []),
    ...(isWrong && finding.observed !== undefined ? [`observed ${safe(finding.observed)}`] : []),
    ...(isWrong && finding.suspect !== undefined ? [`suspect ${safe(finding.suspect)}`] : []),
  ];
  return [`- **${safe(rule)}** ${wayOf(change)}: ${safe(title)}`, ...details.map((text) => `  - ${text}`)].join("\n");
}

function listed(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`### ${title}\n`, ...lines.map((line) => `- ${line}`), ""];
}

/** Rules by director in Markdown: those that did not hold with every one. @param most bytes that it may have */
export function matrixMarkdown(matrix: Matrix, most?: number): string {
  const rows = telling(matrix);
  const cell = (status: keyof typeof STATUS_WORDS) => `${STATUS_WORDS[status].sign} ${STATUS_WORDS[status].word}`;
  const head = ["rule", ...matrix.sides.map(({ director }) => safe(director?.name ?? "captures")), ""];
  const lines = rows.map(({ rule, cells, title }) => [
    safe(rule),
    ...cells.map((one) => (one === null ? "" : cell(one.status))),
    safe(title),
  ]);
  return limited(
    [
      "## hopcheck: director against director\n",
      ...matrix.sides.map((side) => `- ${safe(side.director?.name ?? "captures")}: ${safe(sideText(side))}`),
      "",
      `${matrixText(matrix)}\n`,
      ...(lines.length === 0 ? [] : table(head, lines).trimEnd().split("\n")),
    ],
    most,
  );
}
