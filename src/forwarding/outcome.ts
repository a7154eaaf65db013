import { type Absence, absenceAt } from "./coverage.js";
import type { Sighting } from "./journey.js";
import { startOf } from "./sightings.js";
import type { View } from "./view.js";

/** What one packet says about a rule. */
export interface Outcome {
  readonly status: "pass" | "fail" | "inconclusive" | "not-exercised";
  /** What the verdict rests on; the last one is where it shows. */
  readonly at: readonly Sighting[];
  readonly suspect?: string;
  readonly field?: string;
  readonly expected?: string;
  readonly observed?: string;
  /** Why it is not exercised. */
  readonly reason?: string;
}

/** How something is wrong. */
export interface Violation {
  readonly suspect: string;
  readonly field?: string;
  readonly expected: string;
  readonly observed: string;
}

export const DIRECTOR = "director";

export function pass(...at: readonly Sighting[]): Outcome {
  return { status: "pass", at };
}

export function fail(at: readonly Sighting[], violation: Violation): Outcome {
  return { status: "fail", at, ...violation };
}

/**
 * What did not happen: a pass only where it is proven that nothing can still come.
 * @param host where it would show; left out: where the last sighting was
 */
export function absent(view: View, at: readonly Sighting[], unproven: Violation, host?: string): Outcome {
  if (view.evidence.settled) return { status: "pass", at };
  if (view.evidence.coverage === undefined) return inconclusive(at, unproven);
  return absenceOf(view, at, host) === "closed" ? { status: "pass", at } : unknown(at);
}

/** What did not happen but must have: a failure only where it is proven that nothing can still come. */
export function missing(view: View, at: readonly Sighting[], violation: Violation, host?: string): Outcome {
  if (view.evidence.settled) return fail(at, violation);
  if (view.evidence.coverage === undefined) return inconclusive(at, violation);
  const absence = absenceOf(view, at, host);
  if (absence === "closed") return fail(at, violation);
  return absence === "waiting" ? inconclusive(at, violation) : unknown(at);
}

function absenceOf(view: View, at: readonly Sighting[], name: string | undefined): Absence {
  const last = at.at(-1);
  const host = view.network.host(name ?? last?.host ?? "");
  const { coverage } = view.evidence;
  if (last === undefined || host === undefined || coverage === undefined) return "open";
  return absenceAt(coverage, view.sightings, host, startOf(last));
}

/** The capture ends, or lacks a NIC, before anything shows what became of it. */
export function unknown(at: readonly Sighting[]): Outcome {
  const reason = "nothing that was captured later at the same place shows what became of it";
  return { status: "not-exercised", at, reason };
}

export function inconclusive(at: readonly Sighting[], violation: Violation): Outcome {
  return { status: "inconclusive", at, ...violation };
}
