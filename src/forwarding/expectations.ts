/** What the matrix can say about a header field: the building blocks of its rows. */

import { l4ChecksumState, l4Header } from "../packet/checksum.js";
import { IP_PROTOCOL } from "../packet/ip.js";
import { IPV6_HEADER_LENGTH } from "../packet/ipv6.js";
import type { Packet } from "../packet/packet.js";
import { carriedLength } from "./cut.js";
import { equal, type FieldName, read, type Value } from "./header-fields.js";
import { mayBeFilledIn, sameOptions } from "./ip-options.js";
import type { Sighting } from "./journey.js";
import type { Network } from "./network.js";
import { hasMac, type RealServer } from "./setup.js";
import type { Crossing } from "./view.js";

/** One copy of a packet, before and behind the director. */
export interface Passage {
  readonly crossing: Crossing;
  readonly network: Network;
  /** Whether the network has all addresses that there are: that of a lab; a setup beside captures need not. */
  readonly isComplete: boolean;
  readonly out: Sighting;
  /** As it came in. */
  readonly before: Packet;
  /** What is compared with it: the same packet, or, of a tunnel, the one inside; of an ICMP error's quote, the quote. */
  readonly after: Packet;
  /** As it left, with what a tunnel puts around it. */
  readonly outer: Packet;
  /** The header that the row is about: of `after`, or of `outer` for what a tunnel puts around it. */
  readonly found: Packet;
  readonly server: RealServer | undefined;
  /** False where the NIC had not finished the packet: checksums are not to be judged. */
  readonly checksumsReady: boolean;
  /** A capture did not keep all of it: `before` and `after` end where the shorter one does. */
  readonly isCut: boolean;
}

/** What a field must be: a value, or what a sentence says and a test decides. */
export interface Expected {
  readonly text?: string;
  readonly value?: Value;
  readonly holds?: boolean;
  /** It cannot be told: the bytes that decide are not among those that the captures kept. */
  readonly isOpen?: boolean;
}

/** What a row expects that cannot be told. */
export const OPEN: Expected = { isOpen: true };

/** A field under one rule; `expect` gives undefined where the rule says nothing about this packet. */
export interface Row {
  readonly field: FieldName;
  readonly rule: string;
  /** Who is to blame; left out: the director. */
  readonly suspect?: string;
  /** Whether it looks at nothing but the packet as it left. */
  readonly isOfOut?: boolean;
  expect(passage: Passage): Expected | undefined;
}

/** A router takes one; a director that takes none or one too many is meant by the TTL rule, a new value by the model's. */
const TTL_STEPS = 3;

export function same(rule: string, ...fields: readonly FieldName[]): Row[] {
  return fields.map((field) => ({ field, rule, expect: (passage) => kept(field, passage) }));
}

function kept(field: FieldName, passage: Passage): Expected {
  return isOpen(field, passage) ? OPEN : { value: read(passage.before, field) };
}

const PREFIXES: Readonly<Record<number, string>> = {
  [IP_PROTOCOL.tcp]: "tcp.",
  [IP_PROTOCOL.udp]: "udp.",
  [IP_PROTOCOL.sctp]: "sctp.",
  [IP_PROTOCOL.icmp]: "icmp.",
  [IP_PROTOCOL.icmpv6]: "icmp.",
};

/** Whether missing bytes decide that a field was kept: it is in a header that is cut short, or as far as it is there it is the same. */
function isOpen(field: FieldName, { before, found, isCut }: Passage): boolean {
  if (!isCut) return false;
  const isHeaderCut = [before, found].some((packet) => l4Header(packet) === undefined || packet.tcp?.isPartial);
  if (field === "data.data") return isHeaderCut || equal(read(before, field), read(found, field));
  return isHeaderCut && field.startsWith(PREFIXES[before.ip?.protocol ?? 0] ?? "l4.");
}

export function is(field: FieldName, rule: string, value: (passage: Passage) => Value): Row {
  return {
    field,
    rule,
    isOfOut: true,
    expect: (passage) => {
      const expected = value(passage);
      return expected === undefined || expected === "" ? undefined : { value: expected };
    },
  };
}

export function oneOf(field: FieldName, rule: string, values: (passage: Passage) => readonly string[]): Row {
  return {
    field,
    rule,
    isOfOut: true,
    expect: (passage) => {
      const allowed = values(passage).filter((value) => value !== "");
      if (allowed.length === 0) return undefined;
      return { text: allowed.join(" or "), holds: allowed.includes(String(read(passage.found, field))) };
    },
  };
}

