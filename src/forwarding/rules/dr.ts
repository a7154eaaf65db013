/** Direct routing: only MACs and TTL change, real servers hold the VIP unseen and answer past the director. */

import { matrixOutcomes } from "../compare.js";
import { protocolOf } from "../datagram.js";
import { matrixRule, rule } from "../declare.js";
import { absent, DIRECTOR, fail, pass } from "../outcome.js";
import { describe } from "../paths.js";
import type { Rule } from "../rule.js";
import { silentAboutNobody, vipsOf } from "./arp-rules.js";
import { arrivalsAtServers, isForServer } from "./dr-topology.js";
import { proxiedOutcomes } from "./proxy.js";
import {
  answersFromVip,
  avoidsDirector,
  deliveriesOf,
  detours,
  goesDirectly,
  leavesElsewhere,
  ownAnswersOf,
  sentOn,
  unanswered,
} from "./real-servers.js";
import { errorOutcomes, forModel, fragmentedOutcomes, fragmentOutcomes, oversizeOutcomes } from "./shared.js";
import { unknownToVip } from "./unknown-errors.js";

const DR = forModel("dr");
const REQUEST = {
  ...DR,
  observedAt: "director in → real servers in",
  lookedFor: "a request of a DR service, forwarded by the director",
} as const;
const ANSWER = {
  ...DR,
  observedAt: "real servers out → client in",
  lookedFor: "an answer of a real server of a DR service",
} as const;

const requests: readonly Rule[] = [
  rule({
    ...REQUEST,
    id: "DR-REQ-01",
    title: "IP addresses, protocol and source port unchanged, no tunnel",
    statement:
      "A request leaves the director with the client's source, the VIP as its destination, the same protocol and source port, and no other header around it.",
    source: "ip_vs_dr_xmit",
    *judge(view) {
      yield* matrixOutcomes(view, "DR-REQ-01");
      yield* proxiedOutcomes(view, "dr");
    },
  }),
  matrixRule({
    ...REQUEST,
    id: "DR-REQ-02",
    title: "The source MAC is the director's, the destination MAC the real server's",
    statement:
      "A request leaves with the MAC of the director's egress NIC as its source and the MAC of a real server of the service as its destination.",
    source: "ip_vs_dr_xmit",
  }),
  matrixRule({
    ...REQUEST,
    id: "DR-REQ-03",
    title: "In the IP header only TTL and checksum change",
    statement:
      "Identification, flags, fragment offset, DSCP, ECN, options and total length are unchanged, the TTL is not set anew, and the header checksum is valid.",
    source: "RFC 1812 §5.3.1; decrement_ttl, ip_send_check",
  }),
  matrixRule({
    ...REQUEST,
    id: "DR-REQ-04",
    title: "L4 header and payload are byte-identical",
    statement:
      "Everything behind the IP header but the ports is unchanged, the bytes of the checksum included, be it valid, wrong or 0.",
    source: "ip_vs_dr_xmit",
  }),
  matrixRule({
    ...REQUEST,
    id: "DR-REQ-05",
    level: "MUST NOT",
    title: "No port mapping",
    statement: "A request keeps its destination port, whatever port the real server is configured with.",
    source: "ip_vs_dr_xmit; ipvsadm stores the service's port",
  }),
  rule({
    ...DR,
    id: "DR-REQ-06",
    level: "MUST NOT",
    title: "No ICMP redirect, although a request leaves where it came in",
    statement: "The director sends no ICMP redirect for packets of a DR service.",
    source: "IPVS transmits from LOCAL_IN, not ip_forward; RFC 1812 §5.2.7.2",
    observedAt: "director out",
    lookedFor: "a request of a DR service that leaves the director by the NIC it came in at",
    *judge(view) {
      const vips = vipsOf(view, "dr");
      const expected = "no ICMP redirect";
      const redirects = view.sightings.filter(({ host, direction, packet }) => {
        return direction === "out" && packet.icmp?.kind === "redirect" && view.network.isDirector(host);
      });
      for (const at of redirects) {
        if (!vips.has(at.packet.quoted?.ip?.dst ?? "")) continue;
        yield fail([at], { suspect: DIRECTOR, field: "icmp.type", expected, observed: describe(at) });
      }
      for (const { model, kind, in: at, outs } of view.crossings) {
        if (model !== "dr" || kind !== "request" || outs[0]?.tap !== at.tap) continue;
        yield absent(view, [at, outs[0]], { suspect: DIRECTOR, expected, observed: "none so far" });
      }
    },
  }),
];

