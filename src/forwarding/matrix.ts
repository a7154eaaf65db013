/**
 * The allowed-change matrix: what each header field of a packet of a service must be when it leaves the
 * director, given what it was when it came in, and the rule that is broken where it is not.
 */

import { l4ChecksumState, l4Header } from "../packet/checksum.js";
import {
  content,
  headerChecksum,
  IP_KEPT,
  ipHeader,
  is,
  keptChecksum,
  L4_REST,
  length,
  macOf,
  macOneOf,
  macs,
  nextHopOf,
  notToOthers,
  OPEN,
  oneOf,
  type Passage,
  type Row,
  same,
  sourceMac,
  translatedChecksum,
  ttl,
} from "./expectations.js";
import type { ForwardingModel, Role } from "./setup.js";
import { renamed, type Table } from "./table.js";
import { tunnelErrorTable, tunnelTable } from "./tunnel-matrix.js";
import type { Crossing, Kind } from "./view.js";

const serverIp = ({ server }: Passage) => server?.ip;
const clientIp = ({ crossing }: Passage) => crossing.flow.clientIp;
const vip = ({ crossing }: Passage) => crossing.service.vip;
const vport = ({ crossing }: Passage) => crossing.service.port;

const natRequest: Table = {
  shape: "NAT-REQ-01",
  fragments: "NAT-FRAG-01",
  rows: [
    ...macs("NAT-REQ-04", nextHopOf(serverIp)),
    notToOthers("NAT-REQ-04", serverIp),
    ...same("NAT-REQ-02", "ip.src", "l4.srcport"),
    oneOf("ip.dst", "NAT-REQ-01", ({ crossing }) => crossing.service.realServers.map((server) => server.ip)),
    is("l4.dstport", "NAT-REQ-03", ({ server }) => server?.port),
    ...ttl("NAT-REQ-05"),
    ...ipHeader("NAT-REQ-08", "NAT-REQ-09", "NAT-REQ-06"),
    ...translatedChecksum("NAT-REQ-07"),
    ...content("NAT-REQ-10"),
  ],
};

/** Left as it was, the source is a leak of the real server's address; anything else is a wrong translation. */
function replySource(): Row[] {
  const leaks = ({ crossing, after }: Passage) =>
    crossing.flow.servers.some((server) => server.ip !== crossing.service.vip && server.ip === after.ip?.src);
  return [
    {
      field: "ip.src",
      rule: "NAT-RSP-01",
      expect: (passage) => (leaks(passage) ? undefined : { value: vip(passage) }),
    },
    { field: "ip.src", rule: "NAT-RSP-05", expect: (passage) => ({ text: vip(passage), holds: !leaks(passage) }) },
    {
      field: "l4.srcport",
      rule: "NAT-RSP-01",
      expect: (passage) => (leaks(passage) ? undefined : { value: vport(passage) }),
    },
  ];
}

/** Whatever the director's routes say: an answer that is sent to a real server is lost. */
const notToServers: Row = {
  field: "eth.dst",
  rule: "NAT-RSP-02",
  expect: ({ network, crossing, outer }) => {
    const receiver = network.byMac(outer.linkDst)?.host;
    if (receiver?.role !== "real-server" || network.byIp(crossing.flow.clientIp)?.host === receiver) return undefined;
    return { text: "the MAC of the client or its router", holds: false };
  },
};

const natReply: Table = {
  shape: "NAT-RSP-01",
  fragments: "NAT-FRAG-01",
  rows: [
    ...macs("NAT-RSP-02", nextHopOf(clientIp)),
    notToServers,
    ...replySource(),
    ...same("NAT-RSP-02", "ip.dst", "l4.dstport"),
    ...ttl("NAT-RSP-03"),
    ...ipHeader("NAT-RSP-03"),
    ...translatedChecksum("NAT-RSP-03"),
    ...content("NAT-RSP-03"),
  ],
};

/** A frame for a real server goes to the real server itself: a router only sends the packet back to the VIP's owner. */
const adjacent: Row = {
  field: "eth.dst",
  rule: "DR-TOP-01",
  suspect: "network",
  expect: (passage) => {
    const receiver = receiverOf(passage);
    if (receiver === undefined) return OPEN;
    if (receiver !== "real-server" && receiver !== "router") return undefined;
    return { text: "the MAC of a real server, not of a router", holds: receiver === "real-server" };
  },
};

/** What the host is that the frame is for; undefined where nobody knows whose MAC it has. */
function receiverOf({ network, outer }: Passage): Role | undefined {
  return network.byMac(outer.linkDst)?.host.role;
}

const dr: Table = {
  shape: "DR-REQ-01",
  fragments: "DR-FRAG-01",
  rows: [
    sourceMac("DR-REQ-02"),
    macOneOf("DR-REQ-02", (passage) => {
      const { server, crossing } = passage;
      if (receiverOf(passage) === "router") return undefined;
      return (server ? [server] : crossing.service.realServers).map((candidate) => macOf(passage, candidate));
    }),
    adjacent,
    ...same("DR-REQ-01", "ip.src", "ip.dst", "ip.proto", "l4.srcport"),
    ...same("DR-REQ-05", "l4.dstport"),
    ...ttl("DR-REQ-03"),
    ...ipHeader("DR-REQ-03"),
    ...keptChecksum("DR-REQ-04"),
    ...content("DR-REQ-04"),
  ],
};

