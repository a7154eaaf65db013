/** A header of IP, read off the bytes where they lie. */

import { fold6 } from "./endpoints.js";

const FRAGMENTED = 0x3fff;
const SHORTEST_IP4 = 20;
const IP6_HEADER = 40;

/** One object serves all packets: what it says is of the last header read. */
export class Header {
  view: DataView = new DataView(new ArrayBuffer(0));
  /** Where the header begins. */
  ip = 0;
  version = 0;
  protocol = 0;
  ttl = 0;
  /** Where what it carries begins, and where the packet ends. */
  l4 = 0;
  end = 0;
  /** Where it ended on the wire: beyond `end` where the recording, or another packet around it, has less of it. */
  wireEnd = 0;
  isFragment = false;
  /** Something that makes a packet one of its own kind: options, a wrong header checksum, nothing behind the header. */
  isOdd = false;
  /** Addresses of IPv4 as their bytes lie, and 0; of IPv6 two hashes: see `foldIp`. */
  srcA = 0;
  srcB = 0;
  dstA = 0;
  dstB = 0;

  /** @returns whether there is a header with bytes behind it */
  read(at: number, limit: number): boolean {
    const { view } = this;
    if (at + SHORTEST_IP4 > limit) return false;
    this.ip = at;
    this.version = view.getUint8(at) >> 4;
    if (this.version === 4) return this.#read4(at, limit);
    if (this.version !== 6 || at + IP6_HEADER > limit) return false;
    this.protocol = view.getUint8(at + 6);
    this.ttl = view.getUint8(at + 7);
    this.l4 = at + IP6_HEADER;
    this.srcA = folded6(view, at + 8);
    this.srcB = folded6Reversed(view, at + 8);
    this.dstA = folded6(view, at + 24);
    this.dstB = folded6Reversed(view, at + 24);
    this.isFragment = false;
    this.#setEnd(this.l4 + view.getUint16(at + 4), limit);
    return true;
  }

  #read4(at: number, limit: number): boolean {
    const { view } = this;
    const headerLength = (view.getUint8(at) & 0xf) * 4;
    const [first, second, third] = [view.getInt32(at, true), view.getInt32(at + 4, true), view.getInt32(at + 8, true)];
    const src = view.getInt32(at + 12, true);
    const dst = view.getInt32(at + 16, true);
    this.protocol = (third >>> 8) & 0xff;
    this.ttl = third & 0xff;
    this.l4 = at + headerLength;
    this.srcA = src;
    this.dstA = dst;
    this.srcB = 0;
    this.dstB = 0;
    this.isFragment = (view.getUint16(at + 6) & FRAGMENTED) !== 0;
    const sum = halves(first) + halves(second) + halves(third) + halves(src) + halves(dst);
    if (headerLength !== SHORTEST_IP4 || folded(sum) !== 0xffff) this.isOdd = true;
    this.#setEnd(at + view.getUint16(at + 2), limit);
    return headerLength >= SHORTEST_IP4 && this.l4 <= limit;
  }

  /** Whether bytes of it are missing. */
  get isCut(): boolean {
    return this.wireEnd > this.end;
  }

  #setEnd(end: number, limit: number): void {
    this.wireEnd = end;
    this.end = Math.max(Math.min(end, limit), this.l4);
    if (end <= this.l4) this.isOdd = true;
  }
}

function folded6(view: DataView, at: number): number {
  return fold6(
    view.getInt32(at, true),
    view.getInt32(at + 4, true),
    view.getInt32(at + 8, true),
    view.getInt32(at + 12, true),
  );
}

function folded6Reversed(view: DataView, at: number): number {
  return (
    fold6(
      view.getInt32(at + 12, true),
      view.getInt32(at + 8, true),
      view.getInt32(at + 4, true),
      view.getInt32(at, true),
    ) | 1
  );
}

/** The two halves of a word, added up: a step of the Internet checksum, in whatever byte order (RFC 1071 §2(B)). */
export function halves(word: number): number {
  return (word & 0xffff) + (word >>> 16);
}

/** A sum of halves in 16 bits. */
export function folded(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}
