/** SCTP (RFC 9260): the common header, and of the chunks behind it the first one's head. */

import { decimal, hexadecimal } from "./codec.js";
import { crc32c } from "./crc32c.js";
import { fieldOf } from "./field-table.js";
import { type Problem, tooShort } from "./problem.js";
import { View } from "./view.js";

const SRC_PORT = 0;
const DST_PORT = 2;
const VERIFICATION_TAG = 4;
const CHECKSUM = 8;
const CHUNK_TYPE = 12;
const CHUNK_FLAGS = 13;
const CHUNK_LENGTH = 14;
const CHUNK_VALUE = 16;

export const SCTP_HEADER_LENGTH = 12;
export const SCTP_CHECKSUM_OFFSET = CHECKSUM;

export const SCTP_CHUNK = {
  data: 0,
  init: 1,
  initAck: 2,
  abort: 6,
  shutdown: 7,
  shutdownAck: 8,
  cookieEcho: 10,
  cookieAck: 11,
  shutdownComplete: 14,
} as const;

export interface SctpValues {
  srcPort?: number;
  dstPort?: number;
  verificationTag?: number;
  checksum?: number;
}

/** A view over the bytes up to the end of the packet: behind the header it reads the first chunk's head. */
export class Sctp extends View {
  static check(bytes: Uint8Array, offset: number): Problem | undefined {
    const available = bytes.length - offset;
    return available < SCTP_HEADER_LENGTH ? tooShort("sctp", offset, SCTP_HEADER_LENGTH, available) : undefined;
  }

  get headerLength(): number {
    return SCTP_HEADER_LENGTH;
  }

  get srcPort(): number {
    return this.u16(SRC_PORT);
  }

  get dstPort(): number {
    return this.u16(DST_PORT);
  }

  get verificationTag(): number {
    return this.u32(VERIFICATION_TAG);
  }

  /** 32 bits, in the order in which the bytes are on the wire: the CRC's own is the other way round. */
  get checksum(): number {
    return this.u32(CHECKSUM);
  }

  /** The head of a chunk is there. */
  get hasChunk(): boolean {
    return this.bytes.length >= this.offset + CHUNK_VALUE;
  }

  /** One of `SCTP_CHUNK`, or any other; 0 as well where there is no chunk. */
  get chunkType(): number {
    return this.u8(CHUNK_TYPE);
  }

  get chunkFlags(): number {
    return this.u8(CHUNK_FLAGS);
  }

  /** Bytes, the chunk's head of 4 included, its padding not. */
  get chunkLength(): number {
    return this.u16(CHUNK_LENGTH);
  }

  set srcPort(value: number) {
    this.set16(SRC_PORT, value);
  }

  set dstPort(value: number) {
    this.set16(DST_PORT, value);
  }

  set verificationTag(value: number) {
    this.set32(VERIFICATION_TAG, value);
  }

  set checksum(value: number) {
    this.set32(CHECKSUM, value);
  }

  set chunkType(value: number) {
    this.set8(CHUNK_TYPE, value);
  }

  set chunkFlags(value: number) {
    this.set8(CHUNK_FLAGS, value);
  }

  set chunkLength(value: number) {
    this.set16(CHUNK_LENGTH, value);
  }

  /** Writes a whole common header; what `values` leaves out is 0. The checksum needs the chunks: see `l4Checksum`. */
  static emit(bytes: Uint8Array, offset: number, values: SctpValues = {}): Sctp {
    bytes.fill(0, offset, offset + SCTP_HEADER_LENGTH);
    return Object.assign(new Sctp(bytes, offset), values);
  }
}

/**
 * The checksum that the packet in `bytes[start, end)` should have, whatever stands in its place: the CRC32c with 0
 * there, its lowest byte first on the wire (RFC 9260 §6.8), given as the view reads it.
 */
export function sctpChecksum(bytes: Uint8Array, start: number, end: number): number {
  const before = crc32c(ZERO, 0, ZERO.length, crc32c(bytes, start, start + CHECKSUM));
  const crc = crc32c(bytes, start + SCTP_HEADER_LENGTH, end, before);
  return ((crc << 24) | ((crc & 0xff00) << 8) | ((crc >>> 8) & 0xff00) | (crc >>> 24)) >>> 0;
}

const ZERO = new Uint8Array(4);

const hasChunk = (sctp: Sctp) => sctp.hasChunk;

const field = fieldOf<Sctp>();

export const SCTP_FIELDS = [
  field("sctp.srcport", "Source port", [SRC_PORT, 2], "srcPort", decimal(0xffff)),
  field("sctp.dstport", "Destination port", [DST_PORT, 2], "dstPort", decimal(0xffff)),
  field("sctp.verification_tag", "Verification tag", [VERIFICATION_TAG, 4], "verificationTag", hexadecimal(8)),
  field("sctp.checksum", "Checksum", [CHECKSUM, 4], "checksum", hexadecimal(8)),
  field("sctp.chunk_type", "Chunk type", [CHUNK_TYPE, 1], "chunkType", decimal(0xff), hasChunk),
  field("sctp.chunk_flags", "Chunk flags", [CHUNK_FLAGS, 1], "chunkFlags", hexadecimal(2), hasChunk),
  field("sctp.chunk_length", "Chunk length", [CHUNK_LENGTH, 2], "chunkLength", decimal(0xffff), hasChunk),
];
