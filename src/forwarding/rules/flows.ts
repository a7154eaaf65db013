/** GEN-L4, GEN-TTL, GEN-FLOW: what holds for every packet of a flow in every model. */

import { l4ChecksumState } from "../../packet/checksum.js";
import { matrixOutcomes } from "../compare.js";
import { areAllRecorded } from "../coverage.js";
import { closesConnection } from "../datagram.js";
import { matrixRule, rule } from "../declare.js";
import { fateIfIntact, fateOf, isServed } from "../fate.js";
import { isChecksumReady } from "../offload.js";
import { absent, DIRECTOR, fail, missing, type Outcome, pass, unknown } from "../outcome.js";
import { wrongReply } from "../own-replies.js";
import { describe } from "../paths.js";
import type { Rule } from "../rule.js";
import { isCorrupt } from "../sightings.js";
import { latest } from "../times.js";
import type { Crossing, View } from "../view.js";
import { needsForwarding } from "./dr-topology.js";

const ALL = ["nat", "dr", "tun"] as const;

const wrongChecksum = rule({
  id: "GEN-L4-01",
  title: "A wrong L4 checksum is not repaired",
  level: "MUST NOT",
  profile: "core",
  models: ALL,
  statement:
    "A packet that comes in with a wrong TCP or UDP checksum is dropped or leaves with a wrong one: recomputing it would hide the corruption from the receiver.",
  source: "RFC 1624; RFC 3022 §4.2; tcp_dnat_handler",
  observedAt: "director in → director out",
  lookedFor: "a packet of a service with a wrong TCP or UDP checksum at the director",
  *judge(view) {
    yield* matrixOutcomes(view, "GEN-L4-01");
    for (const crossing of view.crossings) {
      const { in: sighting, outs, kind } = crossing;
      if (outs.length > 0 || !isChecksumReady(sighting) || l4ChecksumState(sighting.packet) !== "invalid") continue;
      // Dropped is right as well, where nothing else is wrong with it.
      const isFlows = kind === "request" || kind === "reply";
      if (isFlows && view.evidence.settled && fateIfIntact(view, crossing) === "forward") yield pass(sighting);
    }
  },
});

const ttl = matrixRule({
  id: "GEN-TTL-01",
  title: "The director is one IP hop: TTL minus one",
  level: "MUST",
  profile: "core",
  models: ALL,
  statement:
    "The client's IP header leaves the director with its TTL decremented by exactly one, in both directions under NAT, inside the tunnel under TUN.",
  source: "RFC 1812 §5.3.1; RFC 2003 §3.1; decrement_ttl (ip_vs_xmit.c)",
  observedAt: "director in → director out",
  lookedFor: "a packet of a service, forwarded by the director",
});

const ttlExpired = rule({
  id: "GEN-TTL-02",
  title: "A packet with TTL 1 is not forwarded",
  level: "MUST",
  profile: "core",
  models: ALL,
  statement:
    "A packet that reaches the director with TTL 1 is not forwarded; the director should say so with ICMP time exceeded, which quotes the packet as it came in.",
  source: "RFC 1812 §5.3.1, §5.2.7.3, §4.3.2.3; decrement_ttl (ip_vs_xmit.c)",
  observedAt: "director in → real servers in",
  lookedFor: "a packet of a service with TTL 1 at the director",
  *judge(view) {
    for (const { in: sighting, outs } of view.crossings) {
      const { ip } = sighting.packet;
      if (ip === undefined || ip.ttl > 1 || isCorrupt(sighting)) continue;
      const [out] = outs;
      const expected = "not forwarded";
      const wrong = wrongReply(view, sighting);
      if (out === undefined && wrong !== undefined) yield wrong;
      else if (out === undefined) {
        yield absent(view, [sighting], { suspect: DIRECTOR, expected, observed: "no copy so far" });
      } else {
        const observed = `forwarded with TTL ${(out.packet.inner ?? out.packet).ip?.ttl}`;
        yield fail([sighting, out], { suspect: DIRECTOR, field: "ip.ttl", expected, observed });
      }
    }
  },
});

