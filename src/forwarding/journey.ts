import { endpoint } from "../packet/address.js";
import type { Direction, Frame } from "../packet/frame.js";
import type { Packet } from "../packet/packet.js";
import type { Serves } from "./alike.js";
import { checksumOffset, contentOf } from "./content.js";
import { type Kept, keptBy } from "./cut.js";
import { hash } from "./datagram.js";
import { linkForwarded } from "./forwarded.js";
import { groupBy } from "./group.js";
import { Network } from "./network.js";
import type { Setup } from "./setup.js";
import { type OpenSighting, sight, startOf } from "./sightings.js";
import { linkUnseenDirectors } from "./unseen-director.js";

/** A datagram at one tap: one frame, or all its fragments. */
export interface Sighting {
  readonly host: string;
  readonly tap: string;
  readonly direction: Direction;
  /** In the order of their times; several where the datagram was fragmented. */
  readonly frames: readonly Frame[];
  /** The whole datagram; reassembled where it came in fragments. */
  readonly packet: Packet;
  /** The packet as far as every capture keeps such packets: what it is compared by with those of other taps. */
  readonly common: Packet;
  /** False for a frame that a bridge flooded to a NIC with another MAC. */
  readonly addressed: boolean;
  /** The sighting that caused this one; left out where the datagram was first seen. */
  readonly from?: Sighting;
}

/** One datagram followed across taps, through rewriting and encapsulation; a tree where it was duplicated. */
export interface Journey {
  /** In causal order: a sighting stands behind the one it came from. */
  readonly sightings: readonly Sighting[];
}

/**
 * Follows every datagram across taps: along the wire by its bytes, through a host by what the host left unchanged.
 * ARP frames and what nothing else belongs to are journeys of one sighting or of one wire.
 *
 * @param frames in the order of their times
 * @param isCaptured whether there may be hosts on the way that were not recorded, and segments that nobody told of
 */
export function followJourneys(frames: readonly Frame[], setup: Setup, isCaptured = false): Journey[] {
  const network = new Network(setup);
  const serves = servesOf(setup);
  const kept = keptBy(frames);
  const sightings = sight(frames, network, kept);
  linkWires(sightings, isCaptured ? () => "" : (tap) => network.segment(tap), kept);
  if (isCaptured) linkUnseenHops(sightings, network);
  const byHost = groupBy(sightings, (sighting) => sighting.host);
  for (const [host, seen] of byHost) {
    const ins = seen.filter((sighting) => sighting.direction === "in" && sighting.addressed && sighting.packet.ip);
    const outs = seen.filter((sighting) => sighting.direction === "out");
    const role = network.host(host)?.role;
    const changes = role === "director" || role === "router" ? "anything" : "nothing";
    linkForwarded(ins, outs, changes, isCaptured, serves);
  }
  if (isCaptured) linkUnseenDirectors(sightings, network, serves);
  return trees(sightings);
}

function servesOf({ services }: Setup): Serves {
  const served = new Set(
    services.flatMap(({ vip, port, protocol, realServers }) =>
      realServers.map((server) => `${protocol} ${endpoint(vip, port)} ${endpoint(server.ip, server.port)}`),
    ),
  );
  return (protocol, asked, to) => asked === to || served.has(`${protocol} ${asked} ${to}`);
}

/** Out at one NIC to in at every other NIC of its segment: the same bytes, the k-th with the k-th. */
function linkWires(sightings: readonly OpenSighting[], segmentOf: (tap: string) => string, { hasMacs }: Kept): void {
  const segments = new Map<string, string>();
  const outs = new Map<string, OpenSighting[]>();
  const ins: [string, OpenSighting][] = [];
  for (const sighting of sightings) {
    let segment = segments.get(sighting.tap);
    if (segment === undefined) {
      segment = segmentOf(sighting.tap);
      segments.set(sighting.tap, segment);
    }
    const key = `${segment} ${wireKey(sighting, hasMacs)}`;
    if (sighting.direction === "in") ins.push([key, sighting]);
    else if (outs.get(key)?.push(sighting) === undefined) outs.set(key, [sighting]);
  }
  const seen = new Map<string, number>();
  for (const [key, sighting] of ins) {
    const senders = outs.get(key);
    if (senders === undefined) continue;
    const counter = `${sighting.tap} ${key}`;
    let next = seen.get(counter) ?? 0;
    while (senders[next]?.tap === sighting.tap) next++;
    seen.set(counter, next + 1);
    const sender = senders[next];
    if (sender !== undefined && startOf(sender) <= startOf(sighting)) sighting.from = sender;
  }
}

