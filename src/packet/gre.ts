/** GRE (RFC 2784, with the key and sequence number of RFC 2890). */

import { decimal, hexadecimal } from "./codec.js";
import { fieldOf } from "./field-table.js";
import { internetChecksum } from "./internet-checksum.js";
import { type Problem, problemAt, tooShort } from "./problem.js";
import { View } from "./view.js";

const FLAGS_VERSION = 0;
const PROTOCOL = 2;
const CHECKSUM = 4;

export const GRE_HEADER_LENGTH = 4;
export const GRE_CHECKSUM_OFFSET = CHECKSUM;

export const GRE_FLAG = { checksum: 0x8000, routing: 0x4000, key: 0x2000, sequence: 0x1000 } as const;

const VERSION_MASK = 0x07;
/** Each of checksum (with a reserved word), key and sequence number. */
const OPTIONAL_LENGTH = 4;

export interface GreValues {
  flagsAndVersion?: number;
  protocol?: number;
  checksum?: number;
  key?: number;
  sequence?: number;
}

/** A view over the bytes up to the end of the packet, which the checksum covers. */
export class Gre extends View {
  /** All that the checksum covers is there: no fragment, and no capture that kept less. */
  readonly isWhole: boolean;

  constructor(bytes: Uint8Array, offset: number, isWhole = true) {
    super(bytes, offset);
    this.isWhole = isWhole;
  }

  /** Version 0 alone passes, without RFC 1701's routing. */
  static check(bytes: Uint8Array, offset: number): Problem | undefined {
    const available = bytes.length - offset;
    if (available < GRE_HEADER_LENGTH) return tooShort("gre", offset, GRE_HEADER_LENGTH, available);
    const { version, flagsAndVersion, headerLength } = new Gre(bytes, offset);
    if (version !== 0) return problemAt("gre", offset, GRE_HEADER_LENGTH, available, `it says version ${version}`);
    if ((flagsAndVersion & GRE_FLAG.routing) !== 0) {
      return problemAt("gre", offset, GRE_HEADER_LENGTH, available, "it has routing fields, which RFC 2784 abandoned");
    }
    return available < headerLength ? tooShort("gre", offset, headerLength, available) : undefined;
  }

  get headerLength(): number {
    return this.placeOf(GRE_FLAG.sequence) + (this.hasSequence ? OPTIONAL_LENGTH : 0);
  }

  /** Bits of `GRE_FLAG`, reserved ones, and the version in the lowest three. */
  get flagsAndVersion(): number {
    return this.u16(FLAGS_VERSION);
  }

  get version(): number {
    return this.flagsAndVersion & VERSION_MASK;
  }

  /** The Ethernet type of what it carries. */
  get protocol(): number {
    return this.u16(PROTOCOL);
  }

  get hasChecksum(): boolean {
    return (this.flagsAndVersion & GRE_FLAG.checksum) !== 0;
  }

  get hasKey(): boolean {
    return (this.flagsAndVersion & GRE_FLAG.key) !== 0;
  }

  get hasSequence(): boolean {
    return (this.flagsAndVersion & GRE_FLAG.sequence) !== 0;
  }

  /** Of no meaning unless `hasChecksum`. */
  get checksum(): number {
    return this.u16(CHECKSUM);
  }

  /** Of no meaning unless `hasKey`. */
  get key(): number {
    return this.u32(this.placeOf(GRE_FLAG.key));
  }

  /** Of no meaning unless `hasSequence`. */
  get sequence(): number {
    return this.u32(this.placeOf(GRE_FLAG.sequence));
  }

  /**
   * True without one; it covers the header and all that is behind it (RFC 2784 §2.5). Undefined where not all of that
   * is there.
   */
  get checksumValid(): boolean | undefined {
    if (this.hasChecksum && !this.isWhole) return undefined;
    return !this.hasChecksum || internetChecksum(this.bytes, this.offset, this.bytes.length) === 0;
  }

  /** Where the optional field of a flag is, or would be, relative to the header. */
  placeOf(flag: number): number {
    const before = [GRE_FLAG.checksum, GRE_FLAG.key, GRE_FLAG.sequence].filter((other) => other > flag);
    const there = before.filter((other) => (this.flagsAndVersion & other) !== 0);
    return GRE_HEADER_LENGTH + there.length * OPTIONAL_LENGTH;
  }

  set flagsAndVersion(value: number) {
    this.set16(FLAGS_VERSION, value);
  }

  set protocol(value: number) {
    this.set16(PROTOCOL, value);
  }

  set checksum(value: number) {
    this.set16(CHECKSUM, value);
  }

  set key(value: number) {
    this.set32(this.placeOf(GRE_FLAG.key), value);
  }

  set sequence(value: number) {
    this.set32(this.placeOf(GRE_FLAG.sequence), value);
  }

  /** Writes a whole header, with room for what the flags announce; what `values` leaves out is 0. */
  static emit(bytes: Uint8Array, offset: number, values: GreValues = {}): Gre {
    const gre = Object.assign(new Gre(bytes, offset), { flagsAndVersion: values.flagsAndVersion ?? 0 });
    bytes.fill(0, offset + PROTOCOL, offset + gre.headerLength);
    return Object.assign(gre, values);
  }
}

const field = fieldOf<Gre>();

export const GRE_FIELDS = [
  field("gre.flags_and_version", "Flags and Version", [FLAGS_VERSION, 2], "flagsAndVersion", hexadecimal(4)),
  field("gre.proto", "Protocol Type", [PROTOCOL, 2], "protocol", hexadecimal(4)),
  field("gre.checksum", "Checksum", [CHECKSUM, 2], "checksum", hexadecimal(4), (gre) => gre.hasChecksum),
  field("gre.key", "Key", [(gre) => gre.placeOf(GRE_FLAG.key), 4], "key", hexadecimal(8), (gre) => gre.hasKey),
  field(
    "gre.sequence_number",
    "Sequence Number",
    [(gre) => gre.placeOf(GRE_FLAG.sequence), 4],
    "sequence",
    decimal(0xffffffff),
    (gre) => gre.hasSequence,
  ),
];
