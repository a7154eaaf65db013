/** What DR and TUN have in common about real servers: they take requests in and answer straight to the client. */

import { endpoint } from "../../packet/address.js";
import { l4ChecksumState } from "../../packet/checksum.js";
import { TCP_FLAG } from "../../packet/tcp.js";
import { matrixOutcomes } from "../compare.js";
import { noMacs, unknownMacs } from "../cut.js";
import { core, isSyn, portsOf, protocolOf } from "../datagram.js";
import { groupBy } from "../group.js";
import { isSourceRouted } from "../ip-options.js";
import type { Sighting } from "../journey.js";
import { absent, fail, missing, type Outcome, pass } from "../outcome.js";
import {
  type Answer,
  answersOf,
  arrivalsOf,
  describe,
  hasDirectorMac,
  keepsAddress,
  lastRequestTo,
  mayBeDirectors,
  pathTo,
} from "../paths.js";
import { type Host, type Model, serviceName } from "../setup.js";
import { isPartial, startOf } from "../sightings.js";
import type { Crossing, Flow, View } from "../view.js";

const SYN_ACK = TCP_FLAG.syn | TCP_FLAG.ack;
const SYN_ACK_RST = SYN_ACK | TCP_FLAG.rst;

/** A request that arrived at a real server as it should, and what the server made of it. */
export interface Delivery {
  readonly crossing: Crossing;
  readonly arrival: Sighting;
  readonly server: Host;
  readonly answer?: Answer;
  /** The first answer that shows that the server took the request in. */
  readonly acceptance?: Answer;
}

/** Requests that a real server with the VIP has to answer: sound, new, to a service that answers. */
export function deliveriesOf(view: View, model: Model): Delivery[] {
  const answers = groupBy(answersOf(view), (answer) => answer.flow);
  const misshapen = misshapenTunnels(view);
  return [...view.crossings, ...view.relayed, ...view.unproven].flatMap((crossing) => {
    if (crossing.model !== model || crossing.kind !== "request" || !crossing.isNew) return [];
    const [out, second] = crossing.outs;
    if (out === undefined || second !== undefined || !mustAnswer(crossing) || !keepsAddress({ crossing, out }))
      return [];
    const [arrival] = arrivalsOf(view, out);
    const server = arrival && view.network.host(arrival.host);
    if (arrival === undefined || server === undefined || !isSound(arrival)) return [];
    if (misshapen.has(crossing.in)) return [];
    const later = (answers.get(crossing.flow) ?? []).filter(
      (candidate) => candidate.server === server && startOf(candidate.at) > startOf(arrival),
    );
    const [answer] = later;
    const acceptance = later.find((candidate) => accepts(view, crossing, candidate));
    const isOneWay = crossing.flow.protocol === "udp" && answer === undefined;
    // Beside captures nobody says that a service answers datagrams: a log's does not.
    if (isOneWay && view.evidence.coverage !== undefined) return [];
    const delivery = { crossing, arrival, server, ...(answer && { answer }), ...(acceptance && { acceptance }) };
    return [delivery];
  });
}

/** What a tunnel's header must be so that a real server takes the packet out: from the director, of the right kind. */
const TUNNEL_RULES = ["TUN-ENC-02", "TUN-ENC-03", "TUN-GRE-01", "TUN-GUE-01", "TUN-V6-01", "TUN-V6-02"];

/** Requests whose tunnel is not as it must be: no real server has to answer them. */
function misshapenTunnels(view: View): ReadonlySet<Sighting | undefined> {
  const outcomes = TUNNEL_RULES.flatMap((rule) => matrixOutcomes(view, rule));
  return new Set(outcomes.filter(({ status }) => status === "fail").map(({ at: [request] }) => request));
}

/** What the setup says that the server does: an RST is no echo, and an ICMP error from the RIP is no answer at all. */
function accepts(view: View, { server, service, flow, in: request }: Crossing, { at }: Answer): boolean {
  const { ip, tcp, icmp } = core(at.packet);
  // That the setup beside captures says nothing of closed ports is no promise that there are none.
  const isClosed = server?.answers === "closed" || !view.evidence.settled;
  if (icmp !== undefined) return isClosed && ip?.src === service.vip;
  const asked = request.packet.tcp;
  // On addresses and ports that were in use before a server may answer a SYN as one of the old connection.
  if (asked === undefined || tcp === undefined || server?.answers !== "echo" || !flow.certainlyNew) return true;
  if (isClosed && (tcp.flags & TCP_FLAG.rst) !== 0) return true;
  const isSynAck = (tcp.flags & SYN_ACK_RST) === SYN_ACK;
  const first = (asked.seq + 1) >>> 0;
  // Data in a SYN may be taken as well (TCP Fast Open).
  return isSynAck && (tcp.ack - first) >>> 0 <= request.packet.payload.length + request.packet.missing;
}

