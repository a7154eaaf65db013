/** Pairs what a host sent, and changed more of than a correct one does, with what came into it. */

import { endpoint } from "../packet/address.js";
import type { Packet } from "../packet/packet.js";
import { TCP_FLAG } from "../packet/tcp.js";
import { core, endsOf, hash, portsOf, protocolOf } from "./datagram.js";
import { groupBy } from "./group.js";
import type { Sighting } from "./journey.js";
import type { Protocol } from "./setup.js";
import { isPartial, type OpenSighting, startOf } from "./sightings.js";

/** Candidates looked at for one sighting and one feature it shares with them: the latest ones. */
const CANDIDATES = 16;
/** Two strong features, or one and most of the weak ones. */
const ENOUGH = 6;

/**
 * Whether a service sends what is for one end (address and port) on to another: as it is, or to a server's own.
 * @param protocol of the packet
 */
export type Serves = (protocol: Protocol | undefined, asked: string, served: string) => boolean;

/** Whether what came in may have been sent on to there. */
export function isServed(before: OpenSighting, after: OpenSighting, serves: Serves): boolean {
  const packet = core(before.common);
  return serves(protocolOf(packet), endsOf(packet).dst, endsOf(core(after.common)).dst);
}

/**
 * Sets `from` of what is left of the packets that a host sent, by the number of features that it kept of one that came in.
 * @param ins in the order of time
 * @param outs in the order of time, those that have a counterpart included
 * @param taken those of which something came already
 * @param isCaptured as `linkForwarded` has it
 */
export function linkAlike(
  ins: readonly OpenSighting[],
  outs: readonly OpenSighting[],
  taken: Set<OpenSighting>,
  isCaptured: boolean,
  serves: Serves,
): void {
  const queue = new Queue();
  const numbers = new Numbers(ins);
  const features = ins.flatMap((sighting) => strongFeatures(sighting).map((feature) => ({ feature, sighting })));
  const index = groupBy(features, ({ feature }) => feature);
  for (const out of outs) {
    if (out.from !== undefined) {
      queue.left(out.from);
      continue;
    }
    const candidates = new Set<OpenSighting>();
    for (const feature of strongFeatures(out)) {
      for (const candidate of latestBefore(index.get(feature) ?? [], startOf(out))) candidates.add(candidate.sighting);
    }
    let best: OpenSighting | undefined;
    let most = ENOUGH - 1;
    for (const candidate of candidates) {
      const isNext = () => !taken.has(candidate) && queue.mayLeave(candidate);
      if (isCaptured && !isKnownAgain(candidate, out, isNext, numbers, serves)) continue;
      // A half more for one that nothing came of yet: a duplicate is the less likely explanation.
      const score = likeness(candidate, out, serves) + (taken.has(candidate) ? 0 : 0.5);
      if (score >= ENOUGH && score > most) [best, most] = [candidate, score];
    }
    if (best === undefined) continue;
    out.from = best;
    taken.add(best);
    queue.left(best);
  }
}

/** What waits in a host to be sent on: of one flow in the order in which it came. */
class Queue {
  readonly #latest = new Map<string, bigint>();

