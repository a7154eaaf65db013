/** Pairs what went into a host with what came out of it, whatever the host did to the headers in between. */

import { endpoint } from "../packet/address.js";
import { Icmpv6 } from "../packet/icmpv6.js";
import type { Packet } from "../packet/packet.js";
import { TCP_FLAG } from "../packet/tcp.js";
import { core, hash, ipPayload, portsOf } from "./datagram.js";
import { groupBy } from "./group.js";
import type { Sighting } from "./journey.js";
import { isPartial, type OpenSighting, startOf } from "./sightings.js";

/** Candidates looked at for one sighting and one feature it shares with them: the latest ones. */
const CANDIDATES = 16;
/** Two strong features, or one and most of the weak ones. */
const ENOUGH = 6;

type Key = (sighting: OpenSighting) => string | undefined;

/** What a host may change of packets that it sends on besides MACs, TTL and tunnels: `anything` rightly or not. */
export type Changing = "nothing" | "addresses" | "anything";

/**
 * Sets `from` of what the host sent on. First by keys that no correct director changes, then, for what is left,
 * by the number of features that it kept.
 *
 * @param ins what the host received, in the order of time
 * @param outs what it sent
 * @param changes what the host may do to packets of others that it forwards
 * @param isRejoined whether NICs may have joined segments, or were still to cut them: then only equal ones belong together
 * @param serves tells equal packets to different services apart; left out where a host has no services
 */
export function linkForwarded(
  ins: readonly OpenSighting[],
  outs: readonly OpenSighting[],
  changes: Changing,
  isRejoined: boolean,
  serves: Serves = () => false,
): void {
  const taken = new Set<OpenSighting>();
  const keys = changes === "nothing" ? [unchangedKey] : [unchangedKey, requestKey, replyKey];
  const sent = outs.filter(({ packet }) => packet.ip !== undefined && !staysOnLink(packet));
  let left: readonly OpenSighting[] = sent;
  for (const key of keys) left = linkEquals(ins, left, key, taken, serves);
  if (changes === "anything" && left.length > 0) linkAlike(ins, sent, taken, isRejoined, serves);
}

/** Neighbour discovery: with any hop limit but 255 nobody would believe it (RFC 4861 §7.1). */
function staysOnLink({ icmp }: Packet): boolean {
  return icmp instanceof Icmpv6 && icmp.isNeighbour;
}

/** The addresses and all bytes behind the IP header: what a router and DR leave alone. */
function unchangedKey({ common: { ip, missing } }: OpenSighting): string | undefined {
  return ip && `${ip.src} ${ip.dst} ${ip.protocol} ${ip.id} ${hash(ipPayload(ip))} ${missing}`;
}

/** What a request keeps under NAT and inside a tunnel. */
function requestKey(sighting: OpenSighting): string | undefined {
  const packet = core(sighting.common);
  const ports = portsOf(packet);
  return packet.ip && `${endpoint(packet.ip.src, ports?.src ?? 0)} ${contentKey(sighting)}`;
}

/** What an answer keeps under NAT. */
function replyKey(sighting: OpenSighting): string | undefined {
  const packet = core(sighting.common);
  const ports = portsOf(packet);
  return packet.ip && `${endpoint(packet.ip.dst, ports?.dst ?? 0)} ${contentKey(sighting)}`;
}

/** Everything but addresses, ports and checksums; of an ICMP error what identifies the quoted packet. */
function contentKey(sighting: OpenSighting): string {
  const { ip, tcp, icmp, quoted, payload, missing } = core(sighting.common);
  // Timestamps tell a segment from its retransmission (RFC 7323).
  const l4 = tcp && `${tcp.seq} ${tcp.ack} ${tcp.flags} ${hash(tcp.options)}`;
  const error = icmp && `${icmp.type} ${icmp.code} ${icmp.rest} ${quoted?.ip?.id}`;
  const content = quoted === undefined ? `${hash(payload)} ${missing}` : quoted.ip?.length;
  return `${ip?.protocol} ${ip?.id} ${ip?.fragmentOffset} ${l4 ?? error} ${content}`;
}

/** Whether what came in may have been sent on to there by a service: its address and port, or those of its servers. */
export type Serves = (before: OpenSighting, after: OpenSighting) => boolean;

/** @returns what has no counterpart */
function linkEquals(
  ins: readonly OpenSighting[],
  outs: readonly OpenSighting[],
  key: Key,
  taken: Set<OpenSighting>,
  serves: Serves,
): OpenSighting[] {
  if (outs.length === 0) return [];
  const groups = groupBy(
    ins.filter((sighting) => !taken.has(sighting)),
    key,
  );
  const left: OpenSighting[] = [];
  for (const [name, equals] of groupBy(outs, key)) {
    const causes = groups.get(name);
    if (causes === undefined) left.push(...equals);
    else left.push(...pairByService(causes, equals, taken, serves));
  }
  return left;
}

