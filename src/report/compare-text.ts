import { type Change, type Comparison, type ScenarioName, type Side, SLOWER_MS, SLOWER_RATIO } from "./compare.js";
import { type Matrix, telling } from "./directors.js";
import { count, directorName, directorPlace, duration, STATUS_WORDS } from "./format.js";
import { isUnkeptPromise } from "./verdict.js";

/** A kind of change with what it is called, the more important first. */
export interface Section {
  readonly title: string;
  /** `fail` for what broke, `pass` for what was mended; otherwise a reader has to look himself. */
  readonly tone: "fail" | "pass" | "inconclusive" | "declared";
  readonly changes: readonly Change[];
}

/** The changes of a comparison; kinds without any are left out. */
export function sectionsOf(comparison: Comparison): readonly Section[] {
  const sections: readonly Section[] = [
    { title: "Broke", tone: "fail", changes: comparison.broke },
    { title: "Not known any more", tone: "inconclusive", changes: comparison.unclear },
    { title: "Declared now", tone: "declared", changes: comparison.declared },
    { title: "Mended", tone: "pass", changes: comparison.mended },
    { title: "Exercised now", tone: "pass", changes: comparison.exercised },
  ];
  return sections.filter(({ changes }) => changes.length > 0);
}

/** `passed → failed`; `not there` and `gone` for what one side has not. */
export function wayOf({ before, after, finding }: Change): string {
  const word = (status: Change["before"], none: string) => (status === undefined ? none : STATUS_WORDS[status].word);
  const broken = finding !== undefined && isUnkeptPromise(finding) ? ", though covered" : "";
  return `${word(before, "not there")} → ${word(after, "gone")}${broken}`;
}

/** `fail · 17.4 s · ipvs, Linux 6.1.176 in User-Mode Linux · hopcheck 0.1.0 · 2025-11-23T07:12:45Z`. */
export function sideText({ verdict, durationMs, director, tool, startedAt }: Side): string {
  const by = director === undefined ? "captures" : `${directorName(director)}, ${directorPlace(director)}`;
  return [verdict, duration(durationMs), by, `hopcheck ${tool.version}`, startedAt].join(" · ");
}

/** What counts as slower, so that nobody has to guess. */
export const SLOWER_TEXT = `at least ${SLOWER_RATIO} times as long, and ${duration(SLOWER_MS)} longer`;

/** `broke 2 · mended 1 · slower 0 · …`, with what is nought as well: it was looked for. */
export function totalsOf(comparison: Comparison): readonly (readonly [what: string, number: number])[] {
  return [
    ["broke", comparison.broke.length],
    ["mended", comparison.mended.length],
    ["not known any more", comparison.unclear.length],
    ["slower", comparison.slower.length],
    ["new", comparison.added.length],
    ["vanished", comparison.vanished.length],
  ];
}

export function scenarioText({ title, file }: ScenarioName): string {
  return `${title} · ${file}`;
}

/** In what scenarios, at most so many of them by name. */
export function placesOf({ scenarios }: Change, most = 3): readonly string[] {
  const named = scenarios.slice(0, most).map(scenarioText);
  const left = scenarios.length - named.length;
  return left === 0 ? named : [...named, `and ${count(left, "scenario")} more`];
}

/** What a matrix says in a line. */
export function matrixText(matrix: Matrix): string {
  const same = matrix.rows.length - telling(matrix).length;
  const passed = matrix.sides.filter(({ verdict }) => verdict === "pass").length;
  return `${passed} of ${count(matrix.sides.length, "director")} passed. ${same} of ${count(matrix.rows.length, "rule")} held with every director.`;
}
