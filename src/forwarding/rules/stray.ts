/** Packets that belong to no flow of a service. */

import type { Sighting } from "../journey.js";
import type { Service } from "../setup.js";
import { isCorrupt } from "../sightings.js";
import type { Stray } from "../view.js";

/** Services at the address that a packet to a port is for. */
export function servicesAtAddress({ in: sighting, services }: Stray): Service[] {
  const { ip } = sighting.packet;
  return ip === undefined || !isSound(sighting) ? [] : services.filter((service) => service.vip === ip.dst);
}

/** What any IP host would take in: the packet is not dropped for another reason. */
export function isSound(sighting: Sighting): boolean {
  const { ip, problem } = sighting.packet;
  return ip !== undefined && problem === undefined && !isCorrupt(sighting) && ip.ttl > 1;
}
