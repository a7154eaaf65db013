/** Direct routing: what it asks of the network around the director, and what it must not ask. */

import { noMacs } from "../cut.js";
import { matrixRule, rule } from "../declare.js";
import { forwardsAt } from "../evidence.js";
import { fateOf } from "../fate.js";
import type { Sighting } from "../journey.js";
import { absent, DIRECTOR, fail, missing, pass } from "../outcome.js";
import { describe, hasDirectorMac } from "../paths.js";
import type { Rule } from "../rule.js";
import type { Crossing, View } from "../view.js";
import { vipsOf } from "./arp-rules.js";
import { deliveriesOf, leavesElsewhere, sentOn, unanswered } from "./real-servers.js";
import { forModel } from "./shared.js";

const DR = forModel("dr");

export const drTopologyRules: readonly Rule[] = [
  rule({
    ...DR,
    id: "DR-REQ-07",
    title: "Requests need no IP forwarding on the director",
    statement:
      "A request is forwarded although the director's own forwarding of packets is off: it is a packet to the director, and none that it routes.",
    source: "ip_vs_in_hook sits on LOCAL_IN, ip_forward is not asked",
    observedAt: "director in → real servers in",
    lookedFor: "a request of a DR service while the director's forwarding is known to be off",
    *judge(view) {
      const needs = needsForwarding(view);
      for (const crossing of requestsWithoutForwarding(view)) {
        const { in: sighting, outs } = crossing;
        const [out] = outs;
        if (out !== undefined) yield pass(sighting, out);
        else if (needs && fateOf(view, crossing) === "forward") {
          const expected = "forwarded, as while the director's forwarding was on";
          const observed = `${describe(sighting)} was not forwarded`;
          yield missing(view, [sighting], { suspect: DIRECTOR, expected, observed });
        }
      }
    },
  }),
  rule({
    ...DR,
    id: "DR-RSP-05",
    level: "MUST NOT",
    title: "The director sends on nothing that comes from the VIP",
    statement:
      "A packet whose source is the VIP that reaches the director from outside ends there: it is a martian. A director that routes it would hide that a real server's gateway is wrong.",
    source: "fib_validate_source (own address as source is a martian); accept_local (ip-sysctl)",
    observedAt: "director in → director out",
    lookedFor: "a packet from the VIP that comes to the director from outside",
    *judge(view) {
      const vips = vipsOf(view, "dr");
      const expected = "not sent on";
      for (const { in: at, outs } of view.strays) {
        if (!vips.has(at.packet.ip?.src ?? "") || hasDirectorMac(view, at.packet.linkSrc)) continue;
        const [out] = outs;
        if (at.packet.linkSrc === undefined) yield noMacs(at);
        else if (out === undefined)
          yield absent(view, [at], { suspect: DIRECTOR, expected, observed: "not sent on so far" });
        else yield fail([at, out], { suspect: DIRECTOR, field: "ip.src", expected, observed: describe(out) });
      }
    },
  }),
  matrixRule({
    ...DR,
    id: "DR-TOP-01",
    title: "Real servers are on the director's own segment",
    statement:
      "A request goes to the MAC of the real server itself: a router to which it is sent instead finds the VIP in it, and sends it back to the director until its TTL has run out.",
    source: "LVS-DR: the frame is for the real server itself; ip_vs_dr_xmit; RFC 1812 §4.2.2.9 (TTL ends the loop)",
    observedAt: "director out",
    lookedFor: "a request of a DR service, forwarded by the director",
  }),
  rule({
    ...DR,
    id: "DR-RS-04",
    profile: "extended",
    title: "A real server with several NICs answers by another one than it was asked at",
    statement:
      "Where the real server's route to the client leaves by another NIC than the one at which requests arrive, its reverse path filter must not be strict: requests are answered all the same.",
    source: "RFC 3704 §2.2, §2.4; rp_filter (ip-sysctl: the greater of all and the interface)",
    observedAt: "real servers in → real servers out",
    lookedFor: "a sound new request at a real server whose route to the client leaves by another NIC",
    *judge(view) {
      for (const delivery of deliveriesOf(view, "dr")) {
        if (!leavesElsewhere(view, delivery)) continue;
        const { arrival, acceptance } = delivery;
        if (acceptance !== undefined) yield pass(arrival, acceptance.at);
        else if (sentOn(view, arrival) === undefined)
          yield unanswered(view, delivery, "an answer from the VIP, by the NIC towards the client");
      }
    },
  }),
  rule({
    ...DR,
    id: "DR-LOOP-01",
    level: "MUST NOT",
    profile: "extended",
    title: "A real server that is a backup director does not balance again",
    statement:
      "A request that the master has forwarded is not forwarded once more by the real server that gets it, although it has the same services: two of them would hand it to each other until its TTL has run out.",
    source: "backup_only (ipvs-sysctl: packet loops for DR/TUN); RFC 1812 §4.2.2.9",
    observedAt: "real servers out",
    lookedFor: "a request of a DR service that arrives at a real server which is a backup director",
    *judge(view) {
      for (const at of arrivalsAtServers(view)) {
        const out = sentOn(view, at);
        const violation = { suspect: at.host, expected: "not forwarded to another real server" };
        if (out !== undefined && isForServer(view, out)) {
          const to = view.network.macText(out.packet.linkDst ?? "");
          yield fail([at, out], { ...violation, field: "eth.dst", observed: `${describe(out)} sent to ${to}` });
        } else if (view.network.host(at.host)?.options.backup)
          yield absent(view, [at], { ...violation, observed: "not forwarded so far" });
      }
    },
  }),
];

/** Requests of DR services at a director of which it is known that its forwarding was off. */
function requestsWithoutForwarding(view: View): Crossing[] {
  return drRequests(view).filter(({ director, time }) => forwardsAt(view.evidence, director.name, time) === false);
}

function drRequests(view: View): Crossing[] {
  return view.crossings.filter(({ kind, model }) => kind === "request" && model === "dr");
}

/** Whether the director forwards requests while its forwarding is on, and none while it is off. */
export function needsForwarding(view: View): boolean {
  const requests = drRequests(view);
  const forwarded = requests.filter(({ outs }) => outs.length > 0);
  const isOn = ({ director, time }: Crossing) => forwardsAt(view.evidence, director.name, time);
  return (
    forwarded.some((crossing) => isOn(crossing) === true) && !forwarded.some((crossing) => isOn(crossing) === false)
  );
}

/** Where packets to a VIP of DR came to a real server. */
export function arrivalsAtServers(view: View): Sighting[] {
  const vips = vipsOf(view, "dr");
  return view.sightings.filter(
    ({ host, direction, addressed, packet }) =>
      direction === "in" &&
      addressed &&
      vips.has(packet.ip?.dst ?? "") &&
      view.network.host(host)?.role === "real-server",
  );
}

/** Whether a frame goes from one real server to another. */
export function isForServer(view: View, { host, packet }: Sighting): boolean {
  const receiver = view.network.byMac(packet.linkDst)?.host;
  return receiver?.role === "real-server" && receiver.name !== host;
}
