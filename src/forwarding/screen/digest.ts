/** What of a packet no hop may change, in two hashes, and whether its checksums hold, in one pass over its bytes. */

import { IP_PROTOCOL } from "../../packet/ip.js";
import { folded, type Header, halves } from "./header.js";
import { spread } from "./tuple-table.js";

export const CHECKSUM = { valid: 0, none: 1, unfilled: 2, wrong: 3, unknown: 4 } as const;

const TCP_HEADER = 20;
const UDP_HEADER = 8;
const TCP_CHECKSUM = 16;
const UDP_CHECKSUM = 6;
/** What the words of a header leave when the checksum is taken out of them, as a little-endian view reads them. */
const WITHOUT_LOW = 0xffff0000 | 0;
const WITHOUT_HIGH = 0xffff;
const WITHOUT_LAST = 0x00ffffff;
/** 2^32 divided by the golden ratio. */
const FACTOR = 0x9e3779b1 | 0;

/** One object serves all packets: what it says is of the last one. */
export class Digest {
  /**
   * Two hashes of the packet without what forwarding changes: addresses, ports, TTL, checksums. The setup tells which
   * addresses and ports belong together; the TTL is compared on its own.
   */
  first = 0;
  second = 0;
  /** Of `CHECKSUM`. */
  checksum = 0;
  /** The header of TCP or UDP does not fit what carries it. */
  isOdd = false;

  take({ view, ip, version, protocol, l4, end, wireEnd }: Header): void {
    const isTcp = protocol === IP_PROTOCOL.tcp;
    this.isOdd = end - l4 < (isTcp ? TCP_HEADER : UDP_HEADER);
    if (this.isOdd) return;
    const pseudo = this.#pseudoHeader(view, ip, version, protocol, end - l4);
    let sum = pseudo + halves(view.getInt32(l4, true));
    let at = l4 + 4;
    let even = view.getInt32(ip, true);
    // IPv6 has the hop limit in its second word.
    let odd = view.getInt32(ip + 4, true) & (version === 6 ? WITHOUT_LAST : -1);
    if (isTcp) {
      for (; at < l4 + TCP_CHECKSUM; at += 4) {
        const word = view.getInt32(at, true);
        sum += halves(word);
        even = mixed(even ^ word);
      }
    }
    // TCP has the urgent pointer beside its checksum, UDP the length.
    const last = view.getInt32(at, true);
    sum += halves(last);
    even = mixed(even ^ (last & (isTcp ? WITHOUT_LOW : WITHOUT_HIGH)));
    at += 4;
    // Two hashes side by side, of every other word each: a core works on both at once.
    for (const whole = end - 7; at < whole; at += 8) {
      const one = view.getInt32(at, true);
      const other = view.getInt32(at + 4, true);
      sum = (sum + (one & 0xffff) + (one >>> 16) + (other & 0xffff) + (other >>> 16)) | 0;
      even = Math.imul(even ^ one, FACTOR);
      even = (even << 15) | (even >>> 17);
      odd = Math.imul(odd ^ other, FACTOR);
      odd = (odd << 15) | (odd >>> 17);
    }
    for (; at < end; at += 4) {
      const word = at + 4 <= end ? view.getInt32(at, true) : tail(view, at, end);
      sum += halves(word);
      even = mixed(even ^ word);
    }
    const checksum = view.getUint16(l4 + (isTcp ? TCP_CHECKSUM : UDP_CHECKSUM), true);
    const hasNone = !isTcp && checksum === 0;
    const isCut = wireEnd > end;
    this.checksum = hasNone ? CHECKSUM.none : isCut ? CHECKSUM.unknown : stateOf(folded(sum), checksum, folded(pseudo));
    this.isOdd = isTcp
      ? // A sum can be written in two ways, of which nobody's NIC writes this one.
        checksum === 0xffff || (view.getUint8(l4 + 12) >> 4) * 4 < TCP_HEADER
      : view.getUint16(l4 + 4) !== wireEnd - l4;
    this.first = spread(even + Math.imul(spread(odd), FACTOR)) ^ (hasNone ? -1 : 0);
    this.second = spread(odd + Math.imul(spread(even), FACTOR));
  }

  #pseudoHeader(view: DataView, ip: number, version: number, protocol: number, length: number): number {
    // Both numbers are in the order of the network there.
    let sum = (protocol << 8) + (((length & 0xff) << 8) | ((length >>> 8) & 0xff));
    const [from, to] = version === 4 ? [ip + 12, ip + 20] : [ip + 8, ip + 40];
    for (let at = from; at < to; at += 4) sum += halves(view.getInt32(at, true));
    return sum;
  }
}

/** See `looksUnfilled` of offload.ts. */
function stateOf(sum: number, checksum: number, unfilled: number): number {
  if (sum === 0xffff) return CHECKSUM.valid;
  return checksum === unfilled && checksum !== 0 ? CHECKSUM.unfilled : CHECKSUM.wrong;
}

function mixed(value: number): number {
  const product = Math.imul(value, FACTOR);
  return (product << 15) | (product >>> 17);
}

/** The last one to three bytes, as if zeros stood behind them. */
function tail(view: DataView, from: number, end: number): number {
  let word = 0;
  for (let at = from; at < end; at++) word |= view.getUint8(at) << ((at - from) * 8);
  return word;
}
