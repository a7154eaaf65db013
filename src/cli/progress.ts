import { join } from "node:path";
import { renderScenario, type Style } from "../report/list.js";
import type { ScenarioResult } from "../report/result.js";
import { shown } from "./paths.js";

/**
 * Prints a scenario that has been judged, and everything that is wrong with it.
 * @param out the report's folder, which the result's paths are relative to.
 */
export function printScenario(scenario: ScenarioResult, out: string, style: Style): void {
  const { capture } = scenario;
  const result = capture ? { ...scenario, capture: shown(join(out, capture)) } : scenario;
  process.stdout.write(`${renderScenario(result, style).join("\n")}\n`);
}
