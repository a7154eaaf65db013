import type { Blame } from "../../../forwarding/blame.js";
import type { Steps } from "../steps.js";

/** A director that does some of its steps wrong, and all others right. */
export interface DirectorFault extends Blame {
  readonly steps: Partial<Steps>;
}

/** Nearly all are the director's own doing. */
export const BY_DIRECTOR = { suspect: "director", cause: "director-implementation" } as const;

/** What a fault of the director is called: there may be several of one rule. */
export function faultName({ rule, title }: Pick<DirectorFault, "rule" | "title">): string {
  return `${rule}: ${title}`;
}
