/** Fragmentation and reassembly of IP datagrams. */

import { cutIpv4, joinIpv4 } from "./fragment-ipv4.js";
import { cutIpv6, ipv6ContentStart, joinIpv6 } from "./fragment-ipv6.js";
import type { Ip } from "./ip.js";
import { Ipv6 } from "./ipv6.js";
import { decodeLink, LINK_TYPE } from "./link.js";
import { decode, decodeIp, type Packet } from "./packet.js";

/** Fragment offsets count in units of so many bytes. */
const UNIT = 8;

const DEFAULT_ID = 1;

/** How one datagram is cut. */
export interface Cut {
  /** First byte of what is divided among the fragments, relative to the frame. */
  readonly start: number;
  /** A frame with the headers that a fragment needs; `from`: where its content is in what is divided. */
  piece(content: Uint8Array, from: number, isLast: boolean): Uint8Array;
}

/**
 * Splits an Ethernet frame's IP datagram into frames of `payloadSize` bytes of what is divided each, the last one
 * shorter: under IPv4 what stands behind the header, under IPv6 behind the fragment header. A frame that is a fragment
 * already is split further. Throws a RangeError where `payloadSize` is no positive multiple of 8, or the frame no whole
 * IP packet.
 *
 * @param id identification of the fragments of an IPv6 packet; an IPv4 packet has its own
 */
export function fragment(frame: Uint8Array, payloadSize: number, id = DEFAULT_ID): Uint8Array[] {
  if (!Number.isInteger(payloadSize) || payloadSize <= 0 || payloadSize % UNIT !== 0) {
    throw new RangeError(
      `fragments of ${payloadSize} bytes are not possible: a positive multiple of ${UNIT} is needed`,
    );
  }
  const { ip, ip4, ip6 } = decode(frame);
  const end = ip ? ip.offset + ip.length : 0;
  const cut = ip4 ? cutIpv4(ip4) : ip6 && !ip6.extensions.problem ? cutIpv6(ip6, id) : undefined;
  if (!cut || end < cut.start || end > frame.length) throw new RangeError("the frame is no whole IP packet");
  const pieces = Math.max(1, Math.ceil((end - cut.start) / payloadSize));
  return Array.from({ length: pieces }, (_, index) => {
    const from = index * payloadSize;
    const content = frame.subarray(cut.start + from, Math.min(cut.start + from + payloadSize, end));
    return cut.piece(content, from, index === pieces - 1);
  });
}

/**
 * Puts a datagram together again from its fragments, which may come in any order, and more than once.
 * The result has the headers of the first fragment (Ethernet too, where that has it) as they are of a whole packet: no
 * offset, MF unset, under IPv6 no fragment header, the total length and a valid header checksum. A single packet that
 * is no fragment is returned as it is.
 *
 * Undefined while fragments are missing, and for good where they contradict each other: other addresses or ID, under
 * IPv4 another protocol, different fragments that overlap (RFC 5722 §4), fewer bytes than they say, or more than 65535
 * in all. Where a capture did not keep all bytes of a fragment the datagram ends with those before them, and the others
 * are `missing`.
 */
export function reassemble(packets: readonly Packet[]): Packet | undefined {
  const [any] = packets;
  if (packets.length === 1 && any?.ip && !any.ip.isFragment) return any;
  const pieces = distinctPieces(packets);
  const first = pieces?.[0]?.packet;
  if (!pieces || !first || pieces.at(-1)?.mf !== false) return undefined;
  let expected = 0;
  for (const piece of pieces) {
    if (piece.start !== expected) return undefined;
    expected += piece.length;
  }
  const cut = pieces.findIndex((piece) => piece.content.length < piece.length);
  const kept = cut < 0 ? pieces : pieces.slice(0, cut + 1);
  const content = Buffer.concat(kept.map((piece) => piece.content));
  const bytes = first.ip4
    ? joinIpv4(first.ip4, content, expected)
    : first.ip6 && joinIpv6(first.ip6, content, expected);
  if (!bytes) return undefined;
  return decodeAs(first, bytes, bytes.length + expected - content.length);
}

/** Decodes bytes that begin as those of another packet do: with its link layer, where it has one. */
export function decodeAs({ eth, sll, ip }: Packet, bytes: Uint8Array, wireLength: number): Packet {
  if (eth) return decode(bytes, wireLength);
  if (sll) return decodeLink(sll.version === 2 ? LINK_TYPE.sll2 : LINK_TYPE.sll, bytes, wireLength);
  const start = ip?.offset ?? 0;
  return decodeIp(bytes.subarray(start), wireLength - start);
}

/**
 * What the fragments of one datagram have in common, and no others of their time. IPv6 counts no protocol among it:
 * only the first fragment's says what the datagram carries (RFC 8200 §4.5).
 */
export function datagramKey({ version, id, protocol, src, dst }: Ip): string {
  return `${version === 4 ? protocol : "ipv6"} ${src} ${dst} ${id}`;
}

/** Bytes of a datagram that a fragment of it says it carries. */
export function contentLength(ip: Ip): number {
  return ip.offset + ip.length - contentStart(ip);
}

function contentStart(ip: Ip): number {
  return ip instanceof Ipv6 ? ipv6ContentStart(ip) : ip.offset + ip.headerLength;
}

/** What one fragment carries of its datagram. */
export interface Piece {
  readonly packet: Packet;
  /** Where its content belongs in the datagram. */
  readonly start: number;
  /** Bytes. */
  readonly length: number;
  readonly mf: boolean;
  /** As far as the capture has it. */
  readonly content: Uint8Array;
}

/** In the order of their offsets, each once; undefined where one is unusable or belongs to another datagram. */
function distinctPieces(packets: readonly Packet[]): Piece[] | undefined {
  const pieces = new Map<number, Piece>();
  const keys = new Set<string>();
  for (const packet of packets) {
    const piece = pieceOf(packet);
    if (!packet.ip || !piece || keys.add(datagramKey(packet.ip)).size > 1) return undefined;
    const earlier = pieces.get(piece.start);
    if (earlier && !isCopy(earlier, piece)) return undefined;
    if (!earlier || earlier.content.length < piece.content.length) pieces.set(piece.start, piece);
  }
  return [...pieces.values()].sort((a, b) => a.start - b.start);
}

/** Undefined where a packet is no fragment, or has fewer bytes than it says. */
export function pieceOf(packet: Packet): Piece | undefined {
  const { ip, bytes } = packet;
  if (!ip?.isFragment) return undefined;
  const start = contentStart(ip);
  const end = ip.offset + ip.length;
  if (end < start || end > packet.end) return undefined;
  const content = bytes.subarray(start, Math.min(end, bytes.length));
  return { packet, start: ip.fragmentOffset, length: end - start, mf: ip.mf, content };
}

/** Whether two pieces of one place say the same, as far as both are there. */
export function isCopy(one: Piece, other: Piece): boolean {
  const common = Math.min(one.content.length, other.content.length);
  return (
    one.mf === other.mf &&
    one.length === other.length &&
    Buffer.compare(one.content.subarray(0, common), other.content.subarray(0, common)) === 0
  );
}
