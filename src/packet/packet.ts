/**
 * A frame taken apart into its headers.
 *
 * Decoding is lax and total: whatever the bytes, nothing throws, every layer that is given is sound, and `problem`
 * says where decoding stopped and why. Work and memory are bounded by the length of the frame and by `MAX_NESTING`.
 */

import { Arp } from "./arp.js";
import { ETHERTYPE, Ethernet } from "./ethernet.js";
import type { Gre } from "./gre.js";
import type { Gue } from "./gue.js";
import type { IcmpMessage } from "./icmp-message.js";
import type { Ip } from "./ip.js";
import { Ipv4 } from "./ipv4.js";
import { Ipv6 } from "./ipv6.js";
import { failed, type Problem, problemAt } from "./problem.js";
import type { Sctp } from "./sctp.js";
import type { Tcp } from "./tcp.js";
import type { Udp } from "./udp.js";
import { decodeUpperLayer } from "./upper-layer.js";
import type { Vrrp } from "./vrrp.js";

export type { Problem } from "./problem.js";

/** How many packets deep a frame is followed into tunnels and into what ICMP errors quote. */
export const MAX_NESTING = 4;

/** One stack of headers: (Ethernet,) then ARP, or IP and what it carries. */
export class Packet {
  /** From this packet's first layer on; for an inner or quoted packet from its IP header on. Offsets count from here. */
  readonly bytes: Uint8Array;
  readonly eth?: Ethernet;
  readonly arp?: Arp;
  readonly ip?: Ip;
  /** May be cut short: see `Tcp.isPartial`; `problem` is set then. */
  readonly tcp?: Tcp;
  readonly udp?: Udp;
  readonly icmp?: IcmpMessage;
  readonly sctp?: Sctp;
  readonly vrrp?: Vrrp;
  /** Behind `udp`. */
  readonly gue?: Gue;
  /** Behind the IP header, or behind `gue`. */
  readonly gre?: Gre;
  /** What stands behind the last decoded header, up to the length that IP states: never the padding of a frame. */
  readonly payload: Uint8Array;
  /** The packet in a tunnel: behind this one's IP header (RFC 2003, RFC 2473, RFC 4213), its GRE or its GUE header. */
  readonly inner?: Packet;
  /** The packet that an ICMP error quotes; mostly cut short, which its own `problem` says. */
  readonly quoted?: Packet;
  /** Where decoding stopped, and why. That of an inner or quoted packet is its own. */
  readonly problem?: Problem;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.payload = bytes;
  }

  /** `ip`, where it is of this family. */
  get ip4(): Ipv4 | undefined {
    return this.ip instanceof Ipv4 ? this.ip : undefined;
  }

  /** `ip`, where it is of this family. */
  get ip6(): Ipv6 | undefined {
    return this.ip instanceof Ipv6 ? this.ip : undefined;
  }
}

/** A packet that is being decoded. */
export type Draft = { -readonly [K in keyof Packet]: Packet[K] };

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

function decodeArp(packet: Draft, offset: number): void {
  if (failed(packet, Arp.check(packet.bytes, offset))) return;
  packet.arp = new Arp(packet.bytes, offset);
  packet.payload = packet.bytes.subarray(0, 0);
}

function decodeIpv4(packet: Draft, offset: number, depth: number): void {
  if (failed(packet, Ipv4.check(packet.bytes, offset))) return;
  const ip = new Ipv4(packet.bytes, offset);
  packet.ip = ip;
  decodeBody(packet, ip, depth, ip.length >= ip.headerLength);
}

function decodeIpv6(packet: Draft, offset: number, depth: number): void {
  if (failed(packet, Ipv6.check(packet.bytes, offset))) return;
  const ip = new Ipv6(packet.bytes, offset);
  packet.ip = ip;
  decodeBody(packet, ip, depth, !failed(packet, ip.extensions.problem));
}

/** What an IP header carries. */
function decodeBody(packet: Draft, ip: Ip, depth: number, isSound: boolean): void {
  const start = ip.offset + ip.headerLength;
  const end = endOfPacket(packet, ip);
  packet.payload = packet.bytes.subarray(start, end);
  // Only the first fragment has it from its beginning.
  if (!isSound || ip.fragmentOffset > 0) return;
  decodeUpperLayer(packet, start, end, (part, version) => nest(packet, part, version, depth));
}

/** Where a packet ends by its own account, but never behind the bytes that are there. */
function endOfPacket(packet: Draft, { version, offset, headerLength, length }: Ip): number {
  const layer = `ipv${version}`;
  const available = packet.bytes.length - offset;
  if (length < headerLength) {
    const reason = `it says the packet is ${length} bytes long, less than the header's ${headerLength}`;
    packet.problem = problemAt(layer, offset, headerLength, length, reason);
    return offset + headerLength;
  }
  if (length <= available) return offset + length;
  const reason = `it says the packet is ${length} bytes long, but ${available} are there`;
  packet.problem ??= problemAt(layer, offset, length, available, reason);
  return packet.bytes.length;
}

/** Decodes what is left of a packet as one inside it. */
function nest(packet: Draft, part: "inner" | "quoted", version: 4 | 6, depth: number): void {
  const { bytes, payload } = packet;
  if (depth < MAX_NESTING) {
    packet[part] = decodeFrom(version === 6 ? decodeIpv6 : decodeIpv4, payload, depth + 1);
    return;
  }
  const start = payload.byteOffset - bytes.byteOffset;
  const reason = `more than ${MAX_NESTING} packets deep`;
  packet.problem = problemAt(`ipv${version}`, start, payload.length, payload.length, reason);
}
