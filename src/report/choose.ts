import { frameKey } from "./link.js";
import type { FindingResult, JourneyResult, ScenarioResult } from "./result.js";

/** A burst makes thousands of journeys, and a page that no browser opens helps nobody; results.json has them all. */
export const MOST_JOURNEYS = 12;

/** The journeys that the page shows, in their order: those with a violation first of all, then those that a failure points to. */
export function chooseJourneys(scenario: ScenarioResult): readonly JourneyResult[] {
  const isCited = citedBy(scenario.findings);
  const rank = (journey: JourneyResult) => (isViolated(journey) ? 0 : isCited(journey) ? 1 : 2);
  const ranked = scenario.journeys.map((journey, index) => ({ journey, index, rank: rank(journey) }));
  const chosen = ranked.toSorted((one, other) => one.rank - other.rank).slice(0, MOST_JOURNEYS);
  return chosen.toSorted((one, other) => one.index - other.index).map(({ journey }) => journey);
}

/** Those of the chosen journeys that a reader sees without a click: every violation, or else the first that a failure points to. */
export function openJourneys(
  journeys: readonly JourneyResult[],
  findings: readonly FindingResult[],
): ReadonlySet<JourneyResult> {
  const violated = journeys.filter(isViolated);
  const first = journeys.find(citedBy(findings)) ?? journeys[0];
  return new Set(violated.length > 0 || first === undefined ? violated : [first]);
}

/** Whether something that failed or was not settled rests on a journey. */
function citedBy(findings: readonly FindingResult[]): (journey: JourneyResult) => boolean {
  const cited = new Set(
    findings.flatMap(({ status, frames }) =>
      status === "fail" || status === "inconclusive" ? frames.map(frameKey) : [],
    ),
  );
  return ({ hops }) => hops.some((hop) => hop.frames.some((number) => cited.has(frameKey({ ...hop, number }))));
}

/** True where a field of a hop breaks a rule. */
function isViolated(journey: JourneyResult): boolean {
  return journey.hops.some((hop) => hop.changed?.some(({ verdict }) => verdict === "violation"));
}