  /** To be told of everything that leaves, in the order of time. */
  left(cause: Sighting): void {
    const flow = flowOf(cause);
    const start = startOf(cause);
    if (start > (this.#latest.get(flow) ?? 0n)) this.#latest.set(flow, start);
  }

  /** False where something that came behind it has left: then it was dropped. */
  mayLeave(sighting: Sighting): boolean {
    return startOf(sighting) >= (this.#latest.get(flowOf(sighting)) ?? 0n);
  }
}

/** Whether an IP ID tells the segments of a flow apart: some hosts give all the same. */
class Numbers {
  readonly #ins: readonly OpenSighting[];
  #numbers: Map<string, number> | undefined;

  constructor(ins: readonly OpenSighting[]) {
    this.#ins = ins;
  }

  isOnlyOne(sighting: OpenSighting): boolean {
    this.#numbers ??= this.#count();
    return this.#numbers.get(idOf(sighting)) !== SEVERAL;
  }

  #count(): Map<string, number> {
    const numbers = new Map<string, number>();
    for (const sighting of this.#ins) {
      const { tcp } = core(sighting.common);
      if (tcp === undefined) continue;
      const id = idOf(sighting);
      numbers.set(id, (numbers.get(id) ?? tcp.seq) === tcp.seq ? tcp.seq : SEVERAL);
    }
    return numbers;
  }
}

/** No sequence number. */
const SEVERAL = -1;

function idOf(sighting: Sighting): string {
  return `${flowOf(sighting)} ${core(sighting.common).ip?.id}`;
}

function flowOf({ common }: Sighting): string {
  const packet = core(common);
  const { src, dst } = endsOf(packet);
  return `${packet.ip?.protocol} ${src} ${dst}`;
}

function strongFeatures(sighting: OpenSighting): string[] {
  const packet = core(sighting.common);
  const { ip, tcp, payload } = packet;
  if (ip === undefined) return [];
  const ports = portsOf(packet);
  const features: string[] = [];
  if (ip.id !== 0) features.push(`i ${ip.protocol} ${ip.id}`);
  if (ports !== undefined) {
    features.push(`s ${ip.protocol} ${endpoint(ip.src, ports.src)}`, `d ${ip.protocol} ${endpoint(ip.dst, ports.dst)}`);
  }
  if (payload.length > 0) features.push(`b ${ip.protocol} ${hash(payload)}`);
  if (tcp !== undefined && tcp.seq !== 0) features.push(`t ${tcp.seq} ${tcp.ack}`);
  return features;
}

/** How much of a packet that came in is still to be seen in one that went out; 0 where it cannot be the same one. */
function likeness(before: OpenSighting, after: OpenSighting, serves: Serves): number {
  const [left, right] = [core(before.common), core(after.common)];
  if (left.ip === undefined || right.ip === undefined || left.ip.protocol !== right.ip.protocol) return 0;
  if (left.icmp?.type !== right.icmp?.type || role(left) !== role(right)) return 0;
  const [from, to] = [portsOf(left), portsOf(right)];
  let score = left.tcp?.flags === right.tcp?.flags ? 0 : -1;
  if (left.ip.id === right.ip.id && left.ip.id !== 0) score += 3;
  const isSameHost = left.ip.src === right.ip.src;
  const isSamePort = from !== undefined && from.src === to?.src;
  if (isSameHost) score += isSamePort || from === undefined ? 3 : 1;
  if (left.ip.dst === right.ip.dst) score += from?.dst === to?.dst ? 3 : 1;
  // Half of the client's endpoint, and where NAT sends what is for this service: nothing of the director's own has both.
  else if (from !== undefined && (isSameHost || isSamePort) && isServed(before, after, serves)) score += 3;
  if (left.payload.length > 0 && hash(left.payload) === hash(right.payload)) score += 3;
  if (left.tcp && right.tcp && left.tcp.seq !== 0 && sameNumbers(left.tcp, right.tcp)) score += 5;
  if (left.ip.length === right.ip.length) score += 1;
  if (before.frames.length > 1 && isPartial(after)) score += 3;
  return score;
}

/**
 * In captures any packet may be missing. What is like it may be the one before or behind: only what no other packet has
 * tells that it is this one.
 * @param isNext whether nothing came of `before` yet, nor of what came behind it
 */
function isKnownAgain(
  before: OpenSighting,
  after: OpenSighting,
  isNext: () => boolean,
  numbers: Numbers,
  serves: Serves,
): boolean {
  const [left, right] = [core(before.common), core(after.common)];
  const [from, to] = [endsOf(left), endsOf(right)];
  const isAnswer = from.src === to.dst && from.dst === to.src;
  if (isAnswer) return false;
  const isSameId = left.ip?.id !== 0 && left.ip?.id === right.ip?.id;
  if (isOtherSegment(left, right))
    return (
      // Only a host that was recorded itself shows by the order of what it sends that this is not the next round of the ID.
      isSameId &&
      isNext() &&
      before.host === after.host &&
      isSameFlow(left, right, serves) &&
      isSameButNumbers(left, right) &&
      numbers.isOnlyOne(before)
    );
  if (isSameId) return isNext() || from.src === to.src || from.dst === to.dst;
  // Other clients ask the same; no two have a connection's numbers.
  const isSure = left.tcp && right.tcp ? sameNumbers(left.tcp, right.tcp) : isSameFlow(left, right, serves);
  return isSure && isNext() && isSameButNumbers(left, right);
}

/** Whether these are other bytes of a stream. */
function isOtherSegment(left: Packet, right: Packet): boolean {
  if (left.tcp === undefined || right.tcp === undefined) return false;
  return left.tcp.seq !== right.tcp.seq || lengthOf(left) !== lengthOf(right);
}

/** Whether all that tells packets of a flow apart is the same, but for the numbers of TCP. */
function isSameButNumbers(left: Packet, right: Packet): boolean {
  if (lengthOf(left) !== lengthOf(right) || hash(left.payload) !== hash(right.payload)) return false;
  if (left.tcp === undefined || right.tcp === undefined) return true;
  return left.tcp.flags === right.tcp.flags && hash(left.tcp.options) === hash(right.tcp.options);
}

function lengthOf({ payload, missing }: Packet): number {
  return payload.length + missing;
}

/** Whether a director that is right sends what is of this flow as that. */
function isSameFlow(left: Packet, right: Packet, serves: Serves): boolean {
  const [from, to] = [endsOf(left), endsOf(right)];
  const protocol = protocolOf(left);
  const isRequest = from.src === to.src && serves(protocol, from.dst, to.dst);
  return isRequest || (from.dst === to.dst && serves(protocol, to.src, from.src));
}

/** What a segment does to its connection; the other flags are a field like any other. */
function role({ tcp }: Packet): number | undefined {
  return tcp && tcp.flags & (TCP_FLAG.syn | TCP_FLAG.fin | TCP_FLAG.rst);
}

function sameNumbers(left: { seq: number; ack: number }, right: { seq: number; ack: number }): boolean {
  return left.seq === right.seq && left.ack === right.ack;
}

interface Featured {
  readonly feature: string;
  readonly sighting: OpenSighting;
}

function latestBefore(sightings: readonly Featured[], time: bigint): readonly Featured[] {
  let [low, high] = [0, sightings.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (startOf((sightings[middle] as Featured).sighting) < time) low = middle + 1;
    else high = middle;
  }
  return sightings.slice(Math.max(0, low - CANDIDATES), low);
}