/** An ICMP error that nothing translates: only MACs and TTL change. */
function keptError(rule: string): Row[] {
  return [
    ...same(rule, "ip.src", "ip.dst", "ip.proto"),
    ...ttl("GEN-TTL-01"),
    ...ipHeader(rule),
    ...same(rule, "l4.checksum", ...L4_REST),
  ];
}

const drError: Table = {
  shape: "DR-ICMP-01",
  rows: [
    sourceMac("DR-REQ-02"),
    macOneOf("DR-ICMP-01", (passage) => passage.crossing.flow.servers.map((server) => macOf(passage, server))),
    ...keptError("DR-ICMP-01"),
  ],
};

/** An ICMP error under NAT: translated outside and, the other way round, inside (RFC 5508 §4.2). */
function translatedError(rule: string, outside: readonly Row[], quoted: readonly Row[]): Table {
  const valid: Row = {
    field: "l4.checksum",
    rule,
    expect: ({ before, after, checksumsReady, isCut }) => {
      if (isCut) return OPEN;
      return checksumsReady && l4ChecksumState(before) === "valid"
        ? { text: "a valid checksum", holds: l4ChecksumState(after) === "valid" }
        : undefined;
    },
  };
  const quotedChecksum: Row = {
    field: "ip.checksum",
    rule,
    expect: ({ before, after }) =>
      before.ip?.checksumValid ? { text: "a valid checksum", holds: after.ip?.checksumValid === true } : undefined,
  };
  return {
    shape: rule,
    rows: [
      ...outside,
      ...ttl("GEN-TTL-01"),
      ...same(rule, ...IP_KEPT, "icmp.type", "icmp.code", "icmp.rest"),
      length(rule),
      headerChecksum(rule),
      valid,
    ],
    quoted: [...quoted, quotedChecksum, ...same(rule, "ip.id", "ip.proto"), ...content(rule).map(ofEqualQuotes)],
  };
}

/** Whoever passes an error on may quote less of the packet; how much of its L4 header is there decides what can be compared. */
function ofEqualQuotes(row: Row): Row {
  return {
    ...row,
    expect: (passage) => {
      const { before, after } = passage;
      const isComparable = before.bytes.length === after.bytes.length && l4Header(before) && l4Header(after);
      return isComparable ? row.expect(passage) : undefined;
    },
  };
}

const natServerError = translatedError(
  "NAT-ICMP-01",
  [...macs("NAT-RSP-02", nextHopOf(clientIp)), is("ip.src", "NAT-ICMP-01", vip), ...same("NAT-ICMP-01", "ip.dst")],
  [
    is("ip.dst", "NAT-ICMP-01", vip),
    is("l4.dstport", "NAT-ICMP-01", vport),
    ...same("NAT-ICMP-01", "ip.src", "l4.srcport"),
  ],
);

const natClientError = translatedError(
  "NAT-ICMP-02",
  [
    ...macs(
      "NAT-REQ-04",
      nextHopOf(({ outer }) => outer.ip?.dst),
    ),
    oneOf("ip.dst", "NAT-ICMP-02", ({ crossing }) => crossing.flow.servers.map((server) => server.ip)),
    ...same("NAT-ICMP-02", "ip.src"),
  ],
  [
    oneOf("ip.src", "NAT-ICMP-02", ({ crossing }) => crossing.flow.servers.map((server) => server.ip)),
    is("l4.srcport", "NAT-ICMP-02", ({ server }) => server?.port),
    ...same("NAT-ICMP-02", "ip.dst", "l4.dstport"),
  ],
);

/** The column of the matrix that a packet is held against. */
export function tableOf(crossing: Crossing): Table {
  const { model, kind } = crossing;
  const isIpv6 = crossing.in.packet.ip?.version === 6;
  const table = TABLES[kind][model];
  if (typeof table === "function") return table(crossing);
  return isIpv6 ? ipv6Of(table) : table;
}

const TABLES: Readonly<Record<Kind, Readonly<Record<ForwardingModel, Table | ((crossing: Crossing) => Table)>>>> = {
  request: { nat: natRequest, dr, tun: tunnelTable },
  "client-error": {
    nat: natClientError,
    dr: drError,
    tun: (crossing) => tunnelErrorTable(crossing, keptError("TUN-ICMP-01")),
  },
  // Answers of DR and TUN do not pass the director: there are no other crossings of theirs.
  reply: { nat: natReply, dr: natReply, tun: natReply },
  "server-error": { nat: natServerError, dr: natServerError, tun: natServerError },
};

/** Rules of IPv4 headers that IPv6 has one rule for, by model. */
const IPV6_RULES: readonly (readonly [RegExp, string])[] = [
  [/^NAT-REQ-(0\d|10)$|^NAT-RSP-0[1-3]$/, "NAT-V6-01"],
  [/^NAT-ICMP-/, "NAT-V6-02"],
  [/^DR-REQ-0[1-4]$/, "DR-V6-01"],
];

const ipv6Tables = new Map<Table, Table>();

/** The same column for IPv6: its header has fewer fields, and one rule of its own for most of them. */
function ipv6Of(table: Table): Table {
  let known = ipv6Tables.get(table);
  if (known === undefined) {
    known = renamed(table, (rule) => IPV6_RULES.find(([pattern]) => pattern.test(rule))?.[1] ?? rule);
    ipv6Tables.set(table, known);
  }
  return known;
}
