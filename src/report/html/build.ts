import { catalogue } from "../../forwarding/catalogue.js";
import type { Rule } from "../../forwarding/rule.js";
import { scoreText } from "../faults.js";
import { problemTitle } from "../format.js";
import type { FindingResult, RunResult, ScenarioResult } from "../result.js";
import score from "../score.json" with { type: "json" };
import { bySeverity, isAssertion, STATUSES, worstOfRules } from "../tally.js";
import { isUnkeptPromise } from "../verdict.js";
import type {
  Broken,
  Mark,
  PackedFinding,
  PackedFrames,
  PageData,
  PageRule,
  PageScenario,
  ScenarioEvidence,
} from "./data.js";

/** Ways to fail that the overview tells one by one; the list of scenarios has them all. */
const MOST_BROKEN = 12;

/** What the overview shows of a run. */
export function pageData(result: RunResult): PageData {
  const { tool, verdict, director, startedAt, durationMs, scenarios } = result;
  const rules = rulesOf(scenarios);
  const index = new Map(rules.map(({ id }, at) => [id, at]));
  const broken = brokenOf(scenarios);
  return {
    tool: tool.version,
    verdict,
    ...(director === undefined ? {} : { director }),
    startedAt,
    durationMs,
    score: { faults: score.faults, exact: score.exact, text: scoreText(score) },
    rules,
    broken: broken.slice(0, MOST_BROKEN),
    brokenLeftOut: Math.max(broken.length - MOST_BROKEN, 0),
    scenarios: scenarios.map((scenario) => pageScenario(scenario, index)),
  };
}

/** What the page shows of a scenario besides. */
export function evidenceOf(scenario: ScenarioResult, frames: PackedFrames | undefined): ScenarioEvidence {
  const { file: _, title, verdict, durationMs, models, findings, ...rest } = scenario;
  return { ...rest, findings: findings.map(packed), ...(frames === undefined ? {} : { frames }) };
}

function packed(finding: FindingResult): PackedFinding {
  if (isAssertion(finding)) return finding;
  const { title, level, profile, statement, source, ...rest } = finding;
  return rest;
}

function rulesOf(scenarios: readonly ScenarioResult[]): PageRule[] {
  const worst = worstOfRules(scenarios);
  const order = new Map(catalogue.map(({ id }, at) => [id, at]));
  const known = new Map<string, Rule>(catalogue.map((rule) => [rule.id, rule]));
  const place = (id: string) => order.get(id) ?? catalogue.length;
  return [...worst.values()]
    .toSorted((one, other) => place(one.rule) - place(other.rule))
    .map(({ rule: id, title, level, profile, statement, source, status }) => {
      const rule = known.get(id);
      return {
        ...{ id, title, level, profile, statement, source, status },
        ...(rule && { more: { models: rule.models, observedAt: rule.observedAt, lookedFor: rule.lookedFor } }),
        proofs: score.proofs
          .filter((proof) => proof.rule === id)
          .map(({ title, in: place, caught, followed, cases }) => ({
            ...{ title, in: place, caught, followed, cases: cases.length },
          })),
      };
    });
}

function pageScenario(scenario: ScenarioResult, rules: ReadonlyMap<string, number>): PageScenario {
  const { file, title, verdict, durationMs, models, findings } = scenario;
  const marks = findings.flatMap((finding): Mark[] => {
    const rule = rules.get(finding.rule);
    const isIdle = finding.status === "not-exercised" && !finding.covered;
    return rule === undefined || isIdle ? [] : [[rule, STATUSES.indexOf(finding.status), finding.count]];
  });
  return { file, title, verdict, durationMs, models, marks };
}

/** What is wrong, once for each rule and suspect: a broken setting shows in every scenario that meets it. */
function brokenOf(scenarios: readonly ScenarioResult[]): Broken[] {
  const found = new Map<string, Broken & { readonly finding: FindingResult | Broken["finding"] }>();
  const add = (key: string, broken: Broken) => {
    const known = found.get(key);
    if (known === undefined) found.set(key, broken);
    else if (known.scenario !== broken.scenario) found.set(key, { ...known, scenarios: known.scenarios + 1 });
  };
  for (const [scenario, { findings, problem, captured }] of scenarios.entries()) {
    if (problem !== undefined && findings.every(({ status }) => status !== "fail")) {
      const finding = {
        status: "inconclusive",
        title: problemTitle(captured),
        observed: problem,
        causes: [],
      } as const;
      add(`problem ${problem}`, { finding, scenario, scenarios: 1 });
    }
    for (const finding of bySeverity(findings)) {
      const isBroken = finding.status === "fail" || finding.status === "inconclusive" || isUnkeptPromise(finding);
      // A scenario that broke off leaves many rules unsettled; the one reason says it all.
      if (!isBroken || (problem !== undefined && finding.status !== "fail")) continue;
      const { rule, status, level, title, suspect, expected, observed, lookedFor, causes } = finding;
      const short = {
        ...{ rule, status, level, title, causes: causes.slice(0, 1) },
        ...(suspect === undefined ? {} : { suspect }),
        ...(expected === undefined ? {} : { expected }),
        ...(observed === undefined ? {} : { observed }),
        ...(lookedFor === undefined ? {} : { lookedFor }),
      };
      const name = isAssertion(finding) ? `${scenario} ${rule}` : rule;
      add(`${status} ${name} ${suspect}`, { finding: short, scenario, at: findings.indexOf(finding), scenarios: 1 });
    }
  }
  const rank = ({ finding }: Broken) => (finding.status === "fail" ? 0 : 1);
  return [...found.values()].toSorted((one, other) => rank(one) - rank(other));
}