function mustAnswer({ server, in: sighting }: Crossing): boolean {
  if (server?.answers === "echo") return sighting.packet.udp !== undefined || isSyn(sighting.packet);
  // A port unreachable for UDP is rate limited: only TCP says reliably that a port is closed.
  return server?.answers === "closed" && isSyn(sighting.packet);
}

function isSound({ packet: outer, frames }: Sighting): boolean {
  const packet = core(outer);
  if (packet.ip === undefined || packet.problem !== undefined) return false;
  for (const { packet: frame } of frames) {
    if (frame.ip?.checksumValid === false || core(frame).ip?.checksumValid === false) return false;
    if (core(frame).ip?.ttl === 0) return false;
  }
  // Hosts drop those by default (accept_source_route).
  if (isSourceRouted(outer) || isSourceRouted(packet)) return false;
  return (
    packet.ip.checksumValid &&
    packet.ip.ttl > 0 &&
    (l4ChecksumState(packet) !== "invalid" || frames.some((frame) => frame.checksumReady === false))
  );
}

/** Answers to requests that arrived with the client's own addressing: what they look like is the real server's doing. */
export function ownAnswersOf(view: View, model: Model): Answer[] {
  return answersOf(view).filter(({ flow, at, server }) => {
    if (flow.service.model !== model) return false;
    if (server === undefined) return true;
    const request = lastRequestTo(flow, server, startOf(at));
    return request !== undefined && keepsAddress(request);
  });
}

/** The answer's source is the address and port that the client asked. */
export function answersFromVip({ flow, at, server }: Answer): Outcome {
  const packet = core(at.packet);
  const ports = portsOf(packet);
  const { vip, port } = flow.service;
  const isError = packet.icmp !== undefined;
  const found = isError ? (packet.ip?.src ?? "") : endpoint(packet.ip?.src ?? "", ports?.src ?? 0);
  const expected = isError ? vip : endpoint(vip, port);
  if (found === expected) return pass(at);
  const field = packet.ip?.src === vip ? `${protocolOf(packet) ?? "tcp"}.srcport` : "ip.src";
  const suspect = server?.name ?? flow.servers[0]?.name ?? ownerOf(flow, packet.ip?.src) ?? "network";
  return fail([at], { suspect, field, expected, observed: found });
}

/** The real server of the flow's service that has an address. */
function ownerOf({ service }: Flow, ip: string | undefined): string | undefined {
  return service.realServers.find((server) => server.ip === ip)?.name;
}

/** The answer goes to the client, or to a router on the way there; to the director is another rule's matter. */
export function* goesDirectly(view: View, { flow, at, server }: Answer): Iterable<Outcome> {
  const { linkSrc, linkDst } = at.packet;
  if (server === undefined || hasDirectorMac(view, linkDst)) return;
  if (linkSrc === undefined || linkDst === undefined) {
    yield noMacs(at);
    return;
  }
  const to = view.network.byMac(linkDst);
  const violation = { suspect: server.name, expected: "the client's MAC, or that of a router" };
  // A next hop that the setup does not know is wrong where it knows all there are.
  const isWrong =
    to === undefined ? linkDst !== "" && knowsAllMacs(view) : to.host.role !== "client" && to.host.role !== "router";
  if (isWrong) {
    yield fail([at], { ...violation, field: "eth.dst", observed: view.network.macText(linkDst) });
  } else if (view.network.byMac(linkSrc)?.host.name !== server.name) {
    const expected = `a MAC of ${server.name}`;
    yield fail([at], { ...violation, field: "eth.src", expected, observed: view.network.macText(linkSrc) });
  } else if (mayBeDirectors(view, linkDst)) yield unknownMacs(at);
  else if (flow.clientIp === at.packet.ip?.dst || at.packet.inner !== undefined) yield pass(at);
}

