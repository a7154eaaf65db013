/**
 * How a header field is read, compared and written in a finding. Names are Wireshark's; `l4.` stands for the protocol's
 * own, and `ip.` for that of either family: what only IPv4 has is undefined of an IPv6 header, and the other way round.
 */

import type { Packet } from "../packet/packet.js";
import { optionAt, TCP_OPTION } from "../packet/tcp.js";
import { portsOf, protocolOf, sameBytes } from "./datagram.js";

export type Value = string | number | boolean | Uint8Array | undefined;

const HEXADECIMAL: Readonly<Record<string, number>> = {
  "ip.id": 4,
  "ip.dsfield": 2,
  "ip.checksum": 4,
  "l4.checksum": 4,
  "icmp.checksum": 4,
  "ip.flow": 5,
  "gre.flags_and_version": 4,
  "gre.proto": 4,
  "gue.flags": 4,
  "udp.checksum": 4,
  "sctp.verification_tag": 8,
};
/** Bytes of a value that are written out; of a longer one only how many it has. */
const WRITTEN = 24;

const READERS = {
  "eth.src": ({ linkSrc }) => linkSrc,
  "eth.dst": ({ linkDst }) => linkDst,
  "ip.version": ({ ip }) => ip?.version,
  "ip.hdr_len": ({ ip }) => ip?.headerLength,
  "ip.dsfield": ({ ip }) => ip?.tos,
  "ip.flow": ({ ip6 }) => ip6?.flowLabel,
  "ip.len": ({ ip4, ip6 }) => ip4?.length ?? ip6?.payloadLength,
  "ip.id": ({ ip4 }) => ip4?.id,
  "ip.flags.df": ({ ip4 }) => ip4?.df,
  "ip.flags.mf": ({ ip4 }) => ip4?.mf,
  "ip.frag_offset": ({ ip4 }) => ip4?.fragmentOffset,
  "ip.ttl": ({ ip }) => ip?.ttl,
  "ip.proto": ({ ip }) => ip?.protocol,
  "ip.checksum": ({ ip4 }) => ip4?.checksum,
  "ip.src": ({ ip }) => ip?.src,
  "ip.dst": ({ ip }) => ip?.dst,
  "ip.options": ({ ip }) => ip?.options,
  "l4.srcport": (packet) => portsOf(packet)?.src,
  "l4.dstport": (packet) => portsOf(packet)?.dst,
  "l4.checksum": ({ tcp, udp, icmp, sctp }) => (tcp ?? udp ?? icmp ?? sctp)?.checksum,
  "tcp.seq_raw": ({ tcp }) => tcp?.seq,
  "tcp.ack_raw": ({ tcp }) => tcp?.ack,
  "tcp.flags": ({ tcp }) => tcp?.flagsText,
  "tcp.window_size_value": ({ tcp }) => tcp?.window,
  "tcp.urgent_pointer": ({ tcp }) => tcp?.urgent,
  "tcp.options": ({ tcp }) => tcp && withoutMss(tcp.options),
  "tcp.options.mss_val": ({ tcp }) => tcp && mssOf(tcp.options),
  "udp.length": ({ udp }) => udp?.length,
  "sctp.verification_tag": ({ sctp }) => sctp?.verificationTag,
  "icmp.type": ({ icmp }) => icmp?.type,
  "icmp.code": ({ icmp }) => icmp?.code,
  "icmp.rest": ({ icmp }) => icmp?.rest,
  "data.data": ({ payload }) => payload,
  "udp.dstport": ({ udp }) => udp?.dstPort,
  "udp.checksum": ({ udp }) => udp?.checksum,
  "gre.flags_and_version": ({ gre }) => gre?.flagsAndVersion,
  "gre.proto": ({ gre }) => gre?.protocol,
  "gre.checksum": ({ gre }) => (gre?.hasChecksum ? gre.checksum : undefined),
  "gue.version": ({ gue }) => gue?.version,
  "gue.control": ({ gue }) => gue?.control,
  "gue.hlen": ({ gue }) => gue?.hlen,
  "gue.proto": ({ gue }) => gue?.protocol,
  "gue.flags": ({ gue }) => gue?.flags,
} satisfies Readonly<Record<string, (packet: Packet) => Value>>;

