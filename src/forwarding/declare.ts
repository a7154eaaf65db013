import type { Frame } from "../packet/frame.js";
import { matrixOutcomes } from "./compare.js";
import type { Evidence } from "./evidence.js";
import type { Outcome } from "./outcome.js";
import type { Finding, FrameReference, Rule } from "./rule.js";
import { type View, viewOf } from "./view.js";

/** Frames named in one finding: enough to look them up, few enough to read. */
const FRAMES = 8;

/** All of a rule but what it does. */
export type Declared = Omit<Rule, "judge" | "naive">;

/** A rule as its file declares it. */
export interface Declaration extends Declared {
  judge(view: View): Iterable<Outcome>;
  naive?(view: View): Iterable<Outcome>;
}

export function rule({ judge, naive, ...declared }: Declaration): Rule {
  const findings = (outcomes: (view: View) => Iterable<Outcome>) => (evidence: Evidence) =>
    Array.from(outcomes(viewOf(evidence)), (outcome) => finding(declared.id, outcome));
  return { ...declared, judge: findings(judge), ...(naive ? { naive: findings(naive) } : {}) };
}

/** A rule that is a set of rows of the matrix and nothing else. */
export function matrixRule(declared: Declared): Rule {
  return rule({ ...declared, judge: (view) => matrixOutcomes(view, declared.id) });
}

function finding(id: string, { at, ...outcome }: Outcome): Finding {
  const places = [...new Set(at)];
  const all = places.flatMap((sighting) => sighting.frames);
  // Of a datagram in many fragments some, so that what became of it is named as well.
  const each = all.length > FRAMES ? Math.max(1, Math.floor(FRAMES / places.length)) : FRAMES;
  const frames = places.flatMap((sighting) => sighting.frames.slice(0, each).map(reference));
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

function reference({ tap, number, file }: Frame): FrameReference {
  return file === undefined ? { tap, number } : { tap, file, number };
}
