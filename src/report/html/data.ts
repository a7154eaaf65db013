/** What the page holds of a run. The overview is there at once; the evidence of a scenario is unpacked when it is looked at. */

import type { FrameReference, Level, Profile, Status } from "../../forwarding/rule.js";
import type { Model } from "../../forwarding/setup.js";
import type { ProofResult, Score } from "../faults.js";
import type { DirectorResult, FindingResult, ScenarioResult, Verdict } from "../result.js";

export interface PageData {
  readonly tool: string;
  readonly verdict: Verdict;
  readonly director?: DirectorResult;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly score: Pick<Score, "faults" | "exact"> & { readonly text: string };
  /** Those that occur in the run, in the order of the catalogue. */
  readonly rules: readonly PageRule[];
  /** What decides the verdict, worst first; at most so many as a reader takes in. */
  readonly broken: readonly Broken[];
  readonly brokenLeftOut: number;
  readonly scenarios: readonly PageScenario[];
}

/** A rule with what became of it in the run. */
export interface PageRule {
  readonly id: string;
  readonly title: string;
  readonly level: Level;
  readonly profile: Profile;
  readonly statement: string;
  readonly source: string;
  /** The worst that any scenario found. */
  readonly status: Status;
  /** What the catalogue adds; left out for a rule that this version of it no longer has. */
  readonly more?: {
    readonly models: readonly Model[];
    readonly observedAt: string;
    readonly lookedFor: string;
  };
  /** The deliberate faults that show that it can fail. */
  readonly proofs: readonly (Pick<ProofResult, "title" | "in" | "caught" | "followed"> & { readonly cases: number })[];
}

/** One way in which the run fails, with the first finding that shows it. */
export interface Broken {
  readonly finding: Pick<
    FindingResult,
    "status" | "title" | "suspect" | "expected" | "observed" | "lookedFor" | "causes"
  > & {
    /** Left out where no rule is broken: the scenario did not end. */
    readonly rule?: string;
    readonly level?: Level;
  };
  /** Index of the scenario, and of the finding in it. */
  readonly scenario: number;
  readonly at?: number;
  /** Scenarios that show it, this one included. */
  readonly scenarios: number;
}

/** Index in `rules`, index in `STATUSES`, and how many times it was exercised; rules that nothing exercised are left out. */
export type Mark = readonly [rule: number, status: number, count: number];

export interface PageScenario extends Pick<ScenarioResult, "file" | "title" | "verdict" | "durationMs" | "models"> {
  readonly marks: readonly Mark[];
}

/** Texts that the rules of `PageData` have already. */
type RuleText = "title" | "level" | "profile" | "statement" | "source";
export type PackedFinding = Omit<FindingResult, RuleText> & Partial<Pick<FindingResult, RuleText>>;

/** The rest of a scenario. */
export interface ScenarioEvidence extends Omit<ScenarioResult, keyof PageScenario | "findings"> {
  readonly findings: readonly PackedFinding[];
  readonly frames?: PackedFrames;
}

/** The scenario's capture, for downloads. */
export interface PackedFrames {
  /** pcapng in base64. */
  readonly pcapng: string;
  /** What each of its frames is called in findings and hops, in its order. */
  readonly names: readonly FrameReference[];
  /** Frames of the capture beside the page, where there are more; those of the journeys shown are here. */
  readonly of?: number;
}
