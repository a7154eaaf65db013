/** What of captures can be sent again: packets of clients' connections, pings for a VIP, and ICMP errors about either. */

import { core, type Ports, portsOf, protocolOf } from "../../forwarding/datagram.js";
import type { Sighting } from "../../forwarding/journey.js";
import type { Network } from "../../forwarding/network.js";
import type { Service } from "../../forwarding/setup.js";
import { isPartial } from "../../forwarding/sightings.js";
import { endpoint } from "../../packet/address.js";
import type { Packet } from "../../packet/packet.js";

/** A packet of a client's connection, or about one, at a tap that saw it. */
export interface Recorded {
  readonly at: Sighting;
  readonly service: Service;
  readonly client: string;
  /** Who the connection is of: `172.16.0.100:40000`, or of pings the address and their identifier. */
  readonly from: string;
  readonly kind: "request" | "answer" | "echo" | "client-error" | "server-error";
}

export function isFromClient({ kind }: Recorded): boolean {
  return kind !== "answer" && kind !== "server-error";
}

/** The connection that a packet is of; undefined for one of none. */
export function recordedOf(at: Sighting, services: readonly Service[], network: Network): Recorded | undefined {
  const packet = core(at.packet);
  if (packet.ip === undefined || isPartial(at)) return undefined;
  const { icmp } = packet;
  if (icmp?.kind === "echo") {
    const service = services.find(({ vip }) => vip === packet.ip?.dst);
    const client = packet.ip.src;
    return service && { at, service, client, from: `${client} ping ${icmp.id}`, kind: "echo" };
  }
  if (icmp !== undefined) return icmp.isError ? errorOf(at, packet, services, network) : undefined;
  const found = partiesOf(packet, services);
  return found && { at, ...found, kind: found.isFromService ? "answer" : "request" };
}

/** An error goes to whoever sent the packet that it quotes; those of the director itself the lab's director sends. */
function errorOf(at: Sighting, packet: Packet, services: readonly Service[], network: Network): Recorded | undefined {
  const { quoted } = packet;
  const found = quoted && partiesOf(quoted, services);
  if (found === undefined || packet.ip?.dst !== quoted?.ip?.src) return undefined;
  if (found.isFromService) return { at, ...found, kind: "client-error" };
  const isServers = network.host(at.host)?.role === "real-server" && at.direction === "out";
  return isServers ? { at, ...found, kind: "server-error" } : undefined;
}

interface Parties extends Pick<Recorded, "service" | "client" | "from"> {
  readonly isFromService: boolean;
}

function partiesOf(packet: Packet, services: readonly Service[]): Parties | undefined {
  const { ip } = packet;
  const ports = portsOf(packet);
  const protocol = protocolOf(packet);
  if (ip === undefined || ports === undefined || protocol === "sctp") return undefined;
  for (const service of services) {
    if (service.protocol !== protocol) continue;
    if (isEnd(service, ip.dst, ports.dst)) return { ...client(service, ip.src, ports.src), isFromService: false };
    if (isEnd(service, ip.src, ports.src)) return { ...client(service, ip.dst, ports.dst), isFromService: true };
  }
  return undefined;
}

function client(service: Service, ip: string, port: Ports["src"]): Pick<Recorded, "service" | "client" | "from"> {
  return { service, client: ip, from: endpoint(ip, port) };
}

function isEnd({ vip, port, model, realServers }: Service, ip: string, at: number): boolean {
  if (vip === ip && port === at) return true;
  return model === "nat" && realServers.some((server) => server.ip === ip && server.port === at);
}
