import { isReadable } from "./cut.js";
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

/** What did not happen: a pass only where it is proven that nothing can still come. */
export function absent(view: View, at: readonly Sighting[], unproven: Violation): Outcome {
  return view.evidence.settled && isReadable(view) ? { status: "pass", at } : inconclusive(at, unproven);
}

/** What did not happen but must have: a failure only where it is proven that nothing can still come. */
export function missing(view: View, at: readonly Sighting[], violation: Violation): Outcome {
  return view.evidence.settled && isReadable(view) ? fail(at, violation) : inconclusive(at, violation);
}

export function inconclusive(at: readonly Sighting[], violation: Violation): Outcome {
  return { status: "inconclusive", at, ...violation };
}
