/** LVS-NAT: the way that answers take. */

import { endpoint } from "../../packet/address.js";
import { isVirtualRouter } from "../../packet/ethernet.js";
import { noMacs, unknownMacs } from "../cut.js";
import { closesConnection, portsOf, protocolOf } from "../datagram.js";
import { rule } from "../declare.js";
import { fateOf } from "../fate.js";
import type { Sighting } from "../journey.js";
import { absent, DIRECTOR, fail, inconclusive, missing, pass } from "../outcome.js";
import {
  answersOf,
  describe,
  hasDirectorMac,
  mayBeDirectors,
  passesDirector,
  pathTo,
  reachesClient,
} from "../paths.js";
import type { Rule } from "../rule.js";
import { isOnLink, shareSegment } from "../setup.js";
import { type Crossing, type Flow, flowsOf, type View } from "../view.js";
import { forModel } from "./shared.js";

const NAT = forModel("nat");

export const natTopologyRules: readonly Rule[] = [
  rule({
    ...NAT,
    id: "NAT-TOP-01",
    title: "Real servers send answers to the DIP",
    statement: "A real server on a segment of the director sends answers for clients beyond it to the director's MAC.",
    source: "LVS-NAT: the real server's default gateway is the DIP (LVS-HOWTO)",
    observedAt: "real servers out",
    lookedFor: "an answer of a real server to a client on another segment, at the real server",
    *judge(view) {
      for (const { at, flow, server } of answersOf(view)) {
        if (flow.service.model !== "nat" || server === undefined || at.direction !== "out") continue;
        const nic = view.network.port(at.tap)?.nic;
        const director = view.network.directors.find((host) => host.nics.some((own) => nic && shareSegment(own, nic)));
        if (director === undefined || nic === undefined || isOnLink(nic, flow.clientIp)) continue;
        const to = at.packet.linkDst;
        if (to === undefined) {
          yield noMacs(at);
          continue;
        }
        // What reaches the client past the director is NAT-TOP-02's or NAT-RSP-04's to tell.
        if (hasDirectorMac(view, to)) yield pass(at);
        else if (mayBeDirectors(view, to)) yield unknownMacs(at);
        else if (!view.evidence.settled && isVirtualRouter(to) && view.network.byMac(to) === undefined)
          yield unknownMacs(at);
        else if (!reachesClient(view, at)) {
          const expected = `a MAC of ${director.name}`;
          yield fail([at], { suspect: server.name, field: "eth.dst", expected, observed: view.network.macText(to) });
        }
      }
    },
  }),
  rule({
    ...NAT,
    id: "NAT-TOP-02",
    title: "No real server answers past the director",
    statement:
      "The client gets no packet of a balanced connection from the real server's own address by a way that avoids the director.",
    source: "RFC 2391 §1; ip_vs_out_hook: only what passes the director is translated",
    observedAt: "client in",
    lookedFor: "an answer of a NAT service at the client",
    *judge(view) {
      for (const { at, flow, src } of clientSide(view)) {
        const server = flow.servers.find(({ ip, port }) => endpoint(ip, port) === src);
        if (passesDirector(view, at)) {
          if (src === endpoint(flow.service.vip, flow.service.port)) yield pass(at);
        } else if (server !== undefined && src !== endpoint(flow.service.vip, flow.service.port)) {
          const expected = endpoint(flow.service.vip, flow.service.port);
          const violation = { suspect: server.name, field: "ip.src", expected, observed: `${src}, past the director` };
          const [sent] = pathTo(at);
          // It may have passed a director that was not recorded, and left it as it came.
          if (mayBeDirectors(view, sent?.packet.linkDst)) yield inconclusive([at], violation);
          else yield fail([at], violation);
        }
      }
    },
  }),
  rule({
    ...NAT,
    id: "NAT-TOP-03",
    title: "Real servers may be in another subnet",
    statement:
      "A guard, no demand on packets: a real server that is on none of the director's segments serves as well as one that is, as long as its answers return through the director.",
    source: "RFC 2391 §1: only that both directions pass the director; ip_vs_out_hook",
    observedAt: "director in (real servers' side) → client in",
    lookedFor: "an answer, through the director, of a real server that is on none of its segments",
    *judge(view) {
      for (const { in: at, outs } of repliesFromAfar(view)) yield pass(at, ...outs);
    },
    *naive(view) {
      for (const { in: at, director } of repliesFromAfar(view)) {
        const expected = `a real server on a segment of ${director.name}`;
        yield fail([at], { suspect: "network", field: "ip.src", expected, observed: at.packet.ip?.src ?? "" });
      }
    },
  }),
  rule({
    ...NAT,
    id: "NAT-TOP-04",
    title: "The director forwards answers",
    statement:
      "An answer of a connection's real server that reaches the director leaves it towards the client; that requests are forwarded proves nothing about it.",
    source: "ip_vs_out_hook sits on FORWARD: ip_forward must be 1",
    observedAt: "director in (real servers' side) → client in",
    lookedFor: "an answer of a NAT service at the director",
    *judge(view) {
      for (const crossing of [...view.crossings, ...view.relayed]) {
        const { kind, in: at, outs, flow } = crossing;
        if (kind !== "reply" || at.frames.length > 1) continue;
        const [out] = outs;
        if (out !== undefined) yield pass(at, out);
        else if (fateOf(view, crossing) === "forward" && !(closesConnection(at.packet) && hasAnswered(flow))) {
          const observed = `${describe(at)} was not forwarded`;
          yield missing(view, [at], { suspect: DIRECTOR, expected: "forwarded to the client", observed });
        }
      }
    },
  }),
  rule({
    ...NAT,
    id: "NAT-TOP-05",
    level: "SHOULD NOT",
    profile: "extended",
    title: "With one NIC the director tells real servers no shorter way",
    statement:
      "Where answers leave by the NIC that they came in at, the director sends real servers no ICMP redirect, which would teach them to leave the director out.",
    source: "RFC 1812 §5.2.7.2; ip_rt_send_redirect; send_redirects (ip-sysctl)",
    observedAt: "director out → real servers in",
    lookedFor: "an answer of a NAT service that leaves the director by the NIC that it came in at",
    *judge(view) {
      const expected = "no ICMP redirect";
      for (const { kind, model, in: at, outs } of view.crossings) {
        const [out] = outs;
        if (kind !== "reply" || model !== "nat" || out?.tap !== at.tap) continue;
        const redirect = redirectAbout(view, at);
        if (redirect !== undefined) {
          const violation = { suspect: DIRECTOR, field: "icmp.type", expected, observed: describe(redirect) };
          yield fail([at, redirect], violation);
        } else yield absent(view, [at, out], { suspect: DIRECTOR, expected, observed: "none so far" });
      }
    },
  }),
];

