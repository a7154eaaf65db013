import { join, relative } from "node:path";
import { duration } from "../report/format.js";
import { renderFailure, renderProblem, type Style } from "../report/list.js";
import type { FindingResult, ScenarioResult } from "../report/result.js";
import { isUnkeptPromise } from "../report/verdict.js";
import { visibleInLog } from "../report/visible.js";

/**
 * One line for a scenario that has been judged, and behind it everything that is wrong with it.
 * @param out the report's folder, which the result's paths are relative to.
 */
export function printScenario(scenario: ScenarioResult, out: string, style: Style): void {
  const { capture } = scenario;
  const result = capture ? { ...scenario, capture: relative(process.cwd(), join(out, capture)) } : scenario;
  const held = new Set(result.findings.filter((finding) => finding.status === "pass").map((finding) => finding.rule))
    .size;
  const sign = { pass: style.good("✓"), fail: style.bad("✗"), inconclusive: style.unsure("?") }[result.verdict];
  const lines = [
    `${sign} ${visibleInLog(result.title)} ${style.quiet(`${held} rules hold, ${duration(result.durationMs)}`)}`,
  ];
  for (const finding of result.findings)
    if (isWorthSaying(finding, result))
      lines.push("", ...renderFailure(result, finding, style).map((line) => `  ${line}`), "");
  if (result.problem) lines.push("", ...renderProblem(result, style).map((line) => `  ${line}`), "");
  process.stdout.write(`${lines.join("\n")}\n`);
}

/** A scenario that broke off leaves many rules inconclusive; the one reason says it all. */
function isWorthSaying(finding: FindingResult, { problem }: ScenarioResult): boolean {
  if (finding.status === "fail") return true;
  return problem === undefined && (finding.status === "inconclusive" || isUnkeptPromise(finding));
}
