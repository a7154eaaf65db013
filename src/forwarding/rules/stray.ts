/** Packets that belong to no flow of a service. */

import type { Sighting } from "../journey.js";
import type { Service } from "../setup.js";
import type { Stray } from "../view.js";

/** Services at the address that a packet to a port is for. */
export function servicesAtAddress({ in: sighting, services }: Stray): Service[] {
  const { ip } = sighting.packet;
  return ip === undefined || !isSound(sighting) ? [] : services.filter((service) => service.vip === ip.dst);
}

/** What any IP host would take in: the packet is not dropped for another reason. */
export function isSound({ packet }: Sighting): boolean {
  return packet.ip !== undefined && packet.problem === undefined && packet.ip.checksumValid && packet.ip.ttl > 1;
}
