/**
 * Packets from the names of their fields; one that is wrong on purpose is as natural as a right one.
 *
 * Lengths, checksums and the numbers that say what comes next are computed, unless the specification gives them:
 * then the given value is written, however wrong, and everything else is still right.
 */

import { ARP_FIELDS, ARP_LENGTH, Arp } from "./arp.js";
import {
  bytesOf,
  CraftError,
  type Given,
  isSpec,
  type PacketSpec,
  payloadOf,
  rawPacket,
  read,
  type SpecValue,
  write,
} from "./craft-spec.js";
import { ETHERNET_FIELDS, ETHERNET_HEADER_LENGTH, ETHERTYPE, Ethernet } from "./ethernet.js";
import { ICMP_CHECKSUM_OFFSET, ICMP_FIELDS, ICMP_HEADER_LENGTH, ICMP_TYPE, Icmp } from "./icmp.js";
import { internetChecksum } from "./internet-checksum.js";
import { IP_PROTOCOL, IPV4_FIELDS, IPV4_HEADER_LENGTH, IPV4_MAX_LENGTH, Ipv4 } from "./ipv4.js";
import { IPV6_FIELDS, IPV6_HEADER_LENGTH, Ipv6 } from "./ipv6.js";
import { TCP_CHECKSUM_OFFSET, TCP_FIELDS, TCP_FLAG, TCP_HEADER_LENGTH, Tcp } from "./tcp.js";
import { UDP_CHECKSUM_OFFSET, UDP_FIELDS, UDP_HEADER_LENGTH, Udp } from "./udp.js";
import { wholeWords, write16 } from "./view.js";

export {
  CraftError,
  canonicalValue,
  FIELD_DESCRIPTIONS,
  FIELD_NAMES,
  type FieldDescription,
  type PacketSpec,
  type SpecValue,
} from "./craft-spec.js";

/** IEEE 802's first type for local experiments: a frame that says nothing about what it carries. */
const EXPERIMENTAL_ETHERTYPE = 0x88b5;
/** RFC 3692's first protocol number for experiments. */
const EXPERIMENTAL_PROTOCOL = 253;

const DEFAULT_WINDOW = 29200;
const DEFAULT_SEQ = 1000;

/** A specification that nests deeper is taken for one that contains itself. */
const MAX_SPEC_DEPTH = 16;

/**
 * An Ethernet frame. Left out: TTL 64, ID 0, DF unset, TCP flags S, window 29200, sequence number 1000, ICMP type 8;
 * addresses, ports and all others 0. Options are padded with zeros to whole 32-bit words, frames not at all.
 * Throws a `CraftError`.
 */
export function craft(spec: PacketSpec): Uint8Array {
  const given = read(spec);
  const network = given.protocols.has("arp") ? craftArp(given) : craftNetwork(given, 0);
  const bytes = new Uint8Array(ETHERNET_HEADER_LENGTH + network.bytes.length);
  bytes.set(network.bytes, ETHERNET_HEADER_LENGTH);
  write(given, ETHERNET_FIELDS, Ethernet.emit(bytes, 0, { type: network.ethertype }));
  return bytes;
}

/** As `craft`, from the IP header on: what an ICMP error quotes. */
export function craftIp(spec: PacketSpec): Uint8Array {
  return craftNested(spec, 0);
}

interface Crafted {
  readonly bytes: Uint8Array;
  readonly ethertype: number;
}

function craftArp(given: Given): Crafted {
  const payload = payloadOf(given);
  const bytes = new Uint8Array(ARP_LENGTH + payload.length);
  write(given, ARP_FIELDS, Arp.emit(bytes, 0));
  bytes.set(payload, ARP_LENGTH);
  return { bytes, ethertype: ETHERTYPE.arp };
}

function craftNetwork(given: Given, depth: number): Crafted {
  const { protocols, spec } = given;
  if (protocols.has("ipv6")) return { bytes: craftIpv6(given, depth), ethertype: ETHERTYPE.ipv6 };
  const carried = ["ip", "tcp", "udp", "icmp"].some((protocol) => protocols.has(protocol)) || spec.inner !== undefined;
  if (carried) return { bytes: craftIpv4(given, depth), ethertype: ETHERTYPE.ipv4 };
  return { bytes: payloadOf(given), ethertype: EXPERIMENTAL_ETHERTYPE };
}

function craftNested(spec: PacketSpec, depth: number): Uint8Array {
  const given = read(spec);
  for (const protocol of ["eth", "arp"]) {
    if (!given.protocols.has(protocol)) continue;
    throw new CraftError(protocol, `${protocol}: a packet that begins with its IP header has no ${protocol} fields`);
  }
  return given.protocols.has("ipv6") ? craftIpv6(given, depth) : craftIpv4(given, depth);
}

