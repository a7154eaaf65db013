/** LVS-NAT: requests and answers are translated, and both pass the director. */

import { endpoint } from "../../packet/address.js";
import { matrixOutcomes } from "../compare.js";
import { endsOf, portsOf, protocolOf } from "../datagram.js";
import { matrixRule, rule } from "../declare.js";
import type { Sighting } from "../journey.js";
import { absent, DIRECTOR, fail, type Outcome, pass } from "../outcome.js";
import { describe, passesDirector, pathTo } from "../paths.js";
import type { Rule } from "../rule.js";
import { startOf } from "../sightings.js";
import { flowsOf, type Stray, type View } from "../view.js";
import { resolvesWithDip } from "./arp-rules.js";
import { clientSide } from "./nat-topology.js";
import { proxiedOutcomes } from "./proxy.js";
import { errorOutcomes, forModel, fragmentedOutcomes, fragmentOutcomes, oversizeOutcomes } from "./shared.js";
import { unknownFromServers, unknownToVip } from "./unknown-errors.js";

const NAT = forModel("nat");
const REQUEST = {
  ...NAT,
  observedAt: "director in → director out (real servers' side)",
  lookedFor: "a request of a NAT service, forwarded by the director",
} as const;
const REPLY = {
  ...NAT,
  observedAt: "director in (real servers' side) → director out",
  lookedFor: "an answer of a NAT service, forwarded by the director",
} as const;

const requests: readonly Rule[] = [
  rule({
    ...REQUEST,
    id: "NAT-REQ-01",
    title: "The destination address becomes the RIP",
    statement:
      "A request leaves the director with the address of a real server of the service as its destination, and in no tunnel.",
    source: "RFC 3022 §4.1; ip_vs_nat_xmit (daddr = cp->daddr)",
    *judge(view) {
      yield* matrixOutcomes(view, "NAT-REQ-01");
      yield* proxiedOutcomes(view, "nat");
    },
  }),
  matrixRule({
    ...REQUEST,
    id: "NAT-REQ-02",
    title: "The client's address and port are preserved",
    statement: "A request leaves the director with the source address and source port that the client gave it.",
    source: "tcp_dnat_handler touches the destination only",
  }),
  matrixRule({
    ...REQUEST,
    id: "NAT-REQ-03",
    title: "The destination port is mapped",
    statement:
      "A request leaves the director with the port that the real server is configured with; without one, with the service's.",
    source: "ip_vs_nat_xmit; tcp_dnat_handler",
  }),
  matrixRule({
    ...REQUEST,
    id: "NAT-REQ-04",
    title: "MACs on the real servers' side",
    statement:
      "A request leaves with the MAC of the director's egress NIC as its source and that of the real server, or of the router to it, as its destination.",
    source: "RFC 1812 §5.2.1.2, §5.2.4.3",
  }),
  matrixRule({
    ...REQUEST,
    id: "NAT-REQ-05",
    title: "The request's TTL is taken over, not set anew",
    statement: "A request's TTL is the one that came in minus one; a director that sets its own is a proxy.",
    source: "RFC 1812 §5.3.1",
  }),
  matrixRule({
    ...REQUEST,
    id: "NAT-REQ-06",
    title: "The IPv4 header checksum is valid after translation",
    statement: "A translated request's IPv4 header checksum fits its header.",
    source: "RFC 1624; RFC 3022 §4.2; ip_send_check",
  }),
  matrixRule({
    ...REQUEST,
    id: "NAT-REQ-07",
    title: "The TCP or UDP checksum is valid after translation",
    statement: "Where the checksum was valid as it came in, it is valid over the new addresses and ports as it leaves.",
    source: "RFC 1624; RFC 3022 §4.2; tcp_fast_csum_update",
  }),
  matrixRule({
    ...REQUEST,
    id: "NAT-REQ-08",
    title: "ID, flags, fragment offset, TOS and length are preserved",
    statement: "Identification, DF, MF, fragment offset, DSCP, ECN and total length of a request are unchanged.",
    source: "RFC 6864 §4.3 (DF), §5.3.1 (ID); RFC 1812 §5.2.5, §5.3.3.3; ip_vs_nat_xmit",
  }),
  matrixRule({
    ...REQUEST,
    id: "NAT-REQ-09",
    title: "IP options are copied",
    level: "SHOULD",
    profile: "extended",
    statement: "IP options of a request are unchanged; Record Route may be filled in.",
    source: "RFC 1812 §5.3.13.1, §5.3.13.5; RFC 7126 §4.3, §4.4; RFC 3022 §4.6",
  }),
  matrixRule({
    ...REQUEST,
    id: "NAT-REQ-10",
    title: "TCP header and payload are byte-identical",
    statement:
      "Sequence and acknowledgement numbers, flags, window, TCP options, the verification tag of SCTP and payload of a request are unchanged, also where the payload names addresses.",
    source: "ip_vs_nat_xmit",
  }),
  matrixRule({
    ...REQUEST,
    id: "NAT-REQ-11",
    title: "A UDP checksum of 0 stays legal",
    statement:
      "A datagram without checksum leaves with none or with a valid one, in either direction; an adjusted 0 is wrong.",
    source: "RFC 768; RFC 3022 §4.1; udp_dnat_handler",
    lookedFor: "a UDP datagram of a NAT service with checksum 0, forwarded by the director",
  }),
];

