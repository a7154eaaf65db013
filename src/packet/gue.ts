/** GUE, Generic UDP Encapsulation (draft-ietf-intarea-gue-09, version 0; Linux: `fou`). */

import { decimal, flag, hexadecimal } from "./codec.js";
import { fieldOf } from "./field-table.js";
import { type Problem, tooShort } from "./problem.js";
import { View } from "./view.js";

const VERSION_LENGTH = 0;
const PROTOCOL = 1;
const FLAGS = 2;

export const GUE_HEADER_LENGTH = 4;

/** IANA's UDP port for it: of a packet to another one nobody can tell that it is GUE. */
export const GUE_PORT = 6080;

const VERSION_MASK = 0xc0;
const VERSION_SHIFT = 6;
const CONTROL = 0x20;
const LENGTH_MASK = 0x1f;
const WORD = 4;

export interface GueValues {
  version?: number;
  control?: boolean;
  hlen?: number;
  protocol?: number;
  flags?: number;
}

export class Gue extends View {
  static check(bytes: Uint8Array, offset: number): Problem | undefined {
    const available = bytes.length - offset;
    if (available < GUE_HEADER_LENGTH) return tooShort("gue", offset, GUE_HEADER_LENGTH, available);
    const { headerLength } = new Gue(bytes, offset);
    return available < headerLength ? tooShort("gue", offset, headerLength, available) : undefined;
  }

  /** Bytes. */
  get headerLength(): number {
    return GUE_HEADER_LENGTH + this.hlen * WORD;
  }

  /** 0; in version 1 an IP header stands in the place of this one. */
  get version(): number {
    return this.u8(VERSION_LENGTH) >> VERSION_SHIFT;
  }

  /** The message is for the end of the tunnel itself, and `protocol` its type. */
  get control(): boolean {
    return (this.u8(VERSION_LENGTH) & CONTROL) !== 0;
  }

  /** 32-bit words of optional fields behind the first four bytes. */
  get hlen(): number {
    return this.u8(VERSION_LENGTH) & LENGTH_MASK;
  }

  /** One of `IP_PROTOCOL`, or any other. */
  get protocol(): number {
    return this.u8(PROTOCOL);
  }

  get flags(): number {
    return this.u16(FLAGS);
  }

  set version(value: number) {
    this.setBits(VERSION_LENGTH, VERSION_MASK, value << VERSION_SHIFT);
  }

  set control(value: boolean) {
    this.setBits(VERSION_LENGTH, CONTROL, value ? CONTROL : 0);
  }

  set hlen(value: number) {
    this.setBits(VERSION_LENGTH, LENGTH_MASK, value);
  }

  set protocol(value: number) {
    this.set8(PROTOCOL, value);
  }

  set flags(value: number) {
    this.set16(FLAGS, value);
  }

  /** Writes the fixed four bytes; what `values` leaves out is 0. */
  static emit(bytes: Uint8Array, offset: number, values: GueValues = {}): Gue {
    bytes.fill(0, offset, offset + GUE_HEADER_LENGTH);
    return Object.assign(new Gue(bytes, offset), values);
  }
}

const field = fieldOf<Gue>();

/** Wireshark has no names for GUE; these follow its others. */
export const GUE_FIELDS = [
  field("gue.version", "Version", [VERSION_LENGTH, 1], "version", decimal(3)),
  field("gue.control", "Control message", [VERSION_LENGTH, 1], "control", flag),
  field("gue.hlen", "Header Length", [VERSION_LENGTH, 1], "hlen", decimal(LENGTH_MASK)),
  field("gue.proto", "Protocol", [PROTOCOL, 1], "protocol", decimal(0xff)),
  field("gue.flags", "Flags", [FLAGS, 2], "flags", hexadecimal(4)),
];
