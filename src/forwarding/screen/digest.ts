/** What of a packet no hop may change, in two hashes, and whether its checksums hold, in one pass over its bytes. */

import { IP_PROTOCOL } from "../../packet/ip.js";
import { folded, halves, type Located } from "./located.js";
import { spread } from "./tuple-table.js";

export const CHECKSUM = { valid: 0, none: 1, unfilled: 2, wrong: 3 } as const;

const TCP_HEADER = 20;
const UDP_HEADER = 8;
const TCP_CHECKSUM = 16;
const UDP_CHECKSUM = 6;
/** What the words of a header leave when the checksum is taken out of them, as a little-endian view reads them. */
const WITHOUT_LOW = 0xffff0000 | 0;
const WITHOUT_HIGH = 0xffff;
const FIRST_FACTOR = 0x9e3779b1 | 0;
const SECOND_FACTOR = 0x85ebca77 | 0;

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

  take({ view, ip, version, protocol, l4, end }: Located): void {
    const isTcp = protocol === IP_PROTOCOL.tcp;
    this.isOdd = end - l4 < (isTcp ? TCP_HEADER : UDP_HEADER);
    if (this.isOdd) return;
    let first = view.getInt32(ip, true);
    let second = view.getInt32(ip + 4, true);
    // IPv6 has the hop limit in its second word.
    if (version === 6) second &= 0x00ffffff;
    let sum = this.#pseudoHeader(view, ip, version, protocol, end - l4);
    const unfilled = folded(sum);
    sum += halves(view.getInt32(l4, true));
    let at = l4 + 4;
    let checksum = 0;
    if (isTcp) {
      checksum = view.getUint16(l4 + TCP_CHECKSUM, true);
      for (; at < l4 + TCP_CHECKSUM; at += 4) {
        const word = view.getInt32(at, true);
        sum += halves(word);
        first = mixed(first ^ word, FIRST_FACTOR);
        second = mixed(second + word, SECOND_FACTOR);
      }
      if ((view.getUint8(l4 + 12) >> 4) * 4 < TCP_HEADER) this.isOdd = true;
    } else {
      checksum = view.getUint16(l4 + UDP_CHECKSUM, true);
      if (view.getUint16(l4 + 4) !== end - l4) this.isOdd = true;
    }
    const last = view.getInt32(at, true);
    sum += halves(last);
    // TCP has the urgent pointer beside its checksum, UDP the length.
    const kept = last & (isTcp ? WITHOUT_LOW : WITHOUT_HIGH);
    first = mixed(first ^ kept, FIRST_FACTOR);
    second = mixed(second + kept, SECOND_FACTOR);
    at += 4;
    for (const whole = end - 3; at < whole; at += 4) {
      const word = view.getInt32(at, true);
      sum += (word & 0xffff) + (word >>> 16);
      first = Math.imul(first ^ word, FIRST_FACTOR);
      first = (first << 13) | (first >>> 19);
      second = Math.imul((second + word) | 0, SECOND_FACTOR);
      second = (second << 17) | (second >>> 15);
    }
    let rest = 0;
    for (let shift = 0; at < end; at++, shift += 8) rest |= view.getUint8(at) << shift;
    sum += halves(rest);
    const hasNone = !isTcp && checksum === 0;
    this.checksum = hasNone ? CHECKSUM.none : stateOf(folded(sum), checksum, unfilled);
    // TCP can write one sum in two ways, of which the NIC of nobody writes this one.
    if (isTcp && checksum === 0xffff) this.isOdd = true;
    first = mixed(first ^ rest, FIRST_FACTOR);
    this.first = spread(hasNone ? ~first : first);
    this.second = spread(mixed(second + rest, SECOND_FACTOR));
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

function mixed(value: number, factor: number): number {
  const product = Math.imul(value | 0, factor);
  return (product << 15) | (product >>> 17);
}