export function ttl(rule: string): Row[] {
  const minusOne = ({ before }: Passage) => (before.ip?.ttl ?? 0) - 1;
  const steps = ({ before, after }: Passage) => (before.ip?.ttl ?? 0) - (after.ip?.ttl ?? 0);
  const isStep = (passage: Passage) => steps(passage) >= 0 && steps(passage) <= TTL_STEPS;
  const row = (owner: string, holds: (passage: Passage) => boolean): Row => ({
    field: "ip.ttl",
    rule: owner,
    expect: (passage) => ({ text: String(minusOne(passage)), holds: steps(passage) === 1 || holds(passage) }),
  });
  if (rule === "GEN-TTL-01") return [row(rule, () => false)];
  return [row("GEN-TTL-01", (passage) => !isStep(passage)), row(rule, isStep)];
}

/** Of its own header: whatever else was changed in it, the sum must be right. */
export function headerChecksum(rule: string): Row {
  const expect = (passage: Passage) => ({
    text: "a valid checksum",
    holds: passage.found.ip?.checksumValid === true,
  });
  return { field: "ip.checksum", rule, expect };
}

/** The IP length; where bytes were added or lost behind the headers, that is another rule's matter. */
export function length(rule: string): Row {
  return {
    field: "ip.len",
    rule,
    expect: ({ before, after }) => {
      if (before.ip === undefined || after.ip === undefined) return undefined;
      if (carriedLength(before) !== carriedLength(after)) return undefined;
      const length = before.ip.length - before.ip.headerLength + after.ip.headerLength;
      return { value: after.ip.version === 6 ? length - IPV6_HEADER_LENGTH : length };
    },
  };
}

/** Under NAT the checksum follows the addresses and ports: valid where it was, wrong where it was wrong (RFC 1624). */
export function translatedChecksum(rule: string): Row[] {
  const row = (owner: string, from: string, text: string, allowed: readonly string[]): Row => ({
    field: "l4.checksum",
    rule: owner,
    expect: ({ before, after, checksumsReady, isCut }) => {
      const state = l4ChecksumState(after);
      const isOthers = owner !== "GEN-L4-01" && (before.sctp !== undefined) !== (owner === "NAT-SCTP-01");
      if (isCut && !isOthers && from === "valid" && l4ChecksumState(before) === "absent") return OPEN;
      if (!checksumsReady || isOthers || l4ChecksumState(before) !== from || state === "absent") return undefined;
      return { text, holds: allowed.includes(state) };
    },
  });
  return [
    row(rule, "valid", "a valid checksum", ["valid"]),
    row("NAT-SCTP-01", "valid", "a valid CRC32c", ["valid"]),
    row("GEN-L4-01", "invalid", "still wrong, as it came in", ["invalid"]),
    row("NAT-REQ-11", "zero", "0x0000 or a valid checksum", ["zero", "valid"]),
  ];
}

/** Without translation the checksum keeps its bytes; where other bytes changed, the rule of those is to blame. */
export function keptChecksum(rule: string): Row[] {
  const kept: Row = {
    field: "l4.checksum",
    rule,
    expect: ({ before, after, checksumsReady, isCut }) => {
      if (!checksumsReady) return undefined;
      const value = read(before, "l4.checksum");
      // What is missing may have been changed as well, and the checksum with it.
      if (isCut && !equal(value, read(after, "l4.checksum"))) return OPEN;
      const isRepair = l4ChecksumState(after) === "valid" && (!sameCovered(before, after) || isWrong(before));
      return isRepair ? undefined : { value };
    },
  };
  const wrong: Row = {
    field: "l4.checksum",
    rule: "GEN-L4-01",
    expect: ({ before, after, checksumsReady }) =>
      checksumsReady && isWrong(before)
        ? { text: "still wrong, as it came in", holds: l4ChecksumState(after) !== "valid" }
        : undefined,
  };
  return [kept, wrong];
}

function isWrong(packet: Packet): boolean {
  return l4ChecksumState(packet) === "invalid";
}

