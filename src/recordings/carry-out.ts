/** Carries out a scenario as long as it goes: a session that fails is what most recordings are about. */

import type { Evidence } from "../forwarding/evidence.js";
import { followJourneys } from "../forwarding/journey.js";
import type { Frame } from "../packet/frame.js";
import { execute } from "../scenario/execute.js";
import type { Scenario, Step } from "../scenario/scenario.js";
import type { Stage } from "../scenario/stage.js";

/**
 * What the taps saw, as evidence of captures: nobody knows whether more was to come, nor what was before.
 * Steps up to a session or an exchange are carried out together; where one fails, the next are all the same.
 */
export async function recorded(scenario: Scenario, stage: Stage): Promise<Evidence> {
  const frames: Frame[] = [];
  for (const steps of parts(scenario.steps)) {
    const { evidence, incomplete, problem } = await execute({ ...scenario, steps }, stage, true);
    if (incomplete) throw new Error(problem);
    frames.push(...evidence.frames);
  }
  const { setup } = scenario;
  return { setup, frames, journeys: followJourneys(frames, setup), settled: false };
}

function parts(steps: readonly Step[]): Step[][] {
  const all: Step[][] = [[]];
  for (const step of steps) {
    all.at(-1)?.push(step);
    if (step.kind === "connect" || step.kind === "datagram") all.push([]);
  }
  return all.filter((part) => part.length > 0);
}