/**
 * Out at one host to in at another with routers between them that nobody recorded: the same content with a smaller TTL,
 * the k-th with the k-th where as many came as were sent, and the latest one before it where some were lost.
 */
function linkUnseenHops(sightings: readonly OpenSighting[], network: Network): void {
  const recorded = new Set(sightings.map(({ tap }) => network.port(tap)?.nic.mac ?? ""));
  const arrived = new Set(sightings.flatMap(({ from }) => from ?? []));
  const isOpen = ({ direction, from, addressed, packet }: OpenSighting) =>
    direction === "in" && from === undefined && addressed && !recorded.has(packet.linkSrc ?? "none");
  const outs = groupBy(
    sightings.filter((at) => at.direction === "out" && !arrived.has(at)),
    contentKey,
  );
  for (const [key, ins] of groupBy(sightings.filter(isOpen), (at) => `${at.tap} ${contentKey(at)}`)) {
    const senders = outs.get(key.slice(key.indexOf(" ") + 1)) ?? [];
    // What a host sent may come back to it: then somebody took one from its TTL.
    const isSent = (out: OpenSighting, at: OpenSighting) =>
      ttlOf(at) < ttlOf(out) || (ttlOf(at) === ttlOf(out) && out.host !== at.host);
    for (const [index, at] of ins.entries()) {
      const possible = senders.filter((out) => isSent(out, at));
      const nearest = possible.filter((out) => ttlOf(out) === Math.min(...possible.map(ttlOf)));
      const sender =
        nearest.length === ins.length ? nearest[index] : nearest.findLast((out) => startOf(out) <= startOf(at));
      if (sender !== undefined) at.from = sender;
    }
  }
}

function contentKey({ packet }: OpenSighting): string | undefined {
  const content = contentOf(packet);
  return content && `${content.src} ${content.dst} ${content.content}`;
}

/** Of the packet in the tunnel: routers on the way of the tunnel leave it alone. */
function ttlOf({ packet }: OpenSighting): number {
  return (packet.inner?.ip ?? packet.ip)?.ttl ?? 0;
}

/**
 * Of the bytes on the wire only those that belong to the packet: a NIC may pad a short frame, a switch tags it or takes
 * the tag off. Nor the L4 checksum: the sender's own tap may see it before the NIC has filled it in (checksum offload).
 */
function wireKey({ frames, common: packet }: OpenSighting, hasMacs: boolean): string {
  const { linkSrc, linkDst, arp, ip, missing } = packet;
  const macs = hasMacs ? `${linkSrc} ${linkDst}` : "";
  if (frames.length > 1 && ip !== undefined) {
    return `${macs} ${ip.src} ${ip.dst} ${ip.protocol} ${ip.id} ${ip.ttl} ${frames.length}`;
  }
  if (ip === undefined) {
    const content = arp
      ? packet.bytes.subarray(arp.offset, arp.offset + arp.headerLength)
      : packet.payload.subarray(0, 28);
    return `${macs} ${hash(content)}`;
  }
  // A copy: of a Buffer `slice` would be none.
  const bytes = new Uint8Array(packet.bytes.subarray(0, ip.offset + ip.length));
  const checksum = checksumOffset(packet);
  if (checksum !== undefined) bytes.fill(0, checksum, checksum + 2);
  return `${macs} ${hash(bytes.subarray(ip.offset))} ${missing}`;
}

function trees(sightings: readonly OpenSighting[]): Journey[] {
  const ofSighting = new Map<Sighting, Sighting[]>();
  const journeys: Journey[] = [];
  for (const sighting of sightings) place(sighting);
  return journeys;

  /** What caused a sighting is placed first, also where both have the same time. */
  function place(sighting: Sighting): Sighting[] {
    const placed = ofSighting.get(sighting);
    if (placed !== undefined) return placed;
    const members = sighting.from === undefined ? [] : place(sighting.from);
    if (sighting.from === undefined) journeys.push({ sightings: members });
    members.push(sighting);
    ofSighting.set(sighting, members);
    return members;
  }
}
