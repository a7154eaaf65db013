import type { Frame } from "../packet/frame.js";
import { matrixOutcomes } from "./compare.js";
import type { Outcome } from "./outcome.js";
import type { Finding, FrameReference, Rule } from "./rule.js";
import { type View, viewOf } from "./view.js";

/** Frames named in one finding: enough to look them up, few enough to read. */
const FRAMES = 8;

/** A rule as its file declares it. */
export interface Declaration extends Omit<Rule, "judge"> {
  judge(view: View): Iterable<Outcome>;
}

export function rule({ judge, ...declared }: Declaration): Rule {
  return {
    ...declared,
    judge: (evidence) => Array.from(judge(viewOf(evidence)), (outcome) => finding(declared.id, outcome)),
  };
}

/** A rule that is a set of rows of the matrix and nothing else. */
export function matrixRule(declared: Omit<Rule, "judge">): Rule {
  return rule({ ...declared, judge: (view) => matrixOutcomes(view, declared.id) });
}

function finding(id: string, { at, ...outcome }: Outcome): Finding {
  const frames = at.flatMap((sighting) => sighting.frames.map(reference));
  const last = at.at(-1);
  return {
    rule: id,
    ...outcome,
    ...(last !== undefined && outcome.status !== "pass" ? { tap: last.tap } : {}),
    frames: frames.slice(0, FRAMES),
    count: 1,
    causes: [],
  };
}

function reference({ tap, number }: Frame): FrameReference {
  return { tap, number };
}