const sctp = matrixRule({
  ...NAT,
  profile: "extended",
  id: "NAT-SCTP-01",
  title: "The checksum of SCTP is valid after translation",
  statement:
    "Where the CRC32c of an SCTP packet was valid as it came in, it is valid over the mapped port as it leaves, in either direction.",
  source: "RFC 9260 §6.8, Appendix A; sctp_nat_csum (ip_vs_proto_sctp.c)",
  observedAt: "director in → director out",
  lookedFor: "an SCTP packet of a NAT service, forwarded by the director",
});

const replies: readonly Rule[] = [
  matrixRule({
    ...REPLY,
    id: "NAT-RSP-01",
    title: "The answer's source becomes the VIP and the service's port",
    statement:
      "Every answer leaves the director with the address and port that the client asked as its source, not with another address of the director.",
    source: "handle_response (saddr = cp->vaddr)",
  }),
  matrixRule({
    ...REPLY,
    id: "NAT-RSP-02",
    title: "The answer's destination is the client, its MACs the director's",
    statement:
      "An answer leaves with the client's address and port as its destination, from the MAC of the director's NIC to that of the client or its router.",
    source: "handle_response; RFC 1812 §5.2.1.2, §5.2.4.3",
  }),
  matrixRule({
    ...REPLY,
    id: "NAT-RSP-03",
    title: "Everything else in the answer is preserved, its checksums valid",
    statement:
      "ID, flags, TOS, options, TCP header and payload of an answer are unchanged, its TTL is taken over, its checksums are valid.",
    source: "RFC 1812 §5.3.1; RFC 1624; ip_forward",
  }),
  rule({
    ...NAT,
    id: "NAT-RSP-04",
    title: "Both directions pass the director",
    statement:
      "Every answer that the client gets from the VIP was at the director before, with the real server's address as its source.",
    source: "RFC 2391 §1; ip_vs_out_hook",
    observedAt: "real servers out → director in → client in",
    lookedFor: "an answer from the VIP of a NAT service at the client",
    *judge(view) {
      for (const { at, flow, src } of clientSide(view)) {
        const [root] = pathTo(at);
        if (src !== endpoint(flow.service.vip, flow.service.port) || root === undefined) continue;
        if (passesDirector(view, at)) {
          if (root.direction === "out" && !view.network.isDirector(root.host)) yield pass(root, at);
          continue;
        }
        const sender = view.network.host(root.host);
        if (sender?.role !== "real-server") continue;
        const observed = `${describe(at)} came from ${sender.name} past the director`;
        yield fail([root, at], {
          suspect: sender.name,
          field: "ip.src",
          expected: "answers pass the director",
          observed,
        });
      }
    },
  }),
  rule({
    ...REPLY,
    id: "NAT-RSP-05",
    level: "MUST NOT",
    title: "The RIP never leaks to the client",
    statement:
      "No packet of a balanced connection leaves the director towards the client with a real server's address as its source.",
    source: "handle_response; RFC 3022 §4.1",
    *judge(view) {
      yield* matrixOutcomes(view, "NAT-RSP-05");
      yield* unaskedLeaks(view);
    },
  }),
];

