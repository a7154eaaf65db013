/** IP in IP: the request travels unchanged inside a tunnel. */

import { inPrefix } from "../../packet/address.js";
import { matrixOutcomes } from "../compare.js";
import { matrixRule, rule } from "../declare.js";
import { groupBy } from "../group.js";
import type { Sighting } from "../journey.js";
import { DIRECTOR, fail, type Outcome, pass } from "../outcome.js";
import { arrivalsOf } from "../paths.js";
import type { Rule } from "../rule.js";
import { startOf } from "../sightings.js";
import type { View } from "../view.js";
import { forModel } from "./shared.js";

const TUN = forModel("tun");
const REQUEST = {
  ...TUN,
  observedAt: "director in → director out",
  lookedFor: "a request of a TUN service, forwarded by the director",
} as const;
export const encapsulationRules: readonly Rule[] = [
  matrixRule({
    ...REQUEST,
    id: "TUN-ENC-01",
    title: "The outer destination is the RIP",
    statement: "The tunnel's header has the address of a real server of the service as its destination.",
    source: "RFC 2003 §3.1; ip_vs_tunnel_xmit (daddr = cp->daddr)",
  }),
  matrixRule({
    ...REQUEST,
    id: "TUN-ENC-02",
    title: "The outer source is an address of the director, not the VIP",
    statement:
      "The tunnel's header has one of the director's own addresses as its source; the VIP, which the real server holds, would be a martian there.",
    source: "RFC 2003 §3.1; Linux takes the route's preferred source",
  }),
  matrixRule({
    ...REQUEST,
    id: "TUN-ENC-03",
    title: "The shape of the outer header",
    statement:
      "The outer header is IPv4 of 20 bytes with protocol 4, unfragmented, 20 bytes longer than the packet inside, with a valid checksum.",
    source: "RFC 2003 §3, §3.1; ip_vs_tunnel_xmit",
  }),
  matrixRule({
    ...REQUEST,
    id: "TUN-ENC-04",
    title: "The inner packet is preserved except for TTL and checksum",
    statement:
      "The packet inside is the client's: addresses, ID, flags, TOS, options, L4 header and payload are unchanged, and its header checksum is valid.",
    source: "RFC 2003 §3, §3.1",
  }),
  rule({
    ...REQUEST,
    id: "TUN-ENC-05",
    title: "The inner TTL is taken over, and left alone in the tunnel",
    statement:
      "The inner TTL is the client's minus one, not set anew, and is the same when the tunnel ends: routers on the way change the outer one.",
    source: "RFC 2003 §3.1",
    observedAt: "director out → real servers in",
    judge: innerTtl,
  }),
  matrixRule({
    ...REQUEST,
    id: "TUN-ENC-06",
    title: "The outer TTL is usable",
    statement:
      "The outer TTL is that of the inner packet, or another one that lasts for the routers to the real server.",
    source: "RFC 2003 §3.1",
  }),
  rule({
    ...REQUEST,
    id: "TUN-ENC-07",
    title: "DF is copied outward",
    statement: "Where the inner packet has DF, so has the outer header; without it either is right.",
    source: "RFC 2003 §3.1; sysctl pmtu_disc",
    lookedFor: "a request with DF of a TUN service, forwarded by the director",
    *judge(view) {
      const outcomes = matrixOutcomes(view, "TUN-ENC-07");
      if (outcomes.some(({ at }) => at[0]?.packet.ip?.df === true)) yield* outcomes;
    },
  }),
  rule({
    ...REQUEST,
    id: "TUN-ENC-08",
    title: "Outer IDs of fragmentable packets differ",
    statement:
      "Successive packets without outer DF to one real server have different outer IDs: their fragments could not be told apart otherwise.",
    source: "RFC 6864 §4.3, §6.3; ip_select_ident",
    lookedFor: "two packets without DF in their outer headers to the same real server",
    judge: outerIds,
  }),
  matrixRule({
    ...REQUEST,
    id: "TUN-ENC-09",
    level: "SHOULD",
    profile: "extended",
    title: "DSCP is copied, ECN handled",
    statement: "The outer DSCP and ECN are those of the inner packet; CE may become ECT(0).",
    source: "RFC 2003 §3.1; RFC 3168 §9.1.1; RFC 6040 §4.1; INET_ECN_encapsulate",
  }),
  matrixRule({
    ...REQUEST,
    id: "TUN-ENC-10",
    title: "MACs follow the route to the RIP",
    statement:
      "The frame goes from the MAC of the director's egress NIC to that of the real server, or of the router to it.",
    source: "RFC 1812 §5.2.1.2, §5.2.4.3",
  }),
  matrixRule({
    ...REQUEST,
    id: "TUN-ENC-11",
    level: "MUST NOT",
    title: "No port mapping",
    statement: "The inner packet keeps its destination port, whatever port the real server is configured with.",
    source: "ip_vs_tunnel_xmit; ipvsadm stores the service's port",
  }),
  matrixRule({
    ...REQUEST,
    id: "TUN-MTU-05",
    level: "MUST NOT",
    title: "No silent change of the MSS",
    statement: "The MSS option of the inner packet is the client's, unless the director says that it clamps it.",
    source: "ip_vs_tunnel_xmit",
    lookedFor: "a segment of a TUN service with an MSS option, forwarded by the director",
  }),
  matrixRule({
    ...REQUEST,
    id: "TUN-GRE-01",
    profile: "extended",
    title: "The shape of a GRE tunnel",
    statement:
      "The outer header has protocol 47; GRE has no flags but that of its checksum, where the service has one, which is valid, and names the protocol of the packet inside. 24 bytes are added to IPv4, 28 with the checksum.",
    source: "RFC 2784 §2, §3, §4; ipvs_gre_encap",
    lookedFor: "a request of a TUN service with a GRE tunnel, forwarded by the director",
  }),
  rule({
    ...REQUEST,
    id: "TUN-GUE-01",
    profile: "extended",
    title: "The shape of a GUE tunnel",
    statement:
      "The outer packet is UDP to port 6080 with the length of all that it carries and checksum 0 or a valid one, as the service has it; GUE of version 0 has no options and names the protocol of the packet inside. All packets of a flow have one source port. 32 bytes are added to IPv4.",
    source: "draft-ietf-intarea-gue-09 (expired); ipvs_gue_encap, udp_flow_src_port",
    lookedFor: "a request of a TUN service with a GUE tunnel, forwarded by the director",
    *judge(view) {
      yield* matrixOutcomes(view, "TUN-GUE-01");
      yield* sourcePorts(view);
    },
  }),
  matrixRule({
    ...REQUEST,
    id: "TUN-V6-01",
    profile: "extended",
    title: "IPv6 in a tunnel of IPv6",
    statement:
      "The outer header is IPv6 from an address of the director, not the VIP, to the real server's, with next header 41, a usable hop limit and the traffic class of the packet inside, which is the client's with its hop limit less one.",
    source: "RFC 2473 §3.1, §5; ip_vs_tunnel_xmit_v6",
    lookedFor: "a request of an IPv6 TUN service to a real server with an IPv6 address, forwarded by the director",
  }),
  matrixRule({
    ...REQUEST,
    id: "TUN-V6-02",
    profile: "extended",
    title: "A tunnel of the other family",
    statement:
      "An IPv6 packet in an IPv4 tunnel has protocol 41 and no DF outside, an IPv4 packet in an IPv6 tunnel next header 4; all else is as in a tunnel of its own family.",
    source: "RFC 4213 §3.2.1, §3.5; ip_vs_prepare_tunneled_skb, ip_vs_tunnel_xmit",
    lookedFor: "a request of a TUN service to a real server of the other family, forwarded by the director",
  }),
  rule({
    ...REQUEST,
    id: "TUN-NET-01",
    title: "The ends of a tunnel may have any addresses that are routed",
    statement:
      "A guard, no demand on packets: a tunnel works between private addresses, and over routers, as well as between public ones.",
    source: "RFC 2003 §3: the outer addresses are the tunnel's ends, of whatever kind; ip_vs_tunnel_xmit",
    observedAt: "director out → real servers in",
    lookedFor: "a request in a tunnel between private addresses, at a real server",
    *judge(view) {
      for (const { out, arrival } of privateTunnels(view)) yield pass(out, arrival);
    },
    *naive(view) {
      for (const { out, arrival } of privateTunnels(view)) {
        const observed = `${out.packet.ip?.src} > ${out.packet.ip?.dst}`;
        yield fail([out, arrival], { suspect: "network", field: "ip.dst", expected: "public addresses", observed });
      }
    },
  }),
];

