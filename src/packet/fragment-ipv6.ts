/** How IPv6 cuts and joins datagrams: a fragment header comes and goes (RFC 8200 §4.5). */

import type { Cut } from "./fragment.js";
import { IPV6_HEADER_LENGTH, IPV6_MAX_PAYLOAD, IPV6_NEXT_HEADER_OFFSET, Ipv6 } from "./ipv6.js";
import { EXTENSION } from "./ipv6-extensions.js";
import { FRAGMENT_HEADER_LENGTH, FragmentHeader } from "./ipv6-fragment-header.js";

/** Where a datagram's fragment header is, or belongs. Offsets count as those of `ip.bytes`. */
interface Seam {
  readonly at: number;
  /** The octet in the headers before it that says what is there. */
  readonly namedAt: number;
  readonly header: FragmentHeader | undefined;
}

/** Hop-by-hop options and a routing header concern those on the way, and stand in every fragment. */
function seamOf(ip: Ipv6): Seam {
  const { headers } = ip.extensions;
  const found = headers.findIndex(({ type }) => type === EXTENSION.fragment);
  const routing = headers.findLastIndex(({ type }) => type === EXTENSION.routing);
  const hopByHop = headers[0]?.type === EXTENSION.hopByHop ? 1 : 0;
  const before = headers.slice(0, found >= 0 ? found : Math.max(routing + 1, hopByHop));
  const last = before.at(-1);
  return {
    at: last ? last.at + last.length : ip.offset + IPV6_HEADER_LENGTH,
    namedAt: last ? last.at : ip.offset + IPV6_NEXT_HEADER_OFFSET,
    header: ip.fragmentHeader,
  };
}

/** First byte of what a fragment carries of the datagram. */
export function ipv6ContentStart(ip: Ipv6): number {
  const { at, header } = seamOf(ip);
  return at + (header?.headerLength ?? 0);
}

/** `id`: of the fragments, unless the packet is one already. A datagram in one piece gets no fragment header. */
export function cutIpv6(ip: Ipv6, id: number): Cut {
  const frame = ip.bytes;
  const { at, namedAt, header } = seamOf(ip);
  const start = ipv6ContentStart(ip);
  const common = { nextHeader: header?.nextHeader ?? frame[namedAt] ?? 0, id: header?.id ?? id };
  return {
    start,
    piece(content, from, isLast) {
      const isWhole = isLast && from === 0 && !header;
      const room = isWhole ? 0 : FRAGMENT_HEADER_LENGTH;
      const bytes = new Uint8Array(at + room + content.length);
      bytes.set(frame.subarray(0, at));
      bytes.set(content, at + room);
      new Ipv6(bytes, ip.offset).length = bytes.length - ip.offset;
      if (isWhole) return bytes;
      bytes[namedAt] = EXTENSION.fragment;
      const fragmentOffset = ip.fragmentOffset + from;
      FragmentHeader.emit(bytes, at, { ...common, fragmentOffset, mf: ip.mf || !isLast });
      return bytes;
    },
  };
}

/** As `joinIpv4`, without the fragment header. */
export function joinIpv6(first: Ipv6, content: Uint8Array, contentLength: number): Uint8Array | undefined {
  const { at, namedAt, header } = seamOf(first);
  if (!header || at + contentLength - first.offset - IPV6_HEADER_LENGTH > IPV6_MAX_PAYLOAD) return undefined;
  const bytes = new Uint8Array(at + content.length);
  bytes.set(first.bytes.subarray(0, at));
  bytes.set(content, at);
  bytes[namedAt] = header.nextHeader;
  new Ipv6(bytes, first.offset).length = at + contentLength - first.offset;
  return bytes;
}
