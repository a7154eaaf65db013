/** Decodes what an IP header carries. */

import { ETHERTYPE } from "./ethernet.js";
import { Gre } from "./gre.js";
import { GUE_PORT, Gue } from "./gue.js";
import { Icmp } from "./icmp.js";
import { Icmpv6 } from "./icmpv6.js";
import { IP_PROTOCOL } from "./ip.js";
import type { Draft } from "./packet.js";
import { failed, problemAt } from "./problem.js";
import { Sctp } from "./sctp.js";
import { TCP_PARTIAL_LENGTH, Tcp } from "./tcp.js";
import { UDP_HEADER_LENGTH, Udp } from "./udp.js";
import type { View } from "./view.js";
import { Vrrp } from "./vrrp.js";

/** Decodes the payload that a packet has by now as a packet inside it. */
export type Nest = (part: "inner" | "quoted", version: 4 | 6) => void;

/** `start` to `end`: where it stands, in the bytes of the packet; `packet.ip` says what it is. */
export function decodeUpperLayer(packet: Draft, start: number, end: number, nest: Nest): void {
  switch (packet.ip?.protocol) {
    case IP_PROTOCOL.tcp:
      decodeTcp(packet, start, end);
      break;
    case IP_PROTOCOL.udp:
      decodeUdp(packet, start, end, nest);
      break;
    case IP_PROTOCOL.sctp:
      decodeSctp(packet, start, end);
      break;
    case IP_PROTOCOL.icmp:
      // An IPv6 header says "ICMP for IPv4" with this number, which nothing sends.
      if (packet.ip4) decodeIcmp(packet, Icmp, start, end, nest);
      break;
    case IP_PROTOCOL.icmpv6:
      if (packet.ip6) decodeIcmp(packet, Icmpv6, start, end, nest);
      break;
    case IP_PROTOCOL.ipip:
      nest("inner", 4);
      break;
    case IP_PROTOCOL.ipv6:
      nest("inner", 6);
      break;
    case IP_PROTOCOL.gre:
      decodeGre(packet, start, end, nest);
      break;
    case IP_PROTOCOL.vrrp:
      decodeVrrp(packet, start, end);
  }
}

/** What is left to decode is what stands behind a header. */
function advance(packet: Draft, header: View, end: number): void {
  packet.payload = packet.bytes.subarray(header.offset + header.headerLength, end);
}

function decodeTcp(packet: Draft, start: number, end: number): void {
  const { bytes } = packet;
  const problem = Tcp.check(bytes, start, end);
  if (!problem) {
    packet.tcp = new Tcp(bytes, start);
    advance(packet, packet.tcp, end);
    return;
  }
  failed(packet, problem);
  const cutShort = problem.available < problem.required;
  if (!cutShort || problem.available < TCP_PARTIAL_LENGTH) return;
  // Nothing behind the segment, such as a frame's padding, may be taken for the missing part of the header.
  packet.tcp = new Tcp(bytes.subarray(0, end), start);
  packet.payload = bytes.subarray(end, end);
}

function decodeUdp(packet: Draft, start: number, end: number, nest: Nest): void {
  const { bytes } = packet;
  if (failed(packet, Udp.check(bytes, start, end))) return;
  const udp = new Udp(bytes, start);
  packet.udp = udp;
  advance(packet, udp, end);
  const isWhole = !packet.ip?.isFragment && !packet.problem;
  const available = end - start;
  if (isWhole && (udp.length < UDP_HEADER_LENGTH || udp.length > available)) {
    const reason = `it says the datagram is ${udp.length} bytes long, of ${UDP_HEADER_LENGTH} to ${available} possible`;
    packet.problem = problemAt("udp", start, udp.length, available, reason);
  } else if (udp.dstPort === GUE_PORT) decodeGue(packet, start + UDP_HEADER_LENGTH, end, nest);
}

/** Whatever else may be sent to its port: what cannot be GUE of version 0 stays payload. */
function decodeGue(packet: Draft, start: number, end: number, nest: Nest): void {
  const bytes = packet.bytes.subarray(0, end);
  if (start === end || new Gue(bytes, start).version !== 0) return;
  if (failed(packet, Gue.check(bytes, start))) return;
  packet.gue = new Gue(bytes, start);
  advance(packet, packet.gue, end);
  if (packet.gue.control) return;
  switch (packet.gue.protocol) {
    case IP_PROTOCOL.ipip:
      nest("inner", 4);
      break;
    case IP_PROTOCOL.ipv6:
      nest("inner", 6);
      break;
    case IP_PROTOCOL.gre:
      decodeGre(packet, start + packet.gue.headerLength, end, nest);
  }
}

function decodeGre(packet: Draft, start: number, end: number, nest: Nest): void {
  const bytes = packet.bytes.subarray(0, end);
  if (failed(packet, Gre.check(bytes, start))) return;
  packet.gre = new Gre(bytes, start, packet.missing === 0 && packet.ip?.isFragment === false);
  advance(packet, packet.gre, end);
  switch (packet.gre.protocol) {
    case ETHERTYPE.ipv4:
      nest("inner", 4);
      break;
    case ETHERTYPE.ipv6:
      nest("inner", 6);
  }
}

function decodeSctp(packet: Draft, start: number, end: number): void {
  const bytes = packet.bytes.subarray(0, end);
  if (failed(packet, Sctp.check(bytes, start))) return;
  packet.sctp = new Sctp(bytes, start);
  advance(packet, packet.sctp, end);
}

function decodeIcmp(packet: Draft, Family: typeof Icmp | typeof Icmpv6, start: number, end: number, nest: Nest): void {
  const bytes = packet.bytes.subarray(0, end);
  if (failed(packet, Family.check(bytes, start))) return;
  const icmp = new Family(bytes, start);
  packet.icmp = icmp;
  advance(packet, icmp, end);
  if (icmp.isError) nest("quoted", Family === Icmpv6 ? 6 : 4);
}

function decodeVrrp(packet: Draft, start: number, end: number): void {
  const bytes = packet.bytes.subarray(0, end);
  const version = packet.ip6 ? 6 : 4;
  if (failed(packet, Vrrp.check(bytes, start, version))) return;
  packet.vrrp = new Vrrp(bytes, start, version);
  advance(packet, packet.vrrp, end);
}
