/**
 * TCP (RFC 9293).
 *
 * An ICMP error may quote as little as the first 8 bytes of a segment (RFC 792), and a fragment may carry as few:
 * a view over such a header is `isPartial`, and what is not there reads as 0.
 */

import { type Codec, decimal, hexadecimal, octets } from "./codec.js";
import { fieldOf } from "./field-table.js";
import { type Problem, problemAt, tooShort } from "./problem.js";
import { View, wholeWords } from "./view.js";

const SRC_PORT = 0;
const DST_PORT = 2;
const SEQ = 4;
const ACK = 8;
const OFFSET_FLAGS = 12;
const WINDOW = 14;
const CHECKSUM = 16;
const URGENT = 18;
const OPTIONS = 20;

export const TCP_HEADER_LENGTH = 20;
/** Ports and sequence number: what RFC 792 wants quoted. */
export const TCP_PARTIAL_LENGTH = 8;
export const TCP_MAX_OPTIONS = 40;
export const TCP_CHECKSUM_OFFSET = CHECKSUM;

export const TCP_FLAG = {
  fin: 0x01,
  syn: 0x02,
  rst: 0x04,
  psh: 0x08,
  ack: 0x10,
  urg: 0x20,
  ece: 0x40,
  cwr: 0x80,
} as const;

/** Kinds of options (RFC 9293 §3.2, RFC 2018 §3, RFC 7323 §3.2). */
export const TCP_OPTION = { end: 0, none: 1, maximumSegmentSize: 2, received: 5, times: 8 } as const;

const FLAG_LETTERS = "FSRPAUEC";
const FLAGS_MASK = 0x0fff;
const NO_FLAGS = "none";

export interface TcpValues {
  srcPort?: number;
  dstPort?: number;
  seq?: number;
  ack?: number;
  flags?: number;
  window?: number;
  checksum?: number;
  urgent?: number;
  options?: Uint8Array;
}

export class Tcp extends View {
  /** `end`: the first byte that no longer belongs to the segment. */
  static check(bytes: Uint8Array, offset: number, end = bytes.length): Problem | undefined {
    const available = end - offset;
    if (available < TCP_HEADER_LENGTH) return tooShort("tcp", offset, TCP_HEADER_LENGTH, available);
    const { headerLength } = new Tcp(bytes, offset);
    if (headerLength < TCP_HEADER_LENGTH) {
      const reason = `it says it is ${headerLength} bytes long, less than its fixed ${TCP_HEADER_LENGTH}`;
      return problemAt("tcp", offset, TCP_HEADER_LENGTH, available, reason);
    }
    return available < headerLength ? tooShort("tcp", offset, headerLength, available) : undefined;
  }

  /** Bytes; of a header that is cut short before it says so, those that are there. */
  get headerLength(): number {
    const available = this.bytes.length - this.offset;
    return available <= OFFSET_FLAGS ? available : (this.u8(OFFSET_FLAGS) >> 4) * 4;
  }

  /** The header is cut short. */
  get isPartial(): boolean {
    const available = this.bytes.length - this.offset;
    return available < TCP_HEADER_LENGTH || available < this.headerLength;
  }

  get srcPort(): number {
    return this.u16(SRC_PORT);
  }

  get dstPort(): number {
    return this.u16(DST_PORT);
  }

  get seq(): number {
    return this.u32(SEQ);
  }

  get ack(): number {
    return this.u32(ACK);
  }

  /** 12 bits, the reserved ones included (RFC 9293 §3.1). */
  get flags(): number {
    return this.u16(OFFSET_FLAGS) & FLAGS_MASK;
  }

  /** Letters in the order FSRPAUEC: `SA` for SYN and ACK; `none`; hexadecimal where a bit without a letter is set. */
  get flagsText(): string {
    return flagsToText(this.flags);
  }

  get window(): number {
    return this.u16(WINDOW);
  }

  get checksum(): number {
    return this.u16(CHECKSUM);
  }

  get urgent(): number {
    return this.u16(URGENT);
  }

  /** As they are in the segment, padding included. */
  get options(): Uint8Array {
    return this.optionsBehind(OPTIONS);
  }

  set srcPort(value: number) {
    this.set16(SRC_PORT, value);
  }

  set dstPort(value: number) {
    this.set16(DST_PORT, value);
  }

