import { causesOf } from "./causes.js";
import { missingTaps } from "./coverage.js";
import type { Evidence } from "./evidence.js";
import { groupBy } from "./group.js";
import type { Cause, Finding, FrameReference, Rule } from "./rule.js";
import type { Role } from "./setup.js";

/** Different failures of one rule that are told apart; what is beyond is counted with the last of them. */
const DISTINCT = 5;
/** Frames named in an aggregated finding. */
const FRAMES = 8;

/**
 * Holds evidence against rules: for each rule that applies to a model in use, one finding where it holds, one finding
 * for each different way in which it does not, or one that says what was looked for and not found.
 */
export function judge(evidence: Evidence, rules: readonly Rule[]): Finding[] {
  const services = [...evidence.setup.services, ...(evidence.changes ?? []).flatMap((change) => change.services)];
  const models = new Set(services.map((service) => service.model));
  return rules
    .filter((rule) => rule.models.some((model) => models.has(model)))
    .flatMap((rule) => judgeRule(evidence, rule));
}

/** A scenario's tests ask for what was judged before. */
const judged = new WeakMap<Evidence, Map<Rule, readonly Finding[]>>();

function judgeRule(evidence: Evidence, rule: Rule): readonly Finding[] {
  const known = judged.get(evidence) ?? new Map<Rule, readonly Finding[]>();
  judged.set(evidence, known);
  const before = known.get(rule);
  if (before !== undefined) return before;
  const findings = findingsOf(evidence, rule);
  known.set(rule, findings);
  return findings;
}

function findingsOf(evidence: Evidence, rule: Rule): Finding[] {
  const findings = rule.judge(evidence);
  const exercised = findings.filter(({ status }) => status !== "not-exercised");
  const wrong = exercised.filter((finding) => finding.status !== "pass");
  if (wrong.length > 0) {
    return distinct(wrong).map((finding) => ({ ...finding, causes: causesFor(finding, evidence) }));
  }
  return [merge(exercised) ?? notExercised(rule, evidence, merge(findings))];
}

/** What was not settled has no cause yet: to name one would accuse somebody of what nobody saw. */
function causesFor(finding: Finding, evidence: Evidence): readonly Cause[] {
  return finding.status === "fail" ? causesOf(finding, evidence) : [];
}

/** `unseen`: what would have exercised it, had the captures had all of it. */
function notExercised(rule: Rule, evidence: Evidence, unseen: Finding | undefined): Finding {
  const { id, lookedFor } = rule;
  const reason = unseen?.reason ?? whatIsMissing(rule, evidence);
  const common = { rule: id, status: "not-exercised", frames: [], causes: [], ...unseen, lookedFor, count: 0 } as const;
  return reason === undefined ? common : { ...common, reason };
}

/** Whose captures a rule needs, by the hop at which it shows. */
const PLACES: readonly (readonly [RegExp, Role])[] = [
  [/director/, "director"],
  [/real server/, "real-server"],
  [/client/, "client"],
];

function whatIsMissing({ observedAt }: Rule, evidence: Evidence): string | undefined {
  const roles = PLACES.filter(([word]) => word.test(observedAt)).map(([, role]) => role);
  const hosts = evidence.setup.hosts.filter(({ role }) => roles.includes(role));
  const taps = hosts.flatMap((host) => missingTaps(evidence, host));
  if (taps.length === 0) return undefined;
  const list = new Intl.ListFormat("en", { type: "conjunction" }).format(taps);
  return `there is no capture of ${list}, where this shows`;
}

/** Failures before what is inconclusive, each kind in the order of its first frame. */
function distinct(findings: readonly Finding[]): Finding[] {
  const failures = findings.filter((finding) => finding.status === "fail");
  const groups = [...groupBy(failures.length > 0 ? failures : findings, signature).values()];
  const shown = groups.slice(0, DISTINCT);
  const rest = groups.slice(DISTINCT).flat();
  return shown.flatMap((group, index) => {
    const merged = merge(group);
    if (merged === undefined) return [];
    return index === DISTINCT - 1 ? [{ ...merged, count: merged.count + rest.length }] : [merged];
  });
}

function signature({ status, suspect, tap, field, expected, observed }: Finding): string {
  return JSON.stringify([status, suspect, tap, field, expected, observed]);
}

function merge(findings: readonly Finding[]): Finding | undefined {
  const first = findings[0];
  if (first === undefined) return undefined;
  const frames: FrameReference[] = [];
  for (const finding of findings) {
    if (frames.length >= FRAMES) break;
    frames.push(...finding.frames);
  }
  const count = findings.reduce((sum, finding) => sum + finding.count, 0);
  return { ...first, frames: frames.slice(0, FRAMES), count };
}
