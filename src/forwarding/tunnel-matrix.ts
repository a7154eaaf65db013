/** The columns of the matrix for packets in tunnels: the client's packet inside, and the headers around it. */

import { isIp6 } from "../packet/address.js";
import { l4ChecksumState } from "../packet/checksum.js";
import { ETHERTYPE } from "../packet/ethernet.js";
import { GRE_FLAG } from "../packet/gre.js";
import { GUE_PORT } from "../packet/gue.js";
import { IP_PROTOCOL } from "../packet/ip.js";
import { IPV4_HEADER_LENGTH } from "../packet/ipv4.js";
import { IPV6_HEADER_LENGTH } from "../packet/ipv6.js";
import {
  content,
  type Expected,
  headerChecksum,
  ipHeader,
  is,
  keptChecksum,
  macs,
  nextHopOf,
  OPEN,
  oneOf,
  type Passage,
  type Row,
  same,
  ttl,
} from "./expectations.js";
import { isCutAnyway } from "./fate.js";
import type { FieldName, Value } from "./header-fields.js";
import { ownsIp } from "./network.js";
import { addressFor, overheadOf, type Service } from "./setup.js";
import { renamed, type Table } from "./table.js";
import type { Crossing } from "./view.js";

/** What a tunnel looks like: who shares it shares a table. */
interface Shape {
  readonly kind: Service["tunnel"]["kind"];
  readonly checksum: boolean;
  readonly inner6: boolean;
  readonly outer6: boolean;
}

const tables = new Map<string, Table>();

/** A request in the tunnel of its service. */
export function tunnelTable(crossing: Crossing): Table {
  return known(crossing, "request", (shape) => ({
    shape: shapeRule(shape),
    fragments: "TUN-FRAG-01",
    rows: [
      ...same("TUN-ENC-04", "ip.src", "ip.dst", "ip.proto", "l4.srcport"),
      ...same("TUN-ENC-11", "l4.dstport"),
      ...ttl("TUN-ENC-05"),
      ...ipHeader("TUN-ENC-04"),
      ...keptChecksum("TUN-ENC-04"),
      ...content("TUN-ENC-04", "TUN-MTU-05"),
    ],
    outer: outerHeader(
      shape,
      oneOf("ip.dst", "TUN-ENC-01", ({ crossing }) => crossing.service.realServers.map((server) => server.ip)),
      ({ server }) => server?.ip,
    ),
  }));
}

/** An ICMP error about an answer, in the tunnel of the flow's service. */
export function tunnelErrorTable(crossing: Crossing, rows: readonly Row[]): Table {
  return known(crossing, "error", (shape) => ({
    shape: "TUN-ICMP-01",
    rows,
    outer: outerHeader(
      shape,
      oneOf("ip.dst", "TUN-ICMP-01", ({ crossing }) => crossing.flow.servers.map((server) => server.ip)),
      ({ outer }) => outer.ip?.dst,
    ),
  }));
}

function known({ service, server }: Crossing, what: string, make: (shape: Shape) => Table): Table {
  const { kind, checksum } = service.tunnel;
  const outer6 = isIp6((server ?? service.realServers[0])?.ip ?? "");
  const shape = { kind, checksum, inner6: isIp6(service.vip), outer6 };
  const key = `${what} ${JSON.stringify(shape)}`;
  let table = tables.get(key);
  if (table === undefined) {
    const rule = ipv6Rule(shape);
    table = rule === undefined ? make(shape) : renamed(make(shape), (old) => (OF_ENCAPSULATION.test(old) ? rule : old));
    tables.set(key, table);
  }
  return table;
}

/** IPv6 in a tunnel, or around one, has one rule for all that is about headers. */
const OF_ENCAPSULATION = /^TUN-ENC-(0\d|10)$/;

function ipv6Rule({ inner6, outer6 }: Shape): string | undefined {
  if (inner6 && outer6) return "TUN-V6-01";
  return inner6 || outer6 ? "TUN-V6-02" : undefined;
}

function shapeRule({ kind }: Shape): string {
  return { ipip: "TUN-ENC-03", gre: "TUN-GRE-01", gue: "TUN-GUE-01" }[kind];
}

function outerHeader(shape: Shape, destination: Row, receiver: (passage: Passage) => string | undefined): Row[] {
  return [
    ...macs("TUN-ENC-10", nextHopOf(receiver)),
    destination,
    { field: "ip.src", rule: "TUN-ENC-02", expect: ownSource },
    ...outerShape(shape),
    { field: "ip.ttl", rule: "TUN-ENC-06", expect: usableTtl },
    ...(shape.outer6 ? [] : [shape.inner6 ? is("ip.flags.df", "TUN-V6-02", () => false) : outerDf]),
    { field: "ip.dsfield", rule: "TUN-ENC-09", expect: copiedTos },
  ];
}