  set seq(value: number) {
    this.set32(SEQ, value);
  }

  set ack(value: number) {
    this.set32(ACK, value);
  }

  set headerLength(value: number) {
    this.setBits(OFFSET_FLAGS, 0xf0, (value >> 2) << 4);
  }

  set flags(value: number) {
    this.set16(OFFSET_FLAGS, (this.u16(OFFSET_FLAGS) & ~FLAGS_MASK) | (value & FLAGS_MASK));
  }

  /** A RangeError where the text is none that the getter gives; letters may come in any order. */
  set flagsText(value: string) {
    const flags = flagsFromText(value);
    if (flags === undefined) throw new RangeError(`"${value}" are not TCP flags (letters of ${FLAG_LETTERS})`);
    this.flags = flags;
  }

  set window(value: number) {
    this.set16(WINDOW, value);
  }

  set checksum(value: number) {
    this.set16(CHECKSUM, value);
  }

  set urgent(value: number) {
    this.set16(URGENT, value);
  }

  /** Sets the header length as well; `bytes` must have room for whole 32-bit words. */
  set options(value: Uint8Array) {
    this.headerLength = OPTIONS + wholeWords(value.length);
    this.setOptionsBehind(OPTIONS, value);
  }

  /** Writes a whole header; what `values` leaves out is 0. The checksum needs the payload: see `l4Checksum`. */
  static emit(bytes: Uint8Array, offset: number, values: TcpValues = {}): Tcp {
    bytes.fill(0, offset, offset + TCP_HEADER_LENGTH);
    return Object.assign(new Tcp(bytes, offset), { headerLength: TCP_HEADER_LENGTH }, values);
  }
}

function flagsToText(flags: number): string {
  if (flags === 0) return NO_FLAGS;
  if (flags > 0xff) return hexFlags.format(flags);
  return [...FLAG_LETTERS].filter((_, bit) => flags & (1 << bit)).join("");
}

function flagsFromText(text: string): number | undefined {
  if (text === "" || text === NO_FLAGS) return 0;
  let flags = 0;
  for (const letter of text) {
    const bit = FLAG_LETTERS.indexOf(letter);
    if (bit < 0) return hexFlags.parse(text);
    flags |= 1 << bit;
  }
  return flags;
}

const hexFlags = hexadecimal(3);

const flagLetters: Codec<number> = {
  allowed: `letters of ${FLAG_LETTERS}, ${NO_FLAGS}, or ${hexFlags.allowed}`,
  format: flagsToText,
  parse: (input) => (typeof input === "string" ? flagsFromText(input) : hexFlags.parse(input)),
};

const field = fieldOf<Tcp>();

export const TCP_FIELDS = [
  field("tcp.srcport", "Source Port", [SRC_PORT, 2], "srcPort", decimal(0xffff)),
  field("tcp.dstport", "Destination Port", [DST_PORT, 2], "dstPort", decimal(0xffff)),
  field("tcp.seq_raw", "Sequence Number (raw)", [SEQ, 4], "seq", decimal(0xffffffff)),
  field("tcp.ack_raw", "Acknowledgment number (raw)", [ACK, 4], "ack", decimal(0xffffffff)),
  field("tcp.hdr_len", "Header Length", [OFFSET_FLAGS, 1], "headerLength", decimal(60, 4)),
  field("tcp.flags", "Flags", [OFFSET_FLAGS, 2], "flags", flagLetters),
  field("tcp.window_size_value", "Window", [WINDOW, 2], "window", decimal(0xffff)),
  field("tcp.checksum", "Checksum", [CHECKSUM, 2], "checksum", hexadecimal(4)),
  field("tcp.urgent_pointer", "Urgent Pointer", [URGENT, 2], "urgent", decimal(0xffff)),
  field("tcp.options", "TCP Options", [OPTIONS, "header end"], "options", octets(TCP_MAX_OPTIONS)),
];

/** Where the first option of a kind begins; undefined where there is none. */
export function optionAt(options: Uint8Array, kind: number): number | undefined {
  let at = 0;
  while (at < options.length && options[at] !== TCP_OPTION.end) {
    if (options[at] === kind) return at;
    // The one option without a length (RFC 9293 §3.1).
    at += options[at] === TCP_OPTION.none ? 1 : Math.max(2, options[at + 1] ?? 2);
  }
  return undefined;
}
