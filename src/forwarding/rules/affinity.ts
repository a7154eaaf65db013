/** GEN-SCH-06 to -08: where a client's connections go follows from who the client is. */

import { networkOf } from "../../packet/address.js";
import { rule } from "../declare.js";
import { groupBy } from "../group.js";
import type { Sighting } from "../journey.js";
import { available } from "../network.js";
import { DIRECTOR, fail, inconclusive, type Outcome, pass, type Violation } from "../outcome.js";
import type { Rule } from "../rule.js";
import { balancedAs, type RealServer, type Service } from "../setup.js";
import type { Crossing, View } from "../view.js";

const CLIENTS = {
  level: "MUST",
  profile: "extended",
  models: ["nat", "dr", "tun"],
  observedAt: "director in → real servers in",
} as const;

/** All clients on one of several servers is no chance any more where it is none for so many on one of two equal ones. */
const MANY_CLIENTS = 12;
const CHANCE = 0.5 ** MANY_CLIENTS;
/** Of clients whose server stays: how many may go elsewhere when another server is removed (Maglev, NSDI 2016, §5.3). */
const MOST_MOVED = 0.05;
/** Clients from which on a share of them says something. */
const ENOUGH_CLIENTS = 20;

/** A new connection that went to one server. */
interface Arrival {
  readonly crossing: Crossing;
  readonly server: RealServer;
}

const sourceHash = rule({
  ...CLIENTS,
  id: "GEN-SCH-06",
  title: "Source hashing keeps a client at one real server",
  statement:
    "With the scheduler sh all connections of a client's address go to one real server, whatever their ports, while the set of servers stands; different addresses are spread over the servers by their weights.",
  source: "ip_vs_sh.c",
  lookedFor: "two new connections of one client to a service with scheduler sh and several available real servers",
  *judge(view) {
    for (const ofSet of sameSets(view, arrivals(view, byAddressAlone("sh")))) {
      const clients = [...groupBy(ofSet, ({ crossing }) => crossing.flow.clientIp).values()];
      for (const ofClient of clients) yield* oneServer(view, ofClient, "as before");
      const [first] = ofSet;
      if (first === undefined || new Set(ofSet.map(({ server }) => server.ip)).size > 1) continue;
      if (shareOf(first) ** clients.length > CHANCE) continue;
      const expected = `${clients.length} clients on several real servers`;
      yield fail(sightingsOf(ofSet), { suspect: DIRECTOR, expected, observed: `all on ${first.server.name}` });
    }
  },
});

/** The server's part of all weights: sh gives a server as many places of its table (ip_vs_sh_reassign). */
function shareOf({ crossing: { service }, server }: Arrival): number {
  return server.weight / service.realServers.reduce((sum, { weight }) => sum + weight, 0);
}

const maglev = rule({
  ...CLIENTS,
  id: "GEN-SCH-07",
  level: "SHOULD",
  title: "Maglev hashing moves only the clients of a removed real server",
  statement:
    "With the scheduler mh the removal of a real server moves its own clients; of all others at most one in twenty goes elsewhere, or one where they are fewer.",
  source: "ip_vs_mh.c; Maglev (NSDI 2016), §3.4",
  lookedFor: "new connections of twenty clients to a service with scheduler mh, before and after a real server left",
  *judge(view) {
    for (const ofService of groupBy(arrivals(view, byAddressAlone("mh")), serviceOf).values()) {
      const sets = sameSets(view, ofService);
      for (const [index, before] of sets.entries()) {
        const after = sets[index + 1];
        if (after !== undefined && isShrunk(before, after)) yield* moves(view, before, after);
      }
    }
  },
});

function* moves(view: View, before: readonly Arrival[], after: readonly Arrival[]): Iterable<Outcome> {
  const known = new Map(before.map(({ crossing, server }) => [crossing.flow.clientIp, server.ip]));
  const left = new Set(after[0] && available(after[0].crossing.service).map(({ ip }) => ip));
  const staying = after.filter(({ crossing }) => left.has(known.get(crossing.flow.clientIp) ?? ""));
  if (known.size < ENOUGH_CLIENTS || staying.length === 0) return;
  const moved = staying.filter(({ crossing, server }) => known.get(crossing.flow.clientIp) !== server.ip);
  // One may always: a twentieth of fewer clients than twenty is no whole one.
  const most = Math.max(1, Math.floor(staying.length * MOST_MOVED));
  if (moved.length <= most) yield pass(...sightingsOf(staying));
  else {
    const expected = `at most ${most} of ${staying.length} clients elsewhere`;
    const observed = `${moved.length} went elsewhere`;
    yield movedOn(view, sightingsOf(moved), { suspect: DIRECTOR, expected, observed });
  }
}

