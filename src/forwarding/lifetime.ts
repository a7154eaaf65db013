/**
 * How long a director surely remembers a connection that it hears nothing of. Afterwards nobody can say whether a packet
 * still belongs to it: a client may have taken the same port for a new one.
 */

import { SCTP_CHUNK } from "../packet/sctp.js";
import { closesConnection, core, isReset, isSyn } from "./datagram.js";
import type { Protocol } from "./setup.js";
import type { Crossing, Flow } from "./view.js";

/** How far a connection has come, as far as its timeouts tell it apart. */
export type Stage = "opening" | "established" | "closing" | "closed";

/** Seconds: of the states of Linux that a stage may be the shortest (ip_vs_proto_tcp.c, _udp.c, _sctp.c). */
const SECONDS: Readonly<Record<Protocol, Readonly<Record<Stage, bigint>>>> = {
  tcp: { opening: 60n, established: 900n, closing: 30n, closed: 10n },
  udp: { opening: 300n, established: 300n, closing: 300n, closed: 300n },
  sctp: { opening: 60n, established: 900n, closing: 60n, closed: 10n },
};
const NANOSECONDS = 1_000_000_000n;

const OPENING_CHUNKS: ReadonlySet<number> = new Set([SCTP_CHUNK.init, SCTP_CHUNK.initAck]);
const CLOSED_CHUNKS: ReadonlySet<number> = new Set([SCTP_CHUNK.abort, SCTP_CHUNK.shutdownComplete]);
const CLOSING_CHUNKS: ReadonlySet<number> = new Set([SCTP_CHUNK.shutdown, SCTP_CHUNK.shutdownAck]);

/** What a packet of either end, whether it was forwarded or not, makes of the stage of its connection. */
export function stageAfter(stage: Stage, { kind, in: sighting }: Crossing): Stage {
  const packet = core(sighting.packet);
  const { tcp, sctp } = packet;
  if (kind !== "request" && kind !== "reply") return stage;
  if (stage === "closed" || isReset(packet)) return "closed";
  if (sctp !== undefined && CLOSED_CHUNKS.has(sctp.chunkType)) return "closed";
  if (stage === "closing" || closesConnection(packet)) return "closing";
  if (sctp !== undefined && CLOSING_CHUNKS.has(sctp.chunkType)) return "closing";
  if (kind === "reply" || stage === "established") return stage;
  const opens = tcp === undefined ? OPENING_CHUNKS.has(sctp?.chunkType ?? SCTP_CHUNK.init) : isSyn(packet);
  return opens ? "opening" : "established";
}

/** When the director may have forgotten a connection of which it last forwarded a packet then. */
export function forgottenAt(protocol: Protocol, stage: Stage, heard: bigint): bigint {
  return heard + SECONDS[protocol][stage] * NANOSECONDS;
}

/** Whether a connection that began before was surely open at a time: nobody had begun to close it, nor was it idle for too long. */
export function wasOpen({ protocol, requests, replies }: Flow, time: bigint): boolean {
  let stage: Stage = "opening";
  let until: bigint | undefined;
  const before = [...requests, ...replies].filter((crossing) => crossing.time < time);
  for (const crossing of before.sort((left, right) => (left.time < right.time ? -1 : 1))) {
    stage = stageAfter(stage, crossing);
    if (crossing.outs.length > 0) until = forgottenAt(protocol, stage, crossing.time);
  }
  return until !== undefined && time < until && stage !== "closing" && stage !== "closed";
}
