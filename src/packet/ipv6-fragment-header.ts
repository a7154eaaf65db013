/** The fragment header of IPv6 (RFC 8200 §4.5): an extension header with fields of its own. */

import { decimal, flag, hexadecimal } from "./codec.js";
import { fieldOf } from "./field-table.js";
import { View } from "./view.js";

const NEXT_HEADER = 0;
const OFFSET_FLAGS = 2;
const ID = 4;

export const FRAGMENT_HEADER_LENGTH = 8;

const MF = 1;
const OFFSET_MASK = 0xfff8;
const OFFSET_UNIT = 8;

export interface FragmentHeaderValues {
  nextHeader?: number;
  /** Bytes, a multiple of 8. */
  fragmentOffset?: number;
  mf?: boolean;
  id?: number;
}

/** `followExtensions` finds it only where it is there as a whole, so that it needs no check of its own. */
export class FragmentHeader extends View {
  get headerLength(): number {
    return FRAGMENT_HEADER_LENGTH;
  }

  /** What the datagram's fragmentable part begins with; only the first fragment's counts. */
  get nextHeader(): number {
    return this.u8(NEXT_HEADER);
  }

  /** Bytes. */
  get fragmentOffset(): number {
    return this.u16(OFFSET_FLAGS) & OFFSET_MASK;
  }

  /** In units of 8 bytes, which is how Wireshark shows it. */
  get offsetUnits(): number {
    return this.fragmentOffset / OFFSET_UNIT;
  }

  get mf(): boolean {
    return (this.u16(OFFSET_FLAGS) & MF) !== 0;
  }

  /** 32 bits. */
  get id(): number {
    return this.u32(ID);
  }

  set nextHeader(value: number) {
    this.set8(NEXT_HEADER, value);
  }

  set fragmentOffset(value: number) {
    this.set16(OFFSET_FLAGS, (this.u16(OFFSET_FLAGS) & ~OFFSET_MASK) | (value & OFFSET_MASK));
  }

  set offsetUnits(value: number) {
    this.fragmentOffset = value * OFFSET_UNIT;
  }

  set mf(value: boolean) {
    this.set16(OFFSET_FLAGS, (this.u16(OFFSET_FLAGS) & ~MF) | (value ? MF : 0));
  }

  set id(value: number) {
    this.set32(ID, value);
  }

  /** Writes a whole header; what `values` leaves out is 0. */
  static emit(bytes: Uint8Array, offset: number, values: FragmentHeaderValues = {}): FragmentHeader {
    bytes.fill(0, offset, offset + FRAGMENT_HEADER_LENGTH);
    return Object.assign(new FragmentHeader(bytes, offset), values);
  }
}

const field = fieldOf<FragmentHeader>();

export const FRAGMENT_HEADER_FIELDS = [
  field("ipv6.fraghdr.nxt", "Next header", [NEXT_HEADER, 1], "nextHeader", decimal(0xff)),
  field("ipv6.fraghdr.offset", "Offset", [OFFSET_FLAGS, 2], "offsetUnits", decimal(OFFSET_MASK / OFFSET_UNIT)),
  field("ipv6.fraghdr.more", "More Fragments", [OFFSET_FLAGS, 2], "mf", flag),
  field("ipv6.fraghdr.ident", "Identification", [ID, 4], "id", hexadecimal(8)),
];