/** Where it arrives at the client an answer has lost more of its TTL than one for each router that it is seen at. */
export function* detours(view: View, { at, server }: Answer): Iterable<Outcome> {
  // Beside captures there may be routers that nobody tells of; what passes the director is another rule's matter.
  if (!view.evidence.settled || server === undefined || at.packet.inner !== undefined) return;
  for (const arrival of arrivalsAtClients(view, at)) {
    const way = pathTo(arrival).slice(pathTo(at).length - 1);
    if (way.some(({ host }) => view.network.isDirector(host))) continue;
    const routers = new Set(way.map(({ host }) => host).filter((name) => view.network.host(name)?.role === "router"))
      .size;
    const [expected, observed] = [(at.packet.ip?.ttl ?? 0) - routers, arrival.packet.ip?.ttl ?? 0];
    if (observed === expected) continue;
    const violation = { suspect: "network", field: "ip.ttl", expected: String(expected), observed: String(observed) };
    yield fail([at, arrival], violation);
  }
}

/** Where a packet came in at clients, on whatever way. */
function arrivalsAtClients(view: View, from: Sighting): Sighting[] {
  const next = view.children.get(from) ?? [];
  return next.flatMap((child) => {
    const isClient = view.network.host(child.host)?.role === "client" && child.direction === "in" && child.addressed;
    return isClient ? [child] : arrivalsAtClients(view, child);
  });
}

function knowsAllMacs({ evidence }: View): boolean {
  return evidence.settled && evidence.setup.hosts.every(({ nics }) => nics.every(({ mac }) => mac !== ""));
}

/** No answer comes by the director's NIC: the packets of a service that come from the VIP and are no director's own. */
export function* avoidsDirector(view: View, model: Model): Iterable<Outcome> {
  const answers = ownAnswersOf(view, model);
  const expected = "answers go to the client, past the director";
  const failed = new Set<string>();
  for (const { in: at, services } of view.strays) {
    const ports = portsOf(at.packet);
    const service = services.find(({ vip, port }) => vip === at.packet.ip?.src && port === ports?.src);
    if (service?.model !== model || hasDirectorMac(view, at.packet.linkSrc)) continue;
    // What somebody else made up is no answer of a real server.
    const [root] = pathTo(at);
    if (root?.direction === "out" && view.network.host(root.host)?.role !== "real-server") continue;
    const sender = view.network.byMac(at.packet.linkSrc)?.host;
    const suspect = sender?.role === "real-server" ? sender.name : "network";
    if (at.packet.linkSrc === undefined) {
      yield noMacs(at);
      continue;
    }
    failed.add(endpoint(at.packet.ip?.dst ?? "", ports?.dst ?? 0));
    const observed = `${describe(at)} came to ${view.network.macText(at.packet.linkDst ?? "")}`;
    yield fail([at], { suspect, field: "eth.dst", expected, observed });
  }
  for (const { flow, at, server } of answers) {
    if (at.packet.inner !== undefined || failed.has(endpoint(flow.clientIp, flow.clientPort))) continue;
    const suspect = server?.name ?? "network";
    if (hasDirectorMac(view, at.packet.linkDst)) {
      const observed = `${describe(at)} sent to ${view.network.macText(at.packet.linkDst ?? "")}`;
      yield fail([at], { suspect, field: "eth.dst", expected, observed });
    } else if (at.packet.linkDst === undefined) yield noMacs(at);
    else if (mayBeDirectors(view, at.packet.linkDst)) yield unknownMacs(at);
    else if (at.direction === "out") {
      // Where it left the server its MAC says where it goes: that is no absence to be proven.
      yield pass(at);
    } else {
      const observed = `none of ${serviceName(flow.service)} so far`;
      yield absent(view, [at], { suspect, expected, observed }, view.network.directors[0]?.name);
    }
  }
}

/** A server that got the request and says nothing, or nothing that shows that it took it in. */
export function unanswered(view: View, { arrival, server, answer }: Delivery, expected: string): Outcome {
  const made = answer === undefined ? "was not answered" : `got ${describe(answer.at)}`;
  const observed = `${describe(arrival)} arrived and ${made}`;
  return missing(view, [arrival], { suspect: server.name, expected, observed });
}

/** Whether the server's route to the client leaves by another NIC than the one that the request came in at. */
export function leavesElsewhere({ network }: View, { crossing, arrival, server }: Delivery): boolean {
  const way = network.nextHop(server, crossing.flow.clientIp);
  return way !== undefined && way.nic.name !== network.port(arrival.tap)?.nic.name;
}

/** What a real server sent on of a request instead of taking it in. */
export function sentOn(view: View, arrival: Sighting): Sighting | undefined {
  return view.children.get(arrival)?.find((child) => child.direction === "out" && !isPartial(child));
}
