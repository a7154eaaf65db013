/** IP-in-IP: the request travels unchanged inside a tunnel, the answer plain and past the director. */

import { IP_PROTOCOL } from "../../packet/ip.js";
import { matrixOutcomes } from "../compare.js";
import { core, hash, ipPayload } from "../datagram.js";
import { matrixRule, rule } from "../declare.js";
import { groupBy } from "../group.js";
import type { Sighting } from "../journey.js";
import { absent, DIRECTOR, fail, type Outcome, pass } from "../outcome.js";
import { type Answer, arrivalsOf, describe, hasDirectorMac } from "../paths.js";
import type { Rule } from "../rule.js";
import { isPartial, startOf } from "../sightings.js";
import type { View } from "../view.js";
import { announcesNoVip, asksInOwnName, silentAboutVip, vipsOf } from "./arp-rules.js";
import {
  answersFromVip,
  avoidsDirector,
  deliveriesOf,
  goesDirectly,
  ownAnswersOf,
  unanswered,
} from "./real-servers.js";
import { errorOutcomes, forModel, fragmentedOutcomes, fragmentOutcomes, oversizeOutcomes } from "./shared.js";

const TUN = forModel("tun");
const REQUEST = {
  ...TUN,
  observedAt: "director in → director out",
  lookedFor: "a request of a TUN service, forwarded by the director",
} as const;
const SERVER = {
  ...TUN,
  observedAt: "real servers in → real servers out",
  lookedFor: "a sound new request that arrives at a real server which answers",
} as const;

const encapsulation: readonly Rule[] = [
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
    source: "RFC 2003 §3.1",
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
    source: "RFC 6864 §4; ip_select_ident",
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
    source: "RFC 1812",
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
];

function* innerTtl(view: View): Iterable<Outcome> {
  yield* matrixOutcomes(view, "TUN-ENC-05");
  for (const { model, kind, outs } of view.crossings) {
    if (model !== "tun" || kind !== "request") continue;
    for (const out of outs) {
      for (const arrival of arrivalsOf(view, out)) {
        const [sent, arrived] = [out, arrival].map(({ packet }) => packet.inner?.ip?.ttl);
        if (sent === arrived) yield pass(out, arrival);
        else {
          const violation = {
            suspect: "network",
            field: "ip.ttl#2",
            expected: String(sent),
            observed: String(arrived),
          };
          yield fail([out, arrival], violation);
        }
      }
    }
  }
}

/** Packets to one real server among which IDs must not come back. */
const RECENT = 8;

