import { join } from "node:path";
import type { Status } from "../forwarding/rule.js";
import { duration, STATUS_WORDS } from "../report/format.js";
import { renderFailure, renderProblem, type Style } from "../report/list.js";
import type { FindingResult, ScenarioResult, Verdict } from "../report/result.js";
import { isUnkeptPromise } from "../report/verdict.js";
import { shortened, visibleInLog } from "../report/visible.js";
import { shown } from "./paths.js";

/**
 * One line for a scenario that has been judged, and behind it everything that is wrong with it.
 * @param out the report's folder, which the result's paths are relative to.
 */
export function printScenario(scenario: ScenarioResult, out: string, style: Style): void {
  const { capture } = scenario;
  const result = capture ? { ...scenario, capture: shown(join(out, capture)) } : scenario;
  const lines = [`${sign(result.verdict, style)} ${visibleInLog(result.title)} ${style.quiet(inShort(result))}`];
  for (const finding of result.findings)
    if (isWorthSaying(finding, result))
      lines.push("", ...renderFailure(result, finding, style).map((line) => `  ${line}`), "");
  if (result.problem) lines.push("", ...renderProblem(result, style).map((line) => `  ${line}`), "");
  process.stdout.write(`${lines.join("\n")}\n`);
}

function sign(verdict: Verdict, style: Style): string {
  const { sign } = STATUS_WORDS[verdict];
  const paint = { pass: style.good, fail: style.bad, inconclusive: style.unsure, "not-supported": style.quiet }[
    verdict
  ];
  return paint(sign);
}

/** `16 rules hold, 1 declared, 32 ms`, or why it was not run. */
function inShort({ reason, findings, durationMs }: ScenarioResult): string {
  if (reason !== undefined) return `${STATUS_WORDS["not-supported"].word}: ${shortened(visibleInLog(reason))}`;
  const rules = (status: Status) =>
    new Set(findings.filter((one) => one.status === status).map(({ rule }) => rule)).size;
  const declared = rules("declared");
  return `${rules("pass")} rules hold, ${declared > 0 ? `${declared} declared, ` : ""}${duration(durationMs)}`;
}

/** A scenario that broke off leaves many rules inconclusive; the one reason says it all. */
function isWorthSaying(finding: FindingResult, { problem }: ScenarioResult): boolean {
  if (finding.status === "fail") return true;
  return problem === undefined && (finding.status === "inconclusive" || isUnkeptPromise(finding));
}
