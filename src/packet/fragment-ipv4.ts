/** How IPv4 cuts and joins datagrams (RFC 791 §3.2). */

import type { Cut } from "./fragment.js";
import { IPV4_MAX_LENGTH, Ipv4 } from "./ipv4.js";

const OPTION_END = 0;
const OPTION_NOP = 1;
/** Options without this bit stand in the first fragment only. */
const OPTION_COPIED = 0x80;

/** DF is kept and does not prevent it. */
export function cutIpv4(ip: Ipv4): Cut {
  const frame = ip.bytes;
  const start = ip.offset + ip.headerLength;
  return {
    start,
    piece(content, from, isLast) {
      const bytes = new Uint8Array(start + content.length);
      bytes.set(frame.subarray(0, start));
      bytes.set(content, start);
      const piece = new Ipv4(bytes, ip.offset);
      piece.length = piece.headerLength + content.length;
      piece.fragmentOffset = ip.fragmentOffset + from;
      piece.mf = ip.mf || !isLast;
      if (from > 0) blankUncopiedOptions(piece.options);
      piece.updateChecksum();
      return bytes;
    },
  };
}

/** As Linux does it: what must not be copied becomes no-operations, so that all headers are of one length. */
function blankUncopiedOptions(options: Uint8Array): void {
  let at = 0;
  while (at < options.length) {
    const type = options[at] as number;
    if (type === OPTION_END) return;
    const length = type === OPTION_NOP ? 1 : Math.max(2, options[at + 1] ?? 0);
    if ((type & OPTION_COPIED) === 0) options.fill(OPTION_NOP, at, at + length);
    at += length;
  }
}

/**
 * The content, which has `contentLength` bytes where a capture kept them all, behind the headers of the first fragment;
 * undefined where that would be too long.
 */
export function joinIpv4(first: Ipv4, content: Uint8Array, contentLength: number): Uint8Array | undefined {
  const length = first.headerLength + contentLength;
  if (length > IPV4_MAX_LENGTH) return undefined;
  const bytes = new Uint8Array(first.offset + first.headerLength + content.length);
  bytes.set(first.bytes.subarray(0, first.offset + first.headerLength));
  bytes.set(content, first.offset + first.headerLength);
  const ip = new Ipv4(bytes, first.offset);
  ip.mf = false;
  ip.fragmentOffset = 0;
  ip.length = length;
  ip.updateChecksum();
  return bytes;
}
