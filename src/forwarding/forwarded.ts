/** Pairs what went into a host with what came out of it, whatever the host did to the headers in between. */

import { endpoint } from "../packet/address.js";
import { Icmpv6 } from "../packet/icmpv6.js";
import type { Packet } from "../packet/packet.js";
import { isServed, linkAlike, type Serves } from "./alike.js";
import { core, hash, ipPayload, portsOf } from "./datagram.js";
import { groupBy } from "./group.js";
import { type OpenSighting, startOf } from "./sightings.js";

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
 * @param isCaptured whether packets may be missing, and NICs may have joined segments, or were still to cut them
 * @param serves tells equal packets to different services apart; left out where a host has no services
 */
export function linkForwarded(
  ins: readonly OpenSighting[],
  outs: readonly OpenSighting[],
  changes: Changing,
  isCaptured: boolean,
  serves: Serves = (_, asked, served) => asked === served,
): void {
  const taken = new Set<OpenSighting>();
  const answers: Key = (at) => (isCaptured && !isDistinct(at) ? undefined : replyKey(at));
  const keys = changes === "nothing" ? [unchangedKey] : [unchangedKey, requestKey, answers];
  const sent = outs.filter(({ packet }) => packet.ip !== undefined && !staysOnLink(packet));
  let left: readonly OpenSighting[] = sent;
  for (const key of keys) left = linkEquals(ins, left, key, taken, serves);
  if (changes === "anything" && left.length > 0) linkAlike(ins, sent, taken, isCaptured, serves);
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

/** Whether a packet has what no other one to the same end is likely to have: where some are missing, questions look like answers. */
function isDistinct({ common }: OpenSighting): boolean {
  const { ip, tcp } = core(common);
  return tcp !== undefined || ip?.id !== 0;
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
  // Nothing that came in has the empty one.
  for (const [name, equals] of groupBy(outs, (out) => key(out) ?? "")) {
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
    const served = [...open].filter((out) => first !== undefined && isServed(first, out, serves)).slice(0, own.length);
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