/** Networks that the Internet does not route (RFC 1918 §3, RFC 4193 §3.1). */
const PRIVATE = [
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["fc00::", 7],
] as const;

function* privateTunnels(view: View): Iterable<{ out: Sighting; arrival: Sighting }> {
  for (const tunnel of arrivedTunnels(view)) {
    const { ip, inner } = tunnel.out.packet;
    const isPrivate = [ip?.src, ip?.dst].every((end) =>
      PRIVATE.some(([net, bits]) => inPrefix(end ?? "::", net, bits)),
    );
    if (inner !== undefined && isPrivate) yield tunnel;
  }
}

/** By the source port the network spreads flows over paths: it is the same for all packets of one. */
function* sourcePorts(view: View): Iterable<Outcome> {
  const requests = [...view.crossings, ...view.relayed].filter(
    ({ service, kind }) => service.tunnel.kind === "gue" && kind === "request",
  );
  for (const ofFlow of groupBy(requests, ({ flow }) => flow).values()) {
    const [first, ...later] = ofFlow.flatMap(({ outs }) => outs.filter(({ packet }) => packet.gue !== undefined));
    for (const at of later) {
      const [expected, observed] = [first, at].map((out) => String(out?.packet.udp?.srcPort));
      if (first === undefined || expected === observed) continue;
      const violation = { suspect: DIRECTOR, field: "udp.srcport", expected: `${expected}, as before` };
      yield fail([first, at], { ...violation, observed: observed ?? "" });
    }
  }
}

