/** ICMP for IPv6 (RFC 4443), and of Neighbour Discovery what resolves addresses (RFC 4861 §4.3, §4.4). */

import { ip6FromString, ip6ToString, macFromString, macToString } from "./address.js";
import { decimal, flag, hexadecimal, ipv6, mac } from "./codec.js";
import { fieldOf } from "./field-table.js";
import type { IcmpHeader, IcmpKind } from "./icmp-message.js";
import { type Problem, tooShort } from "./problem.js";
import { View } from "./view.js";

const TYPE = 0;
const CODE = 1;
const CHECKSUM = 2;
const REST = 4;
const ID = 4;
const SEQ = 6;
const MTU = 4;
const FLAGS = 4;
const TARGET = 8;
const OPTIONS = 24;

export const ICMPV6_HEADER_LENGTH = 8;
/** Header and target of a neighbour solicitation or advertisement, without options. */
export const ICMPV6_NEIGHBOUR_LENGTH = OPTIONS;
export const ICMPV6_CHECKSUM_OFFSET = CHECKSUM;

export const ICMPV6_TYPE = {
  unreachable: 1,
  tooBig: 2,
  timeExceeded: 3,
  parameterProblem: 4,
  echo: 128,
  echoReply: 129,
  neighbourSolicitation: 135,
  neighbourAdvertisement: 136,
  redirect: 137,
  extendedEcho: 160,
  extendedEchoReply: 161,
} as const;

const PORT_UNREACHABLE = 4;
const UNKNOWN_NEXT_HEADER = 1;
/** From here on messages are informational (RFC 4443 §2.1). */
const FIRST_INFORMATIONAL = 128;

const KINDS: Readonly<Record<number, IcmpKind>> = {
  [ICMPV6_TYPE.unreachable]: "unreachable",
  [ICMPV6_TYPE.tooBig]: "too-big",
  [ICMPV6_TYPE.timeExceeded]: "time-exceeded",
  [ICMPV6_TYPE.parameterProblem]: "parameter-problem",
  [ICMPV6_TYPE.echo]: "echo",
  [ICMPV6_TYPE.echoReply]: "echo-reply",
  [ICMPV6_TYPE.neighbourSolicitation]: "neighbour-solicitation",
  [ICMPV6_TYPE.neighbourAdvertisement]: "neighbour-advertisement",
  [ICMPV6_TYPE.redirect]: "redirect",
};

/** Whose address an option gives: that of the sender, or of the target (RFC 4861 §4.6.1). */
const LINK_ADDRESS = { source: 1, target: 2 } as const;
const LINK_ADDRESS_OPTIONS: ReadonlySet<number> = new Set(Object.values(LINK_ADDRESS));
const MAC_LENGTH = 6;
const OPTION_UNIT = 8;
const OPTION_HEADER = 2;
/** Type, length and a MAC. */
export const ICMPV6_LINK_ADDRESS_LENGTH = 8;

const FLAG = { router: 0x80, solicited: 0x40, override: 0x20 } as const;

export interface Icmpv6Values {
  type?: number;
  code?: number;
  checksum?: number;
  rest?: number;
  id?: number;
  seq?: number;
  mtu?: number;
  target?: string;
  isRouter?: boolean;
  isSolicited?: boolean;
  isOverride?: boolean;
  linkAddress?: string;
}

/** A view over the bytes up to the end of the message, which only they tell. */
export class Icmpv6 extends View implements IcmpHeader {
  static check(bytes: Uint8Array, offset: number): Problem | undefined {
    const available = bytes.length - offset;
    if (available < ICMPV6_HEADER_LENGTH) return tooShort("icmpv6", offset, ICMPV6_HEADER_LENGTH, available);
    const isCut = new Icmpv6(bytes, offset).isNeighbour && available < OPTIONS;
    return isCut ? tooShort("icmpv6", offset, OPTIONS, available) : undefined;
  }