const answers: readonly Rule[] = [
  rule({
    ...ANSWER,
    id: "DR-RSP-01",
    title: "Real servers answer from the VIP and the service's port",
    statement:
      "Every TCP segment and ICMP error that a real server sends to the client about a request has the address and port that the client asked as its source.",
    source: "RFC 9293 §3.4.1 (a connection is a pair of sockets); RFC 1122 §3.3.4.2(1)",
    lookedFor: "a TCP answer of a real server of a DR service, or its ICMP error",
    judge: (view) =>
      ownAnswersOf(view, "dr")
        .filter(({ at }) => protocolOf(at.packet) !== "udp")
        .map(answersFromVip),
  }),
  rule({
    ...ANSWER,
    id: "DR-RSP-02",
    title: "UDP servers answer from the VIP too",
    statement:
      "A datagram that answers one to the VIP has the VIP and the service's port as its source; a server bound to 0.0.0.0 does not see to that by itself.",
    source: "RFC 1122 §4.1.3.5, §3.3.4.2(1); IP_PKTINFO (ip(7))",
    lookedFor: "a UDP answer of a real server of a DR service",
    judge: (view) =>
      ownAnswersOf(view, "dr")
        .filter(({ at }) => protocolOf(at.packet) === "udp")
        .map(answersFromVip),
  }),
  rule({
    ...ANSWER,
    id: "DR-RSP-03",
    title: "The answer goes directly to the client or its router",
    statement:
      "A real server sends its answers from its own MAC to that of the client or of a router; on the way each router takes one from the TTL, and nobody else does.",
    source: "LVS-DR: only requests pass the director",
    *judge(view) {
      for (const answer of ownAnswersOf(view, "dr")) {
        const sent = [...goesDirectly(view, answer)];
        yield* sent;
        // What was sent the wrong way goes wrong from there on.
        if (sent.every(({ status }) => status === "pass")) yield* detours(view, answer);
      }
    },
  }),
  rule({
    ...ANSWER,
    id: "DR-RSP-04",
    level: "MUST NOT",
    title: "Answers never pass the director",
    statement: "No packet with the VIP and the service's port as its source is sent to a MAC of the director.",
    source: "Linux drops them: its own address as source is a martian (fib_validate_source)",
    observedAt: "real servers out, director in",
    judge: (view) => avoidsDirector(view, "dr"),
  }),
];

const realServers: readonly Rule[] = [
  rule({
    ...DR,
    id: "DR-RS-01",
    title: "Real servers take in packets for the VIP",
    statement: "A request for the VIP that is addressed to the real server's MAC is delivered there and answered.",
    source: "ip_route_input: the VIP is a local address",
    observedAt: "real servers in → real servers out",
    lookedFor: "a sound new request that arrives at a real server which answers",
    *judge(view) {
      for (const delivery of deliveriesOf(view, "dr")) {
        const { arrival, acceptance: answer } = delivery;
        if (answer !== undefined) yield pass(arrival, answer.at);
        // What strict filters of a server with several NICs drop is DR-RS-04's to tell.
        else if (sentOn(view, arrival) === undefined && !leavesElsewhere(view, delivery))
          yield unanswered(view, delivery, "an answer from the VIP");
      }
    },
  }),
  rule({
    ...DR,
    id: "DR-RS-02",
    level: "MUST NOT",
    title: "A real server does not send requests on",
    statement: "A real server takes a packet for the VIP in or drops it; it does not route it back into the network.",
    source: "ip_forward; RFC 1122 §3.2.1.3",
    observedAt: "real servers out",
    lookedFor: "a request of a DR service that arrives at a real server",
    *judge(view) {
      for (const at of arrivalsAtServers(view)) {
        const out = sentOn(view, at);
        if (out !== undefined && isForServer(view, out)) continue;
        const violation = { suspect: at.host, expected: "not sent on" };
        if (out === undefined) yield absent(view, [at], { ...violation, observed: "not sent on so far" });
        else yield fail([at, out], { ...violation, observed: `${describe(out)} with TTL ${out.packet.ip?.ttl}` });
      }
    },
  }),
  rule({
    ...DR,
    id: "DR-RS-03",
    title: "The VIP of a real server takes no other address in",
    statement:
      "A real server holds the VIP with a prefix of 32: it answers no who-has for an address of its network that nobody has. Linux does so to askers of another subnet only; those of its own it takes for itself.",
    source: "fib_add_ifaddr (the prefix of an address on lo is local as a whole)",
    observedAt: "real servers' NICs",
    lookedFor: "a who-has for an address that nobody has at a real server that answers for its own",
    judge: (view) => silentAboutNobody(view, "dr"),
  }),
];

const others: readonly Rule[] = [
  rule({
    ...DR,
    id: "DR-ICMP-01",
    title: "ICMP errors of the client's side reach the flow's real server unchanged",
    statement:
      "An ICMP error to the VIP about an answer is forwarded to the real server that has the flow; only MACs and TTL change. One about a flow that does not exist goes to none.",
    source: "RFC 1191 §3; ip_vs_icmp_xmit",
    observedAt: "director in → real servers in",
    lookedFor: "an ICMP error to the VIP about an answer, at the director",
    *judge(view) {
      yield* matrixOutcomes(view, "DR-ICMP-01");
      yield* errorOutcomes(view, "dr", "client-error");
      yield* unknownToVip(view, "dr");
    },
  }),
  rule({
    ...DR,
    id: "DR-MTU-01",
    title: "Requests larger than the MTU towards the real server",
    statement:
      "With DF such a request is refused with ICMP fragmentation needed and the right MTU; without DF it is fragmented.",
    source: "RFC 1191 §4; RFC 1812 §5.2.7.1, §4.2.2.7",
    observedAt: "director in → client in, real servers in",
    lookedFor: "a request larger than the MTU of the director's NIC towards the real server",
    *judge(view) {
      yield* oversizeOutcomes(view, "dr");
      yield* fragmentedOutcomes(view, "dr");
    },
  }),
  rule({
    ...DR,
    id: "DR-FRAG-01",
    title: "Fragments follow the flow",
    statement: "All fragments of a datagram reach one real server and make up the datagram that the client sent.",
    source: "ip_vs_gather_frags",
    observedAt: "director in → real servers in",
    lookedFor: "a fragmented datagram of a DR service at the director",
    judge: (view) => fragmentOutcomes(view, "DR-FRAG-01", "dr"),
  }),
];

export const drRules: readonly Rule[] = [...requests, ...answers, ...realServers, ...others];