/** Whether servers left and none came. */
function isShrunk(before: readonly Arrival[], after: readonly Arrival[]): boolean {
  const [from, to] = [before, after].map((set) => (set[0] ? available(set[0].crossing.service) : []));
  if (from === undefined || to === undefined || to.length >= from.length || to.length === 0) return false;
  return to.every(({ ip, weight }) => from.some((server) => server.ip === ip && server.weight === weight));
}

const persistence = rule({
  ...CLIENTS,
  id: "GEN-SCH-08",
  title: "Persistence keeps a client at one real server",
  statement:
    "With persistence all connections of a client, or of all clients of its subnet where a prefix says so, go to one real server until the timeout has passed without any; with one mark for several ports, on all of them.",
  source: "ip_vs_sched_persist",
  lookedFor: "two new connections of one client to a persistent service within its timeout",
  *judge(view) {
    for (const ofSet of sameSets(
      view,
      arrivals(view, ({ persistence }) => persistence !== undefined),
    )) {
      for (const ofClient of groupBy(ofSet, clientOf).values()) {
        for (const kept of withinTimeout(ofClient)) yield* oneServer(view, kept, "by persistence");
      }
    }
  },
});

/** The addresses that count as one client. */
function clientOf({ crossing: { service, flow } }: Arrival): string {
  return networkOf(flow.clientIp, service.persistence?.prefix ?? 32);
}

const NANOSECONDS = 1_000_000_000n;

/** Parts of a client's connections between which no timeout passed. */
function withinTimeout(arrivals: readonly Arrival[]): Arrival[][] {
  const parts: Arrival[][] = [];
  for (const arrival of arrivals) {
    const part = parts.at(-1);
    const last = part?.at(-1)?.crossing;
    const { time, service } = arrival.crossing;
    const limit = BigInt(service.persistence?.timeout ?? 0) * NANOSECONDS;
    if (part === undefined || last === undefined || time - last.time >= limit) parts.push([arrival]);
    else part.push(arrival);
  }
  return parts;
}

function* oneServer(view: View, arrivals: readonly Arrival[], why: string): Iterable<Outcome> {
  const [first, ...later] = arrivals;
  for (const { crossing, server } of later) {
    if (first === undefined) return;
    const at = sightingsOf([first, { crossing, server }]);
    const expected = `to ${first.server.name}, ${why}`;
    if (server.ip === first.server.ip) yield pass(...at);
    else yield movedOn(view, at, { suspect: DIRECTOR, expected, observed: `to ${server.name}` });
  }
}

/** Beside captures nobody tells whether a server was taken out, or an entry older than they are had its time. */
function movedOn(view: View, at: readonly Sighting[], violation: Violation): Outcome {
  return view.evidence.coverage === undefined ? fail(at, violation) : inconclusive(at, violation);
}

/** New connections in the order of time, of services where there is a choice. */
function arrivals(view: View, isMeant: (service: Service) => boolean): Arrival[] {
  return view.crossings.flatMap((crossing) => {
    const { kind, isNew, service, server, outs, flow } = crossing;
    const counts = kind === "request" && isNew && flow.certainlyNew && outs.length === 1 && isMeant(service);
    return counts && server !== undefined && available(service).length > 1 ? [{ crossing, server }] : [];
  });
}

function byAddressAlone(scheduler: string) {
  return (service: Service) =>
    service.scheduler === scheduler &&
    service.persistence === undefined &&
    !service.schedulerFlags.includes(`${scheduler}-port`);
}

/** In groups, in the order of time, within which the service and the set of its servers stay the same all the time. */
function sameSets(view: View, arrivals: readonly Arrival[]): Arrival[][] {
  return [...groupBy(arrivals, serviceOf).values()].flatMap((ofService) => {
    const sets: Arrival[][] = [];
    for (const arrival of ofService) {
      const set = sets.at(-1);
      const last = set?.at(-1);
      if (set !== undefined && last !== undefined && stood(view, last, arrival)) set.push(arrival);
      else sets.push([arrival]);
    }
    return sets;
  });
}

/** Whether the set of servers was the same at two times and at all times between: one that comes back is another one. */
function stood({ evidence: { changes = [] } }: View, { crossing: from }: Arrival, { crossing: to }: Arrival): boolean {
  const between = changes.filter(({ time }) => time > from.time && time < to.time).flatMap(({ services }) => services);
  const own = between.filter((service) => isSameService(service, from.service));
  return [to.service, ...own].every((service) => serversOf(service) === serversOf(from.service));
}

function isSameService(one: Service, other: Service): boolean {
  return one.vip === other.vip && one.port === other.port && one.protocol === other.protocol;
}

function serversOf({ realServers }: Service): string {
  return realServers.map(({ ip, weight }) => `${ip} ${weight}`).join();
}

function serviceOf({ crossing }: Arrival): string {
  return balancedAs(crossing.service);
}

function sightingsOf(arrivals: readonly Arrival[]) {
  return arrivals.flatMap(({ crossing }) => crossing.outs.slice(0, 1));
}

export const affinityRules: readonly Rule[] = [sourceHash, maglev, persistence];
