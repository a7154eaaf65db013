import {
  CraftError,
  canonicalValue,
  craft,
  FIELD_DESCRIPTIONS,
  FIELD_NAMES,
  type PacketSpec,
} from "../packet/craft.js";
import type { Names } from "./names.js";
import type { RawFieldValue, RawPayload } from "./raw.js";
import type { Place } from "./source.js";
import { quoted, suggestion } from "./suggest.js";

/** Bytes of payload that still fit into an IP packet with all headers. */
const LARGEST_PAYLOAD = 65000;
/** What `{ size: … }` repeats: printable, so that it reads well in a capture, and of a length that is no power of two. */
const PATTERN = "abcdefghijklmnopqrstuvwxyz0123456789-";

/** The header fields among the keys of a step. */
export function readFields(mapping: object, place: Place, names: Names): Record<string, RawFieldValue> {
  const fields: Record<string, RawFieldValue> = {};
  for (const [name, value] of headerFields(mapping)) {
    const at = place.at(name);
    if (!isField(name, name, at)) continue;
    const accepted = acceptedValue(name, value, at);
    if (accepted !== undefined) fields[name] = accepted;
    else if (isAddress(name) && typeof value === "string") {
      names.checkAddress(value, at, allowedFor(name));
      fields[name] = value;
    } else refuse(name, value, at);
  }
  return fields;
}

/** The header fields of an assertion, each as the text that a frame's field is shown with. */
export function readExpectedFields(mapping: object, place: Place, names: Names): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [name, value] of headerFields(mapping)) {
    const at = place.at(name);
    const plain = name.replace(/#[1-9]$/, "");
    if (!isField(plain, name, at)) continue;
    const accepted = acceptedValue(plain, value, at);
    if (accepted !== undefined) fields[name.replace(/#1$/, "")] = canonicalValue(plain, accepted);
    else if (isAddress(plain) && typeof value === "string") {
      names.checkAddress(value, at, allowedFor(plain));
      fields[name.replace(/#1$/, "")] = value;
    } else refuse(plain, value, at);
  }
  return fields;
}

/** The bytes of `payload`: text, hexadecimal, or so many bytes of a pattern. */
export function readPayload(raw: RawPayload, place: Place): Uint8Array {
  if (typeof raw !== "object") return bounded(new TextEncoder().encode(place.written ?? String(raw)), place);
  if (raw.size !== undefined) return patternBytes(raw.size);
  const at = place.at("hex");
  const digits = (at.written ?? "").replace(/[\s:]/g, "");
  if (!/^([0-9a-f]{2})*$/i.test(digits)) {
    at.complain(`${quoted(at.written)} is not hexadecimal; write pairs of the digits 0-9 and a-f, such as 00ff`);
  }
  return bounded(Uint8Array.from(Buffer.from(digits, "hex")), at);
}

export function patternBytes(size: number): Uint8Array {
  return new TextEncoder().encode(PATTERN.repeat(Math.ceil(size / PATTERN.length)).slice(0, size));
}

/** Tries whether a frame can have these fields together; names of the setup are resolved later and do not matter here. */
export function checkTogether(fields: PacketSpec, place: Place): void {
  try {
    craft(withoutNames(fields));
  } catch (error) {
    if (!(error instanceof CraftError)) throw error;
    // The error may name a protocol: the first of its fields is meant.
    const { field } = error;
    const key = Object.keys(fields).find((name) => name === field || name.startsWith(`${field}.`)) ?? field;
    place.at(key).complainOfKey(error.message);
  }
}

function withoutNames(fields: PacketSpec): PacketSpec {
  const literal = Object.entries(fields).filter(([name, value]) => !isAddress(name) || acceptable(name, value));
  const inner = fields.inner as PacketSpec | undefined;
  return { ...Object.fromEntries(literal), ...(inner ? { inner: withoutNames(inner) } : {}) };
}

/** Dotted keys are header fields; all others belong to the step. */
export function headerFields(mapping: object): [string, RawFieldValue][] {
  return Object.entries(mapping).filter(([name]) => name.includes("."));
}

function isField(plain: string, name: string, place: Place): boolean {
  if (FIELD_NAMES.includes(plain)) return true;
  place.complainOfKey(`unknown field ${quoted(name)}${suggestion(plain, fieldsNear(plain))}`);
  return false;
}

/** The value as given, or as written where YAML made a number of hex digits (`01020304`). */
function acceptedValue(name: string, value: RawFieldValue, place: Place): RawFieldValue | undefined {
  if (acceptable(name, value)) return value;
  const { written } = place;
  return typeof value !== "string" && written !== undefined && acceptable(name, written) ? written : undefined;
}

function acceptable(name: string, value: PacketSpec[string]): boolean {
  try {
    canonicalValue(name, value);
    return true;
  } catch {
    return false;
  }
}

function refuse(name: string, value: RawFieldValue, place: Place): void {
  place.complain(`${quoted(name)} cannot be ${quoted(place.written ?? value)}; it is ${allowedFor(name)}`);
}

function isAddress(name: string): boolean {
  return /\b(MAC|IPv4|IPv6) address\b/.test(allowedFor(name));
}

function allowedFor(name: string): string {
  return FIELD_DESCRIPTIONS[name]?.allowed ?? "";
}

/** All fields, or where nothing is near those of the same protocol: a list that a reader can take in. */
function fieldsNear(name: string): readonly string[] {
  if (suggestion(name, FIELD_NAMES).startsWith(";")) return FIELD_NAMES;
  const sameProtocol = FIELD_NAMES.filter((field) => field.startsWith(`${name.split(".")[0]}.`));
  return sameProtocol.length > 0 ? sameProtocol : FIELD_NAMES;
}

function bounded(bytes: Uint8Array, place: Place): Uint8Array {
  if (bytes.length <= LARGEST_PAYLOAD) return bytes;
  place.complain(`the payload has ${bytes.length} bytes; at most ${LARGEST_PAYLOAD} fit into a datagram`);
  return bytes.subarray(0, LARGEST_PAYLOAD);
}
