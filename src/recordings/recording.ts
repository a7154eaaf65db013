/** How a scenario becomes the captures of a fixture, and what they must be judged. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

/** `recording.yaml`: `npm run record` makes the capture files from it. */
export interface Recording {
  /** The director's name; default ipvs. */
  readonly director?: string;
  /** What the reference director does wrong. */
  readonly fault?: string;
  /** By the names of hosts, what their kernels do besides that no setup of a scenario can tell them. */
  readonly shell?: Readonly<Record<string, Shell>>;
  /** By file name; `.pcapng` and `.gz` say the format, anything else is a classic pcap. */
  readonly files: Readonly<Record<string, FileOptions>>;
}

/** Lines for a host's shell: recordings share their labs. */
export interface Shell {
  readonly before: string;
  readonly after: string;
}

/** What capture files of production have, and those of a lab have not. */
export interface FileOptions {
  /** A tap, or a host with several, all of which go into the file; default: the file's name up to its first dot. */
  readonly tap?: string;
  /** Seconds that the machine's clock is ahead. */
  readonly ahead?: number;
  /** Microseconds that its clock gains every second. */
  readonly drift?: number;
  /** Times in nanoseconds, in a classic pcap. */
  readonly nanoseconds?: boolean;
  /** As `tcpdump -i any` writes it, by the older or the newer libpcap. */
  readonly cooked?: "sll" | "sll2";
  /** Bytes kept of each frame. */
  readonly snap?: number;
  /** Every frame stands there twice, as from a port that mirrors both directions. */
  readonly mirrored?: boolean;
  /** Frames that passed before the capture began. */
  readonly after?: number;
  /** The host's NIC fills in checksums, cuts what it sends (TSO) and joins what it receives (GRO). */
  readonly offload?: boolean;
}

/** `expected.yaml`: what any checker has to find in the captures, whatever way it reads them. */
export interface Expected {
  readonly verdict: "pass" | "fail" | "inconclusive";
  /** Every rule that fails, with whom it suspects and the cause that it ranks first. */
  readonly fails?: readonly { readonly rule: string; readonly suspect: string; readonly cause: string }[];
  /** Rules that may fail as well, by the same fault. */
  readonly mayFail?: readonly string[];
  /** Rules that must pass; all others may do so, or say that they were not exercised or not settled. */
  readonly passes: readonly string[];
}

export function readRecording(folder: string): Recording {
  return parse(readFileSync(join(folder, "recording.yaml"), "utf8"));
}

export function readExpected(folder: string): Expected {
  return parse(readFileSync(join(folder, "expected.yaml"), "utf8"));
}
