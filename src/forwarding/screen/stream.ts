/**
 * What of a connection's packets stays the same however NICs cut them or put them together (TSO, GRO), in sums over the
 * packets: Σ of what a packet says of each byte of its stream is the same for one packet and for those it was cut into.
 */

import { IP_PROTOCOL } from "../../packet/ip.js";
import { TCP_FLAG } from "../../packet/tcp.js";
import type { Header } from "./header.js";
import { spread } from "./tuple-table.js";

const TCP_HEADER = 20;
/** Set on the last packet alone of those that were one. */
const LAST = TCP_FLAG.psh | TCP_FLAG.fin;
/** On the first alone. */
const FIRST = TCP_FLAG.cwr;
const DONT_FRAGMENT = 0x4000;
/** The weight of a byte is this to the power of its sequence number, modulo 2^32. */
const BASE = 0x9e3779b5 | 0;
const WORD = power(BASE, 4);
/** Powers by each byte of the exponent. */
const POWERS = [0, 8, 16, 24].map((shift) => {
  const step = power(BASE, 2 ** shift);
  const powers = new Int32Array(256).fill(1);
  for (let index = 1; index < 256; index++) powers[index] = Math.imul(powers[index - 1] as number, step);
  return powers;
});

/** One object serves all packets: what it says is of the last one. */
export class Stream {
  /** Of the headers of IP and TCP, less TTL, ID, checksums and options, by the bytes that they stand for. */
  headers = 0;
  /** Of the payload, and of TCP's options: what a snap length may leave out. */
  payload = 0;
  /** Of the IDs, which are not the same once packets were cut. */
  ids = 0;

  /** @param first hash of the packet, which stands for all of UDP's, which are not cut */
  take(header: Header, first: number): void {
    const { view, ip, version, protocol, l4, wireEnd } = header;
    const isV4 = version === 4;
    const service = isV4 ? view.getUint8(ip + 1) | ((view.getUint16(ip + 6) & DONT_FRAGMENT) << 8) : view.getInt32(ip);
    const id = isV4 ? view.getUint16(ip + 4) : 0;
    if (protocol !== IP_PROTOCOL.tcp) {
      this.headers = spread(spread(service) ^ (wireEnd - l4));
      this.ids = spread(id ^ 1);
      this.payload = first;
      return;
    }
    const seq = view.getInt32(l4 + 4);
    const flags = view.getUint8(l4 + 13);
    const options = l4 + (view.getUint8(l4 + 12) >> 4) * 4;
    const length = Math.max(0, wireEnd - options);
    const windowAndUrgent = (view.getUint16(l4 + 14) << 16) | view.getUint16(l4 + 18);
    const reserved = view.getUint8(l4 + 12) & 0xf;
    const common = spread(spread(spread(service) ^ view.getInt32(l4 + 8)) ^ windowAndUrgent) ^ (reserved << 8);
    const [from, to] = [spread(seq), spread(seq + length)];
    let extra = options - l4;
    for (let at = l4 + TCP_HEADER; at + 4 <= Math.min(options, header.end); at += 4)
      extra = spread(extra ^ view.getInt32(at));
    this.ids = spread(id ^ from);
    if (length === 0) {
      this.headers = spread(common ^ flags ^ from);
      this.payload = spread(extra ^ from);
      return;
    }
    const shared = spread(common ^ (flags & ~(LAST | FIRST)));
    this.headers =
      Math.imul(shared, to - from) + Math.imul(flags & LAST, spread(to)) + Math.imul(flags & FIRST, spread(from ^ 1));
    this.payload = Math.imul(extra, to - from) + Math.imul(sum(view, options, header.end), weight(seq));
  }
}

/** The bytes, each by the power of its place. */
function sum(view: DataView, from: number, end: number): number {
  let at = from + ((end - from) & ~3);
  let total = 0;
  for (let byte = end - 1; byte >= at; byte--) total |= view.getUint8(byte) << ((byte - at) * 8);
  total = mixed(total);
  for (at -= 4; at >= from; at -= 4) total = (Math.imul(total, WORD) + mixed(view.getInt32(at, true))) | 0;
  return total;
}

/** Lets the highest bits of a word, of which a product leaves nothing but themselves, be seen in lower ones as well. */
function mixed(word: number): number {
  return word ^ (word >>> 15);
}

function weight(seq: number): number {
  const [first, second, third, fourth] = POWERS as [Int32Array, Int32Array, Int32Array, Int32Array];
  const low = Math.imul(first[seq & 0xff] as number, second[(seq >>> 8) & 0xff] as number);
  return Math.imul(low, Math.imul(third[(seq >>> 16) & 0xff] as number, fourth[seq >>> 24] as number));
}

function power(base: number, exponent: number): number {
  let [result, square] = [1, base];
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = Math.imul(result, square);
    square = Math.imul(square, square);
  }
  return result;
}