function* outerIds(view: View): Iterable<Outcome> {
  const packets = view.crossings
    .filter(({ model, kind }) => model === "tun" && kind === "request")
    .flatMap(({ outs }) => outs)
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

const realServers: readonly Rule[] = [
  rule({
    ...SERVER,
    id: "TUN-RS-01",
    title: "The real server takes packets out of the tunnel",
    statement: "A tunnelled request is accepted and answered, not refused with an ICMP error about the tunnel.",
    source: "RFC 2003 §3; ipip_rcv",
    *judge(view) {
      const refusals = refusalsOf(view);
      for (const { arrival, answer, server } of deliveriesOf(view, "tun")) {
        const refusal = refusalOf(refusals, arrival);
        if (answer !== undefined) yield pass(arrival, answer.at);
        else if (refusal !== undefined) {
          const violation = { suspect: server.name, expected: "the packet is taken out and answered" };
          yield fail([arrival, refusal], { ...violation, observed: describe(refusal) });
        }
      }
    },
  }),
  rule({
    ...TUN,
    id: "TUN-RS-02",
    title: "The answer is a plain packet from the VIP, direct to the client",
    statement:
      "A real server answers from the address and port that the client asked, in no tunnel, to the MAC of the client or of a router.",
    source: "RFC 9293",
    observedAt: "real servers out → client in",
    lookedFor: "an answer of a real server of a TUN service",
    *judge(view) {
      for (const answer of ownAnswersOf(view, "tun")) yield plainAnswer(view, answer);
    },
  }),
  rule({
    ...TUN,
    id: "TUN-RS-03",
    level: "MUST NOT",
    title: "The real server's gateway is not the director",
    statement: "No packet with the VIP and the service's port as its source is sent to a MAC of the director.",
    source: "Linux drops them: its own address as source is a martian (fib_validate_source)",
    observedAt: "real servers out, director in",
    lookedFor: "an answer of a real server of a TUN service",
    judge: (view) => avoidsDirector(view, "tun"),
  }),
  rule({
    ...SERVER,
    id: "TUN-RS-04",
    title: "Reverse path filtering lets packets out of the tunnel through",
    statement: "A tunnelled request is answered although the route to the client does not lead into the tunnel.",
    source: "rp_filter (ip-sysctl: the greater of all and the interface); RFC 3704",
    *judge(view) {
      const refusals = refusalsOf(view);
      for (const delivery of deliveriesOf(view, "tun")) {
        const { arrival, answer } = delivery;
        if (answer !== undefined) yield pass(arrival, answer.at);
        else if (refusalOf(refusals, arrival) === undefined) yield unanswered(view, delivery, "an answer from the VIP");
      }
    },
  }),
  rule({
    ...TUN,
    id: "TUN-RS-05",
    level: "MUST NOT",
    title: "The VIP of a real server is invisible to ARP",
    statement:
      "A real server answers no who-has for the VIP, asks nothing in its name and does not announce it, whatever device holds it.",
    source: "arp_ignore, arp_announce (ip-sysctl); RFC 5227 §3",
    observedAt: "real servers' NICs",
    lookedFor: "a who-has for the VIP at a real server, or an ARP request of one",
    *judge(view) {
      const outcomes = [
        ...silentAboutVip(view, "tun", ["broadcast", "unicast", "unusual"]),
        ...asksInOwnName(view, "tun"),
      ];
      // That nothing was announced is no proof by itself that the VIP was looked for.
      const announced = [...announcesNoVip(view, "tun")].filter(({ status }) => status === "fail");
      yield* [...outcomes, ...announced];
    },
  }),
  rule({
    ...TUN,
    id: "TUN-RS-06",
    level: "MUST NOT",
    title: "A real server does not send the inner packet on",
    statement:
      "A real server takes the packet in the tunnel in or drops it; without the VIP it does not route it back to the director, in a tunnel or without.",
    source: "RFC 2003 §6; ip_forward",
    observedAt: "real servers out",
    lookedFor: "a tunnelled request that arrives at a real server",
    *judge(view) {
      const vips = vipsOf(view, "tun");
      const sentOn = groupBy(
        view.sightings.filter(({ direction, packet }) => direction === "out" && vips.has(core(packet).ip?.dst ?? "")),
        innerKey,
      );
      for (const { model, kind, outs } of view.crossings) {
        if (model !== "tun" || kind !== "request") continue;
        for (const at of outs.flatMap((sent) => arrivalsOf(view, sent))) {
          if (at.packet.inner === undefined) continue;
          const key = innerKey(at);
          const out = key && sentOn.get(key)?.find((candidate) => startOf(candidate) > startOf(at));
          const violation = { suspect: at.host, expected: "not sent on" };
          if (!out) yield absent(view, [at], { ...violation, observed: "not sent on so far" });
          else
            yield fail([at, out], { ...violation, observed: `${describe(out)} with TTL ${core(out.packet).ip?.ttl}` });
        }
      }
    },
  }),
];

/** What is the same of a packet inside a tunnel and out of it, at one host. */
function innerKey({ host, packet }: Sighting): string | undefined {
  const { ip } = core(packet);
  return ip && `${host} ${ip.src} ${ip.dst} ${ip.protocol} ${ip.id} ${hash(ipPayload(ip))}`;
}

/** ICMP errors of real servers about a tunnel's header: the server has no tunnel, or no ipip at all. */
function refusalsOf(view: View): Sighting[] {
  return view.sightings.filter(({ host, direction, packet, from }) => {
    const isTunnel = packet.icmp?.isError === true && packet.quoted?.ip?.protocol === IP_PROTOCOL.ipip;
    return isTunnel && direction === "out" && from === undefined && !view.network.isDirector(host);
  });
}

function refusalOf(refusals: readonly Sighting[], arrival: Sighting): Sighting | undefined {
  const outer = arrival.packet.ip;
  return refusals.find(({ host, packet: { quoted } }) => {
    return host === arrival.host && quoted?.ip?.dst === outer?.dst && quoted?.ip?.id === outer?.id;
  });
}

function plainAnswer(view: View, answer: Answer): Outcome {
  const { at, server } = answer;
  if (at.packet.inner !== undefined) {
    const violation = { suspect: server?.name ?? "network", field: "ip.proto", expected: "a plain packet" };
    const { ip } = at.packet;
    return fail([at], { ...violation, observed: `in a tunnel ${ip?.src} > ${ip?.dst}, around ${describe(at)}` });
  }
  const source = answersFromVip(answer);
  if (source.status === "fail" || hasDirectorMac(view, at.packet.eth?.dst)) return source;
  const [direct] = goesDirectly(view, answer);
  return direct ?? source;
}

const others: readonly Rule[] = [
  rule({
    ...TUN,
    id: "TUN-MTU-01",
    title: "A packet with DF that does not fit the tunnel is refused with the tunnel's MTU",
    statement:
      "A request with DF that is larger than the egress MTU less the tunnel's 20 bytes is not forwarded but refused with ICMP fragmentation needed, that MTU, and a quote of the client's packet.",
    source: "RFC 2003 §5.1; RFC 1191; ensure_mtu_is_adequate",
    observedAt: "director in → client in",
    lookedFor: "a request with DF, larger than the egress MTU less 20 bytes, at the director",
    judge: (view) => oversizeOutcomes(view, "tun"),
  }),
  rule({
    ...TUN,
    id: "TUN-MTU-02",
    title: "A packet without DF that does not fit is fragmented",
    statement: "The fragments of the outer packet make up the whole inner packet.",
    source: "RFC 2003 §3.1, §5",
    observedAt: "director out → real servers in",
    lookedFor: "a request without DF, larger than the egress MTU less 20 bytes, at the director",
    judge: (view) => fragmentedOutcomes(view, "tun"),
  }),
  rule({
    ...TUN,
    id: "TUN-FRAG-01",
    title: "The client's fragments arrive as one datagram at the real server",
    statement: "All fragments of a datagram go to one real server and make up the datagram that the client sent.",
    source: "ip_vs_gather_frags",
    observedAt: "director in → real servers in",
    lookedFor: "a fragmented datagram of a TUN service at the director",
    judge: (view) => fragmentOutcomes(view, "TUN-FRAG-01", "tun"),
  }),
  rule({
    ...TUN,
    id: "TUN-ICMP-01",
    title: "ICMP errors of the client's side are tunnelled to the flow's real server",
    statement:
      "An ICMP error to the VIP about an answer is forwarded in the tunnel to the real server that has the flow; only its TTL changes.",
    source: "RFC 1191; ip_vs_icmp_xmit",
    observedAt: "director in → real servers in",
    lookedFor: "an ICMP error to the VIP about an answer, at the director",
    judge: (view) => errorOutcomes(view, "TUN-ICMP-01", "tun", "client-error"),
  }),
  rule({
    ...TUN,
    id: "TUN-SEC-02",
    level: "MUST NOT",
    title: "The director does not take tunnelled packets to the VIP out and balance them",
    statement:
      "A packet in a tunnel that ends at the VIP reaches no real server: who may not send requests must not get them in by wrapping them.",
    source: "ipvs-sysctl (ignore_tunneled); RFC 2003 §5.1",
    observedAt: "director in → real servers in",
    lookedFor: "an IP-in-IP packet to the VIP at the director",
    *judge(view) {
      const expected = "not forwarded to any real server";
      for (const { in: at, outs, services } of view.strays) {
        const { ip, inner, problem } = at.packet;
        if (ip === undefined || inner === undefined || problem !== undefined || isPartial(at)) continue;
        if (!ip.checksumValid || ip.ttl <= 1) continue;
        if (!services.some(({ model, vip }) => model === "tun" && vip === ip.dst)) continue;
        const [out] = outs;
        const violation = { suspect: DIRECTOR, expected };
        if (out === undefined) yield absent(view, [at], { ...violation, observed: "no copy so far" });
        else yield fail([at, out], { ...violation, observed: `sent on as ${describe(out)}` });
      }
    },
  }),
];

export const tunRules: readonly Rule[] = [...encapsulation, ...realServers, ...others];
