/** IPv4 options (RFC 791 §3.1), read from headers that nobody has checked. */

import type { Packet } from "../packet/packet.js";
import { sameBytes } from "./datagram.js";

const END = 0;
const NO_OPERATION = 1;
/** Record Route and Timestamp: a router may fill them in on the way (RFC 1812 §5.3.13.5, §5.3.13.6). */
const RECORD_ROUTE = 7;
const TIMESTAMP = 68;
const FILLED_IN: readonly number[] = [RECORD_ROUTE, TIMESTAMP];
/** Of a timestamp option: what an entry is made of, besides the time; and how many found no room. */
const FLAGS = 0x0f;
const OVERFLOW = 0x10;
/** Bytes of an address or a time. */
const ENTRY = 4;
/** Loose and strict source route. */
const SOURCE_ROUTES: readonly number[] = [0x83, 0x89];
/** Kind and length of an option: what is in front of its own bytes. */
const HEAD = 2;

interface Option {
  readonly kind: number;
  readonly at: number;
  /** Bytes, kind and length among them. */
  readonly length: number;
}

/** A host may refuse a packet with a source route, and a router may (RFC 1122 §3.3.5; RFC 7126 §4.3, §4.4). */
export function isSourceRouted({ ip4 }: Packet): boolean {
  return ip4 !== undefined && optionsIn(ip4.options).some(({ kind }) => SOURCE_ROUTES.includes(kind));
}

export function mayBeFilledIn(options: Uint8Array): boolean {
  return optionsIn(options).some(({ kind }) => FILLED_IN.includes(kind));
}

/** The same options in the same places; only what routers fill in may differ, by what one router enters. */
export function sameOptions(before: Uint8Array, after: Uint8Array): boolean {
  if (before.length !== after.length) return false;
  const expected = new Uint8Array(before);
  for (const { kind, at, length } of optionsIn(before)) {
    if (FILLED_IN.includes(kind)) enter(expected.subarray(at, at + length), after.subarray(at, at + length));
  }
  return sameBytes(expected, after);
}

/** Puts into an option what a router has entered where its pointer was, and nothing where it may not have. */
function enter(option: Uint8Array, found: Uint8Array): void {
  const [kind = 0, , pointer = 0, flags = 0] = option;
  const isTimestamp = kind === TIMESTAMP;
  const size = isTimestamp && (flags & FLAGS) !== 0 ? 2 * ENTRY : ENTRY;
  const first = isTimestamp ? HEAD + 2 : HEAD + 1;
  const [start, end] = [pointer - 1, pointer - 1 + size];
  if (isTimestamp && start >= option.length && found[HEAD + 1] === flags + OVERFLOW)
    option[HEAD + 1] = flags + OVERFLOW;
  if (found[HEAD] !== pointer + size || start < first || end > option.length) return;
  option[HEAD] = pointer + size;
  option.set(found.subarray(start, end), start);
}

/** Those in front of the first one that does not fit. */
function optionsIn(bytes: Uint8Array): Option[] {
  const options: Option[] = [];
  for (let at = 0; at < bytes.length; ) {
    const kind = bytes[at] ?? END;
    if (kind === END) break;
    const length = kind === NO_OPERATION ? 1 : (bytes[at + 1] ?? 0);
    if (length < 1 || (length < HEAD && kind !== NO_OPERATION) || at + length > bytes.length) break;
    options.push({ kind, at, length });
    at += length;
  }
  return options;
}
