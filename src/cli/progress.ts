import { dot, lineBreak, renderBelowDots } from "../report/dot.js";
import { makeStyle, renderScenario, renderSummary } from "../report/list.js";
import type { RunResult, ScenarioResult } from "../report/result.js";
import { type Reporting, withShownCapture, withShownCaptures } from "./formats.js";

/** Prints scenarios as they are judged, in the formats for a terminal that the user asked for. */
export class ScenarioPrinter {
  readonly #formats: readonly string[];
  readonly #out: string;
  readonly #style = makeStyle(process.stdout);
  #dots = 0;

  /** @param out the report's folder, which the results' paths are relative to */
  constructor({ reporter }: Reporting, out: string) {
    this.#formats = reporter;
    this.#out = out;
  }

  judged(scenario: ScenarioResult): void {
    if (this.#formats.includes("list")) this.#print(renderScenario(withShownCapture(scenario, this.#out), this.#style));
    // Between the lines of the list, dots would only be in the way.
    else if (this.#formats.includes("dot")) process.stdout.write(dot(scenario, this.#style) + lineBreak(++this.#dots));
  }

  ended(result: RunResult): void {
    if (this.#formats.includes("list")) this.#print(renderSummary(result, this.#style));
    else if (this.#formats.includes("dot")) {
      process.stdout.write("\n");
      this.#print(renderBelowDots(withShownCaptures(result, this.#out), this.#style));
    }
  }

  #print(lines: readonly string[]): void {
    process.stdout.write(`${lines.join("\n")}\n`);
  }
}