/** The director's own packets in the name of the real server that a client's connection is with. */
function* unaskedLeaks(view: View): Iterable<Outcome> {
  for (const at of view.sightings) {
    if (at.direction !== "out" || at.from !== undefined || !view.network.isDirector(at.host)) continue;
    const { ip } = at.packet;
    const [protocol, ports] = [protocolOf(at.packet), portsOf(at.packet)];
    if (ip === undefined || protocol === undefined || ports === undefined) continue;
    const src = endpoint(ip.src, ports.src);
    const flow = flowsOf(view, protocol, ip.dst, ports.dst).find(
      ({ service, servers, requests: [first] }) =>
        service.model === "nat" &&
        service.vip !== ip.src &&
        first !== undefined &&
        first.time < startOf(at) &&
        servers.some((server) => endpoint(server.ip, server.port) === src),
    );
    if (flow === undefined) continue;
    const expected = endpoint(flow.service.vip, flow.service.port);
    yield fail([at], { suspect: DIRECTOR, field: "ip.src", expected, observed: src });
  }
}

const tuple = rule({
  ...NAT,
  id: "NAT-TUP-01",
  title: "Only answers of the connection's own real server are translated",
  statement:
    "A packet to a client from a real server or port that its connection is not with does not leave as the VIP; whether it is forwarded as it is or dropped is the site's choice.",
  source: "conn_out_get: the whole tuple is the key",
  observedAt: "director in (real servers' side) → director out",
  lookedFor: "a packet of a real server to a client that has no connection with it",
  *judge(view) {
    // That the director balances what is for no service is GEN-SVC's to tell: that server does have a connection then.
    const letIn = new Set(view.strays.flatMap((stray) => (isBalanced(stray) ? stray.outs.map(asRequest) : [])));
    for (const stray of view.strays) if (!letIn.has(asReply(stray.in))) yield* untranslated(view, stray);
  },
});

function* untranslated(view: View, { in: at, outs }: Stray): Iterable<Outcome> {
  const { ip } = at.packet;
  const [protocol, ports] = [protocolOf(at.packet), portsOf(at.packet)];
  if (ip === undefined || protocol === undefined || ports === undefined) return;
  const services = view.services.filter(({ model, realServers }) => {
    return model === "nat" && realServers.some((server) => server.ip === ip.src);
  });
  if (services.length === 0 || view.network.byIp(ip.dst)?.host.role === "director") return;
  // A connection that begins later says nothing about one that the answer may belong to.
  const isKnown = flowsOf(view, protocol, ip.dst, ports.dst).some(
    ({ requests: [first] }) => first !== undefined && first.time < startOf(at),
  );
  // A late retransmission of an older connection looks just the same: somebody has to vouch that there was none.
  if (!isKnown && view.evidence.earlierClients?.has(endpoint(ip.dst, ports.dst)) !== false) return;
  const expected = "not translated to the VIP";
  const [out] = outs;
  if (out === undefined) {
    yield absent(view, [at], { suspect: DIRECTOR, expected, observed: "not forwarded so far" });
  } else if (services.some(({ vip }) => vip === out.packet.ip?.src)) {
    yield fail([at, out], { suspect: DIRECTOR, field: "ip.src", expected, observed: describe(out) });
  } else yield pass(at, out);
}

/** Whether the director gave a packet another destination. */
function isBalanced({ in: at, outs: [sent] }: Stray): boolean {
  return sent !== undefined && sent.packet.ip?.dst !== at.packet.ip?.dst;
}

