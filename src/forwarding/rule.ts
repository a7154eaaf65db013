import type { Evidence } from "./evidence.js";
import type { Model } from "./setup.js";

export type Level = "MUST" | "MUST NOT" | "SHOULD" | "SHOULD NOT" | "MAY";
export type Profile = "core" | "extended";

export type Status = "pass" | "fail" | "inconclusive" | "not-exercised" | "declared" | "not-supported";

/** What most likely makes a rule fail. */
export interface Cause {
  /** Stable, kebab-case. */
  readonly id: string;
  readonly text: string;
  /** The host whose shell the commands are for; left out where it is none of the setup's. */
  readonly on?: string;
  /** The command that shows whether it is the cause, ready to paste; left out by what knows none. */
  readonly confirm?: string;
  /** The command that mends it, ready to paste; left out where there is none. */
  readonly fix?: string;
}

export interface FrameReference {
  readonly tap: string;
  /** The capture file, where the tap has several. */
  readonly file?: string;
  readonly number: number;
}

/** A rule held against evidence. */
export interface Finding {
  readonly rule: string;
  readonly status: Status;
  /** `director`, the name of a real server, `client` or `network`; only where something is wrong. */
  readonly suspect?: string;
  /** Where it shows. */
  readonly tap?: string;
  /** The field in Wireshark's spelling (`ip.ttl`; `ip.ttl#2` is that of the inner header). */
  readonly field?: string;
  /** The frames that the verdict rests on; empty only with `lookedFor`. */
  readonly frames: readonly FrameReference[];
  /** What was looked for and not found. */
  readonly lookedFor?: string;
  readonly expected?: string;
  readonly observed?: string;
  /** Why it is declared or not supported, as the director's file says, or not exercised, as the captures have it. */
  readonly reason?: string;
  /** How many times the rule was exercised with this outcome. */
  readonly count: number;
  /** Most likely first. */
  readonly causes: readonly Cause[];
}

/** What stands for a rule's ID where a director's program ended before its time. */
export const RUNS_ON = "director-runs-on";

/**
 * One entry of the catalogue: a plain declaration and one pure function.
 * The function reads no clock, socket or file; it returns no finding where nothing in the evidence exercises the rule.
 */
export interface Rule {
  readonly id: string;
  readonly title: string;
  readonly level: Level;
  readonly profile: Profile;
  /** The models that the rule applies to. */
  readonly models: readonly Model[];
  readonly statement: string;
  /** RFC section, kernel function. */
  readonly source: string;
  /** The hop at which it shows, in words. */
  readonly observedAt: string;
  /** The traffic that exercises the rule: what was looked for where it is not exercised. */
  readonly lookedFor: string;
  /**
   * Of a guard, which can never fail: what a checker would say that takes for a rule what is none. A guard is exercised
   * by evidence that such a checker fails.
   */
  naive?(evidence: Evidence): readonly Finding[];
  /** Raw findings, one for each time the rule was exercised, without causes: see `judge` of judge.ts. */
  judge(evidence: Evidence): readonly Finding[];
}