  /** Of a neighbour solicitation or advertisement with its target and all options that are sound. */
  get headerLength(): number {
    return this.isNeighbour ? this.#options().end : ICMPV6_HEADER_LENGTH;
  }

  /** One of `ICMPV6_TYPE`, or any other. */
  get type(): number {
    return this.u8(TYPE);
  }

  get code(): number {
    return this.u8(CODE);
  }

  get kind(): IcmpKind {
    const { type, code } = this;
    if (type === ICMPV6_TYPE.unreachable && code === PORT_UNREACHABLE) return "port-unreachable";
    if (type === ICMPV6_TYPE.parameterProblem && code === UNKNOWN_NEXT_HEADER) return "protocol-unreachable";
    return KINDS[type] ?? "other";
  }

  get checksum(): number {
    return this.u16(CHECKSUM);
  }

  get rest(): number {
    return this.u32(REST);
  }

  get id(): number {
    return this.u16(ID);
  }

  get seq(): number {
    return this.u16(SEQ);
  }

  /** Of an extended echo (RFC 8335 §2): it has 8 bits, and flags behind it. */
  get extendedSeq(): number {
    return this.u8(SEQ);
  }

  get mtu(): number {
    return this.u32(MTU);
  }

  get isError(): boolean {
    return this.type < FIRST_INFORMATIONAL;
  }

  get isNeighbour(): boolean {
    return this.type === ICMPV6_TYPE.neighbourSolicitation || this.type === ICMPV6_TYPE.neighbourAdvertisement;
  }

  /** The address that a neighbour solicitation asks for, or an advertisement tells of. */
  get target(): string {
    return ip6ToString(this.bytes, this.offset + TARGET);
  }

  /** Of an advertisement: the sender is a router. */
  get isRouter(): boolean {
    return (this.u8(FLAGS) & FLAG.router) !== 0;
  }

  /** Of an advertisement: it answers a solicitation. */
  get isSolicited(): boolean {
    return (this.u8(FLAGS) & FLAG.solicited) !== 0;
  }

  /** Of an advertisement: it replaces what the receiver had learnt. */
  get isOverride(): boolean {
    return (this.u8(FLAGS) & FLAG.override) !== 0;
  }

  /** The MAC in the option of a solicitation's sender or an advertisement's target; empty without one. */
  get linkAddress(): string {
    const { linkAddress } = this.#options();
    return linkAddress === undefined ? "" : macToString(this.bytes, this.offset + linkAddress);
  }

  /** Where that MAC is, relative to the header. */
  get linkAddressPlace(): readonly [at: number, length: number] | undefined {
    const { linkAddress } = this.#options();
    return linkAddress === undefined ? undefined : [linkAddress, MAC_LENGTH];
  }

