import type { FindingResult, ScenarioResult, Verdict } from "./result.js";

/** Judges one scenario by its findings and by what kept it from ending. */
export function scenarioVerdict(findings: readonly FindingResult[], problem?: string): Verdict {
  if (findings.some((finding) => finding.status === "fail")) {
    return "fail";
  }
  if (problem !== undefined) {
    return "inconclusive";
  }
  if (findings.some(isUnkeptPromise)) {
    return "fail";
  }
  if (findings.some((finding) => finding.status === "inconclusive")) {
    return "inconclusive";
  }
  // No traffic never passes: declared deviations and unsupported rules prove nothing, so at least one rule has to hold.
  return findings.some(holds) ? "pass" : "fail";
}

/** The worst of the scenarios that were run; where none was, nothing was tested, and that never passes. */
export function runVerdict(scenarios: readonly Pick<ScenarioResult, "verdict">[]): Verdict {
  const verdicts = scenarios.filter(wasRun).map((scenario) => scenario.verdict);
  if (verdicts.length === 0 || verdicts.includes("fail")) {
    return "fail";
  }
  return verdicts.includes("inconclusive") ? "inconclusive" : "pass";
}

/** False for a scenario that the director does not support. */
export function wasRun({ verdict }: Pick<ScenarioResult, "verdict">): boolean {
  return verdict !== "not-supported";
}

/** The process's exit status: 0 where all rules hold, 1 where one is violated or was not settled. */
export function exitStatus(verdict: Verdict): 0 | 1 {
  return verdict === "pass" ? 0 : 1;
}

/** True where the author named the rule under `covers` and no frame exercised it. */
export function isUnkeptPromise(finding: FindingResult): boolean {
  // A pass that was exercised no time at all is a judge comparing nothing with nothing.
  const idle = finding.status === "not-exercised" || (finding.status === "pass" && finding.count < 1);
  return finding.covered && idle;
}

/**
 * Whether somebody has to look into a finding. A scenario that broke off leaves many rules inconclusive; the one reason
 * says it all.
 */
export function isWorthSaying(finding: FindingResult, { problem }: Pick<ScenarioResult, "problem">): boolean {
  if (finding.status === "fail") return true;
  return problem === undefined && (finding.status === "inconclusive" || isUnkeptPromise(finding));
}

/** What is wrong with a scenario and with none of its rules; undefined where nothing is. */
export function problemOf(scenario: Pick<ScenarioResult, "problem" | "verdict" | "findings">): string | undefined {
  const { problem, verdict, findings } = scenario;
  if (problem !== undefined || verdict === "pass" || !wasRun(scenario)) return problem;
  return findings.some((finding) => isWorthSaying(finding, scenario)) ? undefined : NOTHING_HELD;
}

/** Why a scenario fails of which no rule does. */
export const NOTHING_HELD = "no rule was seen to hold, and no traffic never passes";

function holds(finding: FindingResult): boolean {
  return finding.status === "pass" && finding.count > 0;
}
