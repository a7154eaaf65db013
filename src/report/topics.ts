import { groupBy } from "../forwarding/group.js";
import { scenarioKey } from "./merge.js";
import type { FindingResult, RunResult, ScenarioResult } from "./result.js";
import { isAssertion } from "./tally.js";
import { isUnkeptPromise, isWorthSaying, problemOf } from "./verdict.js";

/** One thing that somebody has to look into, wherever it shows. */
export interface Topic {
  /** Where it shows first. */
  readonly scenario: ScenarioResult;
  /** Left out where it is what kept the scenario from ending, or from showing anything. */
  readonly finding?: FindingResult;
  /** How many findings more are of the same rule, in other scenarios or in this one. */
  readonly others: number;
}

/** Everything that is wrong with a run, the most important first: a rule once, however many scenarios it is broken in. */
export function topicsOf({ scenarios }: Pick<RunResult, "scenarios">): readonly Topic[] {
  const all = scenarios.flatMap((scenario): Omit<Topic, "others">[] => [
    ...scenario.findings
      .filter((finding) => isWorthSaying(finding, scenario))
      .map((finding) => ({ scenario, finding })),
    ...(problemOf(scenario) === undefined ? [] : [{ scenario }]),
  ]);
  return [...groupBy(all, keyOf).values()]
    .map((group) => {
      const [worst] = group.toSorted((one, other) => rank(one) - rank(other)) as [Omit<Topic, "others">];
      return { ...worst, others: group.length - 1 };
    })
    .toSorted((one, other) => rank(one) - rank(other));
}

/** The same line of another file is another assertion, and what broke off another scenario is another problem. */
function keyOf({ scenario, finding }: Omit<Topic, "others">): string {
  if (finding === undefined) return scenarioKey(scenario);
  return isAssertion(finding) ? `${scenarioKey(scenario)} ${finding.rule}` : finding.rule;
}

/** True for what was seen to be wrong; false for what was not settled. */
export function isViolation({ scenario, finding }: Omit<Topic, "others">): boolean {
  return finding === undefined ? scenario.verdict === "fail" : finding.status !== "inconclusive";
}

/** Violations first, those of the core before others and what must be before what should; then what was not seen at all. */
function rank({ finding }: Pick<Topic, "finding">): number {
  if (finding === undefined) return 6;
  if (finding.status === "inconclusive") return 7;
  if (isUnkeptPromise(finding)) return 5;
  return (finding.profile === "core" ? 0 : 2) + (finding.level.startsWith("MUST") ? 0 : 1);
}
