import type { Frame } from "../packet/frame.js";
import type { Journey } from "./journey.js";
import type { Setup } from "./setup.js";

/** All that a rule may look at. */
export interface Evidence {
  readonly setup: Setup;
  /** Every frame of every tap, in the order of their times. */
  readonly frames: readonly Frame[];
  readonly journeys: readonly Journey[];
  /**
   * True where it is proven that everything the recorded traffic can still cause has been recorded as well
   * (a lab: canaries went round every host until a whole round saw nothing new). Without it an absence is
   * inconclusive, never a pass.
   */
  readonly settled: boolean;
}
