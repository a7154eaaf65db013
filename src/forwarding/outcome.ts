import { nothingCame, nothingWasDone } from "./absence.js";
import type { Sighting } from "./journey.js";
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
 * @param name the host where it would show; left out: that of the last sighting
 */
export function absent(view: View, at: readonly Sighting[], unproven: Violation, name?: string): Outcome {
  const { settled, coverage } = view.evidence;
  if (settled) return { status: "pass", at };
  if (coverage === undefined) return inconclusive(at, unproven);
  const [last, host] = placeOf(view, at, name);
  const isProven = last !== undefined && host !== undefined && nothingCame(view, coverage, last, host) === "proven";
  return isProven ? { status: "pass", at } : unknown(at);
}

/** What did not happen but must have: a failure only where it is proven that nothing can still come. */
export function missing(view: View, at: readonly Sighting[], violation: Violation, name?: string): Outcome {
  const { settled, coverage } = view.evidence;
  if (settled) return fail(at, violation);
  if (coverage === undefined) return inconclusive(at, violation);
  const [last, host] = placeOf(view, at, name);
  if (last === undefined || host === undefined) return unknown(at);
  const absence = nothingWasDone(view, coverage, last, host);
  if (absence === "proven") return fail(at, violation);
  return absence === "likely" ? inconclusive(at, violation) : unknown(at);
}

function placeOf(view: View, at: readonly Sighting[], name: string | undefined) {
  const last = at.at(-1);
  return [last, view.network.host(name ?? last?.host ?? "")] as const;
}

/** The capture ends, or lacks a NIC, before anything shows what became of it. */
export function unknown(at: readonly Sighting[]): Outcome {
  const reason = "nothing that was captured later at the same place shows what became of it";
  return { status: "not-exercised", at, reason };
}

export function inconclusive(at: readonly Sighting[], violation: Violation): Outcome {
  return { status: "inconclusive", at, ...violation };
}
