/** Fragmentation and reassembly of IP datagrams. */

import { cutIpv4, joinIpv4 } from "./fragment-ipv4.js";
import { cutIpv6, ipv6ContentStart, joinIpv6 } from "./fragment-ipv6.js";
import type { Ip } from "./ip.js";
import { Ipv6 } from "./ipv6.js";
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
 * IPv4 another protocol, different fragments that overlap (RFC 5722 §4), bytes missing, or more than 65535 bytes in all.
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
    expected += piece.content.length;
  }
  const content = Buffer.concat(pieces.map((piece) => piece.content));
  const bytes = first.ip4 ? joinIpv4(first.ip4, content) : first.ip6 && joinIpv6(first.ip6, content);
  if (!bytes) return undefined;
  return first.eth ? decode(bytes) : decodeIp(bytes);
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

interface Piece {
  readonly packet: Packet;
  /** Where its content belongs in the datagram. */
  readonly start: number;
  readonly mf: boolean;
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
    if (earlier && (earlier.mf !== piece.mf || Buffer.compare(earlier.content, piece.content) !== 0)) return undefined;
    if (!earlier) pieces.set(piece.start, piece);
  }
  return [...pieces.values()].sort((a, b) => a.start - b.start);
}

function pieceOf(packet: Packet): Piece | undefined {
  const { ip, bytes } = packet;
  if (!ip?.isFragment) return undefined;
  const start = contentStart(ip);
  const end = ip.offset + ip.length;
  if (end < start || end > bytes.length) return undefined;
  return { packet, start: ip.fragmentOffset, mf: ip.mf, content: bytes.subarray(start, end) };
}
