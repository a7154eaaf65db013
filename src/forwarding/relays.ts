/**
 * What shows of a director that nobody recorded, or not at all its NICs: its packets where they were last seen before it and
 * first seen behind it, or on one side of it alone.
 */

import type { Packet } from "../packet/packet.js";
import { core, portsOf, protocolOf } from "./datagram.js";
import { groupBy } from "./group.js";
import type { Sighting } from "./journey.js";
import { type Network, ownsIp, ownsMac } from "./network.js";
import type { Host, Service } from "./setup.js";
import { isPartial, startOf } from "./sightings.js";
import { isDirectorRecorded } from "./unseen-director.js";

/**
 * Where a packet of a service was seen: on both sides of the director, `before` it alone, or `behind` it alone; `beside`
 * it where nothing proves that the director sent it.
 */
export type Seen = "around" | "before" | "behind" | "beside";

/** A packet of a service that came to the director or came from it. */
export interface Relay {
  readonly seen: Seen;
  readonly director: Host;
  /** Where it was last seen before the director; where it was not, the first of `outs`. */
  readonly in: Sighting;
  /** Where it was first seen behind the director. */
  readonly outs: readonly Sighting[];
  /** The service that a request is for. */
  readonly service?: Service;
}

/** In the order of their times; none where the director was recorded: what was not seen there did not pass it. */
export function relaysOf(sightings: readonly Sighting[], network: Network, services: readonly Service[]): Relay[] {
  const [first] = network.directors;
  if (first === undefined || isDirectorRecorded(sightings, network)) return [];
  const vips = new Set(services.map(({ vip }) => vip));
  const whole = sightings.filter((at) => at.packet.ip !== undefined && !isPartial(at));
  const arrivals = whole.filter((at) => at.addressed && (at.direction === "in") !== network.isDirector(at.host));
  const requests = arrivals.flatMap((at) => requestAt(at) ?? []);
  const relays = [...joined(requests), ...joined(arrivals.flatMap((at) => replyAt(at) ?? []))];
  const known = new Set(relays.flatMap(({ outs }) => outs.map(rootOf)));
  const unseen = whole.filter((at) => at.direction === "out" && at.from === undefined && !known.has(at));
  return [...relays, ...unseen.flatMap((at) => sentAt(at) ?? [])].sort((left, right) =>
    startOf(left.in) < startOf(right.in) ? -1 : 1,
  );

  /** What came to a real server for a service, or left the director for one, as a client sent it, in a tunnel, or for the server's own address. */
  function requestAt(at: Sighting): Relay | undefined {
    const role = network.host(at.host)?.role;
    if (role !== "real-server" && role !== "director") return undefined;
    const behind = firstBehind(at);
    // Its sender gave it this very address: no director had a part in it.
    if (behind !== at && behind.direction === "out" && !network.isDirector(behind.host)) return undefined;
    const before = behind.from;
    const asked = before && serviceOf(before.packet);
    const service = asked ?? serviceOf(core(at.packet)) ?? servedAt(at);
    if (service === undefined) return undefined;
    const isChanged = asked !== undefined && !vips.has(at.packet.ip?.dst ?? "");
    // What kept its address may have come to the real server past the director.
    const isProven = isChanged || isFromDirector(behind) || isTunnelOfDirector(behind);
    const seen = !isProven ? "beside" : asked === undefined ? "behind" : "around";
    const first = seen === "around" && before !== undefined ? before : behind;
    return { seen, director: directorOf(behind), in: first, outs: [behind], service };
  }

  /** What came to a client or its router, or left the director for one, with another source than a real server sent it with, or with that, from the director. */
  function replyAt(at: Sighting): Relay | undefined {
    const before = at.from;
    const role = network.host(at.host)?.role;
    if (before === undefined || role === "real-server") return undefined;
    const isTranslated = before.packet.ip?.src !== at.packet.ip?.src;
    if (!isTranslated && !(before.from === undefined && isToDirector(before))) return undefined;
    return { seen: "around", director: directorOf(before), in: before, outs: [at] };
  }

  /** What a client sent to a service and nobody saw again. */
  function sentAt(at: Sighting): Relay | undefined {
    if (network.host(at.host)?.role === "real-server") return undefined;
    const service = serviceOf(at.packet);
    return service && { seen: "before", director: directorOf(at), in: at, outs: [], service };
  }

  /** The one NAT service that a server's own address and port are for, where the director sent the packet there. */
  function servedAt(at: Sighting): Service | undefined {
    const [{ ip }, ports, protocol] = [at.packet, portsOf(at.packet), protocolOf(at.packet)];
    const found = services.filter((one) => {
      const isServed = one.realServers.some((server) => server.ip === ip?.dst && server.port === ports?.dst);
      return one.model === "nat" && one.protocol === protocol && isServed;
    });
    return found.length === 1 && isFromDirector(at) ? found[0] : undefined;
  }

  function serviceOf(packet: Packet): Service | undefined {
    const [ports, protocol] = [portsOf(packet), protocolOf(packet)];
    return services.find((one) => one.vip === packet.ip?.dst && one.port === ports?.dst && one.protocol === protocol);
  }

  /** Where a packet was first seen with the address that it arrived with; the VIP it had before the director as well. */
  function firstBehind(at: Sighting): Sighting {
    let first = at;
    const { dst = "" } = at.packet.ip ?? {};
    while (!vips.has(dst) && first.from?.packet.ip?.dst === dst) first = first.from;
    return first;
  }

  function isTunnelOfDirector({ packet }: Sighting): boolean {
    return core(packet) !== packet && network.directors.some((host) => ownsIp(host, packet.ip?.src ?? ""));
  }

  function isFromDirector({ packet: { linkSrc = "" } }: Sighting): boolean {
    return network.directors.some((host) => ownsMac(host, linkSrc));
  }

  function isToDirector({ packet: { linkDst = "" } }: Sighting): boolean {
    return network.directors.some((host) => ownsMac(host, linkDst));
  }

  /** Of several that which the frame or its tunnel is from. */
  function directorOf({ packet: { linkSrc, ip } }: Sighting): Host {
    const host = network.byMac(linkSrc)?.host ?? network.byIp(ip?.src ?? "")?.host;
    return host?.role === "director" ? host : (first as Host);
  }
}

/** One relay for all copies of a packet. */
function joined(relays: readonly Relay[]): Relay[] {
  return [...groupBy(relays, (relay) => relay.in).values()].flatMap((same) => {
    const [first] = same;
    return first === undefined ? [] : [{ ...first, outs: [...new Set(same.flatMap(({ outs }) => outs))] }];
  });
}

function rootOf(sighting: Sighting): Sighting {
  let root = sighting;
  while (root.from !== undefined) root = root.from;
  return root;
}
