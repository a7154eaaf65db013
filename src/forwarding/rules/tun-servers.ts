/** IP in IP: real servers take requests out of the tunnel, and answer plainly and past the director. */

import { IP_PROTOCOL } from "../../packet/ip.js";
import { core, hash, ipPayload } from "../datagram.js";
import { rule } from "../declare.js";
import { groupBy } from "../group.js";
import type { Sighting } from "../journey.js";
import { absent, fail, type Outcome, pass } from "../outcome.js";
import { type Answer, arrivalsOf, describe, hasDirectorMac } from "../paths.js";
import type { Rule } from "../rule.js";
import { startOf } from "../sightings.js";
import type { View } from "../view.js";
import { announcesNoVip, asksInOwnName, silentAboutVip, vipsOf } from "./arp-rules.js";
import {
  answersFromVip,
  avoidsDirector,
  type Delivery,
  deliveriesOf,
  goesDirectly,
  ownAnswersOf,
  unanswered,
} from "./real-servers.js";
import { forModel } from "./shared.js";

const TUN = forModel("tun");
const SERVER = {
  ...TUN,
  observedAt: "real servers in → real servers out",
  lookedFor: "a sound new request that arrives at a real server which answers",
} as const;

export const tunnelServerRules: readonly Rule[] = [
  rule({
    ...SERVER,
    id: "TUN-RS-01",
    title: "The real server takes packets out of the tunnel",
    statement:
      "A tunnelled request is accepted and answered, not refused with an ICMP error about the tunnel, nor with another one or a RST where the service is open.",
    source: "RFC 2003 §3; ipip_rcv",
    *judge(view) {
      const refusals = refusalsOf(view);
      for (const delivery of deliveriesOf(view, "tun")) {
        const { arrival, answer, acceptance, server } = delivery;
        const refusal = refusalOf(refusals, arrival);
        if (acceptance !== undefined) yield pass(arrival, acceptance.at);
        else if (refusal !== undefined) {
          const violation = { suspect: server.name, expected: "the packet is taken out and answered" };
          yield fail([arrival, refusal], { ...violation, observed: describe(refusal) });
        } else if (answer !== undefined) yield unanswered(view, delivery, "an answer from the VIP that takes it in");
      }
    },
  }),
  rule({
    ...TUN,
    id: "TUN-RS-02",
    title: "The answer is a plain packet from the VIP, direct to the client",
    statement:
      "A real server answers from the address and port that the client asked, in no tunnel, to the MAC of the client or of a router.",
    source: "RFC 9293 §3.4.1; RFC 1122 §3.3.4.2(1)",
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
    source: "rp_filter (ip-sysctl: the greater of all and the interface); RFC 3704 §2.2, §2.4",
    *judge(view) {
      const [refusals, sentOn] = [refusalsOf(view), sentOnBy(view)];
      for (const delivery of deliveriesOf(view, "tun")) {
        const { arrival, answer, acceptance } = delivery;
        if (acceptance !== undefined) yield pass(arrival, acceptance.at);
        // TUN-RS-01 tells what was refused, TUN-RS-06 what was sent on, TUN-GRE-02 what a tunnel drops whose ends disagree.
        else if (
          answer === undefined &&
          refusalOf(refusals, arrival) === undefined &&
          sentOn(arrival) === undefined &&
          !hasOptions(delivery)
        )
          yield unanswered(view, delivery, "an answer from the VIP");
      }
    },
  }),
  rule({
    ...SERVER,
    id: "TUN-GRE-02",
    profile: "extended",
    title: "Director and real server agree about the tunnel",
    statement:
      "A real server takes a request out of a GRE or GUE tunnel, with or without checksum as the service has it, and answers: GRE drops without a word what has other flags than it expects.",
    source: "RFC 2784 §2.2; ip_tunnel_rcv (TUNNEL_CSUM must match)",
    lookedFor: "a sound new request in a GRE or GUE tunnel that arrives at a real server which answers",
    *judge(view) {
      for (const delivery of deliveriesOf(view, "tun")) {
        const { arrival, answer, acceptance } = delivery;
        if (!hasOptions(delivery)) continue;
        if (acceptance !== undefined) yield pass(arrival, acceptance.at);
        // What came out of the tunnel and was refused is TUN-RS-01's to tell.
        else if (answer === undefined) yield unanswered(view, delivery, "an answer from the VIP");
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
    source: "arp_ignore, arp_announce (ip-sysctl); RFC 5227 §2.3, §2.4",
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
    source: "RFC 2003 §6.2; RFC 1122 §3.2.1.3; ip_forward",
    observedAt: "real servers out",
    lookedFor: "a tunnelled request that arrives at a real server",
    *judge(view) {
      const sentOn = sentOnBy(view);
      for (const { model, kind, outs } of [...view.crossings, ...view.relayed, ...view.unproven]) {
        if (model !== "tun" || kind !== "request") continue;
        for (const at of outs.flatMap((sent) => arrivalsOf(view, sent))) {
          if (at.packet.inner === undefined) continue;
          const out = sentOn(at);
          const violation = { suspect: at.host, expected: "not sent on" };
          if (out === undefined) yield absent(view, [at], { ...violation, observed: "not sent on so far" });
          else
            yield fail([at, out], { ...violation, observed: `${describe(out)} with TTL ${core(out.packet).ip?.ttl}` });
        }
      }
    },
  }),
];

/** What a host sent on of a packet in a tunnel that it got, in a tunnel or without. */
function sentOnBy(view: View): (arrival: Sighting) => Sighting | undefined {
  const vips = vipsOf(view, "tun");
  const sent = groupBy(
    view.sightings.filter(({ direction, packet }) => direction === "out" && vips.has(core(packet).ip?.dst ?? "")),
    innerKey,
  );
  return (arrival) => sent.get(innerKey(arrival) ?? "")?.find((candidate) => startOf(candidate) > startOf(arrival));
}

/** Whether the service's tunnel is of a kind that its ends may see differently. */
function hasOptions({ crossing: { service } }: Delivery): boolean {
  return service.tunnel.kind !== "ipip";
}

/** What is the same of a packet inside a tunnel and out of it, at one host. */
function innerKey({ host, common }: Sighting): string | undefined {
  const { ip } = core(common);
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
  if (source.status === "fail" || hasDirectorMac(view, at.packet.linkDst)) return source;
  const [direct] = goesDirectly(view, answer);
  return direct ?? source;
}
