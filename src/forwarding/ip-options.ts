/** IPv4 options (RFC 791 §3.1), read from headers that nobody has checked. */

import type { Packet } from "../packet/packet.js";
import { sameBytes } from "./datagram.js";

const END = 0;
const NO_OPERATION = 1;
/** Record Route and Timestamp: a router may fill them in on the way (RFC 1812 §5.3.13.5, §5.3.13.6). */
const FILLED_IN: readonly number[] = [7, 68];
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

/** The same options in the same places; only what routers fill in may differ. */
export function sameOptions(before: Uint8Array, after: Uint8Array): boolean {
  if (before.length !== after.length) return false;
  const [left, right] = [new Uint8Array(before), new Uint8Array(after)];
  for (const { kind, at, length } of optionsIn(before)) {
    if (!FILLED_IN.includes(kind)) continue;
    left.fill(0, at + HEAD, at + length);
    right.fill(0, at + HEAD, at + length);
  }
  return sameBytes(left, right);
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
