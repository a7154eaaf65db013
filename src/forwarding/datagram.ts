/** What rules and journeys read of a packet, whatever a director did to its headers. */

import { endpoint } from "../packet/address.js";
import { IP_PROTOCOL, type Ip } from "../packet/ip.js";
import { decodeIp, type Packet } from "../packet/packet.js";
import { SCTP_CHUNK } from "../packet/sctp.js";
import { TCP_FLAG } from "../packet/tcp.js";
import type { Protocol } from "./setup.js";

const PROTOCOLS: Readonly<Record<number, Protocol>> = {
  [IP_PROTOCOL.tcp]: "tcp",
  [IP_PROTOCOL.udp]: "udp",
  [IP_PROTOCOL.sctp]: "sctp",
};

export interface Ports {
  readonly src: number;
  readonly dst: number;
}

/** The packet that was sent, out of all tunnels around it. */
export function core(packet: Packet): Packet {
  let at = packet;
  for (let inside = insideOf(at); inside !== undefined; inside = insideOf(at)) at = inside;
  return at;
}

/** Whether a packet carries another one. */
export function insideTunnel(packet: Packet): boolean {
  return core(packet) !== packet;
}

/** Whether a packet carries another one, and the protocol number says something else. */
export function isInUnknownTunnel(packet: Packet): boolean {
  return packet.inner?.ip === undefined && insideOf(packet) !== undefined;
}

/** What IP carries that is no packet itself. */
const OTHERS: ReadonlySet<number> = new Set(
  Object.values(IP_PROTOCOL).filter((protocol) => protocol !== IP_PROTOCOL.ipip && protocol !== IP_PROTOCOL.ipv6),
);
const unknown = new WeakMap<Packet, Packet | undefined>();

/** Behind another protocol's number a whole packet is told by its own version, length and checksum. */
function insideOf(packet: Packet): Packet | undefined {
  const { ip, inner } = packet;
  if (inner?.ip !== undefined) return inner;
  if (ip === undefined || ip.isFragment || OTHERS.has(ip.protocol)) return undefined;
  if (!unknown.has(packet)) {
    const payload = ipPayload(ip);
    const length = payload.length + packet.missing;
    const found = decodeIp(payload, length);
    const isWhole = found.ip?.checksumValid === true && found.ip.length === length && length > 0;
    unknown.set(packet, isWhole ? found : undefined);
  }
  return unknown.get(packet);
}

export function protocolOf(packet: Packet): Protocol | undefined {
  return packet.ip === undefined ? undefined : PROTOCOLS[packet.ip.protocol];
}

/** Also of a header that an ICMP error quotes in part; undefined for a fragment that is not the first. */
export function portsOf(packet: Packet): Ports | undefined {
  const { ip } = packet;
  if (ip === undefined || ip.fragmentOffset > 0 || PROTOCOLS[ip.protocol] === undefined) return undefined;
  const l4 = packet.tcp ?? packet.udp ?? packet.sctp;
  if (l4 !== undefined) return { src: l4.srcPort, dst: l4.dstPort };
  const bytes = ipPayload(ip);
  if (bytes.length < 4) return undefined;
  return { src: ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0), dst: ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0) };
}

/** Address and port of who sent a packet and of whom it is for; port 0 where there is none. */
export function endsOf(packet: Packet): { src: string; dst: string } {
  const { src = 0, dst = 0 } = portsOf(packet) ?? {};
  return { src: endpoint(packet.ip?.src ?? "", src), dst: endpoint(packet.ip?.dst ?? "", dst) };
}

/** All bytes behind the IP header that belong to the packet. */
export function ipPayload(ip: Ip): Uint8Array {
  return ip.bytes.subarray(ip.offset + ip.headerLength, ip.offset + ip.length);
}

/** A request that opens a connection for IPVS: SYN set and RST not (tcp_conn_schedule), INIT (sctp_conn_schedule), any datagram. */
export function opensConnection(packet: Packet): boolean {
  if (packet.sctp !== undefined) return packet.sctp.chunkType === SCTP_CHUNK.init;
  if (packet.tcp === undefined) return true;
  const flags = packet.tcp?.flags ?? 0;
  return (flags & TCP_FLAG.syn) !== 0 && (flags & TCP_FLAG.rst) === 0;
}

/** The first segment of a handshake: SYN and nothing that answers one. */
export function isSyn(packet: Packet): boolean {
  return packet.tcp !== undefined && opensConnection(packet) && ((packet.tcp?.flags ?? 0) & TCP_FLAG.ack) === 0;
}

export function closesConnection(packet: Packet): boolean {
  return ((packet.tcp?.flags ?? 0) & (TCP_FLAG.fin | TCP_FLAG.rst)) !== 0;
}

export function isFin(packet: Packet): boolean {
  return ((packet.tcp?.flags ?? 0) & TCP_FLAG.fin) !== 0;
}

export function isReset(packet: Packet): boolean {
  return ((packet.tcp?.flags ?? 0) & TCP_FLAG.rst) !== 0;
}

export function isEchoRequest(packet: Packet): boolean {
  return packet.icmp?.kind === "echo";
}

export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let at = 0; at < left.length; at++) if (left[at] !== right[at]) return false;
  return true;
}

/** 53 bits: enough to tell the frames of a run apart, and a number that keys a map. */
export function hash(bytes: Uint8Array): number {
  let high = 0xdeadbeef ^ bytes.length;
  let low = 0x41c6ce57;
  for (const byte of bytes) {
    high = Math.imul(high ^ byte, 2654435761);
    low = Math.imul(low ^ byte, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return 4294967296 * (2097151 & low) + (high >>> 0);
}
