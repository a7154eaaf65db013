import { Assembly } from "../packet/assembly.js";
import { datagramKey, decodeAs } from "../packet/fragment.js";
import type { Frame } from "../packet/frame.js";
import { IPV4_MAX_LENGTH, Ipv4 } from "../packet/ipv4.js";
import { Ipv6 } from "../packet/ipv6.js";
import type { Packet } from "../packet/packet.js";
import type { Kept } from "./cut.js";
import type { Sighting } from "./journey.js";
import type { Network } from "./network.js";

/** A sighting whose cause is still to be found. */
export interface OpenSighting extends Sighting {
  from?: Sighting;
}

/** The fragments of one datagram at one tap. */
interface Parts<T> {
  readonly members: T[];
  readonly assembly: Assembly;
}

/**
 * Bytes of the largest piece that no router may cut; undefined where it may: IPv4 without DF. What came as fragments of
 * IPv6 may leave as fragments, but none larger than they were (RFC 8200 §5, ip6_fragment).
 */
export function indivisible({ packet: { ip, ip6 }, frames }: Sighting): number | undefined {
  if (ip === undefined || !ip.df) return undefined;
  return ip6 === undefined ? ip.length : Math.max(...frames.map(({ packet }) => packet.ip?.length ?? 0));
}

/**
 * Turns frames into sightings: the fragments of one datagram at one tap in one direction are one sighting.
 * A datagram of which fragments are missing becomes one sighting with the packet of its first frame.
 *
 * @returns in the order of the times of their first frames
 */
export function sight(frames: readonly Frame[], network: Network, kept: Kept): OpenSighting[] {
  const sightings: OpenSighting[] = [];
  const open = new Map<string, Parts<Frame>>();
  for (const frame of frames) {
    const key = fragmentKey(frame);
    if (key === undefined) {
      sightings.push(sighting([frame], frame.packet, network, kept));
      continue;
    }
    const { members, assembly } = partsAt(open, key);
    members.push(frame);
    const whole = assembly.add(frame.packet);
    if (whole === undefined) continue;
    sightings.push(sighting(members, whole, network, kept));
    open.delete(key);
  }
  for (const { members } of open.values()) {
    const first = members.find((part) => part.packet.ip?.fragmentOffset === 0) ?? members[0];
    if (first !== undefined) sightings.push(sighting(members, first.packet, network, kept));
  }
  return joinTunnels(sightings, network, kept).sort((left, right) => compareTimes(startOf(left), startOf(right)));
}

/**
 * Fragments that each have a tunnel header of their own (RFC 2003 §3.1): one sighting for all that go to one tunnel's
 * end, with the tunnel header of its first frame around the whole inner datagram.
 */
function joinTunnels(sightings: readonly OpenSighting[], network: Network, kept: Kept): OpenSighting[] {
  const joined: OpenSighting[] = [];
  const open = new Map<string, Parts<OpenSighting>>();
  for (const at of sightings) {
    const key = tunnelKey(at);
    if (key === undefined || at.packet.inner === undefined) {
      joined.push(at);
      continue;
    }
    const { members, assembly } = partsAt(open, key);
    members.push(at);
    const whole = assembly.add(at.packet.inner);
    const packet = whole && encapsulated(members[0]?.packet, whole);
    if (packet === undefined) continue;
    joined.push(sighting(framesOf(members), packet, network, kept));
    open.delete(key);
  }
  for (const { members } of open.values()) {
    const first = members.find(({ packet }) => packet.inner?.ip?.fragmentOffset === 0) ?? members[0];
    if (first !== undefined) joined.push(sighting(framesOf(members), first.packet, network, kept));
  }
  return joined;
}

function partsAt<T>(open: Map<string, Parts<T>>, key: string): Parts<T> {
  const parts = open.get(key) ?? { members: [], assembly: new Assembly() };
  open.set(key, parts);
  return parts;
}

function tunnelKey({ tap, direction, packet }: OpenSighting): string | undefined {
  const { ip, inner, linkSrc, linkDst } = packet;
  if (ip === undefined || ip.isFragment || inner?.ip?.isFragment !== true) return undefined;
  // Another tunnel's own header, length and checksum would have to be made anew for the whole.
  if (packet.gre !== undefined || packet.gue !== undefined) return undefined;
  return [tap, direction, linkSrc, linkDst, ip.src, ip.dst, datagramKey(inner.ip)].join(" ");
}

function framesOf(sightings: readonly OpenSighting[]): Frame[] {
  return sightings.flatMap(({ frames }) => frames).sort((left, right) => compareTimes(left.time, right.time));
}

/** A packet in the tunnel header of another one, whose length and checksum follow. */
function encapsulated(outer: Packet | undefined, inner: Packet): Packet | undefined {
  if (outer?.ip === undefined || inner.ip === undefined) return undefined;
  const start = outer.ip.offset + outer.ip.headerLength;
  const content = inner.bytes.subarray(inner.ip.offset, inner.ip.offset + inner.ip.length);
  const length = outer.ip.headerLength + inner.ip.length;
  if (length > IPV4_MAX_LENGTH) return undefined;
  const bytes = new Uint8Array(start + content.length);
  bytes.set(outer.bytes.subarray(0, start));
  bytes.set(content, start);
  const ip = outer.ip4 ? new Ipv4(bytes, outer.ip.offset) : new Ipv6(bytes, outer.ip.offset);
  ip.length = length;
  if (outer.ip.checksumValid) ip.updateChecksum();
  return decodeAs(outer, bytes, outer.ip.offset + length);
}

/** True for a part of a datagram: not all fragments were seen, or each has a tunnel header of its own. */
export function isPartial({ packet }: Sighting): boolean {
  return packet.ip?.isFragment === true || packet.inner?.ip?.isFragment === true;
}

export function startOf(sighting: Sighting): bigint {
  return sighting.frames[0]?.time ?? 0n;
}

function fragmentKey(frame: Frame): string | undefined {
  const { ip, linkSrc, linkDst } = frame.packet;
  if (ip === undefined || !ip.isFragment) return undefined;
  return [frame.tap, frame.direction, linkSrc, linkDst, datagramKey(ip)].join(" ");
}

function sighting(frames: readonly Frame[], packet: Packet, network: Network, kept: Kept): OpenSighting {
  const first = frames[0] as Frame;
  const { host, tap, direction } = first;
  const common = kept.common(packet);
  return { host, tap, direction, frames, packet, common, addressed: network.isAddressed(first) };
}

function compareTimes(left: bigint, right: bigint): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
