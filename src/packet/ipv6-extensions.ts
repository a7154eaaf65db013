/**
 * The extension headers of IPv6 (RFC 8200 §4; authentication: RFC 4302 §2), as a chain to be followed.
 *
 * The chain ends before what is no extension header, and behind a fragment header that is not of the first fragment:
 * what its number names stands in that one.
 */

import { FRAGMENT_HEADER_LENGTH, FragmentHeader } from "./ipv6-fragment-header.js";
import { type Problem, problemAt, tooShort } from "./problem.js";

const NEXT_HEADER = 0;
const LENGTH = 1;
const ROUTING_TYPE = 2;
const SEGMENTS_LEFT = 3;
const ROUTING_ADDRESSES = 8;

export const EXTENSION = { hopByHop: 0, routing: 43, fragment: 44, authentication: 51, destination: 60 } as const;

/** The unit in which all of them but authentication count their length; the shortest is of one. */
export const EXTENSION_UNIT = 8;
/** Authentication counts in 32-bit words, of which it leaves out two. */
const AUTHENTICATION_UNIT = 4;

/** A longer chain is not followed: no sender needs one, and each header costs whoever follows it. */
export const MAX_EXTENSIONS = 16;

const ROUTING = { source: 0, mobile: 2, segments: 4 } as const;
const ADDRESS_LENGTH = 16;

const EXTENSIONS: ReadonlySet<number> = new Set(Object.values(EXTENSION));

export interface ExtensionHeader {
  /** One of `EXTENSION`. */
  readonly type: number;
  /** Its first byte, relative to the bytes that hold the chain. */
  readonly at: number;
  readonly length: number;
}

export interface ExtensionChain {
  /** Those that are there as a whole. */
  readonly headers: readonly ExtensionHeader[];
  /** First byte behind them, relative to the bytes that hold the chain. */
  readonly end: number;
  /** What the last of them names: the upper layer, or the header that could not be read. */
  readonly protocol: number;
  readonly problem?: Problem;
}

/**
 * The chain that begins at `start` with a header of the type `first`.
 *
 * @param end the first byte that no longer belongs to the packet
 */
export function followExtensions(bytes: Uint8Array, start: number, end: number, first: number): ExtensionChain {
  const headers: ExtensionHeader[] = [];
  let at = start;
  let type = first;
  while (EXTENSIONS.has(type)) {
    const available = Math.max(0, end - at);
    const length = available < EXTENSION_UNIT ? EXTENSION_UNIT : extensionLength(bytes, at, type);
    if (headers.length === MAX_EXTENSIONS) {
      const problem = problemAt("extension", at, length, available, `more than ${MAX_EXTENSIONS} in one packet`);
      return { headers, end: at, protocol: type, problem };
    }
    if (available < length) {
      return { headers, end: at, protocol: type, problem: tooShort("extension", at, length, available) };
    }
    headers.push({ type, at, length });
    const isLaterFragment = type === EXTENSION.fragment && new FragmentHeader(bytes, at).fragmentOffset > 0;
    type = bytes[at + NEXT_HEADER] as number;
    at += length;
    if (isLaterFragment) break;
  }
  return { headers, end: at, protocol: type };
}

/** Bytes that an extension header says it takes up. */
export function extensionLength(bytes: Uint8Array, at: number, type: number): number {
  const units = bytes[at + LENGTH] ?? 0;
  if (type === EXTENSION.fragment) return FRAGMENT_HEADER_LENGTH;
  return type === EXTENSION.authentication ? (units + 2) * AUTHENTICATION_UNIT : (units + 1) * EXTENSION_UNIT;
}

/** The first header of a type together with those of the same type right behind it. */
export function runOf({ headers }: ExtensionChain, type: number): ExtensionHeader | undefined {
  const first = headers.findIndex((header) => header.type === type);
  const at = headers[first]?.at;
  if (at === undefined) return undefined;
  let length = 0;
  for (let index = first; headers[index]?.type === type; index++) length += headers[index]?.length ?? 0;
  return { type, at, length };
}

/**
 * Where a routing header has the address that the packet goes to in the end, while the fixed header has the next one
 * on the way (type 0: RFC 5095; RFC 6275 §6.4.1; RFC 8754 §2). `reached` where that is the fixed header's; undefined
 * where the type is another one, and nobody can tell.
 */
export function finalDestination(bytes: Uint8Array, chain: ExtensionChain): number | "reached" | undefined {
  const routing = chain.headers.find(({ type }) => type === EXTENSION.routing);
  if (!routing || bytes[routing.at + SEGMENTS_LEFT] === 0) return "reached";
  const { at, length } = routing;
  if (length < ROUTING_ADDRESSES + ADDRESS_LENGTH) return undefined;
  switch (bytes[at + ROUTING_TYPE]) {
    case ROUTING.source:
      return at + length - ADDRESS_LENGTH;
    case ROUTING.mobile:
    // Segments are listed from the last one on.
    case ROUTING.segments:
      return at + ROUTING_ADDRESSES;
  }
  return undefined;
}
