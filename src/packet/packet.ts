/**
 * A frame taken apart into its headers.
 *
 * Decoding is lax and total: whatever the bytes, nothing throws, every layer that is given is sound, and `problem`
 * says where decoding stopped and why. Work and memory are bounded by the length of the frame and by `MAX_NESTING`.
 */

import { Arp } from "./arp.js";
import { ETHERTYPE, Ethernet } from "./ethernet.js";
import { ICMP_HEADER_LENGTH, Icmp } from "./icmp.js";
import { IP_PROTOCOL, Ipv4 } from "./ipv4.js";
import { IPV6_HEADER_LENGTH, Ipv6 } from "./ipv6.js";
import { type Problem, problemAt } from "./problem.js";
import { TCP_PARTIAL_LENGTH, Tcp } from "./tcp.js";
import { UDP_HEADER_LENGTH, Udp } from "./udp.js";

export type { Problem } from "./problem.js";

/** How many packets deep a frame is followed into IP-in-IP and into what ICMP errors quote. */
export const MAX_NESTING = 4;

/** One stack of headers: (Ethernet,) then ARP, or IPv4 or IPv6 and what it carries. */
export class Packet {
  /** From this packet's first layer on; for an inner or quoted packet from its IP header on. Offsets count from here. */
  readonly bytes: Uint8Array;
  readonly eth?: Ethernet;
  readonly arp?: Arp;
  readonly ip?: Ipv4;
  readonly ip6?: Ipv6;
  /** May be cut short: see `Tcp.isPartial`; `problem` is set then. */
  readonly tcp?: Tcp;
  readonly udp?: Udp;
  readonly icmp?: Icmp;
  /** What stands behind the last decoded header, up to the length that IP states: never the padding of a frame. */
  readonly payload: Uint8Array;
  /** The packet that IP-in-IP carries: protocol 4 (RFC 2003), or 41 for an IPv6 one (RFC 4213). */
  readonly inner?: Packet;
  /** The packet that an ICMP error quotes; mostly cut short, which its own `problem` says. */
  readonly quoted?: Packet;
  /** Where decoding stopped, and why. That of an inner or quoted packet is its own. */
  readonly problem?: Problem;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.payload = bytes;
  }
}

type Draft = { -readonly [K in keyof Packet]: Packet[K] };

/** Takes an Ethernet frame apart. Never throws. */
export function decode(bytes: Uint8Array): Packet {
  const packet: Draft = new Packet(bytes);
  if (failed(packet, Ethernet.check(bytes, 0))) return packet;
  packet.eth = new Ethernet(bytes, 0);
  const offset = packet.eth.headerLength;
  packet.payload = bytes.subarray(offset);
  switch (packet.eth.type) {
    case ETHERTYPE.ipv4:
      decodeIpv4(packet, offset, 0);
      break;
    case ETHERTYPE.ipv6:
      decodeIpv6(packet, offset, 0);
      break;
    case ETHERTYPE.arp:
      decodeArp(packet, offset);
  }
  return packet;
}

/** Takes a packet apart that begins with an IPv4 or IPv6 header. Never throws. */
export function decodeIp(bytes: Uint8Array): Packet {
  return decodeFrom((bytes[0] ?? 0) >> 4 === 6 ? decodeIpv6 : decodeIpv4, bytes, 0);
}

type IpDecoder = (packet: Draft, offset: number, depth: number) => void;

function decodeFrom(decoder: IpDecoder, bytes: Uint8Array, depth: number): Packet {
  const packet: Draft = new Packet(bytes);
  decoder(packet, 0, depth);
  return packet;
}

function failed(packet: Draft, problem: Problem | undefined): boolean {
  if (!problem) return false;
  packet.problem = problem;
  return true;
}

function decodeArp(packet: Draft, offset: number): void {
  if (failed(packet, Arp.check(packet.bytes, offset))) return;
  packet.arp = new Arp(packet.bytes, offset);
  packet.payload = packet.bytes.subarray(0, 0);
}

function decodeIpv4(packet: Draft, offset: number, depth: number): void {
  if (failed(packet, Ipv4.check(packet.bytes, offset))) return;
  const ip = new Ipv4(packet.bytes, offset);
  packet.ip = ip;
  const start = offset + ip.headerLength;
  const end = endOfPacket(packet, "ipv4", offset, ip.headerLength, ip.length);
  packet.payload = packet.bytes.subarray(start, end);
  // Only the first fragment has what IP carries from its beginning.
  if (ip.fragmentOffset === 0 && ip.length >= ip.headerLength) decodeBody(packet, ip.protocol, start, end, depth);
}

