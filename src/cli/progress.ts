import { relative, resolve } from "node:path";
import { dot, lineBreak, renderBelowDots } from "../report/dot.js";
import { renderAnnotations } from "../report/github.js";
import { makeStyle, renderScenario, renderSummary } from "../report/list.js";
import type { RunResult, ScenarioResult } from "../report/result.js";
import { type Reporting, withShownCapture, withShownCaptures } from "./formats.js";

/** Prints scenarios as they are judged, in those of the formats asked for that are printed. */
export class ScenarioPrinter {
  readonly #formats: readonly string[];
  readonly #out: string;
  readonly #style = makeStyle(process.stdout);
  #dots = 0;

  /** @param out the report's folder, which the results' paths are relative to */
  constructor({ reporter }: Reporting, out: string) {
    // Between the lines of the list, dots would only be in the way.
    this.#formats = reporter.includes("list") ? reporter.filter((name) => name !== "dot") : reporter;
    this.#out = out;
  }

  judged(scenario: ScenarioResult): void {
    if (this.#formats.includes("list")) print(renderScenario(withShownCapture(scenario, this.#out), this.#style));
    if (this.#formats.includes("dot")) process.stdout.write(dot(scenario, this.#style) + lineBreak(++this.#dots));
  }

  ended(result: RunResult): void {
    const told = withShownCaptures(result, this.#out);
    if (this.#formats.includes("list")) print(renderSummary(told, this.#style));
    if (this.#formats.includes("dot")) print(["", ...renderBelowDots(told, this.#style)]);
    // A workflow command is one at the beginning of a line only.
    if (this.#formats.includes("github")) print(renderAnnotations(told, inRepository));
  }
}

function print(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(""));
}

/** The path of a file as GitHub knows it, where it is one of the repository's. */
function inRepository(file: string): string {
  const root = process.env.GITHUB_WORKSPACE;
  const way = root ? relative(root, resolve(file)) : "";
  return way === "" || way.startsWith("..") ? file : way;
}
