import { frameKey } from "./link.js";
import type { JourneyResult, ScenarioResult } from "./result.js";

/** A burst makes thousands of journeys, and a page that no browser opens helps nobody; results.json has them all. */
export const MOST_JOURNEYS = 12;

/** The journeys that the page shows, in their order: those with a violation first of all, then those that a failure points to. */
export function chooseJourneys(scenario: ScenarioResult): readonly JourneyResult[] {
  const wanted = new Set(
    scenario.findings.flatMap(({ status, frames }) =>
      status === "fail" || status === "inconclusive" ? frames.map(frameKey) : [],
    ),
  );
  const rank = (journey: JourneyResult) => {
    if (isViolated(journey)) {
      return 0;
    }
    return journey.hops.some(({ tap, frames }) => frames.some((number) => wanted.has(frameKey({ tap, number }))))
      ? 1
      : 2;
  };
  const ranked = scenario.journeys.map((journey, index) => ({ journey, index, rank: rank(journey) }));
  const chosen = ranked.toSorted((one, other) => one.rank - other.rank).slice(0, MOST_JOURNEYS);
  return chosen.toSorted((one, other) => one.index - other.index).map(({ journey }) => journey);
}

/** True where a field of a hop breaks a rule. */
export function isViolated(journey: JourneyResult): boolean {
  return journey.hops.some((hop) => hop.changed?.some(({ verdict }) => verdict === "violation"));
}
