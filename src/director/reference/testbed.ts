/** The smallest networks of NAT, DR and TUN around a director under test: frames go in, frames come out. Only for tests. */

import { IP_IN_IP, type Model, type Nic, type RealServer, type Service } from "../../forwarding/setup.js";
import { l4ChecksumState } from "../../packet/checksum.js";
import { craft, type PacketSpec } from "../../packet/craft.js";
import { decode, type Packet } from "../../packet/packet.js";
import { ReferenceDirector, type ReferenceOptions } from "./director.js";
import type { Steps } from "./steps.js";

export const CIP = "10.0.0.100";
export const FAR_CIP = "172.16.0.100";
export const VIP = "10.0.0.10";
export const DIP = "10.0.0.1";
export const GATEWAY = "10.0.0.254";
export const MAC = {
  client: "02:00:00:00:00:64",
  gateway: "02:00:00:00:00:fe",
  eth0: "02:00:00:00:00:01",
  eth1: "02:00:00:00:01:01",
  rs1: "02:00:00:00:00:11",
  rs2: "02:00:00:00:00:12",
  rs3: "02:00:00:00:00:13",
} as const;

export const ETH0: Nic = { name: "eth0", ip: DIP, prefix: 24, others: [], mac: MAC.eth0, mtu: 1500 };
export const ETH1: Nic = { name: "eth1", ip: "192.168.10.1", prefix: 24, others: [], mac: MAC.eth1, mtu: 1500 };

/** One frame that the director sent. */
export interface Sent {
  readonly nic: string;
  readonly packet: Packet;
}

export class Testbed {
  readonly director: ReferenceDirector;
  readonly #sent: Sent[] = [];

  constructor(options: ReferenceOptions, steps?: Partial<Steps>) {
    const emit = (nic: string, frame: Uint8Array) => this.#sent.push({ nic, packet: decode(frame) });
    this.director = new ReferenceDirector(options, emit, steps);
  }

  /** All neighbours known, so that no ARP is in the way. */
  warm(neighbours: Readonly<Record<string, string>>): this {
    for (const [ip, mac] of Object.entries(neighbours)) this.director.learn(ip, mac);
    return this;
  }

  /** What the director sends because of this frame. */
  receive(nic: string, frame: PacketSpec | Uint8Array): Sent[] {
    this.director.receive(nic, frame instanceof Uint8Array ? frame : craft(frame));
    return this.taken();
  }

  /** The packet that the director sends because of this frame; fails unless it is exactly one. */
  exchange(nic: string, frame: PacketSpec | Uint8Array): Packet {
    return only(this.receive(nic, frame)).packet;
  }

  /** What was sent since the last look. */
  taken(): Sent[] {
    return this.#sent.splice(0);
  }
}

export function only<T>(items: readonly T[]): T {
  const [item] = items;
  if (item === undefined || items.length !== 1) throw new Error(`${items.length} where exactly one was expected`);
  return item;
}

export function server(name: string, ip: string, more: Partial<RealServer> = {}): RealServer {
  return { name, ip, port: 80, weight: 1, answers: "echo", ...more };
}

export function service(model: Model, realServers: readonly RealServer[], more: Partial<Service> = {}): Service {
  return {
    vip: VIP,
    port: 80,
    protocol: "tcp",
    model,
    scheduler: "rr",
    schedulerFlags: [],
    onePacket: false,
    tunnel: IP_IN_IP,
    realServers,
    ...more,
  };
}

/** T-NAT2: the client on eth0, two real servers on eth1; 80/tcp → 8080, 53/udp → 5353. */
export function natTestbed(more: Partial<ReferenceOptions> = {}): Testbed {
  const rs = (port: number) => [server("rs1", "192.168.10.11", { port }), server("rs2", "192.168.10.12", { port })];
  const services = [service("nat", rs(8080)), service("nat", rs(5353), { port: 53, protocol: "udp" })];
  const neighbours = { [CIP]: MAC.client, "192.168.10.11": MAC.rs1, "192.168.10.12": MAC.rs2, [GATEWAY]: MAC.gateway };
  return new Testbed({ nics: [ETH0, ETH1], gateways: [GATEWAY], services, ...more }).warm(neighbours);
}

/** T-DR and T-TUN: everything on one link with a gateway; with TUN the second real server stands behind it. */
export function oneLinkTestbed(model: "dr" | "tun", more: Partial<ReferenceOptions> = {}): Testbed {
  const rs2 = model === "dr" ? "10.0.0.12" : "10.9.0.12";
  const rs = [server("rs1", "10.0.0.11", { port: 9999 }), server("rs2", rs2)];
  const services = [service(model, rs), service(model, rs, { port: 53, protocol: "udp" })];
  const neighbours = { [GATEWAY]: MAC.gateway, "10.0.0.11": MAC.rs1, "10.0.0.12": MAC.rs2 };
  return new Testbed({ nics: [ETH0], gateways: [GATEWAY], services, ...more }).warm(neighbours);
}

/** A SYN of the client to VIP:80 with values by which it can be told. */
export function syn(srcPort: number, more: PacketSpec = {}): PacketSpec {
  return { ...request(more), "tcp.srcport": srcPort, "tcp.dstport": 80, "tcp.flags": "S", ...more };
}

/** A UDP datagram of the client to VIP:53. */
export function query(srcPort: number, more: PacketSpec = {}): PacketSpec {
  return { ...request(more), "udp.srcport": srcPort, "udp.dstport": 53, payload: "who is it?", ...more };
}

function request(more: PacketSpec): PacketSpec {
  return {
    "eth.src": MAC.client,
    "eth.dst": MAC.eth0,
    "ip.src": CIP,
    "ip.dst": VIP,
    "ip.ttl": 61,
    "ip.id": "0x1234",
    "ip.dsfield": "0x2e",
    ...more,
  };
}

/** From the IP header on, without padding. */
export function ipBytes(packet: Packet): Uint8Array {
  const { bytes, ip } = packet;
  return ip === undefined ? bytes : bytes.subarray(ip.offset, ip.offset + ip.length);
}

/** The states of all checksums of a packet: `ip valid, l4 valid`. */
export function checksums(packet: Packet): string {
  return `ip ${packet.ip?.checksumValid ? "valid" : "invalid"}, l4 ${l4ChecksumState(packet)}`;
}

/** `src:port > dst:port`. */
export function endpoints({ ip, tcp, udp }: Packet): string {
  const ports = tcp ?? udp;
  return `${ip?.src}:${ports?.srcPort} > ${ip?.dst}:${ports?.dstPort}`;
}

/** `src > dst` of the frame. */
export function macs({ eth }: Packet): string {
  return `${eth?.src} > ${eth?.dst}`;
}

/** What of a specification stands from the IP header on. */
export function withoutEthernet(spec: PacketSpec): PacketSpec {
  return Object.fromEntries(Object.entries(spec).filter(([name]) => !name.startsWith("eth.")));
}

/** A UDP answer of a NAT real server to the client. */
export function fromServer(
  rip: string | undefined,
  srcPort: number,
  dstPort: number,
  more: PacketSpec = {},
): PacketSpec {
  const addresses = { "eth.dst": MAC.eth1, "ip.src": rip, "ip.dst": CIP, "ip.ttl": 64 };
  return { ...addresses, "udp.srcport": srcPort, "udp.dstport": dstPort, payload: "it is I", ...more };
}