export type FieldName = keyof typeof READERS;

export function read(packet: Packet, field: FieldName): Value {
  return READERS[field](packet);
}

/** What IPv6 calls the fields that have other names there. */
const IPV6_NAMES: Readonly<Record<string, string>> = {
  "ip.dsfield": "ipv6.tclass",
  "ip.len": "ipv6.plen",
  "ip.ttl": "ipv6.hlim",
  "ip.proto": "ipv6.nxt",
  "ip.options": "ipv6.dstopts",
};

/** The name as Wireshark has it: `l4.srcport` of a UDP packet is `udp.srcport`; `#2` for a header inside another. */
export function wiresharkName(field: FieldName, packet: Packet, nested: boolean): string {
  const name = nameIn(field, packet);
  return nested ? `${name}#2` : name;
}

function nameIn(field: FieldName, packet: Packet): string {
  const icmp = packet.ip?.version === 6 ? "icmpv6" : "icmp";
  if (field === "icmp.rest") return `${icmp}.mtu`;
  if (field.startsWith("icmp.")) return field.replace("icmp", icmp);
  if (field.startsWith("l4.")) return field.replace("l4", packet.icmp ? icmp : (protocolOf(packet) ?? "l4"));
  if (!field.startsWith("ip.") || packet.ip?.version !== 6) return field;
  return IPV6_NAMES[field] ?? field.replace("ip", "ipv6");
}

export function equal(left: Value, right: Value): boolean {
  if (left instanceof Uint8Array && right instanceof Uint8Array) return sameBytes(left, right);
  return left === right;
}

export function written(field: FieldName, value: Value): string {
  if (value === undefined) return "none";
  if (typeof value === "boolean") return value ? "1" : "0";
  if (value instanceof Uint8Array) return bytesText(value);
  const digits = HEXADECIMAL[field];
  return digits === undefined || typeof value === "string"
    ? String(value)
    : `0x${value.toString(16).padStart(digits, "0")}`;
}

/** What became of bytes: where the first difference is, for long values. */
export function difference(before: Uint8Array, after: Uint8Array): string {
  if (Math.max(before.length, after.length) <= WRITTEN) return bytesText(after);
  const at = after.findIndex((byte, index) => byte !== before[index]);
  const length = before.length === after.length ? "" : `${after.length} bytes`;
  if (at < 0 || at >= before.length) return length;
  const byte = `byte ${at} is 0x${hex(after[at])} instead of 0x${hex(before[at])}`;
  return length === "" ? byte : `${length}, ${byte}`;
}

function bytesText(bytes: Uint8Array): string {
  if (bytes.length === 0) return "none";
  return bytes.length > WRITTEN ? `${bytes.length} bytes` : Array.from(bytes, hex).join("");
}

function hex(byte: number | undefined): string {
  return (byte ?? 0).toString(16).padStart(2, "0");
}

/** The option's place and length stay; only its value is left out, which has a field of its own. */
function withoutMss(options: Uint8Array): Uint8Array {
  const at = mssAt(options);
  if (at === undefined) return options;
  const copy = new Uint8Array(options);
  copy.fill(0, at + 2, at + 4);
  return copy;
}

function mssOf(options: Uint8Array): number | undefined {
  const at = mssAt(options);
  return at === undefined ? undefined : ((options[at + 2] ?? 0) << 8) | (options[at + 3] ?? 0);
}

function mssAt(options: Uint8Array): number | undefined {
  const at = optionAt(options, TCP_OPTION.maximumSegmentSize);
  return at !== undefined && at + 4 <= options.length ? at : undefined;
}