/** The ends of a connection: the same for a request as it was sent on and for the answer to it. */
function asRequest({ packet }: Sighting): string {
  const { src, dst } = endsOf(packet);
  return `${protocolOf(packet)} ${src} ${dst}`;
}

function asReply({ packet }: Sighting): string {
  const { src, dst } = endsOf(packet);
  return `${protocolOf(packet)} ${dst} ${src}`;
}

const others: readonly Rule[] = [
  rule({
    ...NAT,
    id: "NAT-ARP-01",
    title: "The director resolves real servers with its own address",
    statement:
      "A who-has for a real server's address names the address of the director's NIC as its sender, never the VIP.",
    source: "RFC 826 (Packet Generation); arp_solicit",
    observedAt: "director out (real servers' side)",
    lookedFor: "an ARP request of the director for a real server's address",
    judge: (view) => resolvesWithDip(view, "nat"),
  }),
  rule({
    ...NAT,
    id: "NAT-ICMP-01",
    title: "ICMP errors of real servers are translated, outside and inside",
    statement:
      "An error that quotes a translated request leaves the director from the VIP and quotes the request as the client sent it; the checksums of the ICMP message and of the quoted header are valid, and all else in the quote is as it was. One about a request that did not go to that server does not leave as the VIP.",
    source: "RFC 3022 §4.3; RFC 5508 REQ-5 (§4.2.2); ip_vs_nat_icmp",
    observedAt: "director in (real servers' side) → client in",
    lookedFor: "an ICMP error of a real server about a request, at the director",
    *judge(view) {
      yield* matrixOutcomes(view, "NAT-ICMP-01");
      yield* errorOutcomes(view, "nat", "server-error", 4);
      yield* unknownFromServers(view, 4);
    },
  }),
  rule({
    ...NAT,
    id: "NAT-ICMP-02",
    title: "ICMP errors of the client's side reach the right real server, translated",
    statement:
      "An error to the VIP that quotes an answer goes to the connection's real server, quotes the answer as that sent it, and keeps its own sender; one about a connection that does not exist goes to no real server.",
    source: "RFC 5508 REQ-4 (§4.2.1), §7.1.2; RFC 1191 §3; ip_vs_in_icmp",
    observedAt: "director in → real servers in",
    lookedFor: "an ICMP error to the VIP about an answer, at the director",
    *judge(view) {
      yield* matrixOutcomes(view, "NAT-ICMP-02");
      yield* errorOutcomes(view, "nat", "client-error", 4);
      yield* unknownToVip(view, "nat", 4);
    },
  }),
  rule({
    ...NAT,
    id: "NAT-MTU-01",
    title: "The MTU to the real server is signalled in the client's terms",
    statement:
      "A request with DF that is larger than the MTU towards the real server is refused with ICMP fragmentation needed, with that MTU and a quote that names the VIP; without DF it is fragmented.",
    source: "RFC 1191 §4; RFC 1812 §5.2.7.1, §4.2.2.7; RFC 5508 §7.1.1; ensure_mtu_is_adequate (before DNAT)",
    observedAt: "director in → client in, real servers in",
    lookedFor: "a request larger than the MTU of the director's NIC towards the real server",
    *judge(view) {
      yield* oversizeOutcomes(view, "nat");
      yield* fragmentedOutcomes(view, "nat");
    },
  }),
  rule({
    ...NAT,
    id: "NAT-FRAG-01",
    title: "All fragments of a datagram are translated and stay together",
    statement:
      "The fragments of a datagram, in whatever order they come, leave with the translated address and one ID for one receiver, and make up the same payload with a valid checksum.",
    source: "RFC 4787 REQ-14 (§11); RFC 6864 §5.3.1; ip_vs_gather_frags",
    observedAt: "director in → director out, both directions",
    lookedFor: "a fragmented datagram of a NAT service at the director",
    judge: (view) => fragmentOutcomes(view, "NAT-FRAG-01", "nat"),
  }),
];

export const natRules: readonly Rule[] = [...requests, ...replies, tuple, ...others, sctp];