/** Whether everything that an L4 checksum covers, but for itself, is the same. */
function sameCovered(before: Packet, after: Packet): boolean {
  if (before.ip?.src !== after.ip?.src || before.ip?.dst !== after.ip?.dst) return false;
  const fields: readonly FieldName[] = ["l4.srcport", "l4.dstport", ...TCP_FIELDS, "tcp.options.mss_val", ...L4_REST];
  return fields.every((field) => equal(read(before, field), read(after, field)));
}

const TCP_FIELDS: readonly FieldName[] = [
  "tcp.seq_raw",
  "tcp.ack_raw",
  "tcp.flags",
  "tcp.window_size_value",
  "tcp.urgent_pointer",
  "tcp.options",
];
export const L4_REST: readonly FieldName[] = [
  "udp.length",
  "sctp.verification_tag",
  "icmp.type",
  "icmp.code",
  "icmp.rest",
  "data.data",
];
export const IP_KEPT: readonly FieldName[] = [
  "ip.id",
  "ip.flags.df",
  "ip.flags.mf",
  "ip.frag_offset",
  "ip.dsfield",
  "ip.flow",
];

/** Everything behind the IP header but ports and checksum. */
export function content(rule: string, mss = rule): Row[] {
  return [...same(rule, ...TCP_FIELDS), ...same(mss, "tcp.options.mss_val"), ...same(rule, ...L4_REST)];
}

/** Options are copied; Record Route and Timestamp may be filled in on the way (RFC 1812 §5.3.13). */
export function options(rule: string): Row {
  return {
    field: "ip.options",
    rule,
    expect: ({ before, found }) => {
      const [from, to] = [before.ip?.options, found.ip?.options];
      if (from === undefined || to === undefined || !mayBeFilledIn(from)) return { value: from };
      return { text: "the same options, at most filled in by the director", holds: sameOptions(from, to) };
    },
  };
}

export function macs(rule: string, to: (passage: Passage) => string | undefined): Row[] {
  return [sourceMac(rule), macOneOf(rule, (passage) => [to(passage)])];
}

export function sourceMac(rule: string): Row {
  const expect = ({ network, crossing, out }: Passage) => {
    const sender = crossing.seen === undefined ? network.port(out.tap) : network.byMac(out.packet.linkSrc);
    if (!sender?.nic.mac) return OPEN;
    const holds = sender.host === crossing.director && hasMac(sender.nic, out.packet.linkSrc ?? "");
    return { text: sender.nic.mac, holds };
  };
  return { field: "eth.src", rule, expect };
}

/** Whose MACs the frame may be for. Where one of them is not known, a MAC that is nobody's may be it. */
export function macOneOf(rule: string, to: (passage: Passage) => readonly (string | undefined)[] | undefined): Row {
  return {
    field: "eth.dst",
    rule,
    expect: (passage) => {
      const allowed = to(passage);
      if (allowed === undefined || allowed.length === 0) return undefined;
      const known = allowed.filter((mac) => mac !== undefined && mac !== "");
      const holds = known.includes(passage.outer.linkDst ?? "");
      return holds || known.length === allowed.length ? { text: known.join(" or "), holds } : OPEN;
    },
  };
}

/** Where the next hop's own MAC is not known, another host's is wrong all the same. */
export function notToOthers(rule: string, address: (passage: Passage) => string | undefined): Row {
  return {
    field: "eth.dst",
    rule,
    expect: (passage) => {
      const { network, crossing, outer } = passage;
      const ip = address(passage);
      const hop = ip === undefined ? undefined : network.nextHop(crossing.director, ip);
      const wanted = hop && network.byIp(hop.ip);
      const taken = network.byMac(outer.linkDst)?.host;
      if (hop === undefined || hop.mac !== "" || wanted === undefined || taken === undefined) return undefined;
      if (taken === wanted.host || taken.role === "router") return undefined;
      return { text: `the MAC of ${wanted.tap}`, holds: false };
    },
  };
}

export function nextHopOf(address: (passage: Passage) => string | undefined) {
  return (passage: Passage): string | undefined => {
    const ip = address(passage);
    return ip === undefined ? undefined : passage.network.nextHop(passage.crossing.director, ip)?.mac;
  };
}

export function macOf({ network }: Passage, server: RealServer): string {
  return network.byIp(server.ip)?.nic.mac ?? "";
}

export function ipHeader(rule: string, optionsRule = rule, checksumRule = rule): Row[] {
  return [...same(rule, ...IP_KEPT), length(rule), options(optionsRule), headerChecksum(checksumRule)];
}
