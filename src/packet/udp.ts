/** UDP (RFC 768). */

import { decimal, hexadecimal } from "./codec.js";
import { fieldOf } from "./field-table.js";
import { type Problem, tooShort } from "./problem.js";
import { View } from "./view.js";

const SRC_PORT = 0;
const DST_PORT = 2;
const LENGTH = 4;
const CHECKSUM = 6;

export const UDP_HEADER_LENGTH = 8;
export const UDP_CHECKSUM_OFFSET = CHECKSUM;

export interface UdpValues {
  srcPort?: number;
  dstPort?: number;
  length?: number;
  checksum?: number;
}

export class Udp extends View {
  /** `end`: the first byte that no longer belongs to the datagram. */
  static check(bytes: Uint8Array, offset: number, end = bytes.length): Problem | undefined {
    const available = end - offset;
    return available < UDP_HEADER_LENGTH ? tooShort("udp", offset, UDP_HEADER_LENGTH, available) : undefined;
  }

  get headerLength(): number {
    return UDP_HEADER_LENGTH;
  }

  get srcPort(): number {
    return this.u16(SRC_PORT);
  }

  get dstPort(): number {
    return this.u16(DST_PORT);
  }

  /** Bytes, this header included. */
  get length(): number {
    return this.u16(LENGTH);
  }

  /** 0: the sender computed none. */
  get checksum(): number {
    return this.u16(CHECKSUM);
  }

  set srcPort(value: number) {
    this.set16(SRC_PORT, value);
  }

  set dstPort(value: number) {
    this.set16(DST_PORT, value);
  }

  set length(value: number) {
    this.set16(LENGTH, value);
  }

  set checksum(value: number) {
    this.set16(CHECKSUM, value);
  }

  /** Writes a whole header: the length that of the header; what else is left out is 0. */
  static emit(bytes: Uint8Array, offset: number, values: UdpValues = {}): Udp {
    bytes.fill(0, offset, offset + UDP_HEADER_LENGTH);
    return Object.assign(new Udp(bytes, offset), { length: UDP_HEADER_LENGTH }, values);
  }
}

const field = fieldOf<Udp>();

export const UDP_FIELDS = [
  field("udp.srcport", "Source Port", [SRC_PORT, 2], "srcPort", decimal(0xffff)),
  field("udp.dstport", "Destination Port", [DST_PORT, 2], "dstPort", decimal(0xffff)),
  field("udp.length", "Length", [LENGTH, 2], "length", decimal(0xffff)),
  field("udp.checksum", "Checksum", [CHECKSUM, 2], "checksum", hexadecimal(4)),
];
