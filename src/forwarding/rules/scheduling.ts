/** GEN-SCH-01 to -05: whose turn it is, and who gets none. */

import { isSyn } from "../datagram.js";
import { rule } from "../declare.js";
import { fateIfServed, fateOf } from "../fate.js";
import { groupBy } from "../group.js";
import type { Sighting } from "../journey.js";
import { available } from "../network.js";
import { absent, DIRECTOR, fail, missing, type Outcome, pass, unknown } from "../outcome.js";
import { wrongReply } from "../own-replies.js";
import { describe } from "../paths.js";
import type { Rule } from "../rule.js";
import { balancedAs, type Service } from "../setup.js";
import { isCorrupt } from "../sightings.js";
import type { Crossing, View } from "../view.js";

const ALL = ["nat", "dr", "tun"] as const;
const SCHEDULED = { profile: "core", models: ALL, observedAt: "director in → real servers in" } as const;

const roundRobin = rule({
  ...SCHEDULED,
  id: "GEN-SCH-01",
  title: "Round robin over new connections",
  level: "MUST",
  statement:
    "With the scheduler rr and n available real servers, any n consecutive new connections of a service go to n different ones, whatever their weights; which one is first is not said.",
  source: "ip_vs_rr.c",
  lookedFor:
    "as many consecutive new connections of a service with scheduler rr as it has available real servers (two or more)",
  judge: (view) => takesTurns(view, "rr"),
});

const weightedRoundRobin = rule({
  ...SCHEDULED,
  id: "GEN-SCH-02",
  title: "Weighted round robin keeps the proportions of the weights",
  level: "MUST",
  profile: "extended",
  statement:
    "With the scheduler wrr any Σweight/gcd consecutive new connections of a service give each real server weight/gcd of them, in whatever order.",
  source: "ip_vs_wrr.c",
  lookedFor: "a whole cycle (Σweight/gcd) of consecutive new connections of a service with scheduler wrr",
  judge: (view) => takesTurns(view, "wrr"),
});

function* takesTurns(view: View, scheduler: string): Iterable<Outcome> {
  if (view.evidence.isSelection) {
    const reason = "of so many connections only some were looked at one by one, which does not show whose turn it was";
    yield { status: "not-exercised", at: [], reason };
    return;
  }
  const requests = view.crossings.filter(({ kind, service }) => kind === "request" && isInTurn(service, scheduler));
  for (const ofService of groupBy(
    requests,
    ({ service, director }) => `${director.name} ${balancedAs(service)}`,
  ).values()) {
    const outcomes = Array.from(runs(ofService), (run) => [...cycles(view, run)]).flat();
    const wrong = outcomes.find(({ status }) => status !== "pass");
    // Connections that were not captured had their turns between these: neither right nor wrong order says anything.
    if (wrong !== undefined && view.evidence.coverage !== undefined) yield unknown(wrong.at);
    else yield* outcomes;
  }
}

/** Whether nothing but the scheduler has a say in who is next. */
function isInTurn({ scheduler, persistence, onePacket, realServers }: Service, wanted: string): boolean {
  return scheduler === wanted && !persistence && !onePacket && realServers.every(({ limit }) => limit === undefined);
}

/** New connections in a row, with nothing between them that may have moved the scheduler on unseen. */
function* runs(crossings: readonly Crossing[]): Iterable<Crossing[]> {
  let run: Crossing[] = [];
  for (const crossing of crossings) {
    const { isNew, flow, server, service } = crossing;
    if (!isNew) {
      if (server === undefined || server.ip === flow.servers[0]?.ip) continue;
      // Another rule's fault: who knows what it did to the scheduler.
      yield run;
      run = [];
      continue;
    }
    const last = run.at(-1);
    const isPart = flow.certainlyNew && server !== undefined && server.weight > 0 && crossing.outs.length === 1;
    if (!isPart || (last !== undefined && setOf(last) !== setOf(crossing))) {
      yield run;
      run = [];
    }
    if (isPart && available(service).length > 1) run.push(crossing);
  }
  yield run;
}

function setOf({ service }: Crossing): string {
  return JSON.stringify([...sharesOf(service)]);
}

/** How many connections of one cycle each available server gets, by address. */
function sharesOf(service: Service): Map<string, number> {
  const servers = available(service);
  if (service.scheduler === "rr") return new Map(servers.map(({ ip }) => [ip, 1]));
  const divisor = servers.map(({ weight }) => weight).reduce(greatestCommonDivisor, 0);
  return new Map(servers.map(({ ip, weight }) => [ip, weight / divisor]));
}

function greatestCommonDivisor(left: number, right: number): number {
  return right === 0 ? left : greatestCommonDivisor(right, left % right);
}

function* cycles(view: View, run: readonly Crossing[]): Iterable<Outcome> {
  const [first] = run;
  if (first === undefined) return;
  const shares = sharesOf(first.service);
  const size = [...shares.values()].reduce((sum, share) => sum + share, 0);
  for (let end = size; end <= run.length; end++) {
    const window = run.slice(end - size, end);
    const at = window.flatMap(({ outs }) => outs.slice(0, 1));
    const counts = groupBy(window, ({ server }) => server?.ip);
    if ([...shares].every(([ip, share]) => counts.get(ip)?.length === share)) {
      yield pass(...at);
      continue;
    }
    const observed = window.map(({ server }) => server?.name).join(", ");
    yield missing(view, at, { suspect: DIRECTOR, expected: cycleText(first.service, shares, size), observed });
    // The windows that overlap it say the same once more.
    end += size - 1;
  }
}

