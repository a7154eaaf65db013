/** GEN-SCH-09 to -12: what a service may be told beside its scheduler. */

import { isFin, isReset, isSyn } from "../datagram.js";
import { rule } from "../declare.js";
import { fateOf } from "../fate.js";
import { groupBy } from "../group.js";
import { wasOpen } from "../lifetime.js";
import { available } from "../network.js";
import { DIRECTOR, fail, missing, type Outcome, pass } from "../outcome.js";
import { describe } from "../paths.js";
import type { Rule } from "../rule.js";
import { balancedAs } from "../setup.js";
import { type Crossing, type Flow, flowsOf, type View } from "../view.js";

const OPTION = {
  profile: "extended",
  models: ["nat", "dr", "tun"],
  observedAt: "director in → real servers in",
} as const;

/** Linux counts connections that are not yet established apart, and may stop one too early or too late. */
const LIMIT_TOLERANCE = 1;

const onePacket = rule({
  ...OPTION,
  id: "GEN-SCH-09",
  level: "MAY",
  title: "One-packet scheduling: every datagram by itself",
  statement:
    "With one-packet scheduling every UDP datagram is scheduled anew: with rr any n of one client's port go round the n available real servers.",
  source: "IP_VS_SVC_F_ONEPACKET (ip_vs_schedule)",
  lookedFor:
    "as many datagrams in a row of a one-packet service with scheduler rr as it has available real servers (two or more)",
  *judge(view) {
    const datagrams = view.crossings.filter(({ kind, service }) => {
      return kind === "request" && service.onePacket && service.scheduler === "rr";
    });
    for (const ofService of groupBy(datagrams, ({ service }) => balancedAs(service)).values()) {
      for (const run of forwardedRuns(ofService)) {
        for (const end of run.keys()) yield* turn(view, run.slice(0, end + 1));
      }
    }
  },
});

/** Datagrams that were forwarded, in a row: one that was not may have had its turn all the same. */
function forwardedRuns(datagrams: readonly Crossing[]): Crossing[][] {
  const runs: Crossing[][] = [[]];
  for (const datagram of datagrams) {
    if (datagram.outs.length === 1) runs.at(-1)?.push(datagram);
    else runs.push([]);
  }
  return runs;
}

function* turn(view: View, datagrams: readonly Crossing[]): Iterable<Outcome> {
  const last = datagrams.at(-1);
  const size = last === undefined ? 0 : available(last.service).length;
  const window = datagrams.slice(-size);
  if (size < 2 || window.length < size || window.some(({ service }) => service !== last?.service)) return;
  const at = window.flatMap(({ outs }) => outs);
  if (new Set(window.map(({ server }) => server?.ip)).size === size) yield pass(...at);
  else {
    const expected = `${size} consecutive datagrams to ${size} different real servers`;
    yield missing(view, at, {
      suspect: DIRECTOR,
      expected,
      observed: window.map(({ server }) => server?.name).join(", "),
    });
  }
}

const mark = rule({
  ...OPTION,
  id: "GEN-SCH-10",
  level: "MUST",
  title: "A firewall mark makes several ports one service",
  statement:
    "Every new connection with a service's mark is balanced, whatever its port, and keeps that port; what has no mark is not touched.",
  source: "ip_vs_svc_fwm_find",
  lookedFor: "a new connection to a service with a mark",
  *judge(view) {
    for (const crossing of view.crossings) {
      const { kind, isNew, service, in: sighting, outs } = crossing;
      if (kind !== "request" || !isNew || service.mark === undefined) continue;
      const [out] = outs;
      if (out !== undefined) yield pass(sighting, out);
      else if (fateOf(view, crossing) === "forward") {
        const expected = `balanced, for its mark ${service.mark}`;
        const observed = `${describe(sighting)} was not forwarded`;
        yield missing(view, [sighting], { suspect: DIRECTOR, expected, observed });
      }
    }
  },
});

