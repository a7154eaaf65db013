import { frameKey, namesOfHop } from "./link.js";
import type { FindingResult, HopResult, JourneyResult } from "./result.js";

/** A burst makes thousands of journeys; so many of those that a finding rests on show what it is about. */
export const MOST_JOURNEYS = 12;

/** The journey that a reader sees first, by its index: one with a violation, or else one that a failure points to. */
export function firstJourney(journeys: readonly JourneyResult[], findings: readonly FindingResult[]): number {
  const cited = new Set(
    findings
      .filter(({ status }) => status === "fail" || status === "inconclusive")
      .flatMap(({ frames }) => frames.map(frameKey)),
  );
  const isCited = (hop: HopResult) => namesOfHop(hop).some((name) => cited.has(frameKey(name)));
  const violated = journeys.findIndex(({ hops }) => hops.some(isBroken));
  const pointedTo = journeys.findIndex(({ hops }) => hops.some(isCited));
  return Math.max(violated >= 0 ? violated : pointedTo, 0);
}

/** True where a field of the hop breaks a rule. */
export function isBroken({ changed = [] }: HopResult): boolean {
  return changed.some(({ verdict }) => verdict === "violation");
}