/** Packets in tunnels that came out at their ends. */
function* arrivedTunnels(view: View): Iterable<{ out: Sighting; arrival: Sighting }> {
  for (const { model, kind, outs } of [...view.crossings, ...view.relayed]) {
    if (model !== "tun" || kind !== "request") continue;
    for (const out of outs) for (const arrival of arrivalsOf(view, out)) yield { out, arrival };
  }
}

function* innerTtl(view: View): Iterable<Outcome> {
  yield* matrixOutcomes(view, "TUN-ENC-05");
  for (const { out, arrival } of arrivedTunnels(view)) {
    const [sent, arrived] = [innerTtls(out), innerTtls(arrival)];
    if (arrived.length === 0 || arrival === out) continue;
    const wrong = arrived.find((ttl) => !sent.includes(ttl));
    if (wrong === undefined) yield pass(out, arrival);
    else {
      const violation = { suspect: "network", field: "ip.ttl#2", expected: sent.join(" or "), observed: String(wrong) };
      yield fail([out, arrival], violation);
    }
  }
}

/** Those of all fragments that have a tunnel header of their own, else that of the one packet inside. */
function innerTtls({ packet, frames }: Sighting): number[] {
  const ttls = [packet, ...frames.map((frame) => frame.packet)].flatMap(({ inner }) => inner?.ip?.ttl ?? []);
  return [...new Set(ttls)];
}

/** Packets to one real server among which IDs must not come back. */
const RECENT = 8;

function* outerIds(view: View): Iterable<Outcome> {
  if (view.evidence.isSelection) {
    // A counter of 16 bits may have gone round between two of them.
    const reason = "of so many packets only some were looked at one by one, which are not successive";
    yield { status: "not-exercised", at: [], reason };
    return;
  }
  const packets = [...view.crossings, ...view.relayed]
    .filter(({ model, kind }) => model === "tun" && kind === "request")
    // That a packet leaves several times is GEN-SVC-01's to tell.
    .flatMap(({ outs }) => outs.slice(0, 1))
    .filter(({ packet }) => packet.inner !== undefined && packet.ip?.df === false)
    .sort((left, right) => (startOf(left) < startOf(right) ? -1 : 1));
  for (const [ip, ofServer] of groupBy(packets, ({ packet }) => packet.ip?.dst)) {
    let repeated = Number.NEGATIVE_INFINITY;
    for (const [index, at] of ofServer.entries()) {
      const previous = ofServer[index - 1];
      if (previous === undefined) continue;
      const id = at.packet.ip?.id ?? 0;
      const violation = { suspect: DIRECTOR, field: "ip.id", expected: "different IDs" };
      const text = `0x${id.toString(16).padStart(4, "0")}`;
      const same = ofServer.slice(Math.max(0, index - RECENT), index).findLast(({ packet }) => packet.ip?.id === id);
      if (same === previous) {
        yield fail([previous, at], { ...violation, observed: `${text} in two successive packets to ${ip}` });
      } else if (same === undefined) yield pass(previous, at);
      else {
        // Numbers drawn at random may meet once; they do not again so soon.
        if (index - repeated <= RECENT) {
          yield fail([same, at], { ...violation, observed: `${text} again within ${RECENT} packets to ${ip}` });
        }
        repeated = index;
      }
    }
  }
}
