import type { Finding, Level, Profile } from "../forwarding/rule.js";
import type { Model } from "../forwarding/setup.js";

/** The worst of what was found: `fail` before `inconclusive` before `pass`. */
export type Verdict = "pass" | "fail" | "inconclusive";

export interface RunResult {
  readonly schemaVersion: 1;
  readonly tool: { readonly name: "hopcheck"; readonly version: string };
  readonly verdict: Verdict;
  /** Left out where captures were judged. */
  readonly director?: DirectorResult;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** Wall time of the whole run in milliseconds, set-up of kernels and labs included. */
  readonly durationMs: number;
  readonly scenarios: readonly ScenarioResult[];
}

export interface DirectorResult {
  readonly name: string;
  /** The kernel that forwarded (`uname -r`); left out for a director in userspace. */
  readonly kernel?: string;
  readonly where: "host-kernel" | "user-mode-linux" | "userspace";
}

export interface ScenarioResult {
  readonly file: string;
  readonly title: string;
  readonly verdict: Verdict;
  /** Milliseconds from the first step to the last finding, without the lab's set-up. */
  readonly durationMs: number;
  readonly models: { readonly declared: Model | "mixed"; readonly observed: Model | "mixed" | "none" };
  /** What kept the scenario from ending (a lab that did not settle, frames lost at a tap, a step that failed). */
  readonly problem?: string;
  /** The hosts and what they are, for drawing the network. */
  readonly hosts: readonly HostResult[];
  readonly findings: readonly FindingResult[];
  readonly journeys: readonly JourneyResult[];
  /** All frames of the scenario, relative to the report's folder; Wireshark opens it. */
  readonly capture?: string;
  /** The command that runs this scenario again. */
  readonly reproduce: string;
}

export interface HostResult {
  readonly name: string;
  readonly role: string;
  readonly nics: readonly { readonly name: string; readonly tap: string; readonly ip: string; readonly mac: string }[];
}

/** A finding with what the catalogue says of its rule, so that a reader of the file needs nothing else. */
export interface FindingResult extends Finding {
  readonly title: string;
  readonly level: Level;
  readonly profile: Profile;
  readonly statement: string;
  readonly source: string;
  /** True where the scenario's author named the rule under `covers`. */
  readonly covered: boolean;
}

export interface JourneyResult {
  /** One line: `tcp 172.16.0.100:20001 > 10.0.0.10:80 S`. */
  readonly title: string;
  readonly hops: readonly HopResult[];
}

export interface HopResult {
  readonly tap: string;
  readonly host: string;
  readonly direction: "in" | "out";
  /** Index in `hops` of the hop that this one came from; left out where it is the one before. A duplicated datagram branches. */
  readonly from?: number;
  /** Numbers of the frames in the tap's capture; several for fragments. */
  readonly frames: readonly number[];
  /** Nanoseconds since the first frame of the scenario. */
  readonly timeNs: number;
  /** The whole datagram's bytes in hexadecimal, at most 256 of them. */
  readonly bytes: string;
  readonly fields: readonly HopField[];
}

export interface HopField {
  /** Wireshark's name. */
  readonly name: string;
  readonly value: string;
  /** Where it stands in `bytes`. */
  readonly offset: number;
  readonly length: number;
  /** How the field differs from the hop before: left out where it is the same. */
  readonly change?: "allowed" | "violation";
}
