/** Crafts the extension headers of IPv6. */

import { bytesOf, type Given, write } from "./craft-spec.js";
import type { Carried } from "./craft-tunnel.js";
import { EXTENSION, EXTENSION_UNIT, extensionLength } from "./ipv6-extensions.js";
import { FRAGMENT_HEADER_FIELDS, FRAGMENT_HEADER_LENGTH, FragmentHeader } from "./ipv6-fragment-header.js";

/**
 * The chain of those that the specification gives, in the order of RFC 8200 §4.1, and the number of the first: that of
 * the upper layer where there are none. A next-header number that is 0 is filled in.
 */
export function craftExtensions(given: Given, upperLayer: number): Carried {
  const headers: Carried[] = [
    { protocol: EXTENSION.hopByHop, bytes: padded(bytesOf(given, "ipv6.hopopts")) },
    { protocol: EXTENSION.routing, bytes: padded(bytesOf(given, "ipv6.routing")) },
    { protocol: EXTENSION.fragment, bytes: fragmentHeader(given) },
    { protocol: EXTENSION.destination, bytes: padded(bytesOf(given, "ipv6.dstopts")) },
  ].filter(({ bytes }) => bytes.length > 0);
  for (const [index, { bytes, protocol }] of headers.entries()) {
    fillIn(bytes, protocol, headers[index + 1]?.protocol ?? upperLayer);
  }
  return { protocol: headers[0]?.protocol ?? upperLayer, bytes: Buffer.concat(headers.map(({ bytes }) => bytes)) };
}

function padded(octets: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(octets.length / EXTENSION_UNIT) * EXTENSION_UNIT);
  bytes.set(octets);
  return bytes;
}

function fragmentHeader(given: Given): Uint8Array {
  const isGiven = FRAGMENT_HEADER_FIELDS.some(({ name }) => given.spec[name] !== undefined);
  const bytes = new Uint8Array(isGiven ? FRAGMENT_HEADER_LENGTH : 0);
  if (isGiven) write(given, FRAGMENT_HEADER_FIELDS, FragmentHeader.emit(bytes, 0));
  return bytes;
}

/** Each of several headers of one type names the next of them, and the last one what comes behind. */
function fillIn(bytes: Uint8Array, type: number, next: number): void {
  let at = 0;
  while (at < bytes.length) {
    const behind = at + extensionLength(bytes, at, type);
    if (bytes[at] === 0) bytes[at] = behind < bytes.length ? type : next;
    at = behind;
  }
}
