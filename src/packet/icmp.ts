/** ICMP for IPv4 (RFC 792; the MTU of the next hop as RFC 1191 §4 has it). */

import { ipFromNumber, ipToNumber } from "./address.js";
import { decimal, hexadecimal, ipv4 } from "./codec.js";
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
const MTU = 6;

export const ICMP_HEADER_LENGTH = 8;
export const ICMP_CHECKSUM_OFFSET = CHECKSUM;

export const ICMP_TYPE = {
  echoReply: 0,
  unreachable: 3,
  sourceQuench: 4,
  redirect: 5,
  echo: 8,
  timeExceeded: 11,
  parameterProblem: 12,
  extendedEcho: 42,
  extendedEchoReply: 43,
} as const;

/** Codes of `unreachable`. */
export const ICMP_HOST_UNREACHABLE = 1;
export const ICMP_FRAGMENTATION_NEEDED = 4;

const UNREACHABLE_KINDS: Readonly<Record<number, IcmpKind>> = {
  2: "protocol-unreachable",
  3: "port-unreachable",
  [ICMP_FRAGMENTATION_NEEDED]: "too-big",
};

const KINDS: Readonly<Record<number, IcmpKind>> = {
  [ICMP_TYPE.echoReply]: "echo-reply",
  [ICMP_TYPE.sourceQuench]: "source-quench",
  [ICMP_TYPE.redirect]: "redirect",
  [ICMP_TYPE.echo]: "echo",
  [ICMP_TYPE.timeExceeded]: "time-exceeded",
  [ICMP_TYPE.parameterProblem]: "parameter-problem",
};

const ERRORS: ReadonlySet<number> = new Set([
  ICMP_TYPE.unreachable,
  ICMP_TYPE.sourceQuench,
  ICMP_TYPE.redirect,
  ICMP_TYPE.timeExceeded,
  ICMP_TYPE.parameterProblem,
]);

export interface IcmpValues {
  type?: number;
  code?: number;
  checksum?: number;
  rest?: number;
  id?: number;
  seq?: number;
  mtu?: number;
}

export class Icmp extends View implements IcmpHeader {
  static check(bytes: Uint8Array, offset: number): Problem | undefined {
    const available = bytes.length - offset;
    return available < ICMP_HEADER_LENGTH ? tooShort("icmp", offset, ICMP_HEADER_LENGTH, available) : undefined;
  }

  get headerLength(): number {
    return ICMP_HEADER_LENGTH;
  }

  /** One of `ICMP_TYPE`, or any other. */
  get type(): number {
    return this.u8(TYPE);
  }

  get code(): number {
    return this.u8(CODE);
  }

  get kind(): IcmpKind {
    if (this.type === ICMP_TYPE.unreachable) return UNREACHABLE_KINDS[this.code] ?? "unreachable";
    return KINDS[this.type] ?? "other";
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
    return this.u16(MTU);
  }

  /** The better router that a redirect names. */
  get gateway(): string {
    return ipFromNumber(this.rest);
  }

  get isError(): boolean {
    return ERRORS.has(this.type);
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
    this.set16(MTU, value);
  }

  set gateway(value: string) {
    this.rest = ipToNumber(value);
  }

  /** Writes a whole header; what `values` leaves out is 0. The checksum needs the payload: see `l4Checksum`. */
  static emit(bytes: Uint8Array, offset: number, values: IcmpValues = {}): Icmp {
    bytes.fill(0, offset, offset + ICMP_HEADER_LENGTH);
    return Object.assign(new Icmp(bytes, offset), values);
  }
}

const QUERIES: ReadonlySet<number> = new Set([0, 8, 13, 14, 15, 16, 17, 18]);
const isQuery = (icmp: Icmp) => QUERIES.has(icmp.type);
const isExtendedEcho = ({ type }: Icmp) => type === ICMP_TYPE.extendedEcho || type === ICMP_TYPE.extendedEchoReply;
const isRedirect = (icmp: Icmp) => icmp.type === ICMP_TYPE.redirect;
const isTooBig = (icmp: Icmp) => icmp.type === ICMP_TYPE.unreachable && icmp.code === ICMP_FRAGMENTATION_NEEDED;

const field = fieldOf<Icmp>();

export const ICMP_FIELDS = [
  field("icmp.type", "Type", [TYPE, 1], "type", decimal(0xff)),
  field("icmp.code", "Code", [CODE, 1], "code", decimal(0xff)),
  field("icmp.checksum", "Checksum", [CHECKSUM, 2], "checksum", hexadecimal(4)),
  field("icmp.ident", "Identifier", [ID, 2], "id", decimal(0xffff), (icmp) => isQuery(icmp) || isExtendedEcho(icmp)),
  field("icmp.seq", "Sequence Number", [SEQ, 2], "seq", decimal(0xffff), isQuery),
  field("icmp.ext.echo.seq", "Sequence Number", [SEQ, 1], "extendedSeq", decimal(0xff), isExtendedEcho),
  field("icmp.mtu", "MTU of next hop", [MTU, 2], "mtu", decimal(0xffff), isTooBig),
  field("icmp.redir_gw", "Gateway Address", [REST, 4], "gateway", ipv4, isRedirect),
];
