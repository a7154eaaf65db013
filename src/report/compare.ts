import { groupBy } from "../forwarding/group.js";
import type { Status } from "../forwarding/rule.js";
import { scenarioKey } from "./merge.js";
import type { FindingResult, RunResult, ScenarioResult, Verdict } from "./result.js";
import { isAssertion, worst } from "./tally.js";
import { isUnkeptPromise, NOTHING_HELD, problemOf, wasRun } from "./verdict.js";

/** A scenario counts as slower from this many times the time before, … */
export const SLOWER_RATIO = 2;
/**
 * … and this many milliseconds more: of 85 scenarios that ran twice on a busy machine of two processors, one took 1.2 s
 * longer the second time, and five took more than half as long again.
 */
export const SLOWER_MS = 1500;

/** Two runs held against each other. */
export interface Comparison {
  readonly before: Side;
  readonly after: Side;
  /** What is wrong after and was not before, of scenarios that are new as well. */
  readonly broke: readonly Change[];
  readonly mended: readonly Change[];
  /** Broken on purpose, by the director's file, and held before. */
  readonly declared: readonly Change[];
  /** Was known before, and is not any more: not exercised, not supported, not settled. */
  readonly unclear: readonly Change[];
  /** Rules that scenarios of both runs exercise, and did not before. */
  readonly exercised: readonly Change[];
  readonly slower: readonly Slower[];
  readonly added: readonly ScenarioName[];
  readonly vanished: readonly ScenarioName[];
}

/** What is said of a whole run. */
export interface Side extends Pick<RunResult, "tool" | "verdict" | "director" | "startedAt" | "durationMs"> {
  /** Its path. */
  readonly name: string;
}

export interface ScenarioName extends Pick<ScenarioResult, "file" | "title" | "verdict"> {}

/** A rule, an assertion, or what kept a scenario from ending, with what became of it. */
export interface Change {
  /** Left out where it is what kept the scenario from ending. */
  readonly rule?: string;
  readonly title: string;
  /** Left out where the scenario, or the rule in it, was not there. */
  readonly before?: Status;
  readonly after?: Status;
  /** Where it shows, first as it is in `finding`. */
  readonly scenarios: readonly ScenarioName[];
  /** As it is after the change. */
  readonly finding?: FindingResult;
}

export interface Slower extends ScenarioName {
  readonly beforeMs: number;
  readonly afterMs: number;
}

type Kind = "broke" | "mended" | "declared" | "unclear" | "exercised";

/** Holds the scenarios of two runs against each other, by file and title; repeated ones by the worst that was found. */
export function compareResults(before: Side & RunResult, after: Side & RunResult): Comparison {
  const [old, now] = [scenariosOf(before), scenariosOf(after)];
  const kinds = new Map<Kind, Change[]>();
  for (const [key, scenario] of now)
    for (const [kind, change] of changesOf(old.get(key), scenario))
      kinds.set(kind, [...(kinds.get(kind) ?? []), change]);
  const changes = (kind: Kind) => gathered(kinds.get(kind) ?? []);
  const broke = changes("broke");
  return {
    before: sideOf(before),
    after: sideOf(after),
    broke: broke.length > 0 ? broke : runThatBroke(before, after),
    mended: changes("mended"),
    declared: changes("declared"),
    unclear: changes("unclear"),
    exercised: changes("exercised"),
    slower: slowerOf(old, now),
    added: [...now].filter(([key]) => !old.has(key)).map(([, scenario]) => nameOf(scenario)),
    vanished: [...old].filter(([key]) => !now.has(key)).map(([, scenario]) => nameOf(scenario)),
  };
}

/** A run of nothing, or one that was cut short, breaks no rule, and does not pass all the same. */
function runThatBroke(before: RunResult, after: RunResult): readonly Change[] {
  if (before.verdict !== "pass" || after.verdict === "pass") return [];
  const title = after.scenarios.some(wasRun) ? "the run was cut short" : NOTHING_HELD;
  return [{ title, before: before.verdict, after: after.verdict, scenarios: [] }];
}

/** What is said of a run as a whole. */
export function sideOf({ name, tool, verdict, director, startedAt, durationMs }: Side): Side {
  const common = { name, tool, verdict, startedAt, durationMs };
  if (director === undefined) return common;
  const { models: _models, features: _features, lacks: _lacks, ...told } = director;
  return { ...common, director: told };
}

function nameOf({ file, title, verdict }: ScenarioResult): ScenarioName {
  return { file, title, verdict };
}

const VERDICTS: readonly Verdict[] = ["fail", "inconclusive", "pass", "not-supported"];

