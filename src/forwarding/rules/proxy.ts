/** What tells a declared proxy from a director that forwards, and the shape of every other model from that of a proxy. */

import { endpoint } from "../../packet/address.js";
import { endsOf, isSyn } from "../datagram.js";
import { rule } from "../declare.js";
import type { Sighting } from "../journey.js";
import { ownsIp } from "../network.js";
import { DIRECTOR, fail, missing, type Outcome, pass } from "../outcome.js";
import { describe } from "../paths.js";
import { Handshakes } from "../proxied.js";
import type { Rule } from "../rule.js";
import { type ForwardingModel, type Service, serviceName } from "../setup.js";
import { startOf } from "../sightings.js";
import { isFor, type View } from "../view.js";

const PROXY = { level: "MUST", profile: "extended", models: ["proxy"] } as const satisfies Partial<Rule>;

/** Services of a model whose director keeps the client's connection to itself: that is no forwarding at all. */
export function* proxiedOutcomes(view: View, model: ForwardingModel): Iterable<Outcome> {
  const services = view.services.filter((service) => service.model === model);
  const handshakes = new Handshakes<Sighting>(view.network, services);
  for (const at of view.sightings) handshakes.add(at);
  for (const service of services) {
    const own = handshakes.ownOf(service);
    const requests = view.crossings.filter((one) => one.kind === "request" && one.service === service);
    const [first] = requests;
    // Who forwards as well only asks its real servers whether they live.
    if (own === undefined || first === undefined || requests.some(({ outs }) => outs.length > 0)) continue;
    yield fail([first.in, own.answer, own.connection], {
      suspect: DIRECTOR,
      expected: `the client's packets, forwarded by ${model.toUpperCase()}`,
      observed: `the director answered by itself, and sent ${describe(own.connection)} in its own name`,
    });
  }
}

/** A client's connection to a proxy: its SYN as it came to the director. */
interface Asked {
  readonly service: Service;
  readonly syn: Sighting;
}

/** By the client's endpoint; the latest of several. */
function askedOf(view: View): ReadonlyMap<string, Asked> {
  const asked = new Map<string, Asked>();
  for (const syn of view.sightings) {
    if (syn.direction !== "in" || !view.network.isDirector(syn.host) || !isSyn(syn.packet)) continue;
    const service = view.services.find((one) => one.model === "proxy" && isFor(syn.packet, one));
    if (service !== undefined) asked.set(endsOf(syn.packet).src, { service, syn });
  }
  return asked;
}

function isForServerOf(at: Sighting, { realServers }: Service): boolean {
  const { dst } = endsOf(at.packet);
  return realServers.some(({ ip, port }) => endpoint(ip, port) === dst);
}

const ownConnection = rule({
  ...PROXY,
  id: "PROXY-REQ-01",
  title: "The client's connection ends at the director, which has one of its own",
  statement:
    "Nothing leaves the director with the client's address and port as its source; what the client sends goes to a real server in a connection of the director's own, from an address of its own and with sequence numbers of its own.",
  source: "RFC 3022 §1 (what a translator is not); RFC 9293 §3.4.1, §3.5",
  observedAt: "director in → director out (real servers' side)",
  lookedFor: "a client's TCP connection to a service of a proxy, with data",
  *judge(view) {
    const asked = askedOf(view);
    const begun = new Set([...asked.values()].map(({ syn }) => syn.packet.tcp?.seq));
    const services = view.services.filter(({ model }) => model === "proxy");
    for (const at of view.sightings) {
      const director = view.network.host(at.host);
      if (director?.role !== "director") continue;
      const client = asked.get(endsOf(at.packet).src);
      if (at.direction === "in") {
        if (client !== undefined && at.packet.payload.length > 0) yield sentOn(view, at, client.service);
        continue;
      }
      const expected = `${at.packet.tcp ? "a connection" : "a packet"} of the director's own`;
      if (client !== undefined) {
        const violation = { suspect: DIRECTOR, field: "ip.src", expected, observed: describe(at) };
        yield fail([client.syn, at], violation);
      } else if (isSyn(at.packet) && services.some((service) => isForServerOf(at, service))) {
        if (!ownsIp(director, at.packet.ip?.src ?? "")) continue;
        const seq = at.packet.tcp?.seq;
        const observed = `the client's: ${seq}`;
        if (begun.has(seq))
          yield fail([at], { suspect: DIRECTOR, field: "tcp.seq_raw", expected: "a number of its own", observed });
        else yield pass(at);
      }
    }
  },
});

/** What a client says to a proxy has the director say something to a real server. */
function sentOn(view: View, at: Sighting, service: Service): Outcome {
  const sent = view.sightings.find(
    (out) =>
      out.direction === "out" &&
      view.network.isDirector(out.host) &&
      startOf(out) > startOf(at) &&
      out.packet.payload.length > 0 &&
      isForServerOf(out, service),
  );
  if (sent !== undefined) return pass(at, sent);
  const expected = `data to a real server of ${serviceName(service)}`;
  return missing(view, [at], { suspect: DIRECTOR, expected, observed: "nothing was sent to any of them" });
}

const ownAnswers = rule({
  ...PROXY,
  id: "PROXY-RSP-01",
  title: "The VIP alone answers the client, and the director in its name",
  statement:
    "What a client of a proxy gets comes from the VIP and the service's port, and was sent by the director: never from a real server's address, nor by a real server.",
  source: "RFC 9293 §3.4.1 (a connection is known by both its endpoints)",
  observedAt: "director out, real servers out → client in",
  lookedFor: "an answer to a client's TCP connection to a service of a proxy",
  *judge(view) {
    const asked = askedOf(view);
    for (const at of view.sightings) {
      const client = asked.get(endsOf(at.packet).dst);
      const host = view.network.host(at.host);
      if (client === undefined || at.direction !== "out" || at.packet.tcp === undefined) continue;
      const { service } = client;
      const expected = `from ${endpoint(service.vip, service.port)}, by the director`;
      const { src } = endsOf(at.packet);
      const isFromVip = src === endpoint(service.vip, service.port);
      const isFromServer = service.realServers.some(({ ip }) => ip === at.packet.ip?.src);
      if (host?.role === "director" && isFromVip) yield pass(at);
      else if (host?.role === "director" && isFromServer)
        yield fail([at], { suspect: DIRECTOR, field: "ip.src", expected, observed: describe(at) });
      else if (host?.role === "real-server" && (isFromVip || isFromServer))
        yield fail([at], { suspect: host.name, field: "ip.src", expected, observed: describe(at) });
    }
  },
});

export const proxyRules: readonly Rule[] = [ownConnection, ownAnswers];