/** What a client sent alike to several services: first to where the service has it served, then in the order of time. */
function pairByService(
  ins: readonly OpenSighting[],
  outs: readonly OpenSighting[],
  taken: Set<OpenSighting>,
  serves: Serves,
): OpenSighting[] {
  const services = groupBy(ins, destination);
  if (services.size < 2) return pair(ins, outs, taken);
  const open = new Set(outs);
  for (const own of services.values()) {
    const [first] = own;
    const served = [...open].filter((out) => first !== undefined && serves(first, out)).slice(0, own.length);
    const left = new Set(pair(own, served, taken));
    for (const out of served) if (!left.has(out)) open.delete(out);
  }
  const unused = ins.filter((sighting) => !taken.has(sighting));
  return pair(unused.length > 0 ? unused : ins, [...open], taken);
}

function destination(sighting: OpenSighting): string {
  const packet = core(sighting.common);
  return endpoint(packet.ip?.dst ?? "", portsOf(packet)?.dst ?? 0);
}

/**
 * The k-th in with the k-th out. Where there are fewer outs some ins were dropped: then every out belongs to the latest
 * in before it, so that a dropped packet is not taken for its retransmission. Where there are more, they are duplicates.
 */
function pair(ins: readonly OpenSighting[], outs: readonly OpenSighting[], taken: Set<OpenSighting>): OpenSighting[] {
  const left: OpenSighting[] = [];
  if (outs.length < ins.length) {
    let next = ins.length - 1;
    for (const out of outs.toReversed()) {
      while (next >= 0 && startOf(ins[next] as OpenSighting) >= startOf(out)) next--;
      link(out, ins[next--]);
    }
  } else {
    let next = 0;
    for (const out of outs) {
      const fresh = ins[next];
      if (fresh !== undefined && startOf(fresh) < startOf(out)) link(out, ins[next++]);
      else link(out, ins[next - 1]);
    }
  }
  return left;

  function link(out: OpenSighting, cause: OpenSighting | undefined): void {
    if (cause === undefined) {
      left.push(out);
      return;
    }
    out.from = cause;
    taken.add(cause);
  }
}

/** @param outs those that have a counterpart included */
function linkAlike(
  ins: readonly OpenSighting[],
  outs: readonly OpenSighting[],
  taken: Set<OpenSighting>,
  isRejoined: boolean,
  serves: Serves,
): void {
  const queue = new Queue();
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
      const isOther = isRejoined && isOtherSegment(candidate, out);
      if (isOther && !(isRenumbered(candidate, out) && queue.mayLeave(candidate) && !taken.has(candidate))) continue;
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

function flowOf({ common }: Sighting): string {
  const packet = core(common);
  const { ip } = packet;
  const ports = portsOf(packet);
  return `${ip?.protocol} ${endpoint(ip?.src ?? "", ports?.src ?? 0)} ${endpoint(ip?.dst ?? "", ports?.dst ?? 0)}`;
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
  else if (from !== undefined && (isSameHost || isSamePort) && serves(before, after)) score += 3;
  if (left.payload.length > 0 && hash(left.payload) === hash(right.payload)) score += 3;
  if (left.tcp && right.tcp && left.tcp.seq !== 0 && sameNumbers(left.tcp, right.tcp)) score += 5;
  if (left.ip.length === right.ip.length) score += 1;
  if (before.frames.length > 1 && isPartial(after)) score += 3;
  return score;
}

/** Whether these are other bytes of a stream. */
function isOtherSegment({ common: before }: OpenSighting, { common: after }: OpenSighting): boolean {
  const [left, right] = [core(before), core(after)];
  if (left.tcp === undefined || right.tcp === undefined) return false;
  const length = ({ payload, missing }: Packet) => payload.length + missing;
  return left.tcp.seq !== right.tcp.seq || length(left) !== length(right);
}

/**
 * Whether it is one segment with other numbers, by everything else that tells segments apart. Only a host that was
 * recorded itself shows by the order of what it sends on that this is not the next round of the IP ID.
 */
function isRenumbered(before: OpenSighting, after: OpenSighting): boolean {
  const [left, right] = [core(before.common), core(after.common)];
  if (before.host !== after.host || left.tcp === undefined || right.tcp === undefined) return false;
  const isSamePacket = left.ip?.id !== 0 && left.ip?.id === right.ip?.id && left.ip?.length === right.ip?.length;
  const isSameHeader = left.tcp.flags === right.tcp.flags && hash(left.tcp.options) === hash(right.tcp.options);
  return isSamePacket && isSameHeader && hash(left.payload) === hash(right.payload);
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