function ownSource({ crossing, network, isComplete, out, outer }: Passage): Expected {
  const source = outer.ip?.src ?? "";
  const isNobodys =
    network.byIp(source) === undefined && ![crossing.service.vip, crossing.flow.clientIp].includes(source);
  if (isNobodys && !isComplete) return OPEN;
  const nic = network.port(out.tap)?.nic;
  const primary = nic && addressFor(nic, source);
  return {
    text: primary === undefined ? "an address of the director" : `${primary} (an address of the director, not the VIP)`,
    holds: source !== crossing.service.vip && ownsIp(crossing.director, source),
  };
}

/** Length, protocol and what else makes a header that of such a tunnel. */
function outerShape(shape: Shape): Row[] {
  const rule = shapeRule(shape);
  const { kind, checksum, inner6, outer6 } = shape;
  const row = (field: FieldName, value: (passage: Passage) => Value) => is(field, rule, value);
  const protocol = inner6 ? IP_PROTOCOL.ipv6 : IP_PROTOCOL.ipip;
  const length = ({ crossing, after, outer }: Passage) => {
    const whole = (after.ip?.length ?? 0) + overheadOf(crossing.service, { ip: outer.ip?.dst ?? "" });
    return outer6 ? whole - IPV6_HEADER_LENGTH : whole;
  };
  const header = [
    row("ip.version", () => (outer6 ? 6 : 4)),
    row("ip.hdr_len", () => (outer6 ? IPV6_HEADER_LENGTH : IPV4_HEADER_LENGTH)),
    row("ip.len", length),
    row("ip.proto", () => ({ ipip: protocol, gre: IP_PROTOCOL.gre, gue: IP_PROTOCOL.udp })[kind]),
    ...(outer6 ? [] : [row("ip.flags.mf", () => false), row("ip.frag_offset", () => 0), headerChecksum(rule)]),
  ];
  if (kind === "gre") {
    return [
      ...header,
      row("gre.flags_and_version", () => (checksum ? GRE_FLAG.checksum : 0)),
      row("gre.proto", () => (inner6 ? ETHERTYPE.ipv6 : ETHERTYPE.ipv4)),
      ...(checksum ? [greChecksum(rule)] : []),
    ];
  }
  if (kind === "ipip") return header;
  return [
    ...header,
    row("udp.dstport", () => GUE_PORT),
    row("udp.length", ({ outer: { ip } }) => (ip?.length ? ip.length - ip.headerLength : undefined)),
    udpChecksum(rule, checksum),
    row("gue.version", () => 0),
    row("gue.control", () => false),
    row("gue.hlen", () => 0),
    row("gue.proto", () => protocol),
    row("gue.flags", () => 0),
  ];
}

function greChecksum(rule: string): Row {
  return {
    field: "gre.checksum",
    rule,
    expect: ({ outer, isCut }) =>
      isCut ? OPEN : { text: "a valid checksum", holds: outer.gre?.checksumValid === true },
  };
}

/** None, or a valid one where the service asks for one; a valid one is never wrong. */
function udpChecksum(rule: string, isWanted: boolean): Row {
  return {
    field: "udp.checksum",
    rule,
    expect: ({ outer, checksumsReady, isCut }) => {
      if (!checksumsReady) return undefined;
      const state = l4ChecksumState(outer);
      if (isCut && state === "absent") return OPEN;
      const text = isWanted ? "a valid checksum" : "0x0000 or a valid checksum";
      return { text, holds: state === "valid" || (state === "zero" && !isWanted) };
    },
  };
}

function usableTtl({ before, after, outer, network, crossing }: Passage): Expected {
  const inner = [after.ip?.ttl ?? 0, (before.ip?.ttl ?? 0) - 1];
  const found = outer.ip?.ttl ?? 0;
  const enough = network.routersTo(crossing.director, outer.ip?.dst ?? "") + 1;
  return {
    text: `${inner[1]} (that of the inner packet), or at least ${enough}`,
    holds: found > 0 && (found >= enough || inner.includes(found) || crossing.seen !== undefined),
  };
}

const outerDf: Row = {
  field: "ip.flags.df",
  rule: "TUN-ENC-07",
  expect: ({ before, crossing }) => {
    if (isCutAnyway(crossing.service)) return undefined;
    return before.ip4?.df ? { value: true } : { text: "0 or 1", holds: true };
  },
};

const ECN = 0x03;

/** CE may stay or become ECT(0) (RFC 6040 §4.1, RFC 3168 §9.1.1); all else is copied. */
function copiedTos({ before, outer }: Passage): Expected {
  const [inner, found] = [before.ip?.tos ?? 0, outer.ip?.tos ?? 0];
  const isMarked = (inner & ECN) === ECN;
  return isMarked && found === (inner & ~ECN) + 2 ? { text: "copied", holds: true } : { value: inner };
}