function craftIpv4(given: Given, depth: number): Uint8Array {
  const body = craftBody(given, depth);
  const options = bytesOf(given, "ip.options");
  const headerLength = IPV4_HEADER_LENGTH + wholeWords(options.length);
  const length = headerLength + body.bytes.length;
  if (given.spec["ip.len"] === undefined) notTooLong(length);
  const bytes = new Uint8Array(length);
  const ip = Ipv4.emit(bytes, 0, { options, protocol: body.protocol, length });
  write(given, IPV4_FIELDS, ip);
  place(given, body, ip, headerLength);
  if (given.spec["ip.checksum"] === undefined) ip.updateChecksum();
  return bytes;
}

function craftIpv6(given: Given, depth: number): Uint8Array {
  const body = craftBody(given, depth);
  const payloadLength = body.bytes.length;
  if (given.spec["ipv6.plen"] === undefined) notTooLong(payloadLength);
  const bytes = new Uint8Array(IPV6_HEADER_LENGTH + payloadLength);
  const ip = Ipv6.emit(bytes, 0, { nextHeader: body.protocol, payloadLength });
  write(given, IPV6_FIELDS, ip);
  place(given, body, ip, IPV6_HEADER_LENGTH);
  return bytes;
}

function notTooLong(length: number): void {
  if (length <= IPV4_MAX_LENGTH) return;
  const message = `payload: the IP packet would be ${length} bytes long; at most ${IPV4_MAX_LENGTH} are possible`;
  throw new CraftError("payload", message);
}

/** What an IP header carries. */
interface Body {
  readonly bytes: Uint8Array;
  readonly protocol: number;
  readonly checksum?: { readonly name: string; readonly at: number; readonly coversAddresses: boolean };
}

/** Puts a body behind its IP header and, now that the addresses are known, computes its checksum. */
function place({ spec }: Given, { bytes: body, protocol, checksum }: Body, ip: Ipv4 | Ipv6, start: number): void {
  ip.bytes.set(body, start);
  if (!checksum || spec[checksum.name] !== undefined) return;
  const pseudoHeader = checksum.coversAddresses ? ip.pseudoHeaderSum(protocol, body.length) : 0;
  const computed = internetChecksum(ip.bytes, start, ip.bytes.length, pseudoHeader);
  // For UDP 0 would say that there is no checksum (RFC 768).
  write16(ip.bytes, start + checksum.at, computed === 0 && protocol === IP_PROTOCOL.udp ? 0xffff : computed);
}

function craftBody(given: Given, depth: number): Body {
  const { spec, protocols } = given;
  if (protocols.has("tcp")) return craftTcp(given);
  if (protocols.has("udp")) return craftUdp(given);
  if (protocols.has("icmp")) return craftIcmp(given, depth);
  if (spec.inner === undefined) return { bytes: payloadOf(given), protocol: EXPERIMENTAL_PROTOCOL };
  return { bytes: nested("inner", spec.inner, depth), protocol: IP_PROTOCOL.ipip };
}

function craftTcp(given: Given): Body {
  const payload = payloadOf(given);
  const options = bytesOf(given, "tcp.options");
  const headerLength = TCP_HEADER_LENGTH + wholeWords(options.length);
  const bytes = new Uint8Array(headerLength + payload.length);
  const defaults = { options, seq: DEFAULT_SEQ, window: DEFAULT_WINDOW, flags: TCP_FLAG.syn };
  write(given, TCP_FIELDS, Tcp.emit(bytes, 0, defaults));
  bytes.set(payload, headerLength);
  const checksum = { name: "tcp.checksum", at: TCP_CHECKSUM_OFFSET, coversAddresses: true };
  return { bytes, protocol: IP_PROTOCOL.tcp, checksum };
}

function craftUdp(given: Given): Body {
  const payload = payloadOf(given);
  const bytes = new Uint8Array(UDP_HEADER_LENGTH + payload.length);
  write(given, UDP_FIELDS, Udp.emit(bytes, 0, { length: bytes.length }));
  bytes.set(payload, UDP_HEADER_LENGTH);
  const checksum = { name: "udp.checksum", at: UDP_CHECKSUM_OFFSET, coversAddresses: true };
  return { bytes, protocol: IP_PROTOCOL.udp, checksum };
}

function craftIcmp(given: Given, depth: number): Body {
  const { quoted } = given.spec;
  const payload = quoted === undefined ? payloadOf(given) : nested("quoted", quoted, depth);
  const bytes = new Uint8Array(ICMP_HEADER_LENGTH + payload.length);
  write(given, ICMP_FIELDS, Icmp.emit(bytes, 0, { type: ICMP_TYPE.echo }));
  bytes.set(payload, ICMP_HEADER_LENGTH);
  const checksum = { name: "icmp.checksum", at: ICMP_CHECKSUM_OFFSET, coversAddresses: false };
  return { bytes, protocol: IP_PROTOCOL.icmp, checksum };
}

function nested(part: "inner" | "quoted", value: SpecValue, depth: number): Uint8Array {
  if (depth >= MAX_SPEC_DEPTH) {
    throw new CraftError(part, `${part}: more than ${MAX_SPEC_DEPTH} packets inside each other`);
  }
  return isSpec(value) ? craftNested(value, depth + 1) : rawPacket(part, value);
}
