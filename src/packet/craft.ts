/**
 * Packets from the names of their fields; one that is wrong on purpose is as natural as a right one.
 *
 * Lengths, checksums and the numbers that say what comes next are computed, unless the specification gives them:
 * then the given value is written, however wrong, and everything else is still right.
 */

import { ARP_FIELDS, ARP_LENGTH, Arp } from "./arp.js";
import { octets } from "./codec.js";
import { MAX_DATA } from "./data.js";
import { ETHERNET_FIELDS, ETHERNET_HEADER_LENGTH, ETHERTYPE, Ethernet } from "./ethernet.js";
import type { FieldEntry } from "./field-table.js";
import { FIELD_TABLES, fieldEntry } from "./fields.js";
import { ICMP_CHECKSUM_OFFSET, ICMP_FIELDS, ICMP_HEADER_LENGTH, ICMP_TYPE, Icmp } from "./icmp.js";
import { internetChecksum } from "./internet-checksum.js";
import { IP_PROTOCOL, IPV4_FIELDS, IPV4_HEADER_LENGTH, IPV4_MAX_LENGTH, Ipv4 } from "./ipv4.js";
import { IPV6_FIELDS, IPV6_HEADER_LENGTH, Ipv6 } from "./ipv6.js";
import { TCP_CHECKSUM_OFFSET, TCP_FIELDS, TCP_FLAG, TCP_HEADER_LENGTH, Tcp } from "./tcp.js";
import { UDP_CHECKSUM_OFFSET, UDP_FIELDS, UDP_HEADER_LENGTH, Udp } from "./udp.js";
import { type View, wholeWords, write16 } from "./view.js";

export type SpecValue = string | number | boolean | Uint8Array | PacketSpec | undefined;

/**
 * A packet by its fields in Wireshark's spelling. Which layers it has follows from the names that occur. Beside fields:
 * `payload` (text or bytes), `inner` (a packet to carry IP in IP), `quoted` (what an ICMP error quotes: a packet,
 * or its bytes, which may be cut short). `data.data` gives the payload as hex digits, `data.len` one of that length.
 */
export type PacketSpec = { readonly [wiresharkFieldName: string]: SpecValue };

