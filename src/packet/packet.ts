/**
 * A frame taken apart into its headers.
 *
 * A capture may have kept fewer bytes than there were on the wire (`missing`). What would stand in them is unknown, which
 * is something else than wrong.
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
import { SLL_PACKET_TYPE, type Sll } from "./sll.js";
import type { Tcp } from "./tcp.js";
import type { Udp } from "./udp.js";
import { decodeUpperLayer } from "./upper-layer.js";
import { announcesVlan, MAX_VLANS, VLAN_HEADER_LENGTH, Vlan } from "./vlan.js";
import type { Vrrp } from "./vrrp.js";

export type { Problem } from "./problem.js";

/** How many packets deep a frame is followed into tunnels and into what ICMP errors quote. */
export const MAX_NESTING = 4;

const MAC_BROADCAST = "ff:ff:ff:ff:ff:ff";

/** One stack of headers: (a link layer,) then ARP, or IP and what it carries. */
export class Packet {
  /** From this packet's first layer on; for an inner or quoted packet from its IP header on. Offsets count from here. */
  readonly bytes: Uint8Array;
  /** How many there were on the wire, of a frame with its padding; never fewer than `bytes` has. */
  readonly wireLength: number;
  readonly eth?: Ethernet;
  /** In the place of `eth`, in a cooked capture. */
  readonly sll?: Sll;
  /** Outermost first. */
  readonly vlans: readonly Vlan[] = [];
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

  constructor(bytes: Uint8Array, wireLength = bytes.length) {
    this.bytes = bytes;
    this.wireLength = Math.max(bytes.length, wireLength);
    this.payload = bytes;
  }

  /** Where the packet ends by its own account, but never behind what was on the wire; `bytes` may end before it. */
  get end(): number {
    const { ip, arp, wireLength } = this;
    if (arp) return arp.offset + arp.headerLength;
    const isStated = ip !== undefined && ip.length >= ip.headerLength;
    return isStated ? Math.min(wireLength, ip.offset + ip.length) : wireLength;
  }

  /** Bytes of the packet, the last ones, that were on the wire but that the capture did not keep; padding does not count. */
  get missing(): number {
    return Math.max(0, this.end - this.bytes.length);
  }

  /** The MAC that sent the frame; undefined where the capture has none. */
  get linkSrc(): string | undefined {
    return this.eth?.src ?? (this.sll?.src || undefined);
  }

  /** The MAC that it is for; undefined where the capture has none: a cooked one says no more than that it was for all. */
  get linkDst(): string | undefined {
    return this.eth?.dst ?? (this.sll?.packetType === SLL_PACKET_TYPE.broadcast ? MAC_BROADCAST : undefined);
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

/** Takes an Ethernet frame apart, which had so many bytes on the wire. Never throws. */
export function decode(bytes: Uint8Array, wireLength?: number): Packet {
  const packet: Draft = new Packet(bytes, wireLength);
  if (failed(packet, Ethernet.check(bytes, 0))) return packet;
  packet.eth = new Ethernet(bytes, 0);
  decodeNetwork(packet, packet.eth.type, packet.eth.headerLength);
  return packet;
}

/** Takes a packet apart that begins with an IPv4 or IPv6 header. Never throws. */
export function decodeIp(bytes: Uint8Array, wireLength?: number): Packet {
  const packet: Draft = new Packet(bytes, wireLength);
  decoderOf((bytes[0] ?? 0) >> 4 === 6 ? 6 : 4)(packet, 0, 0);
  return packet;
}

/** What stands at `offset` behind a link layer, of this Ethernet type: tags, then a packet. What else it is stays payload. */
export function decodeNetwork(packet: Draft, type: number, offset: number): void {
  let [at, next] = [offset, type];
  const vlans: Vlan[] = [];
  packet.vlans = vlans;
  while (announcesVlan(next)) {
    if (failed(packet, Vlan.check(packet.bytes, at))) return;
    if (vlans.length === MAX_VLANS) {
      const available = packet.bytes.length - at;
      packet.problem = problemAt("vlan", at, available, available, `more than ${MAX_VLANS} in one frame`);
      return;
    }
    const vlan = new Vlan(packet.bytes, at);
    vlans.push(vlan);
    at += VLAN_HEADER_LENGTH;
    next = vlan.type;
  }
  packet.payload = packet.bytes.subarray(at);
  switch (next) {
    case ETHERTYPE.ipv4:
      decodeIpv4(packet, at, 0);
      break;
    case ETHERTYPE.ipv6:
      decodeIpv6(packet, at, 0);
      break;
    case ETHERTYPE.arp:
      decodeArp(packet, at);
  }
}

type IpDecoder = (packet: Draft, offset: number, depth: number) => void;

function decoderOf(version: 4 | 6): IpDecoder {
  return version === 6 ? decodeIpv6 : decodeIpv4;
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
  const end = endOfBytes(packet, ip);
  packet.payload = packet.bytes.subarray(start, end);
  // Only the first fragment has it from its beginning.
  if (!isSound || ip.fragmentOffset > 0) return;
  decodeUpperLayer(packet, start, end, (part, version) => nest(packet, part, version, depth));
}

/** Where a packet ends by its own account, but never behind the bytes that are there. */
function endOfBytes(packet: Draft, { version, offset, headerLength, length }: Ip): number {
  const layer = `ipv${version}`;
  const available = packet.bytes.length - offset;
  if (length < headerLength) {
    const reason = `it says the packet is ${length} bytes long, less than the header's ${headerLength}`;
    packet.problem = problemAt(layer, offset, headerLength, length, reason);
    return offset + headerLength;
  }
  if (length <= available) return offset + length;
  const reason = `it says the packet is ${length} bytes long, but ${available} are there`;
  if (!packet.problem) failed(packet, problemAt(layer, offset, length, available, reason));
  return packet.bytes.length;
}

/** Decodes what is left of a packet as one inside it. */
function nest(packet: Draft, part: "inner" | "quoted", version: 4 | 6, depth: number): void {
  const { bytes, payload, end } = packet;
  const start = payload.byteOffset - bytes.byteOffset;
  if (depth < MAX_NESTING) {
    const nested: Draft = new Packet(payload, end - start);
    decoderOf(version)(nested, 0, depth + 1);
    packet[part] = nested;
    return;
  }
  const reason = `more than ${MAX_NESTING} packets deep`;
  packet.problem = problemAt(`ipv${version}`, start, payload.length, payload.length, reason);
}
