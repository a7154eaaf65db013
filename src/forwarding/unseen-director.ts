/** Packets across a director that nobody recorded: where they were last seen before it, and first seen behind it. */

import type { Serves } from "./alike.js";
import { linkForwarded } from "./forwarded.js";
import { groupBy } from "./group.js";
import type { Sighting } from "./journey.js";
import type { Network } from "./network.js";
import { tapName } from "./setup.js";
import type { OpenSighting } from "./sightings.js";

/**
 * Out at one host to in at another with the director between them, which may have changed all that a director may. What
 * differs more than a correct one makes it must have the same IP ID, since any number of packets may be in no capture.
 */
export function linkUnseenDirectors(sightings: readonly OpenSighting[], network: Network, serves: Serves): void {
  if (isDirectorRecorded(sightings, network)) return;
  const arrived = new Set(sightings.flatMap(({ from }) => from ?? []));
  // What came to a NIC of the director that was recorded may have left it by one that was not, or the other way round.
  const isBefore = ({ host, direction }: Sighting) => (direction === "out") !== network.isDirector(host);
  const isOthers = (mac: string | undefined) => {
    const role = network.byMac(mac)?.host.role;
    return role === "client" || role === "real-server";
  };
  const outs = sightings.filter((at) => {
    return isBefore(at) && at.addressed && !arrived.has(at) && at.packet.ip && !isOthers(at.packet.linkDst);
  });
  const ins = sightings.filter((at) => {
    return !isBefore(at) && at.addressed && at.from === undefined && !isOthers(at.packet.linkSrc);
  });
  const sent = groupBy(outs, idOf);
  for (const [id, behind] of groupBy(ins, idOf)) {
    linkForwarded(sent.get(id) ?? [], behind, id === 0 ? "addresses" : "anything", true, serves);
  }
}

/** Whether directors were recorded, and the only one at all its NICs, as far as frames tell. */
export function isDirectorRecorded(sightings: readonly Sighting[], network: Network): boolean {
  const taps = new Set(sightings.flatMap(({ host, tap }) => (network.isDirector(host) ? [tap] : [])));
  const [director, other] = network.directors;
  if (taps.size === 0 || director === undefined) return false;
  return other !== undefined || director.nics.every((nic) => taps.has(tapName(director, nic)));
}

/** Of the packet itself, out of the tunnel of a director; IPv6 has none. */
function idOf({ packet }: Sighting): number | undefined {
  return (packet.inner?.ip ?? packet.ip)?.id;
}