/** Answers that a director forwarded for real servers on none of its segments. */
function repliesFromAfar(view: View): Crossing[] {
  return view.crossings.filter(({ kind, model, director, outs, in: { packet } }) => {
    const isAfar = !director.nics.some((nic) => isOnLink(nic, packet.ip?.src ?? ""));
    return kind === "reply" && model === "nat" && outs.length > 0 && isAfar;
  });
}

/** A redirect of the director that quotes a packet. */
function redirectAbout(view: View, about: Sighting): Sighting | undefined {
  return view.sightings.find(({ host, direction, packet: { icmp, quoted } }) => {
    if (icmp?.kind !== "redirect" || direction !== "out" || host !== about.host) return false;
    const { ip } = about.packet;
    return quoted?.ip?.src === ip?.src && quoted?.ip?.dst === ip?.dst && quoted?.ip?.id === ip?.id;
  });
}

/** Then a FIN or RST that is swallowed is GEN-FLOW-02's. */
function hasAnswered(flow: Flow): boolean {
  return flow.replies.some((reply) => reply.outs.length > 0 && !closesConnection(reply.in.packet));
}

export interface ClientSide {
  readonly at: Sighting;
  readonly flow: Flow;
  /** Address and port. */
  readonly src: string;
}

/** What clients got that is for a flow of a NAT service. */
export function* clientSide(view: View): Iterable<ClientSide> {
  for (const at of view.sightings) {
    if (at.direction !== "in" || !at.addressed || view.network.host(at.host)?.role !== "client") continue;
    const { ip } = at.packet;
    const [protocol, ports] = [protocolOf(at.packet), portsOf(at.packet)];
    if (ip === undefined || protocol === undefined || ports === undefined) continue;
    const src = endpoint(ip.src, ports.src);
    const flow = flowsOf(view, protocol, ip.dst, ports.dst).find(({ service, servers }) => {
      const isOwn = service.vip === ip.src && service.port === ports.src;
      return service.model === "nat" && (isOwn || servers.some((server) => endpoint(server.ip, server.port) === src));
    });
    if (flow !== undefined) yield { at, flow, src };
  }
}