const reuse = rule({
  ...OPTION,
  id: "GEN-SCH-11",
  level: "SHOULD",
  title: "A SYN on the ports of a closed connection is a new connection",
  statement:
    "A SYN with the addresses and ports of a connection that was established and then reset, or under NAT finished by both ends, is scheduled afresh, and is not bound to the real server of the old connection.",
  source: "is_new_conn_expected (conn_reuse_mode)",
  lookedFor:
    "a SYN on the ports of a connection that was acknowledged and then reset or finished, to a service with scheduler rr whose turn it is elsewhere",
  *judge(view) {
    for (const crossing of view.crossings) {
      const old = closedBefore(view, crossing);
      const [first] = old?.servers ?? [];
      const { server, in: sighting, outs } = crossing;
      const [out] = outs;
      if (old === undefined || first === undefined || server === undefined || out === undefined) continue;
      if (!hasMovedOn(view, old, crossing)) continue;
      if (server.ip !== first.ip) yield pass(sighting, out);
      else {
        const expected = `to another real server than ${first.name}: it is not its turn`;
        yield missing(view, [sighting, out], { suspect: DIRECTOR, expected, observed: `to ${server.name}` });
      }
    }
  },
});

/** The connection on whose ports a SYN opens another one, where it was established and closed. */
function closedBefore(view: View, { kind, isNew, flow, service, in: sighting }: Crossing): Flow | undefined {
  if (kind !== "request" || !isNew || !isSyn(sighting.packet)) return undefined;
  const isPlain = service.scheduler === "rr" && service.persistence === undefined && available(service).length > 1;
  if (!isPlain) return undefined;
  const flows = flowsOf(view, flow.protocol, flow.clientIp, flow.clientPort);
  const old = flows[flows.indexOf(flow) + 1];
  if (old?.service !== service) return undefined;
  const packets = old.requests.map(({ in: { packet } }) => packet);
  const acknowledged = packets.findIndex((packet) => !isSyn(packet) && !isReset(packet));
  const isClosed = packets.slice(acknowledged).some(isReset) || isInTimeWait(old);
  return acknowledged > 0 && isClosed ? old : undefined;
}

/** Whether the director saw a FIN of both ends, which it does under NAT alone: without the answers Linux stays in FIN_WAIT. */
function isInTimeWait({ service, requests, replies }: Flow): boolean {
  const isFinished = (crossings: readonly Crossing[]) =>
    crossings.some(({ outs, in: { packet } }) => outs.length > 0 && isFin(packet));
  return service.model === "nat" && isFinished(requests) && isFinished(replies);
}

/** Whether round robin has come to another server than the old connection's by now. */
function hasMovedOn(view: View, old: Flow, { service, time }: Crossing): boolean {
  const since = old.requests[0]?.time ?? 0n;
  const turns = view.crossings.filter((crossing) => {
    const isTurn = crossing.kind === "request" && crossing.isNew && crossing.server !== undefined;
    return isTurn && balancedAs(crossing.service) === balancedAs(service) && crossing.time >= since;
  });
  return turns.filter((crossing) => crossing.time < time).length % available(service).length !== 0;
}

const limit = rule({
  ...OPTION,
  id: "GEN-SCH-12",
  level: "MUST",
  title: "A real server beyond its limit gets no new connection",
  statement:
    "A real server that has as many connections as its upper threshold allows gets no new one; one more or less is a matter of how connections are counted.",
  source: "ip_vs_dest_update_overload",
  lookedFor: "so many open connections to a service that a real server would be beyond its limit without one",
  *judge(view) {
    const opening = view.crossings.filter(({ kind, isNew, service, server }) => {
      const isLimited = service.realServers.some(({ limit }) => limit !== undefined);
      return kind === "request" && isNew && isLimited && server !== undefined;
    });
    for (const ofService of groupBy(opening, ({ service }) => balancedAs(service)).values()) {
      let open: Crossing[] = [];
      for (const crossing of ofService) {
        open = [...open.filter(({ flow }) => wasOpen(flow, crossing.time)), crossing];
        yield* withinLimits(crossing, open);
      }
    }
  },
});

/** @param open the connections of the service up to this one, which is the last of them */
function* withinLimits(
  { service, server, in: sighting, outs }: Crossing,
  open: readonly Crossing[],
): Iterable<Outcome> {
  const [out] = outs;
  if (out === undefined) return;
  for (const { ip, name, limit } of service.realServers) {
    if (limit === undefined || open.length / service.realServers.length <= limit + LIMIT_TOLERANCE) continue;
    const own = open.filter((crossing) => crossing.server?.ip === ip).length;
    if (server?.ip !== ip || own <= limit + LIMIT_TOLERANCE) yield pass(sighting, out);
    else {
      const expected = `not to ${name}, whose limit is ${limit}`;
      yield fail([sighting, out], { suspect: DIRECTOR, expected, observed: `connection ${own} to ${name}` });
    }
  }
}

export const serviceOptionRules: readonly Rule[] = [onePacket, mark, reuse, limit];
