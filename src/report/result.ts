import type { CapturedFile } from "../forwarding/captured/evidence.js";
import type { Finding, FrameReference, Level, Profile } from "../forwarding/rule.js";
import type { Model, Protocol } from "../forwarding/setup.js";

/** A place in the scenario file, from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/**
 * The worst of what was found: `fail` before `inconclusive` before `pass`. A scenario that the director has not what it
 * takes for is `not-supported`; a run never is.
 */
export type Verdict = "pass" | "fail" | "inconclusive" | "not-supported";

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
  /** The rules that were judged by, besides those that scenarios cover. */
  readonly profile?: Profile;
  /** The part of the scenarios that was run; left out where all were. */
  readonly shard?: Shard;
  /** The command that runs all of it again, every shard. */
  readonly reproduce?: string;
  readonly scenarios: readonly ScenarioResult[];
}

/** The `index`-th, from 1, of `count` parts. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

export interface DirectorResult {
  readonly name: string;
  /** Whose it is and which version of it was tested, as its file and the command line say; left out by earlier versions. */
  readonly implementation?: ImplementationResult;
  /** The kernel that forwarded (`uname -r`); left out for a director in userspace. */
  readonly kernel?: string;
  readonly where: "host-kernel" | "user-mode-linux" | "userspace";
  /** What its file says of it: how it can forward, and by feature why it has not what scenarios may ask for. */
  readonly models?: readonly Model[];
  readonly features?: readonly string[];
  readonly lacks?: Readonly<Record<string, string>>;
}

export interface ImplementationResult {
  readonly organization?: string;
  readonly project?: string;
  readonly url?: string;
  readonly version?: string;
  /** Where to ask about it: URLs, mail addresses. */
  readonly contact?: readonly string[];
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
  /** Whether a step failed, or the lab did (the machine, hopcheck itself), which says nothing about the director; left out of captures. */
  readonly problemIn?: "step" | "lab";
  /** The step at which it broke off; left out where none was under way. */
  readonly problemAt?: Place;
  /** Its place in the order of the whole run, from 1: shards are put together by it. */
  readonly order?: number;
  /** Why it was not run: what the director lacks, by its file. Present with the verdict `not-supported` alone. */
  readonly reason?: string;
  /** What the director balances, for drawing the network; left out by earlier versions. */
  readonly services?: readonly ServiceResult[];
  /** The hosts and what they are, for drawing the network. */
  readonly hosts: readonly HostResult[];
  readonly findings: readonly FindingResult[];
  /** In the order of their times; ARP that no finding cites stands last. */
  readonly journeys: readonly JourneyResult[];
  /** How many more there were; the capture has them all. Left out where there were none. */
  readonly journeysLeftOut?: number;
  /** All frames of the scenario, relative to the report's folder; Wireshark opens it. Of captures that were judged: those of the journeys. */
  readonly capture?: string;
  /** What each frame of `capture` is called in findings and journeys, in its order; left out where they are numbered as it has them. */
  readonly captureFrames?: readonly FrameReference[];
  /** What stands in the scenario's file, or in the setup by which captures were judged; left out where it is long. */
  readonly fileText?: string;
  /** The captures that were judged, and what was found out about them; left out of a run. */
  readonly captured?: CapturedResult;
  /** What the director's program said meanwhile; left out where it is none, or said nothing. */
  readonly log?: LogResult;
  /** The command that runs this scenario again. */
  readonly reproduce: string;
}

export interface LogResult {
  /** Relative to the report's folder. */
  readonly file: string;
  /** Its last lines. */
  readonly end: string;
}

export interface CapturedResult {
  readonly files: readonly CapturedFileResult[];
  /** What was taken for granted, for nobody said it; in whole sentences. */
  readonly assumed: readonly string[];
}

export interface CapturedFileResult extends CapturedFile {
  /** How far its clock is from that of the file without one, in nanoseconds. */
  readonly clock?: {
    readonly aheadNs: number;
    /** What it gained from the first frame that it shares with the others to the last. */
    readonly driftNs: number;
    /** Left out where packets went one way only. */
    readonly uncertaintyNs?: number;
    /** Frames that it shares with others; 0: nothing tells what its clock shows. */
    readonly shared: number;
  };
}

export interface ServiceResult {
  readonly vip: string;
  readonly port: number;
  readonly protocol: Protocol;
  readonly model: Model;
}

export interface HostResult {
  readonly name: string;
  readonly role: string;
  readonly nics: readonly NicResult[];
}

export interface NicResult {
  readonly name: string;
  readonly tap: string;
  readonly ip: string;
  /** Length of the address' prefix in bits; left out by earlier versions. */
  readonly prefix?: number;
  readonly mac: string;
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
  /** Where the scenario file speaks of it; for a rule that it does not name, where its traffic begins. */
  readonly position?: Place;
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
  /** The capture file, where the tap has several. */
  readonly file?: string;
  /** Numbers of the frames in the tap's capture; several for fragments. */
  readonly frames: readonly number[];
  /** Nanoseconds since the first frame of the scenario. */
  readonly timeNs: number;
  /** What `bytes` begin with, by the numbers of https://www.tcpdump.org/linktypes.html; left out: Ethernet (1). */
  readonly linkType?: number;
  /** Bytes of the whole datagram on the wire, the header of its link layer included. */
  readonly length: number;
  /** The datagram in hexadecimal, at most 256 bytes of it. Every header field can be read from here: see hop-fields.ts. */
  readonly bytes: string;
  /** The fields that differ from the hop before, and those that break a rule; left out where there are none. */
  readonly changed?: readonly ChangedField[];
}

/**
 * What became of a field on the way to a hop. A packet in a tunnel is compared with the packet before the tunnel;
 * the header that a tunnel puts around it has nothing to be compared with and is not listed.
 */
export interface ChangedField {
  /** Wireshark's name at this hop; `ip.ttl#2` is that of the inner header. */
  readonly field: string;
  /** `violation` only where a failing finding names the hop and the field. */
  readonly verdict: "allowed" | "violation";
}
