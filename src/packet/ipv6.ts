/** IPv6 (RFC 8200): the fixed header, and the extension headers between it and the upper layer. */

import { ip6FromString, ip6ToString } from "./address.js";
import { decimal, hexadecimal, ipv6, octets } from "./codec.js";
import { fieldOf } from "./field-table.js";
import { wordSum } from "./internet-checksum.js";
import type { IpHeader } from "./ip.js";
import {
  EXTENSION,
  type ExtensionChain,
  finalDestination,
  followExtensions,
  MAX_EXTENSIONS,
  runOf,
} from "./ipv6-extensions.js";
import { FragmentHeader } from "./ipv6-fragment-header.js";
import { type Problem, problemAt, tooShort } from "./problem.js";
import { View } from "./view.js";

const VERSION_CLASS_FLOW = 0;
const PAYLOAD_LENGTH = 4;
const NEXT_HEADER = 6;
const HOP_LIMIT = 7;
const SRC = 8;
const DST = 24;
const EXTENSIONS = 40;

const ADDRESS_LENGTH = 16;

export const IPV6_HEADER_LENGTH = 40;
export const IPV6_NEXT_HEADER_OFFSET = NEXT_HEADER;
/** Bytes behind the fixed header. */
export const IPV6_MAX_PAYLOAD = 0xffff;
/** Bytes of as many headers of one type as are followed, each as long as can be. */
const MAX_EXTENSION_BYTES = MAX_EXTENSIONS * 2048;

export interface Ipv6Values {
  trafficClass?: number;
  flowLabel?: number;
  payloadLength?: number;
  nextHeader?: number;
  hopLimit?: number;
  src?: string;
  dst?: string;
}

export class Ipv6 extends View implements IpHeader {
  /** Of the fixed header; what is wrong with those behind it, `extensions` says. */
  static check(bytes: Uint8Array, offset: number): Problem | undefined {
    const available = bytes.length - offset;
    if (available < IPV6_HEADER_LENGTH) return tooShort("ipv6", offset, IPV6_HEADER_LENGTH, available);
    const { version } = new Ipv6(bytes, offset);
    return version === 6
      ? undefined
      : problemAt("ipv6", offset, IPV6_HEADER_LENGTH, available, `it says version ${version}`);
  }

  get headerLength(): number {
    return this.extensions.end - this.offset;
  }

  /** The extension headers, as far as they can be read. */
  get extensions(): ExtensionChain {
    const end = Math.min(this.bytes.length, this.offset + this.length);
    return followExtensions(this.bytes, this.offset + EXTENSIONS, end, this.nextHeader);
  }

  get version(): number {
    return this.u8(VERSION_CLASS_FLOW) >> 4;
  }

  get trafficClass(): number {
    return (this.u16(VERSION_CLASS_FLOW) >> 4) & 0xff;
  }

  get tos(): number {
    return this.trafficClass;
  }

  /** 20 bits. */
  get flowLabel(): number {
    return this.u32(VERSION_CLASS_FLOW) & 0xfffff;
  }

  /** Bytes behind the fixed header. */
  get payloadLength(): number {
    return this.u16(PAYLOAD_LENGTH);
  }

  get length(): number {
    return IPV6_HEADER_LENGTH + this.payloadLength;
  }

  /** What follows the fixed header: one of `IP_PROTOCOL` or `EXTENSION`, or any other. */
  get nextHeader(): number {
    return this.u8(NEXT_HEADER);
  }

  get protocol(): number {
    return this.extensions.protocol;
  }

  get hopLimit(): number {
    return this.u8(HOP_LIMIT);
  }

  get ttl(): number {
    return this.hopLimit;
  }

  get src(): string {
    return ip6ToString(this.bytes, this.offset + SRC);
  }

  get dst(): string {
    return ip6ToString(this.bytes, this.offset + DST);
  }

  get options(): Uint8Array {
    return this.bytes.subarray(this.offset + EXTENSIONS, this.extensions.end);
  }

  /** Of hop-by-hop options, one header or more. */
  get hopByHop(): Uint8Array {
    return this.#extension(EXTENSION.hopByHop);
  }

  get routing(): Uint8Array {
    return this.#extension(EXTENSION.routing);
  }

  /** Of destination options, one header or more. */
  get destinationOptions(): Uint8Array {
    return this.#extension(EXTENSION.destination);
  }

  get fragmentHeader(): FragmentHeader | undefined {
    const header = this.extensions.headers.find(({ type }) => type === EXTENSION.fragment);
    return header && new FragmentHeader(this.bytes, header.at);
  }

  get id(): number {
    return this.fragmentHeader?.id ?? 0;
  }

  get df(): boolean {
    return true;
  }

  get mf(): boolean {
    return this.fragmentHeader?.mf ?? false;
  }

