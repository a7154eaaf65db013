import type { Status } from "../forwarding/rule.js";
import type { FindingResult, ScenarioResult, Verdict } from "./result.js";
import { isUnkeptPromise } from "./verdict.js";

/** How many rules ended with each status. */
export type Tally = Readonly<Record<Status, number>>;

/** All statuses, in the order in which a reader wants them. */
export const STATUSES: readonly Status[] = [
  "fail",
  "inconclusive",
  "not-exercised",
  "declared",
  "not-supported",
  "pass",
];

/**
 * Counts rules, not findings: each rule once, with the worst that any scenario found.
 * What a scenario's author asserts is no rule. `not-exercised` is left for rules that no scenario exercised, and for those that a scenario promised to exercise and did not.
 */
export function tallyRules(scenarios: readonly Pick<ScenarioResult, "findings">[]): Tally {
  const tally: Record<Status, number> = {
    fail: 0,
    inconclusive: 0,
    "not-exercised": 0,
    declared: 0,
    "not-supported": 0,
    pass: 0,
  };
  for (const finding of worstOfRules(scenarios).values()) {
    tally[finding.status] += 1;
  }
  return tally;
}

/** By rule the worst that any of the scenarios found, without what their authors assert. */
export function worstOfRules(
  scenarios: readonly Pick<ScenarioResult, "findings">[],
): ReadonlyMap<string, FindingResult> {
  return worst(scenarios.flatMap(({ findings }) => findings).filter((finding) => !isAssertion(finding)));
}

/** By rule the worst of the findings. */
export function worst(findings: readonly FindingResult[]): ReadonlyMap<string, FindingResult> {
  const found = new Map<string, FindingResult>();
  for (const finding of findings) {
    const known = found.get(finding.rule);
    if (known === undefined || severity(finding) < severity(known)) {
      found.set(finding.rule, finding);
    }
  }
  return found;
}

/** Each rule that was broken on purpose, with the reason: once, however many scenarios it shows in; in the order of the rules. */
export function declaredIn(
  scenarios: readonly Pick<ScenarioResult, "findings">[],
): readonly { readonly rule: string; readonly reason: string }[] {
  const declared = scenarios.flatMap(({ findings }) => findings.filter(({ status }) => status === "declared"));
  const unique = new Map(
    declared.map((finding) => {
      const rule = isAssertion(finding) ? "an assertion" : finding.rule;
      return [`${rule} ${finding.reason}`, { rule, reason: finding.reason ?? "" }];
    }),
  );
  return [...unique].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, deviation]) => deviation);
}

/** What a scenario's author asserts: `expect@12`, `the script's own expectations`: no ID of the catalogue has such characters. */
export function isAssertion({ rule }: Pick<FindingResult, "rule">): boolean {
  return /[@ ]/.test(rule);
}

/** Counts scenarios by verdict. */
export function tallyScenarios(
  scenarios: readonly Pick<ScenarioResult, "verdict">[],
): Readonly<Record<Verdict, number>> {
  const tally: Record<Verdict, number> = { pass: 0, fail: 0, inconclusive: 0, "not-supported": 0 };
  for (const { verdict } of scenarios) {
    tally[verdict] += 1;
  }
  return tally;
}

/** What needs a reader's eye first: findings that decide the verdict, worst first, then the rest; stable among equals. */
export function bySeverity<F extends FindingResult>(findings: readonly F[]): readonly F[] {
  return findings.toSorted((one, other) => severity(one) - severity(other));
}

const SEVERITY: Readonly<Record<Status, number>> = {
  fail: 0,
  inconclusive: 2,
  declared: 3,
  pass: 4,
  "not-supported": 5,
  "not-exercised": 6,
};

function severity(finding: FindingResult): number {
  return isUnkeptPromise(finding) ? 1 : SEVERITY[finding.status];
}