const affinity = rule({
  id: "GEN-FLOW-01",
  title: "All packets of a flow go to the same real server",
  level: "MUST",
  profile: "core",
  models: ALL,
  statement:
    "Every packet with the addresses and ports of an existing connection is forwarded to the real server that its first packet went to, whatever the scheduler does meanwhile.",
  source: "conn_in_get, which comes before scheduling",
  observedAt: "director in → real servers in",
  lookedFor: "a second packet of a flow at the director",
  *judge(view) {
    for (const crossing of [...view.crossings, ...relayedByAll(view)]) {
      const { kind, isNew, mayBeForgotten, service } = crossing;
      const isOfFlow = kind === "request" && !isNew && !mayBeForgotten && !service.onePacket;
      if (isOfFlow && isServed(crossing)) yield* sameServer(view, crossing);
    }
  },
});

/** Where all real servers were recorded: else some packets of a flow may have gone to another one. */
function relayedByAll(view: View): Crossing[] {
  return view.relayed.filter(({ service }) => areAllRecorded(view, service));
}

function* sameServer(view: View, crossing: Crossing): Iterable<Outcome> {
  const { flow, in: sighting, outs, server } = crossing;
  const [first] = flow.servers;
  const [out] = outs;
  const fate = fateOf(view, crossing);
  if (first === undefined || fate === "drop") return;
  const expected = `to ${first.name}, as the first packet of the flow`;
  if (out === undefined) {
    if (fate !== "forward" || closesConnection(sighting.packet) || sighting.frames.length > 1) return;
    // Forwarding, which is none of DR's business, is DR-REQ-07's to tell.
    if (crossing.model === "dr" && needsForwarding(view)) return;
    const observed = `${describe(sighting)} was not forwarded`;
    yield missing(view, [sighting], { suspect: DIRECTOR, expected, observed });
  } else if (server !== undefined && server.ip !== first.ip) {
    if (mayHaveExpired(view, crossing)) yield unknown([sighting, out]);
    else yield fail([sighting, out], { suspect: DIRECTOR, field: "ip.dst", expected, observed: `to ${server.name}` });
  } else if (server !== undefined) yield pass(sighting, out);
}

/** Nanoseconds that a director keeps what it knows of datagrams at the least: its timeouts are whole seconds. */
const KEPT = 1_000_000_000n;

/** Whether the director may have forgotten the flow, whose timeout nobody tells beside captures. */
function mayHaveExpired({ evidence }: View, { flow, time }: Crossing): boolean {
  if (evidence.coverage === undefined || flow.protocol === "tcp") return false;
  const last = latest([...flow.requests, ...flow.replies].flatMap((other) => (other.time < time ? other.time : [])));
  return last !== undefined && time - last >= KEPT;
}

const closing = rule({
  id: "GEN-FLOW-02",
  title: "FIN and RST are forwarded like any segment",
  level: "MUST",
  profile: "core",
  models: ALL,
  statement:
    "FIN and RST of an existing connection are forwarded in both directions: tearing down the director's entry must not swallow them.",
  source: "tcp_state_transition; RFC 9293 §3.5.3, §3.6",
  observedAt: "director in → director out",
  lookedFor: "a FIN or RST of a connection that passed packets the same way before",
  *judge(view) {
    for (const crossing of view.crossings) {
      const { in: sighting, outs, kind } = crossing;
      if (!closesConnection(sighting.packet) || !hasPassed(crossing)) continue;
      const [out] = outs;
      if (out !== undefined) yield pass(sighting, out);
      else if (fateOf(view, crossing) === "forward") {
        const observed = `${describe(sighting)} was not forwarded`;
        const expected = kind === "reply" ? "forwarded to the client" : "forwarded to the real server";
        yield missing(view, [sighting], { suspect: DIRECTOR, field: "tcp.flags", expected, observed });
      }
    }
  },
});

/** Whether the director forwarded an ordinary packet of the flow in the same direction: then it can. */
function hasPassed({ flow, kind, time }: Crossing): boolean {
  if (kind !== "request" && kind !== "reply") return false;
  return (kind === "reply" ? flow.replies : flow.requests).some(
    (other) => other.time < time && other.outs.length > 0 && !closesConnection(other.in.packet),
  );
}

export const flowRules: readonly Rule[] = [wrongChecksum, ttl, ttlExpired, affinity, closing];