/** What is wrong with a specification: names the field, the value, and what is allowed. */
export class CraftError extends Error {
  override readonly name = "CraftError";
  /** The field, or `payload`, `inner`, `quoted`. */
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

export interface FieldDescription {
  readonly label: string;
  /** What a specification may give, in words. */
  readonly allowed: string;
}

/** Every field that a specification may name. */
export const FIELD_DESCRIPTIONS: Readonly<Record<string, FieldDescription>> = Object.fromEntries(
  Object.values(FIELD_TABLES).flatMap((table: readonly FieldEntry[]) =>
    table.map(({ name, label, allowed }) => [name, { label, allowed }]),
  ),
);

export const FIELD_NAMES: readonly string[] = Object.keys(FIELD_DESCRIPTIONS);

const PARTS = ["payload", "inner", "quoted"];

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

/**
 * The text that `fields` shows for a value that a specification gives: `0x2e` for `ip.dsfield` and 46.
 * `#n` behind the name is ignored. Throws a `CraftError`.
 */
export function canonicalValue(name: string, value: SpecValue): string {
  const plain = name.replace(/#\d+$/, "");
  const entry = fieldEntry(plain) ?? unknownField(plain);
  return entry.canonical(value) ?? refused(entry, value);
}

/** A specification whose names are known and fit together. */
interface Given {
  readonly spec: PacketSpec;
  readonly protocols: ReadonlySet<string>;
}

interface Crafted {
  readonly bytes: Uint8Array;
  readonly ethertype: number;
}

function read(spec: PacketSpec): Given {
  const names = Object.keys(spec).filter((name) => spec[name] !== undefined);
  for (const name of names) if (!fieldEntry(name) && !PARTS.includes(name)) unknownField(name);
  const protocols = new Set(
    names.filter((name) => !PARTS.includes(name)).map((name) => name.slice(0, name.indexOf("."))),
  );
  const given = { spec, protocols };
  atMostOne(given, ["arp", "ip", "ipv6"]);
  atMostOne(given, ["arp", "tcp", "udp", "icmp", "inner"]);
  atMostOne(given, ["ipv6", "icmp"]);
  atMostOne(given, ["payload", "data.data", "data.len", "inner", "quoted"]);
  if (spec.quoted !== undefined && !protocols.has("icmp")) {
    throw new CraftError("quoted", "quoted: only an ICMP message quotes a packet; give icmp.type as well");
  }
  return given;
}

/** `parts`: prefixes of field names, field names, or parts of a specification. */
function atMostOne({ spec, protocols }: Given, parts: readonly string[]): void {
  const [first, second] = parts.filter((part) => protocols.has(part) || spec[part] !== undefined);
  if (first === undefined || second === undefined) return;
  throw new CraftError(second, `${second}: a packet that has ${first} cannot have ${second} as well`);
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
  if (isSpec(value)) return craftNested(value, depth + 1);
  const bytes = part === "quoted" ? packetBytes.parse(value) : undefined;
  if (bytes) return bytes;
  const allowed = part === "quoted" ? `a packet, or ${packetBytes.allowed}` : "a packet (ip.src, ip.dst, …)";
  throw new CraftError(part, `${part}: ${inWords(value)} is not allowed; it is ${allowed}`);
}

/** Scenario files may say null, whatever the type says. */
function isSpec(value: SpecValue): value is PacketSpec {
  return typeof value === "object" && value !== null && !(value instanceof Uint8Array);
}

const packetBytes = octets(MAX_DATA);

function payloadOf({ spec }: Given): Uint8Array {
  if (spec["data.data"] !== undefined) return fieldBytes("data.data", spec["data.data"]);
  if (spec["data.len"] !== undefined) {
    return Uint8Array.from({ length: Number(canonicalValue("data.len", spec["data.len"])) }, (_, index) => index);
  }
  const { payload = "" } = spec;
  if (payload instanceof Uint8Array) return payload;
  if (typeof payload === "string") return new TextEncoder().encode(payload);
  throw new CraftError("payload", `payload: ${inWords(payload)} is not allowed; it is text, or bytes`);
}

/** The bytes of a field that is given as bytes or hex digits; none where it is left out. */
function bytesOf({ spec }: Given, name: string): Uint8Array {
  const value = spec[name];
  return value === undefined ? new Uint8Array() : fieldBytes(name, value);
}

function fieldBytes(name: string, value: SpecValue): Uint8Array {
  return Uint8Array.from(Buffer.from(canonicalValue(name, value), "hex"));
}

/** Writes what the specification gives; what is of a variable length was written when its room was made. */
function write<V extends View>({ spec }: Given, table: readonly FieldEntry<V>[], view: V): void {
  for (const entry of table) {
    const value = spec[entry.name];
    if (value === undefined || entry.variable) continue;
    if (!entry.write(view, value)) refused(entry, value);
  }
}

function refused({ name, allowed }: Pick<FieldEntry, "name" | "allowed">, value: SpecValue): never {
  throw new CraftError(name, `${name}: ${inWords(value)} is not allowed; it is ${allowed}`);
}

function unknownField(name: string): never {
  const nearest = [...FIELD_NAMES, ...PARTS].reduce((best, one) =>
    distance(name, one) < distance(name, best) ? one : best,
  );
  throw new CraftError(name, `${name}: there is no such field; did you mean ${nearest}?`);
}

const LONGEST_VALUE_SHOWN = 60;

function inWords(value: SpecValue): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (isSpec(value)) return "a packet";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > LONGEST_VALUE_SHOWN ? `${text.slice(0, LONGEST_VALUE_SHOWN)}…` : text;
}

/** Levenshtein's edit distance. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substitution = (previous[column - 1] as number) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[column] as number) + 1, (current[column - 1] as number) + 1));
    }
    previous = current;
  }
  return previous[b.length] as number;
}
