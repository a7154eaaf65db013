import type { Change, Comparison, Slower } from "./compare.js";
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
import { PLAIN, paint, type Style } from "./list.js";
import { shortened, visibleInLog } from "./visible.js";

const safe = (text: string) => shortened(visibleInLog(text));

/** A comparison for a terminal. */
export function renderComparison(comparison: Comparison, style: Style = PLAIN): string[] {
  const { before, after, slower, added, vanished, broke } = comparison;
  return [
    `${style.quiet("before")}  ${safe(before.name)}: ${safe(sideText(before))}`,
    `${style.quiet("after ")}  ${safe(after.name)}: ${safe(sideText(after))}`,
    "",
    ...sectionsOf(comparison).flatMap(({ title, tone, changes }) => [
      paint(tone, style)(`${STATUS_WORDS[tone].sign} ${title}`),
      ...changes.flatMap((change) => changeLines(change, style)),
      "",
    ]),
    ...listed(`Slower: ${SLOWER_TEXT}`, slower.map(slowerText), style),
    ...listed(
      "New scenarios",
      added.map((one) => `${STATUS_WORDS[one.verdict].sign} ${safe(scenarioText(one))}`),
      style,
    ),
    ...listed(
      "Vanished scenarios",
      vanished.map((one) => safe(scenarioText(one))),
      style,
    ),
    totalsOf(comparison)
      .map(([what, number]) => `${number} ${what}`)
      .join(" · "),
    broke.length > 0 ? style.strong(style.bad("something broke")) : style.strong(style.good("nothing broke")),
  ];
}

function changeLines(change: Change, style: Style): string[] {
  const { rule, title, finding } = change;
  const { expected, observed, suspect } = finding ?? {};
  const isWrong = finding?.status === "fail";
  return [
    `  ${style.strong(safe(rule ?? "problem"))}  ${wayOf(change)} · ${safe(title)}`,
    ...placesOf(change).map((place) => `    ${style.quiet("in")}        ${safe(place)}`),
    ...(isWrong && expected !== undefined ? [`    ${style.quiet("expected")}  ${safe(expected)}`] : []),
    ...(isWrong && observed !== undefined ? [`    ${style.quiet("observed")}  ${safe(observed)}`] : []),
    ...(isWrong && suspect !== undefined ? [`    ${style.quiet("suspect")}   ${safe(suspect)}`] : []),
  ];
}

function slowerText(slower: Slower): string {
  const { beforeMs, afterMs } = slower;
  return `${duration(beforeMs)} → ${duration(afterMs)} · ${safe(scenarioText(slower))}`;
}

function listed(title: string, lines: readonly string[], style: Style): string[] {
  return lines.length === 0 ? [] : [style.unsure(title), ...lines.map((line) => `  ${line}`), ""];
}

/** Rules by director for a terminal: those that did not hold with every one. */
export function renderMatrix(matrix: Matrix, style: Style = PLAIN): string[] {
  const rows = telling(matrix);
  const names = matrix.sides.map(({ director }) => visibleInLog(director?.name ?? "captures"));
  const widths = names.map((name) => Math.max(name.length, LONGEST_CELL));
  const wide = Math.max(4, ...rows.map(({ rule }) => safe(rule).length));
  const line = (first: string, cells: readonly string[], last: string) =>
    `${first}  ${cells.join("  ")}  ${last}`.trimEnd();
  return [
    ...matrix.sides.map(
      (side, index) => `${style.strong(names[index] ?? "")}: ${safe(side.name)}: ${safe(sideText(side))}`,
    ),
    "",
    line(
      "rule".padEnd(wide),
      names.map((name, index) => name.padEnd(widths[index] ?? 0)),
      "",
    ),
    ...rows.map(({ rule, cells, title }) =>
      line(
        safe(rule).padEnd(wide),
        cells.map((cell, index) => {
          const text = cell === null ? "" : `${STATUS_WORDS[cell.status].sign} ${STATUS_WORDS[cell.status].word}`;
          return paint(cell?.status ?? "not-supported", style)(text.padEnd(widths[index] ?? 0));
        }),
        safe(title),
      ),
    ),
    "",
    matrixText(matrix),
  ];
}

const LONGEST_CELL = Math.max(...Object.values(STATUS_WORDS).map(({ word }) => word.length)) + 2;