function decodeIpv6(packet: Draft, offset: number, depth: number): void {
  if (failed(packet, Ipv6.check(packet.bytes, offset))) return;
  const ip = new Ipv6(packet.bytes, offset);
  packet.ip6 = ip;
  const start = offset + IPV6_HEADER_LENGTH;
  const end = endOfPacket(packet, "ipv6", offset, IPV6_HEADER_LENGTH, IPV6_HEADER_LENGTH + ip.payloadLength);
  packet.payload = packet.bytes.subarray(start, end);
  decodeBody(packet, ip.nextHeader, start, end, depth);
}

/** Where a packet ends by its own account, but never behind the bytes that are there. */
function endOfPacket(packet: Draft, layer: string, offset: number, headerLength: number, length: number): number {
  const available = packet.bytes.length - offset;
  if (length < headerLength) {
    const reason = `it says the packet is ${length} bytes long, less than the header's ${headerLength}`;
    packet.problem = problemAt(layer, offset, headerLength, length, reason);
    return offset + headerLength;
  }
  if (length <= available) return offset + length;
  const reason = `it says the packet is ${length} bytes long, but ${available} are there`;
  packet.problem = problemAt(layer, offset, length, available, reason);
  return packet.bytes.length;
}

function nest(packet: Draft, part: "inner" | "quoted", decoder: IpDecoder, depth: number): void {
  const { bytes, payload } = packet;
  if (depth < MAX_NESTING) {
    packet[part] = decodeFrom(decoder, payload, depth + 1);
    return;
  }
  const layer = decoder === decodeIpv6 ? "ipv6" : "ipv4";
  const start = payload.byteOffset - bytes.byteOffset;
  packet.problem = problemAt(layer, start, payload.length, payload.length, `more than ${MAX_NESTING} packets deep`);
}

/** What an IP header carries; `start` to `end`: where, in the bytes of the packet. */
function decodeBody(packet: Draft, protocol: number, start: number, end: number, depth: number): void {
  switch (protocol) {
    case IP_PROTOCOL.tcp:
      decodeTcp(packet, start, end);
      break;
    case IP_PROTOCOL.udp:
      decodeUdp(packet, start, end);
      break;
    case IP_PROTOCOL.ipip:
      nest(packet, "inner", decodeIpv4, depth);
      break;
    case IP_PROTOCOL.ipv6:
      nest(packet, "inner", decodeIpv6, depth);
      break;
    case IP_PROTOCOL.icmp:
      // An IPv6 header says "ICMP for IPv4" with this number, which nothing sends.
      if (packet.ip) decodeIcmp(packet, start, end, depth);
  }
}

function decodeTcp(packet: Draft, start: number, end: number): void {
  const { bytes } = packet;
  const problem = Tcp.check(bytes, start, end);
  if (!problem) {
    packet.tcp = new Tcp(bytes, start);
    packet.payload = bytes.subarray(start + packet.tcp.headerLength, end);
    return;
  }
  packet.problem = problem;
  const cutShort = problem.available < problem.required;
  if (!cutShort || problem.available < TCP_PARTIAL_LENGTH) return;
  // Nothing behind the segment, such as a frame's padding, may be taken for the missing part of the header.
  packet.tcp = new Tcp(bytes.subarray(0, end), start);
  packet.payload = bytes.subarray(end, end);
}

function decodeUdp(packet: Draft, start: number, end: number): void {
  const { bytes } = packet;
  if (failed(packet, Udp.check(bytes, start, end))) return;
  const udp = new Udp(bytes, start);
  packet.udp = udp;
  packet.payload = bytes.subarray(start + UDP_HEADER_LENGTH, end);
  if (packet.ip?.isFragment || packet.problem) return;
  const available = end - start;
  if (udp.length < UDP_HEADER_LENGTH || udp.length > available) {
    const reason = `it says the datagram is ${udp.length} bytes long, of ${UDP_HEADER_LENGTH} to ${available} possible`;
    packet.problem = problemAt("udp", start, udp.length, available, reason);
  }
}

function decodeIcmp(packet: Draft, start: number, end: number, depth: number): void {
  const { bytes } = packet;
  if (failed(packet, Icmp.check(bytes, start, end))) return;
  const icmp = new Icmp(bytes, start);
  packet.icmp = icmp;
  packet.payload = bytes.subarray(start + ICMP_HEADER_LENGTH, end);
  if (icmp.isError) nest(packet, "quoted", decodeIpv4, depth);
}
