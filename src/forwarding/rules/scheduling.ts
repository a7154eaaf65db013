/** GEN-SCH: which real server gets a new connection. */

import { rule } from "../declare.js";
import { fateIfServed } from "../fate.js";
import { groupBy } from "../group.js";
import type { Sighting } from "../journey.js";
import { available } from "../network.js";
import { absent, DIRECTOR, fail, missing, type Outcome, pass } from "../outcome.js";
import { wrongReply } from "../own-replies.js";
import { describe } from "../paths.js";
import type { Rule } from "../rule.js";
import { serviceName } from "../setup.js";
import type { Crossing, View } from "../view.js";

const ALL = ["nat", "dr", "tun"] as const;

const roundRobin = rule({
  id: "GEN-SCH-01",
  title: "Round robin over new connections",
  level: "MUST",
  profile: "core",
  models: ALL,
  statement:
    "With the scheduler rr and n available real servers, any n consecutive new connections of a service go to n different ones, whatever their weights; which one is first is not said.",
  source: "ip_vs_rr.c",
  observedAt: "director in → real servers in",
  lookedFor:
    "as many consecutive new connections of a service with scheduler rr as it has available real servers (two or more)",
  *judge(view) {
    const requests = view.crossings.filter(({ kind, service }) => kind === "request" && service.scheduler === "rr");
    for (const ofService of groupBy(requests, ({ service }) => serviceName(service)).values()) {
      for (const run of runs(ofService)) yield* covers(view, run);
    }
  },
});

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
  return available(service)
    .map((server) => server.ip)
    .join();
}

function* covers(view: View, run: readonly Crossing[]): Iterable<Outcome> {
  const size = run[0] === undefined ? 0 : available(run[0].service).length;
  for (let end = size; size > 0 && end <= run.length; end++) {
    const window = run.slice(end - size, end);
    const at = window.flatMap(({ outs }) => outs.slice(0, 1));
    if (new Set(window.map(({ server }) => server?.ip)).size === size) {
      yield pass(...at);
      continue;
    }
    const expected = `${size} consecutive new connections to ${size} different real servers`;
    const observed = window.map(({ server }) => server?.name).join(", ");
    // A capture may lack other clients' connections, which had their turns between these.
    yield missing(view, at, { suspect: DIRECTOR, expected, observed });
    // The windows that overlap it say the same once more.
    end += size - 1;
  }
}

const drained = rule({
  id: "GEN-SCH-03",
  title: "Weight 0: no new connections, existing ones continue",
  level: "MUST",
  profile: "core",
  models: ALL,
  statement:
    "A real server with weight 0 gets no new connection while another one is available, and the connections that it has keep reaching it.",
  source: "ip_vs_*.c skip weight 0; ipvsadm(8), quiescent",
  observedAt: "director in → real servers in",
  lookedFor:
    "a new connection to a service with a real server of weight 0, or a packet of a connection to such a server",
  *judge(view) {
    for (const crossing of view.crossings) {
      if (crossing.kind !== "request") continue;
      if (crossing.isNew) yield* newConnection(crossing);
      else yield* existingConnection(view, crossing);
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
  else yield fail([sighting, out], { suspect: DIRECTOR, expected, observed: `to ${server?.name ?? describe(out)}` });
}

const noneAvailable = rule({
  id: "GEN-SCH-04",
  title: "No available real server: nothing is forwarded",
  level: "MUST NOT",
  profile: "core",
  models: ALL,
  statement:
    "A new connection to a service without real servers, or with none whose weight is above 0, is not forwarded; the director should answer with ICMP port unreachable from the VIP, or drop.",
  source: "ip_vs_leave() (ICMP_PORT_UNREACH)",
  observedAt: "director in → real servers in",
  lookedFor: "a new connection to a service with no available real server",
  *judge(view) {
    for (const { kind, isNew, service, flow, in: sighting, outs, server } of view.crossings) {
      if (kind !== "request" || !isNew || !flow.certainlyNew || available(service).length > 0) continue;
      if (!isWhole(sighting)) continue;
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
function isWhole({ packet }: Sighting): boolean {
  return packet.ip?.checksumValid === true && packet.ip.ttl > 1;
}

export const schedulingRules: readonly Rule[] = [roundRobin, drained, noneAvailable];
