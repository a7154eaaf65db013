/** IPv4 (RFC 791; the TOS byte as RFC 2474 and RFC 3168 read it). */

import { ipFromString, ipToString } from "./address.js";
import { decimal, flag, hexadecimal, ipv4, octets } from "./codec.js";
import { fieldOf } from "./field-table.js";
import { internetChecksum, wordSum } from "./internet-checksum.js";
import type { IpHeader } from "./ip.js";
import { type Problem, problemAt, tooShort } from "./problem.js";
import { View, wholeWords } from "./view.js";

const VERSION_IHL = 0;
const TOS = 1;
const LENGTH = 2;
const ID = 4;
const FLAGS_FRAGMENT = 6;
const TTL = 8;
const PROTOCOL = 9;
const CHECKSUM = 10;
const SRC = 12;
const DST = 16;
const OPTIONS = 20;

export const IPV4_HEADER_LENGTH = 20;
export const IPV4_MAX_LENGTH = 0xffff;
export const IPV4_MAX_OPTIONS = 40;

const DF = 0x40;
const MF = 0x20;
const FRAGMENT_MASK = 0x1fff;
const FRAGMENT_UNIT = 8;

export interface Ipv4Values {
  tos?: number;
  length?: number;
  id?: number;
  df?: boolean;
  mf?: boolean;
  /** Bytes, a multiple of 8. */
  fragmentOffset?: number;
  ttl?: number;
  protocol?: number;
  src?: string;
  dst?: string;
  options?: Uint8Array;
}

export class Ipv4 extends View implements IpHeader {
  static check(bytes: Uint8Array, offset: number): Problem | undefined {
    const available = bytes.length - offset;
    if (available < IPV4_HEADER_LENGTH) return tooShort("ipv4", offset, IPV4_HEADER_LENGTH, available);
    const { version, headerLength } = new Ipv4(bytes, offset);
    if (version !== 4) {
      return problemAt("ipv4", offset, IPV4_HEADER_LENGTH, available, `it says version ${version}`);
    }
    if (headerLength < IPV4_HEADER_LENGTH) {
      const reason = `it says it is ${headerLength} bytes long, less than its fixed ${IPV4_HEADER_LENGTH}`;
      return problemAt("ipv4", offset, IPV4_HEADER_LENGTH, available, reason);
    }
    return available < headerLength ? tooShort("ipv4", offset, headerLength, available) : undefined;
  }

  get version(): number {
    return this.u8(VERSION_IHL) >> 4;
  }

  get headerLength(): number {
    return (this.u8(VERSION_IHL) & 0x0f) * 4;
  }

  get tos(): number {
    return this.u8(TOS);
  }

  get length(): number {
    return this.u16(LENGTH);
  }

  get id(): number {
    return this.u16(ID);
  }

  get df(): boolean {
    return (this.u8(FLAGS_FRAGMENT) & DF) !== 0;
  }

  get mf(): boolean {
    return (this.u8(FLAGS_FRAGMENT) & MF) !== 0;
  }

  get fragmentOffset(): number {
    return (this.u16(FLAGS_FRAGMENT) & FRAGMENT_MASK) * FRAGMENT_UNIT;
  }

  get ttl(): number {
    return this.u8(TTL);
  }

  get protocol(): number {
    return this.u8(PROTOCOL);
  }

  get checksum(): number {
    return this.u16(CHECKSUM);
  }

  get src(): string {
    return ipToString(this.bytes, this.offset + SRC);
  }

  get dst(): string {
    return ipToString(this.bytes, this.offset + DST);
  }

  get options(): Uint8Array {
    return this.optionsBehind(OPTIONS);
  }

  get checksumValid(): boolean {
    return internetChecksum(this.bytes, this.offset, this.offset + this.headerLength) === 0;
  }

  get isFragment(): boolean {
    return this.mf || this.fragmentOffset > 0;
  }

  /** RFC 9293 §3.1. */
  pseudoHeaderSum(protocol: number, length: number): number {
    return wordSum(this.bytes, this.offset + SRC, this.offset + OPTIONS) + protocol + length;
  }

