import type { Frame } from "../packet/frame.js";
import type { Coverage } from "./coverage.js";
import type { Journey } from "./journey.js";
import type { Service, Setup } from "./setup.js";

/** What was changed about the director while frames were being recorded. */
export interface Change {
  /** Nanoseconds since the epoch, of the clock of the frames. */
  readonly time: bigint;
  /** All services, in force from that time on. */
  readonly services: readonly Service[];
  /** Whether it forwards packets that are not its own, from that time on; left out: as before. */
  readonly forwards?: boolean;
}

/** All that a rule may look at. */
export interface Evidence {
  /** As it was when the first frame was recorded. */
  readonly setup: Setup;
  /** In the order of their times. */
  readonly changes?: readonly Change[];
  /** Every frame of every tap, in the order of their times. */
  readonly frames: readonly Frame[];
  readonly journeys: readonly Journey[];
  /**
   * True where it is proven that everything the recorded traffic can still cause has been recorded as well
   * (a lab: canaries went round every host until a whole round saw nothing new). Without it an absence is
   * inconclusive, never a pass.
   */
  readonly settled: boolean;
  /** Which taps were recorded and when, where the frames are from capture files; left out: all of them, all the time (a lab). */
  readonly coverage?: Coverage;
  /**
   * True where the frames are those of some connections out of many: what others did between them is not in it, such as
   * whose turn it was.
   */
  readonly isSelection?: boolean;
  /**
   * Client endpoints (`172.16.0.100:40001`) that may have had connections before the first frame: what belongs to
   * them is not judged as new. Left out: none where the evidence is settled (a lab), any where it is not (captures).
   */
  readonly earlierClients?: ReadonlySet<string>;
}

/** The service table in force at a time. */
export function servicesAt(evidence: Evidence, time: bigint): readonly Service[] {
  return evidence.changes?.findLast((change) => change.time <= time)?.services ?? evidence.setup.services;
}

/** Whether the director forwards what is not its own, apart from its services; undefined where nobody says. */
export function forwardsAt({ setup, changes = [] }: Evidence, director: string, time: bigint): boolean | undefined {
  const change = changes.findLast((candidate) => candidate.forwards !== undefined && candidate.time <= time);
  return change?.forwards ?? setup.hosts.find(({ name }) => name === director)?.options.forwards;
}

/** Whether the endpoint may have had connections that the evidence does not show the beginning of. */
export function mayBeEarlier(evidence: Evidence, endpoint: string): boolean {
  return evidence.earlierClients?.has(endpoint) ?? !evidence.settled;
}
