import { complaints, PLAIN, paint, renderSummary, type Style } from "./list.js";
import type { RunResult, ScenarioResult, Verdict } from "./result.js";

/** Scenarios on one line of dots. */
const PER_LINE = 72;

/** As mocha's reporter `dot` has them, with a sign of its own for what was not settled. */
const SIGNS: Readonly<Record<Verdict, string>> = { pass: ".", fail: "!", inconclusive: "?", "not-supported": "," };

/** One character for a scenario. */
export function dot({ verdict }: Pick<ScenarioResult, "verdict">, style: Style = PLAIN): string {
  return paint(verdict, style)(SIGNS[verdict]);
}

/** A line break where the line is full once so many scenarios have been shown. */
export function lineBreak(shown: number): string {
  return shown % PER_LINE === 0 ? "\n" : "";
}

/** What stands below the dots: everything that is wrong, and the counts. */
export function renderBelowDots(result: RunResult, style: Style = PLAIN): string[] {
  const wrong = result.scenarios.flatMap((scenario) => complaints(scenario, style)).flatMap((lines) => [...lines, ""]);
  return ["", ...wrong, ...renderSummary(result, style)];
}

/** A whole run at once. */
export function renderDots(result: RunResult, style: Style = PLAIN): string[] {
  const dots = result.scenarios.map((scenario, index) => dot(scenario, style) + lineBreak(index + 1)).join("");
  return [...dots.replace(/\n$/, "").split("\n"), ...renderBelowDots(result, style)];
}