/** By key, repetitions taken together: their findings, the shortest of their times, the first of their problems. */
function scenariosOf({ scenarios }: RunResult): ReadonlyMap<string, ScenarioResult> {
  const groups = groupBy(scenarios, scenarioKey);
  return new Map(
    [...groups].map(([key, group]) => {
      const [first] = group as [ScenarioResult];
      const problem = group.map((one) => one.problem).find((one) => one !== undefined);
      const verdicts = new Set(group.map(({ verdict }) => verdict));
      return [
        key,
        {
          ...first,
          ...(problem === undefined ? {} : { problem }),
          verdict: VERDICTS.find((verdict) => verdicts.has(verdict)) ?? first.verdict,
          findings: group.flatMap(({ findings }) => findings),
          durationMs: Math.min(...group.map(({ durationMs }) => durationMs)),
        },
      ];
    }),
  );
}

function changesOf(before: ScenarioResult | undefined, after: ScenarioResult): [Kind, Change][] {
  const scenarios = [nameOf(after)];
  const old = worst(before?.findings ?? []);
  const now = worst(after.findings);
  const ids = [...new Set([...now.keys(), ...old.keys()])];
  const ofRules = ids.flatMap((id): [Kind, Change][] => {
    const [was, is] = [old.get(id), now.get(id)];
    const kind = kindOf(rankOf(before, was), rankOf(after, is), before, after);
    if (kind === undefined) return [];
    const { title } = (is ?? was) as FindingResult;
    const statuses = { ...(was ? { before: was.status } : {}), ...(is ? { after: is.status } : {}) };
    return [[kind, { rule: id, title, ...statuses, scenarios, ...(is ? { finding: is } : {}) }]];
  });
  return [
    ...ofRules,
    ...changeOfWhole(
      before,
      after,
      ofRules.some(([kind]) => kind === "broke"),
    ),
  ];
}

/**
 * What became of a scenario beside its rules: whether it was carried out to its end, and showed anything.
 * @param isTold whether one of its rules says already that it broke
 */
function changeOfWhole(
  before: ScenarioResult | undefined,
  after: ScenarioResult,
  isTold: boolean,
): readonly [Kind, Change][] {
  const [was, is] = [before, after].map((scenario) => scenario && problemOf(scenario));
  if ((was === undefined) === (is === undefined) || (is === NOTHING_HELD && isTold)) return [];
  const statusOf = (problem: string | undefined, { verdict = "pass" }: Partial<ScenarioResult> = {}) =>
    problem === undefined ? "pass" : verdict;
  const change: Change = {
    title: (is ?? was ?? "").replaceAll(/\s*\n\s*/g, "; "),
    before: statusOf(was, before),
    after: statusOf(is, after),
    scenarios: [nameOf(after)],
  };
  return [[is === undefined ? "mended" : "broke", change]];
}

/** How bad it is; from `OPEN` on something is wrong. */
const [HOLDS, EXCUSED, UNKNOWN, OPEN, IDLE, BROKEN] = [0, 1, 2, 3, 4, 5];

const RANKS: Readonly<Record<Status, number>> = {
  pass: HOLDS,
  declared: EXCUSED,
  "not-exercised": UNKNOWN,
  "not-supported": UNKNOWN,
  inconclusive: OPEN,
  fail: BROKEN,
};

function rankOf(scenario: ScenarioResult | undefined, finding: FindingResult | undefined): number {
  if (finding === undefined) return UNKNOWN;
  const rank = isUnkeptPromise(finding) ? IDLE : RANKS[finding.status];
  // What a scenario left open that broke off is told by what it broke off for.
  return scenario?.problem !== undefined && rank !== BROKEN && rank > EXCUSED ? UNKNOWN : rank;
}

function kindOf(old: number, now: number, before: ScenarioResult | undefined, after: ScenarioResult): Kind | undefined {
  if (old === now) return undefined;
  if (now >= OPEN) return now > old ? "broke" : "unclear";
  if (now === UNKNOWN) return after.problem === undefined ? "unclear" : undefined;
  if (old !== UNKNOWN) return now < old ? "mended" : "declared";
  return before !== undefined && before.problem === undefined ? "exercised" : undefined;
}

/** A rule that changed alike in several scenarios is one change. */
function gathered(changes: readonly Change[]): readonly Change[] {
  const key = ({ rule, before, after, scenarios: [first] }: Change) =>
    JSON.stringify([rule, before, after, rule === undefined || isAssertion({ rule }) ? first : ""]);
  const groups = groupBy(changes, key);
  return [...groups.values()].map((group) => {
    const [first] = group as [Change];
    return { ...first, scenarios: group.flatMap(({ scenarios }) => scenarios) };
  });
}

function slowerOf(
  old: ReadonlyMap<string, ScenarioResult>,
  now: ReadonlyMap<string, ScenarioResult>,
): readonly Slower[] {
  return [...now]
    .flatMap(([key, scenario]) => {
      const before = old.get(key);
      if (before === undefined || before.problem !== undefined || scenario.problem !== undefined) return [];
      return [{ ...nameOf(scenario), beforeMs: before.durationMs, afterMs: scenario.durationMs }];
    })
    .filter(({ beforeMs, afterMs }) => afterMs >= beforeMs * SLOWER_RATIO && afterMs - beforeMs >= SLOWER_MS)
    .toSorted((one, other) => other.afterMs - other.beforeMs - (one.afterMs - one.beforeMs));
}
