/** IPv4 fragmentation and reassembly (RFC 791 §3.2). */

import { IPV4_MAX_LENGTH, Ipv4 } from "./ipv4.js";
import { decode, decodeIp, type Packet } from "./packet.js";

/** Fragment offsets count in units of so many bytes. */
const UNIT = 8;

const OPTION_END = 0;
const OPTION_NOP = 1;
/** Options without this bit stand in the first fragment only. */
const OPTION_COPIED = 0x80;

/**
 * Splits an Ethernet frame's IPv4 datagram into frames of `payloadSize` bytes of IP payload each, the last one shorter.
 * A frame that is a fragment already is split further. DF is kept and does not prevent it.
 * Throws a RangeError where `payloadSize` is no positive multiple of 8, or the frame no whole IPv4 packet.
 */
export function fragment(frame: Uint8Array, payloadSize: number): Uint8Array[] {
  if (!Number.isInteger(payloadSize) || payloadSize <= 0 || payloadSize % UNIT !== 0) {
    throw new RangeError(
      `fragments of ${payloadSize} bytes are not possible: a positive multiple of ${UNIT} is needed`,
    );
  }
  const { ip } = decode(frame);
  const end = ip ? ip.offset + ip.length : 0;
  const start = ip ? ip.offset + ip.headerLength : 0;
  if (!ip || end < start || end > frame.length) throw new RangeError("the frame is no whole IPv4 packet");
  const pieces = Math.max(1, Math.ceil((end - start) / payloadSize));
  return Array.from({ length: pieces }, (_, index) => {
    const from = index * payloadSize;
    const content = frame.subarray(start + from, Math.min(start + from + payloadSize, end));
    const bytes = new Uint8Array(start + content.length);
    bytes.set(frame.subarray(0, start));
    bytes.set(content, start);
    const piece = new Ipv4(bytes, ip.offset);
    piece.length = piece.headerLength + content.length;
    piece.fragmentOffset = ip.fragmentOffset + from;
    piece.mf = ip.mf || index < pieces - 1;
    if (index > 0) blankUncopiedOptions(piece.options);
    piece.updateChecksum();
    return bytes;
  });
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
 * Puts a datagram together again from its fragments, which may come in any order, and more than once.
 * The result has the headers of the first fragment (Ethernet too, where that has it), offset 0, MF unset, the total
 * length and a valid checksum. A single packet that is no fragment is returned as it is.
 *
 * Undefined while fragments are missing, and for good where they contradict each other: other addresses, protocol or
 * ID, different fragments that overlap (RFC 5722 §3 in spirit), bytes missing, or more than 65535 bytes in all.
 */
export function reassemble(packets: readonly Packet[]): Packet | undefined {
  const [any] = packets;
  if (packets.length === 1 && any?.ip && !any.ip.isFragment) return any;
  const pieces = distinctPieces(packets);
  const first = pieces?.[0];
  const last = pieces?.at(-1);
  if (!pieces || !first || !last || last.mf) return undefined;
  let expected = 0;
  for (const piece of pieces) {
    if (piece.start !== expected) return undefined;
    expected += piece.content.length;
  }
  const headers = first.ip.offset + first.ip.headerLength;
  const length = first.ip.headerLength + expected;
  if (length > IPV4_MAX_LENGTH) return undefined;
  const bytes = new Uint8Array(headers + expected);
  bytes.set(first.packet.bytes.subarray(0, headers));
  for (const { start, content } of pieces) bytes.set(content, headers + start);
  const ip = new Ipv4(bytes, first.ip.offset);
  ip.mf = false;
  ip.fragmentOffset = 0;
  ip.length = length;
  ip.updateChecksum();
  return first.packet.eth ? decode(bytes) : decodeIp(bytes);
}

interface Piece {
  readonly packet: Packet;
  readonly ip: Ipv4;
  /** Where its content belongs in the datagram's payload. */
  readonly start: number;
  readonly mf: boolean;
  readonly content: Uint8Array;
}

/** In the order of their offsets, each once; undefined where one is unusable or belongs to another datagram. */
function distinctPieces(packets: readonly Packet[]): Piece[] | undefined {
  const pieces = new Map<number, Piece>();
  const [reference] = packets;
  for (const packet of packets) {
    const piece = pieceOf(packet);
    if (!piece || !reference?.ip || !sameDatagram(piece.ip, reference.ip)) return undefined;
    const earlier = pieces.get(piece.start);
    if (earlier && (earlier.mf !== piece.mf || Buffer.compare(earlier.content, piece.content) !== 0)) return undefined;
    if (!earlier) pieces.set(piece.start, piece);
  }
  return [...pieces.values()].sort((a, b) => a.start - b.start);
}

function pieceOf(packet: Packet): Piece | undefined {
  const { ip, bytes } = packet;
  if (!ip) return undefined;
  const start = ip.offset + ip.headerLength;
  const end = ip.offset + ip.length;
  if (!ip.isFragment || end < start || end > bytes.length) return undefined;
  return { packet, ip, start: ip.fragmentOffset, mf: ip.mf, content: bytes.subarray(start, end) };
}

function sameDatagram(a: Ipv4, b: Ipv4): boolean {
  return a.id === b.id && a.protocol === b.protocol && a.src === b.src && a.dst === b.dst;
}
