/** As testbed.ts, over IPv6. Only for tests. */

import type { Model, Nic, RealServer, Service } from "../../forwarding/setup.js";
import type { PacketSpec } from "../../packet/craft.js";
import type { ReferenceOptions } from "./director.js";
import { ETH0, ETH1, MAC, server, service, Testbed } from "./testbed.js";

export const CIP6 = "fd01::100";
export const VIP6 = "fd00::10";
export const DIP6 = "fd00::1";
export const GATEWAY6 = "fd00::fe";
export const RIPS6 = ["fd00::11", "fd00::12"];

export const ETH0_6: Nic = { ...ETH0, ip: DIP6, prefix: 64 };
export const ETH1_6: Nic = { ...ETH1, ip: "fd08::1", prefix: 64 };

/** The client's frames come through the gateway. */
const FROM_CLIENT = { "eth.src": MAC.gateway, "eth.dst": MAC.eth0 };

function services(model: Model, servers: (port: number) => RealServer[]): Service[] {
  return [
    service(model, servers(8080), { vip: VIP6 }),
    service(model, servers(5353), { vip: VIP6, port: 53, protocol: "udp" }),
    service(model, servers(1320), { vip: VIP6, port: 132, protocol: "sctp" }),
  ];
}

/** Everything on one link; under NAT the real servers are on eth1, their ports 8080, 5353 and 1320. */
export function ipv6Testbed(model: Model, more: Partial<ReferenceOptions> = {}): Testbed {
  const isNat = model === "nat";
  const ips = isNat ? ["fd08::11", "fd08::12"] : model === "dr" ? RIPS6 : [RIPS6[0] ?? "", "fd09::12"];
  const servers = (port: number) => ips.map((ip, index) => server(`rs${index + 1}`, ip, { port }));
  const nics = isNat ? [ETH0_6, ETH1_6] : [ETH0_6];
  const macs = { [GATEWAY6]: MAC.gateway, [ips[0] ?? ""]: MAC.rs1, [ips[1] ?? ""]: MAC.rs2 };
  return new Testbed({ nics, gateways: [GATEWAY6], services: services(model, servers), ...more }).warm(macs);
}

function request(more: PacketSpec): PacketSpec {
  const ip = { "ipv6.src": CIP6, "ipv6.dst": VIP6, "ipv6.hlim": 61, "ipv6.tclass": "0x2e", "ipv6.flow": "0x12345" };
  return { ...FROM_CLIENT, ...ip, ...more };
}

/** A SYN of the client to VIP:80 with values by which it can be told. */
export function syn6(srcPort: number, more: PacketSpec = {}): PacketSpec {
  return request({ "tcp.srcport": srcPort, "tcp.dstport": 80, "tcp.flags": "S", ...more });
}

/** A UDP datagram of the client to VIP:53. */
export function query6(srcPort: number, more: PacketSpec = {}): PacketSpec {
  return request({ "udp.srcport": srcPort, "udp.dstport": 53, payload: "who is it?", ...more });
}

/** An ICMPv6 message to one of the director's addresses. */
export function icmp6(more: PacketSpec): PacketSpec {
  return { ...FROM_CLIENT, "ipv6.src": CIP6, "ipv6.dst": VIP6, ...more };
}