function cycleText(service: Service, shares: ReadonlyMap<string, number>, size: number): string {
  if (service.scheduler === "rr") return `${size} consecutive new connections to ${size} different real servers`;
  const each = available(service).map(({ name, ip }) => `${shares.get(ip)} to ${name}`);
  return `of ${size} consecutive new connections ${each.join(", ")}`;
}

const drained = rule({
  ...SCHEDULED,
  id: "GEN-SCH-03",
  title: "Weight 0: no new connections, existing ones continue",
  level: "MUST",
  statement:
    "A real server with weight 0 gets no new connection while another one is available, and the connections that it has keep reaching it.",
  source: "ip_vs_*.c skip weight 0; ipvsadm(8), quiescent",
  lookedFor:
    "a new connection to a service with a real server of weight 0, or a packet of a connection to such a server",
  *judge(view) {
    for (const crossing of view.crossings) {
      // Without connections there is nothing to continue; a persistent client goes on to where it went before.
      if (crossing.kind !== "request" || crossing.service.onePacket || crossing.mayBeForgotten) continue;
      if (!crossing.isNew) yield* existingConnection(view, crossing);
      else if (crossing.service.persistence === undefined) yield* newConnection(crossing);
    }
  },
});

function* newConnection({ service, server, flow, in: sighting, outs }: Crossing): Iterable<Outcome> {
  const [out] = outs;
  const hasDrained = service.realServers.some(({ weight }) => weight === 0);
  if (!hasDrained || available(service).length === 0 || out === undefined || !flow.certainlyNew) return;
  if (server === undefined) return;
  if (server.weight > 0) yield pass(sighting, out);
  else {
    const expected = `to one of ${available(service)
      .map(({ name }) => name)
      .join(", ")}`;
    yield fail([sighting, out], { suspect: DIRECTOR, expected, observed: `to ${server.name}, whose weight is 0` });
  }
}

function* existingConnection(view: View, crossing: Crossing): Iterable<Outcome> {
  const { service, flow, server, in: sighting, outs } = crossing;
  const [first] = flow.servers;
  const [out] = outs;
  if (first === undefined || !service.realServers.some(({ ip, weight }) => ip === first.ip && weight === 0)) return;
  const expected = `to ${first.name}, which has the connection`;
  if (out === undefined) {
    if (fateIfServed(view, crossing) !== "forward") return;
    const observed = `${describe(sighting)} was not forwarded`;
    yield missing(view, [sighting], { suspect: DIRECTOR, expected, observed });
  } else if (server?.ip === first.ip) yield pass(sighting, out);
  else {
    const observed = `to ${server?.name ?? describe(out)}`;
    yield fail([sighting, out], { suspect: DIRECTOR, field: "ip.dst", expected, observed });
  }
}

const noneAvailable = rule({
  ...SCHEDULED,
  id: "GEN-SCH-04",
  title: "No available real server: nothing is forwarded",
  level: "MUST NOT",
  statement:
    "A new connection to a service without real servers, or with none whose weight is above 0, is not forwarded; the director should answer with ICMP port unreachable from the VIP, or drop.",
  source: "ip_vs_leave() (ICMP_PORT_UNREACH)",
  lookedFor: "a new connection to a service with no available real server",
  *judge(view) {
    for (const { kind, isNew, service, flow, in: sighting, outs, server } of view.crossings) {
      if (kind !== "request" || !isNew || !flow.certainlyNew || available(service).length > 0) continue;
      if (service.persistence !== undefined || !isWhole(sighting)) continue;
      const expected = "not forwarded";
      const [out] = outs;
      const wrong = wrongReply(view, sighting);
      if (out === undefined && wrong !== undefined) yield wrong;
      else if (out === undefined) {
        yield absent(view, [sighting], { suspect: DIRECTOR, expected, observed: "no copy so far" });
      } else {
        const observed = `to ${server === undefined ? describe(out) : `${server.name}, whose weight is 0`}`;
        yield fail([sighting, out], { suspect: DIRECTOR, expected, observed });
      }
    }
  },
});

/** Not dropped for another reason already. */
function isWhole(sighting: Sighting): boolean {
  return !isCorrupt(sighting) && (sighting.packet.ip?.ttl ?? 0) > 1;
}

const removed = rule({
  ...SCHEDULED,
  id: "GEN-SCH-05",
  title: "A removed real server's connections go nowhere else",
  level: "MUST NOT",
  profile: "extended",
  statement:
    "A segment of a connection whose real server was removed is forwarded neither to that server nor, in mid-stream, to another one: it is dropped, or answered with a reset.",
  source: "ip_vs_in_hook (IP_VS_DEST_F_AVAILABLE); ipvs-sysctl (expire_nodest_conn)",
  lookedFor: "a TCP segment other than a SYN, of a connection whose real server has been removed since",
  *judge(view) {
    for (const crossing of view.crossings) {
      const { kind, isNew, mayBeForgotten, flow, service, server, in: sighting, outs } = crossing;
      const [first] = flow.servers;
      if (kind !== "request" || isNew || mayBeForgotten || first === undefined || isSyn(sighting.packet)) continue;
      if (flow.protocol !== "tcp" || service.realServers.some(({ ip }) => ip === first.ip)) continue;
      if (fateOf(view, crossing) === "drop") continue;
      const [out] = outs;
      const expected = `dropped, or reset: ${first.name} was removed`;
      const wrong = wrongReply(view, sighting);
      if (out !== undefined) {
        yield fail([sighting, out], { suspect: DIRECTOR, expected, observed: `to ${server?.name ?? describe(out)}` });
      } else if (wrong !== undefined) yield wrong;
      else yield absent(view, [sighting], { suspect: DIRECTOR, expected, observed: "no copy so far" });
    }
  },
});

export const schedulingRules: readonly Rule[] = [roundRobin, weightedRoundRobin, drained, noneAvailable, removed];