  set version(value: number) {
    this.setBits(VERSION_IHL, 0xf0, value << 4);
  }

  set headerLength(value: number) {
    this.setBits(VERSION_IHL, 0x0f, value >> 2);
  }

  set tos(value: number) {
    this.set8(TOS, value);
  }

  set length(value: number) {
    this.set16(LENGTH, value);
  }

  set id(value: number) {
    this.set16(ID, value);
  }

  set df(value: boolean) {
    this.setBits(FLAGS_FRAGMENT, DF, value ? DF : 0);
  }

  set mf(value: boolean) {
    this.setBits(FLAGS_FRAGMENT, MF, value ? MF : 0);
  }

  set fragmentOffset(value: number) {
    this.set16(FLAGS_FRAGMENT, (this.u16(FLAGS_FRAGMENT) & ~FRAGMENT_MASK) | ((value / FRAGMENT_UNIT) & FRAGMENT_MASK));
  }

  set ttl(value: number) {
    this.set8(TTL, value);
  }

  set protocol(value: number) {
    this.set8(PROTOCOL, value);
  }

  set checksum(value: number) {
    this.set16(CHECKSUM, value);
  }

  set src(value: string) {
    this.bytes.set(ipFromString(value), this.offset + SRC);
  }

  set dst(value: string) {
    this.bytes.set(ipFromString(value), this.offset + DST);
  }

  /** Sets the header length as well; `bytes` must have room for whole 32-bit words. */
  set options(value: Uint8Array) {
    this.headerLength = OPTIONS + wholeWords(value.length);
    this.setOptionsBehind(OPTIONS, value);
  }

  updateChecksum(): void {
    this.checksum = 0;
    this.checksum = internetChecksum(this.bytes, this.offset, this.offset + this.headerLength);
  }

  /** Writes a whole header with a valid checksum: TTL 64, the length that of the header; what else is left out is 0. */
  static emit(bytes: Uint8Array, offset: number, values: Ipv4Values = {}): Ipv4 {
    bytes.fill(0, offset, offset + IPV4_HEADER_LENGTH);
    const header = { version: 4, headerLength: IPV4_HEADER_LENGTH, ttl: 64 };
    const ip = Object.assign(new Ipv4(bytes, offset), header, values);
    ip.length = values.length ?? ip.headerLength;
    ip.updateChecksum();
    return ip;
  }
}

const field = fieldOf<Ipv4>();

export const IPV4_FIELDS = [
  field("ip.version", "Version", [VERSION_IHL, 1], "version", decimal(15)),
  field("ip.hdr_len", "Header Length", [VERSION_IHL, 1], "headerLength", decimal(60, 4)),
  field("ip.dsfield", "Differentiated Services Field", [TOS, 1], "tos", hexadecimal(2)),
  field("ip.len", "Total Length", [LENGTH, 2], "length", decimal(0xffff)),
  field("ip.id", "Identification", [ID, 2], "id", hexadecimal(4)),
  field("ip.flags.df", "Don't fragment", [FLAGS_FRAGMENT, 1], "df", flag),
  field("ip.flags.mf", "More fragments", [FLAGS_FRAGMENT, 1], "mf", flag),
  field(
    "ip.frag_offset",
    "Fragment Offset",
    [FLAGS_FRAGMENT, 2],
    "fragmentOffset",
    decimal(FRAGMENT_MASK * FRAGMENT_UNIT, FRAGMENT_UNIT),
  ),
  field("ip.ttl", "Time to Live", [TTL, 1], "ttl", decimal(0xff)),
  field("ip.proto", "Protocol", [PROTOCOL, 1], "protocol", decimal(0xff)),
  field("ip.checksum", "Header Checksum", [CHECKSUM, 2], "checksum", hexadecimal(4)),
  field("ip.src", "Source Address", [SRC, 4], "src", ipv4),
  field("ip.dst", "Destination Address", [DST, 4], "dst", ipv4),
  field("ip.options", "Options", [OPTIONS, "header end"], "options", octets(IPV4_MAX_OPTIONS)),
];
