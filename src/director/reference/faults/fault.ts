import type { Blame } from "../../../forwarding/blame.js";
import type { Steps } from "../steps.js";

/** A director that does some of its steps wrong, and all others right. */
export interface DirectorFault extends Blame {
  readonly steps: Partial<Steps>;
}

/** Nearly all are the director's own doing. */
export const BY_DIRECTOR = { suspect: "director", cause: "director-implementation" } as const;
