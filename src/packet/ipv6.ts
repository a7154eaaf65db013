/** IPv6 (RFC 8200): the fixed header. Extension headers are not followed. */

import { ip6FromString, ip6ToString } from "./address.js";
import { decimal, hexadecimal, ipv6 } from "./codec.js";
import { fieldOf } from "./field-table.js";
import { wordSum } from "./internet-checksum.js";
import { type Problem, problemAt, tooShort } from "./problem.js";
import { View } from "./view.js";

const VERSION_CLASS_FLOW = 0;
const PAYLOAD_LENGTH = 4;
const NEXT_HEADER = 6;
const HOP_LIMIT = 7;
const SRC = 8;
const DST = 24;

export const IPV6_HEADER_LENGTH = 40;

export interface Ipv6Values {
  trafficClass?: number;
  flowLabel?: number;
  payloadLength?: number;
  nextHeader?: number;
  hopLimit?: number;
  src?: string;
  dst?: string;
}

export class Ipv6 extends View {
  static check(bytes: Uint8Array, offset: number): Problem | undefined {
    const available = bytes.length - offset;
    if (available < IPV6_HEADER_LENGTH) return tooShort("ipv6", offset, IPV6_HEADER_LENGTH, available);
    const { version } = new Ipv6(bytes, offset);
    return version === 6
      ? undefined
      : problemAt("ipv6", offset, IPV6_HEADER_LENGTH, available, `it says version ${version}`);
  }

  get headerLength(): number {
    return IPV6_HEADER_LENGTH;
  }

  get version(): number {
    return this.u8(VERSION_CLASS_FLOW) >> 4;
  }

  get trafficClass(): number {
    return (this.u16(VERSION_CLASS_FLOW) >> 4) & 0xff;
  }

  /** 20 bits. */
  get flowLabel(): number {
    return this.u32(VERSION_CLASS_FLOW) & 0xfffff;
  }

  /** Bytes behind this header. */
  get payloadLength(): number {
    return this.u16(PAYLOAD_LENGTH);
  }

  get nextHeader(): number {
    return this.u8(NEXT_HEADER);
  }

  get hopLimit(): number {
    return this.u8(HOP_LIMIT);
  }

  get src(): string {
    return ip6ToString(this.bytes, this.offset + SRC);
  }

  get dst(): string {
    return ip6ToString(this.bytes, this.offset + DST);
  }

  /** The sum of what TCP and UDP put in front of themselves (RFC 8200 §8.1). */
  pseudoHeaderSum(protocol: number, length: number): number {
    return wordSum(this.bytes, this.offset + SRC, this.offset + IPV6_HEADER_LENGTH) + protocol + length;
  }

  set version(value: number) {
    this.setBits(VERSION_CLASS_FLOW, 0xf0, value << 4);
  }

  set trafficClass(value: number) {
    this.set16(VERSION_CLASS_FLOW, (this.u16(VERSION_CLASS_FLOW) & 0xf00f) | ((value & 0xff) << 4));
  }

  set flowLabel(value: number) {
    this.set32(VERSION_CLASS_FLOW, (this.u32(VERSION_CLASS_FLOW) & 0xfff00000) | (value & 0xfffff));
  }

  set payloadLength(value: number) {
    this.set16(PAYLOAD_LENGTH, value);
  }

  set nextHeader(value: number) {
    this.set8(NEXT_HEADER, value);
  }

  set hopLimit(value: number) {
    this.set8(HOP_LIMIT, value);
  }

  set src(value: string) {
    this.bytes.set(ip6FromString(value), this.offset + SRC);
  }

  set dst(value: string) {
    this.bytes.set(ip6FromString(value), this.offset + DST);
  }

  /** Writes a whole header: hop limit 64; what else is left out is 0. */
  static emit(bytes: Uint8Array, offset: number, values: Ipv6Values = {}): Ipv6 {
    bytes.fill(0, offset, offset + IPV6_HEADER_LENGTH);
    return Object.assign(new Ipv6(bytes, offset), { version: 6, hopLimit: 64 }, values);
  }
}

const field = fieldOf<Ipv6>();

export const IPV6_FIELDS = [
  field("ipv6.tclass", "Traffic Class", [VERSION_CLASS_FLOW, 2], "trafficClass", hexadecimal(2)),
  field("ipv6.flow", "Flow Label", [VERSION_CLASS_FLOW + 1, 3], "flowLabel", hexadecimal(5)),
  field("ipv6.plen", "Payload Length", [PAYLOAD_LENGTH, 2], "payloadLength", decimal(0xffff)),
  field("ipv6.nxt", "Next Header", [NEXT_HEADER, 1], "nextHeader", decimal(0xff)),
  field("ipv6.hlim", "Hop Limit", [HOP_LIMIT, 1], "hopLimit", decimal(0xff)),
  field("ipv6.src", "Source Address", [SRC, 16], "src", ipv6),
  field("ipv6.dst", "Destination Address", [DST, 16], "dst", ipv6),
];