  get fragmentOffset(): number {
    return this.fragmentHeader?.fragmentOffset ?? 0;
  }

  get isFragment(): boolean {
    return this.mf || this.fragmentOffset > 0;
  }

  get checksumValid(): boolean {
    return true;
  }

  /** Where extension headers of a type are, the first of them and those right behind it, relative to this header. */
  placeOf(extension: number): readonly [at: number, length: number] | undefined {
    const found = runOf(this.extensions, extension);
    return found && [found.at - this.offset, found.length];
  }

  #extension(type: number): Uint8Array {
    const { at, length } = runOf(this.extensions, type) ?? { at: 0, length: 0 };
    return this.bytes.subarray(at, at + length);
  }

  /** False where a routing header is of a type that does not tell where the packet goes in the end. */
  get hasFinalDestination(): boolean {
    return this.#finalDestination() !== undefined;
  }

  /** RFC 8200 §8.1; where `hasFinalDestination` is false it is not that of the packet's sender. */
  pseudoHeaderSum(protocol: number, length: number): number {
    const src = this.offset + SRC;
    const dst = this.#finalDestination() ?? this.offset + DST;
    const addresses = [src, dst].map((at) => wordSum(this.bytes, at, at + ADDRESS_LENGTH));
    return addresses.reduce((sum, words) => sum + words, protocol + length);
  }

  #finalDestination(): number | undefined {
    const at = finalDestination(this.bytes, this.extensions);
    return at === "reached" ? this.offset + DST : at;
  }

  set version(value: number) {
    this.setBits(VERSION_CLASS_FLOW, 0xf0, value << 4);
  }

  set trafficClass(value: number) {
    this.set16(VERSION_CLASS_FLOW, (this.u16(VERSION_CLASS_FLOW) & 0xf00f) | ((value & 0xff) << 4));
  }

  set tos(value: number) {
    this.trafficClass = value;
  }

  set flowLabel(value: number) {
    this.set32(VERSION_CLASS_FLOW, (this.u32(VERSION_CLASS_FLOW) & 0xfff00000) | (value & 0xfffff));
  }

  set payloadLength(value: number) {
    this.set16(PAYLOAD_LENGTH, value);
  }

  set length(value: number) {
    this.payloadLength = value - IPV6_HEADER_LENGTH;
  }

  set nextHeader(value: number) {
    this.set8(NEXT_HEADER, value);
  }

  set hopLimit(value: number) {
    this.set8(HOP_LIMIT, value);
  }

  set ttl(value: number) {
    this.hopLimit = value;
  }

  set src(value: string) {
    this.bytes.set(ip6FromString(value), this.offset + SRC);
  }

  set dst(value: string) {
    this.bytes.set(ip6FromString(value), this.offset + DST);
  }

  updateChecksum(): void {}

  /** Writes a whole fixed header: hop limit 64; what else is left out is 0. */
  static emit(bytes: Uint8Array, offset: number, values: Ipv6Values = {}): Ipv6 {
    bytes.fill(0, offset, offset + IPV6_HEADER_LENGTH);
    return Object.assign(new Ipv6(bytes, offset), { version: 6, hopLimit: 64 }, values);
  }
}

const field = fieldOf<Ipv6>();
const extension = (type: number) => (ip: Ipv6) => ip.placeOf(type);

export const IPV6_FIELDS = [
  field("ipv6.version", "Version", [VERSION_CLASS_FLOW, 1], "version", decimal(15)),
  field("ipv6.tclass", "Traffic Class", [VERSION_CLASS_FLOW, 2], "trafficClass", hexadecimal(2)),
  field("ipv6.flow", "Flow Label", [VERSION_CLASS_FLOW + 1, 3], "flowLabel", hexadecimal(5)),
  field("ipv6.plen", "Payload Length", [PAYLOAD_LENGTH, 2], "payloadLength", decimal(IPV6_MAX_PAYLOAD)),
  field("ipv6.nxt", "Next Header", [NEXT_HEADER, 1], "nextHeader", decimal(0xff)),
  field("ipv6.hlim", "Hop Limit", [HOP_LIMIT, 1], "hopLimit", decimal(0xff)),
  field("ipv6.src", "Source Address", [SRC, 16], "src", ipv6),
  field("ipv6.dst", "Destination Address", [DST, 16], "dst", ipv6),
  field("ipv6.hopopts", "Hop-by-Hop Options", extension(EXTENSION.hopByHop), "hopByHop", octets(MAX_EXTENSION_BYTES)),
  field("ipv6.routing", "Routing Header", extension(EXTENSION.routing), "routing", octets(MAX_EXTENSION_BYTES)),
  field(
    "ipv6.dstopts",
    "Destination Options",
    extension(EXTENSION.destination),
    "destinationOptions",
    octets(MAX_EXTENSION_BYTES),
  ),
];
