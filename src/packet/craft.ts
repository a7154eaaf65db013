/**
 * Packets from the names of their fields; one that is wrong on purpose is as natural as a right one.
 *
 * Lengths, checksums and the numbers that say what comes next are computed, unless the specification gives them:
 * then the given value is written, however wrong, and everything else is still right.
 */

import { ARP_FIELDS, ARP_LENGTH, Arp } from "./arp.js";
import { type Body, craftBody } from "./craft-body.js";
import { craftExtensions } from "./craft-extensions.js";
import {
  bytesOf,
  CraftError,
  type Given,
  isSpec,
  type PacketSpec,
  payloadOf,
  rawPacket,
  read,
  write,
} from "./craft-spec.js";
import { type Crafted, EXPERIMENTAL_ETHERTYPE } from "./craft-tunnel.js";
import { ETHERNET_FIELDS, ETHERNET_HEADER_LENGTH, ETHERTYPE, Ethernet } from "./ethernet.js";
import type { Ip } from "./ip.js";
import { IPV4_FIELDS, IPV4_HEADER_LENGTH, IPV4_MAX_LENGTH, Ipv4 } from "./ipv4.js";
import { IPV6_FIELDS, IPV6_HEADER_LENGTH, Ipv6 } from "./ipv6.js";
import { computeL4 } from "./l4-checksum.js";
import { wholeWords, write16, write32 } from "./view.js";
import { VLAN_ETHERTYPE, VLAN_FIELDS, VLAN_HEADER_LENGTH, Vlan } from "./vlan.js";

export {
  CraftError,
  canonicalValue,
  FIELD_DESCRIPTIONS,
  FIELD_NAMES,
  type FieldDescription,
  type PacketSpec,
  type SpecValue,
} from "./craft-spec.js";

/** A specification that nests deeper is taken for one that contains itself. */
const MAX_SPEC_DEPTH = 16;

const DEFAULT_TTL = 64;

/**
 * An Ethernet frame. Left out: TTL and hop limit 64 (255 for neighbour discovery and VRRP), ID 0, DF unset, TCP flags S,
 * window 29200, sequence number 1000, ICMP and ICMPv6 an echo request, SCTP an INIT chunk, the port of GUE 6080, VRRP an
 * advertisement of version 3 for router 1 with priority 100 each second; addresses, ports and all others 0. Options are
 * padded with zeros to whole 32-bit words, IPv6 extension headers to whole 64-bit words, frames not at all.
 * Throws a `CraftError`.
 */
export function craft(spec: PacketSpec): Uint8Array {
  const given = read(spec);
  const network = given.protocols.has("arp") ? craftArp(given) : craftNetwork(given, 0);
  const isTagged = given.protocols.has("vlan");
  const start = ETHERNET_HEADER_LENGTH + (isTagged ? VLAN_HEADER_LENGTH : 0);
  const bytes = new Uint8Array(start + network.bytes.length);
  bytes.set(network.bytes, start);
  const type = isTagged ? VLAN_ETHERTYPE.customer : network.ethertype;
  write(given, ETHERNET_FIELDS, Ethernet.emit(bytes, 0, { type }));
  if (isTagged) write(given, VLAN_FIELDS, Vlan.emit(bytes, ETHERNET_HEADER_LENGTH, { type: network.ethertype }));
  return bytes;
}

/** As `craft`, from the IP header on: what an ICMP error quotes. */
export function craftIp(spec: PacketSpec): Uint8Array {
  return craftNested(spec, 0).bytes;
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
  const isIp =
    spec.inner !== undefined || [...protocols].some((protocol) => !["eth", "vlan", "data"].includes(protocol));
  return isIp ? craftIpPacket(given, depth) : { bytes: payloadOf(given), ethertype: EXPERIMENTAL_ETHERTYPE };
}

function craftNested(spec: PacketSpec, depth: number): Crafted {
  const given = read(spec);
  for (const protocol of ["eth", "vlan", "arp"]) {
    if (!given.protocols.has(protocol)) continue;
    throw new CraftError(protocol, `${protocol}: a packet that begins with its IP header has no ${protocol} fields`);
  }
  return craftIpPacket(given, depth);
}

