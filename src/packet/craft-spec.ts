/** What a packet is crafted from: the names and values that a specification gives, and what is wrong with them. */

import { octets } from "./codec.js";
import { MAX_DATA } from "./data.js";
import type { FieldEntry } from "./field-table.js";
import { FIELD_TABLES, fieldEntry } from "./fields.js";
import type { View } from "./view.js";

export type SpecValue = string | number | boolean | Uint8Array | PacketSpec | undefined;

/**
 * A packet by its fields in Wireshark's spelling. Which layers it has follows from the names that occur. Beside fields:
 * `payload` (text or bytes), `inner` (a packet to carry in IP, GRE or GUE), `quoted` (what an ICMP error quotes: a
 * packet, or its bytes, which may be cut short). `data.data` gives the payload as hex digits, `data.len` one of that
 * length.
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

/** Frames are crafted with an Ethernet header: that of cooked captures is only ever read. */
const { sll: _, ...CRAFTED } = FIELD_TABLES;

/** Every field that a specification may name. */
export const FIELD_DESCRIPTIONS: Readonly<Record<string, FieldDescription>> = Object.fromEntries(
  Object.values(CRAFTED).flatMap((table: readonly FieldEntry[]) =>
    table.map(({ name, label, allowed }) => [name, { label, allowed }]),
  ),
);

export const FIELD_NAMES: readonly string[] = Object.keys(FIELD_DESCRIPTIONS);

const PARTS = ["payload", "inner", "quoted"];
const CONTENTS = ["payload", "data.data", "data.len", "inner", "quoted"];

/**
 * The text that `fields` shows for a value that a specification gives: `0x2e` for `ip.dsfield` and 46.
 * `#n` behind the name is ignored. Throws a `CraftError`.
 */
export function canonicalValue(name: string, value: SpecValue): string {
  const plain = name.replace(/#\d+$/, "");
  const entry = (FIELD_NAMES.includes(plain) ? fieldEntry(plain) : undefined) ?? unknownField(plain);
  return entry.canonical(value) ?? refused(entry, value);
}

/** A specification whose names are known and fit together. */
export interface Given {
  readonly spec: PacketSpec;
  /** Prefixes of the names that occur. */
  readonly protocols: ReadonlySet<string>;
}

export function read(spec: PacketSpec): Given {
  const names = Object.keys(spec).filter((name) => spec[name] !== undefined);
  for (const name of names) if (!FIELD_NAMES.includes(name) && !PARTS.includes(name)) unknownField(name);
  const protocols = new Set(
    names.filter((name) => !PARTS.includes(name)).map((name) => name.slice(0, name.indexOf("."))),
  );
  const given = { spec, protocols };
  // UDP carries GUE, which may carry GRE; behind either a packet may come.
  const [udp, gre] = protocols.has("gue") ? [[], []] : [["udp"], ["gre"]];
  const others = ["icmp", "icmpv6", "sctp", "vrrp"];
  atMostOne(given, ["arp", "ip", "ipv6"]);
  atMostOne(given, ["arp", "tcp", ...udp, ...others, ...gre, "gue"]);
  atMostOne(given, ["arp", "tcp", ...udp, ...others, "inner"]);
  for (const ofOneFamily of ["icmp", "vrrp.ip_addr"]) atMostOne(given, ["ipv6", ofOneFamily]);
  for (const ofOneFamily of ["icmpv6", "vrrp.ipv6_addr"]) atMostOne(given, ["ip", ofOneFamily]);
  atMostOne(given, ["vrrp.ip_addr", "vrrp.ipv6_addr"]);
  atMostOne(given, CONTENTS);
  if (spec.quoted !== undefined && !protocols.has("icmp") && !protocols.has("icmpv6")) {
    const message = "quoted: only an ICMP message quotes a packet; give icmp.type or icmpv6.type as well";
    throw new CraftError("quoted", message);
  }
  return given;
}

/** `parts`: prefixes of field names, field names, or parts of a specification. */
function atMostOne({ spec, protocols }: Given, parts: readonly string[]): void {
  const [first, second] = parts.filter((part) => protocols.has(part) || spec[part] !== undefined);
  if (first === undefined || second === undefined) return;
  throw new CraftError(second, `${second}: a packet that has ${first} cannot have ${second} as well`);
}

/** Writes what the specification gives, but for what was written when its room was made. */
export function write<V extends View>({ spec }: Given, table: readonly FieldEntry<V>[], view: V): void {
  for (const entry of table) {
    const value = spec[entry.name];
    if (value === undefined || entry.variable) continue;
    if (!entry.write(view, value)) refused(entry, value);
  }
}

/** What the packet carries; `byDefault` where the specification says nothing about it. */
export function payloadOf({ spec }: Given, byDefault: string | Uint8Array = ""): Uint8Array {
  if (spec["data.data"] !== undefined) return fieldBytes("data.data", spec["data.data"]);
  if (spec["data.len"] !== undefined) {
    return Uint8Array.from({ length: Number(canonicalValue("data.len", spec["data.len"])) }, (_, index) => index);
  }
  const { payload = byDefault } = spec;
  if (payload instanceof Uint8Array) return payload;
  if (typeof payload === "string") return new TextEncoder().encode(payload);
  throw new CraftError("payload", `payload: ${inWords(payload)} is not allowed; it is text, or bytes`);
}

/** The number of a field as it is given; `byDefault` where it is left out. */
export function numberOf({ spec }: Given, name: string, byDefault: number): number {
  const value = spec[name];
  return value === undefined ? byDefault : Number(canonicalValue(name, value));
}

/** The bytes of a field that is given as bytes or hex digits; none where it is left out. */
export function bytesOf({ spec }: Given, name: string): Uint8Array {
  const value = spec[name];
  return value === undefined ? new Uint8Array() : fieldBytes(name, value);
}

function fieldBytes(name: string, value: SpecValue): Uint8Array {
  return Uint8Array.from(Buffer.from(canonicalValue(name, value), "hex"));
}

/** Scenario files may say null, whatever the type says. */
export function isSpec(value: SpecValue): value is PacketSpec {
  return typeof value === "object" && value !== null && !(value instanceof Uint8Array);
}

const packetBytes = octets(MAX_DATA);

/** The bytes that stand in the place of a packet. */
export function rawPacket(part: "inner" | "quoted", value: SpecValue): Uint8Array {
  const bytes = part === "quoted" ? packetBytes.parse(value) : undefined;
  if (bytes) return bytes;
  const allowed = part === "quoted" ? `a packet, or ${packetBytes.allowed}` : "a packet (ip.src, ip.dst, …)";
  throw new CraftError(part, `${part}: ${inWords(value)} is not allowed; it is ${allowed}`);
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