  #options(): { end: number; linkAddress?: number } {
    const available = this.bytes.length - this.offset;
    const found: { end: number; linkAddress?: number } = { end: OPTIONS };
    if (!this.isNeighbour) return found;
    for (;;) {
      const at = found.end;
      const length = this.u8(at + 1) * OPTION_UNIT;
      // RFC 4861 §4.6: a length of 0 makes the whole message worthless.
      if (length === 0 || at + length > available) return found;
      if (LINK_ADDRESS_OPTIONS.has(this.u8(at))) found.linkAddress ??= at + OPTION_HEADER;
      found.end = at + length;
    }
  }

  set type(value: number) {
    this.set8(TYPE, value);
  }

  set code(value: number) {
    this.set8(CODE, value);
  }

  set checksum(value: number) {
    this.set16(CHECKSUM, value);
  }

  set rest(value: number) {
    this.set32(REST, value);
  }

  set id(value: number) {
    this.set16(ID, value);
  }

  set seq(value: number) {
    this.set16(SEQ, value);
  }

  set extendedSeq(value: number) {
    this.set8(SEQ, value);
  }

  set mtu(value: number) {
    this.set32(MTU, value);
  }

  set target(value: string) {
    this.bytes.set(ip6FromString(value), this.offset + TARGET);
  }

  set isRouter(value: boolean) {
    this.setBits(FLAGS, FLAG.router, value ? FLAG.router : 0);
  }

  set isSolicited(value: boolean) {
    this.setBits(FLAGS, FLAG.solicited, value ? FLAG.solicited : 0);
  }

  set isOverride(value: boolean) {
    this.setBits(FLAGS, FLAG.override, value ? FLAG.override : 0);
  }

  /** Makes it the first option; `bytes` must have room for one, and the type must have been set. */
  set linkAddress(value: string) {
    this.set8(OPTIONS, this.kind === "neighbour-solicitation" ? LINK_ADDRESS.source : LINK_ADDRESS.target);
    this.set8(OPTIONS + 1, ICMPV6_LINK_ADDRESS_LENGTH / OPTION_UNIT);
    this.bytes.set(macFromString(value), this.offset + OPTIONS + OPTION_HEADER);
  }

  /**
   * Writes a whole header, of neighbour discovery with its target, and with an option where there is a link address;
   * what else `values` leaves out is 0. The checksum needs the payload: see `l4Checksum`.
   */
  static emit(bytes: Uint8Array, offset: number, values: Icmpv6Values = {}): Icmpv6 {
    const icmp = Object.assign(new Icmpv6(bytes, offset), { type: values.type ?? 0 });
    bytes.fill(0, offset + CODE, offset + (icmp.isNeighbour ? OPTIONS : ICMPV6_HEADER_LENGTH));
    return Object.assign(icmp, values);
  }
}

const ofType =
  (...types: readonly number[]) =>
  (icmp: Icmpv6) =>
    types.includes(icmp.type);
const isEcho = ofType(ICMPV6_TYPE.echo, ICMPV6_TYPE.echoReply);
const isExtendedEcho = ofType(ICMPV6_TYPE.extendedEcho, ICMPV6_TYPE.extendedEchoReply);
const isSolicitation = ofType(ICMPV6_TYPE.neighbourSolicitation);
const isAdvertisement = ofType(ICMPV6_TYPE.neighbourAdvertisement);

const field = fieldOf<Icmpv6>();

export const ICMPV6_FIELDS = [
  field("icmpv6.type", "Type", [TYPE, 1], "type", decimal(0xff)),
  field("icmpv6.code", "Code", [CODE, 1], "code", decimal(0xff)),
  field("icmpv6.checksum", "Checksum", [CHECKSUM, 2], "checksum", hexadecimal(4)),
  field(
    "icmpv6.echo.identifier",
    "Identifier",
    [ID, 2],
    "id",
    hexadecimal(4),
    (one) => isEcho(one) || isExtendedEcho(one),
  ),
  field("icmpv6.echo.sequence_number", "Sequence", [SEQ, 2], "seq", decimal(0xffff), isEcho),
  field("icmpv6.ext.echo.seq", "Sequence", [SEQ, 1], "extendedSeq", decimal(0xff), isExtendedEcho),
  field("icmpv6.mtu", "MTU", [MTU, 4], "mtu", decimal(0xffffffff), ofType(ICMPV6_TYPE.tooBig)),
  field("icmpv6.nd.ns.target_address", "Target Address", [TARGET, 16], "target", ipv6, isSolicitation),
  field("icmpv6.nd.na.flag.r", "Router", [FLAGS, 1], "isRouter", flag, isAdvertisement),
  field("icmpv6.nd.na.flag.s", "Solicited", [FLAGS, 1], "isSolicited", flag, isAdvertisement),
  field("icmpv6.nd.na.flag.o", "Override", [FLAGS, 1], "isOverride", flag, isAdvertisement),
  field("icmpv6.nd.na.target_address", "Target Address", [TARGET, 16], "target", ipv6, isAdvertisement),
  field("icmpv6.opt.linkaddr", "Link-layer address", (icmp) => icmp.linkAddressPlace, "linkAddress", mac),
];