function craftIpPacket(given: Given, depth: number): Crafted {
  const { protocols, spec } = given;
  const isIpv6 = protocols.has("ipv6") || protocols.has("icmpv6") || spec["vrrp.ipv6_addr"] !== undefined;
  const nested = {
    inner: spec.inner === undefined ? undefined : craftPart("inner", given, depth),
    quoted: spec.quoted === undefined ? undefined : craftPart("quoted", given, depth).bytes,
  };
  const body = craftBody(given, nested, isIpv6 ? 6 : 4);
  return isIpv6
    ? { bytes: craftIpv6(given, body), ethertype: ETHERTYPE.ipv6 }
    : { bytes: craftIpv4(given, body), ethertype: ETHERTYPE.ipv4 };
}

function craftPart(part: "inner" | "quoted", { spec }: Given, depth: number): Crafted {
  if (depth >= MAX_SPEC_DEPTH) {
    throw new CraftError(part, `${part}: more than ${MAX_SPEC_DEPTH} packets inside each other`);
  }
  const value = spec[part];
  return isSpec(value) ? craftNested(value, depth + 1) : { bytes: rawPacket(part, value), ethertype: ETHERTYPE.ipv4 };
}

function craftIpv4(given: Given, body: Body): Uint8Array {
  const options = bytesOf(given, "ip.options");
  const headerLength = IPV4_HEADER_LENGTH + wholeWords(options.length);
  const length = headerLength + body.bytes.length;
  if (given.spec["ip.len"] === undefined) notTooLong(length);
  const bytes = new Uint8Array(length);
  const { protocol, ttl = DEFAULT_TTL } = body;
  const ip = Ipv4.emit(bytes, 0, { options, protocol, length, ttl });
  write(given, IPV4_FIELDS, ip);
  place(given, body, ip, headerLength);
  if (given.spec["ip.checksum"] === undefined) ip.updateChecksum();
  return bytes;
}

/** Wrong ones would hide the extension headers, which decide what the checksum of the upper layer covers. */
const WRITTEN_LAST: readonly string[] = ["ipv6.plen", "ipv6.nxt"];

function craftIpv6(given: Given, body: Body): Uint8Array {
  const extensions = craftExtensions(given, body.protocol);
  const headerLength = IPV6_HEADER_LENGTH + extensions.bytes.length;
  const payloadLength = extensions.bytes.length + body.bytes.length;
  if (given.spec["ipv6.plen"] === undefined) notTooLong(payloadLength);
  const bytes = new Uint8Array(headerLength + body.bytes.length);
  bytes.set(extensions.bytes, IPV6_HEADER_LENGTH);
  const { protocol: nextHeader } = extensions;
  const ip = Ipv6.emit(bytes, 0, { nextHeader, payloadLength, hopLimit: body.ttl ?? DEFAULT_TTL });
  write(
    given,
    IPV6_FIELDS.filter(({ name }) => !WRITTEN_LAST.includes(name)),
    ip,
  );
  place(given, body, ip, headerLength);
  write(
    given,
    IPV6_FIELDS.filter(({ name }) => WRITTEN_LAST.includes(name)),
    ip,
  );
  return bytes;
}

function notTooLong(length: number): void {
  if (length <= IPV4_MAX_LENGTH) return;
  const message = `payload: the IP packet would be ${length} bytes long; at most ${IPV4_MAX_LENGTH} are possible`;
  throw new CraftError("payload", message);
}

/** Puts a body behind its IP header and, now that the addresses are known, computes its checksum. */
function place({ spec }: Given, { bytes: body, checksum }: Body, ip: Ip, start: number): void {
  const { bytes } = ip;
  bytes.set(body, start);
  if (!checksum || spec[checksum.field] !== undefined) return;
  const { kind } = checksum;
  const write = kind.bits === 32 ? write32 : write16;
  write(bytes, start + kind.at, computeL4(kind, ip, bytes, start, bytes.length));
}
