/** Where packets of services went: what the rules about real servers and answers look at. */

import { endpoint } from "../packet/address.js";
import { core, portsOf, protocolOf } from "./datagram.js";
import type { Sighting } from "./journey.js";
import { ownsMac } from "./network.js";
import type { Host, Service } from "./setup.js";
import { isPartial, startOf } from "./sightings.js";
import { type Crossing, type Flow, flowsOf, type View } from "./view.js";

/** What a real server sent to a client about a flow, where it was first seen. */
export interface Answer {
  readonly flow: Flow;
  readonly at: Sighting;
  /** The real server that sent it; left out where no capture shows. */
  readonly server?: Host;
}

const answers = new WeakMap<View, readonly Answer[]>();

/** All answers that come from a real server itself, not from the director. */
export function answersOf(view: View): readonly Answer[] {
  let known = answers.get(view);
  if (known === undefined) {
    known = view.sightings.flatMap((sighting) => answerAt(view, sighting) ?? []);
    answers.set(view, known);
  }
  return known;
}

/** Where the copies of a packet arrived: at NICs of real servers that they were addressed to, before any further hop. */
export function arrivalsOf(view: View, out: Sighting): Sighting[] {
  const arrivals: Sighting[] = [];
  // What left a director that nobody recorded may have arrived where it was first seen.
  const open = out.direction === "in" ? [out] : [...(view.children.get(out) ?? [])];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const role = view.network.host(at.host)?.role;
    if (role === "real-server" && at.direction === "in" && at.addressed) arrivals.push(at);
    else if (role !== "director" && role !== "real-server") open.push(...(view.children.get(at) ?? []));
  }
  return arrivals;
}

/** From the first sighting of a datagram to this one. */
export function pathTo(sighting: Sighting): Sighting[] {
  const path = [sighting];
  for (let at = sighting.from; at !== undefined; at = at.from) path.unshift(at);
  return path;
}

export function passesDirector(view: View, sighting: Sighting): boolean {
  const sent = sentByDirector(view);
  return pathTo(sighting).some((at) => view.network.isDirector(at.host) || sent.has(at));
}

const relayed = new WeakMap<View, ReadonlySet<Sighting>>();

/** What is known to come from a director that nobody recorded, where it was first seen. */
function sentByDirector(view: View): ReadonlySet<Sighting> {
  let known = relayed.get(view);
  if (known === undefined) {
    known = new Set(view.relayed.flatMap(({ outs }) => outs));
    relayed.set(view, known);
  }
  return known;
}

/** True where a packet that this came from was sent to a client: no director is behind it any more. */
export function reachesClient(view: View, sighting: Sighting): boolean {
  return (view.children.get(sighting) ?? []).some(
    (child) => (view.network.host(child.host)?.role === "client" && child.addressed) || reachesClient(view, child),
  );
}

/** Whether nobody knows whose MAC it is, and the director's are not all known. */
export function mayBeDirectors({ network }: View, mac: string | undefined): boolean {
  return network.byMac(mac) === undefined && network.directors.some(({ nics }) => nics.some((nic) => nic.mac === ""));
}

export function hasDirectorMac(view: View, mac: string | undefined): boolean {
  return mac !== undefined && view.network.directors.some((director) => ownsMac(director, mac));
}

/** `TCP 172.16.0.100:40001 > 10.0.0.10:80 [S]`, as a finding says what it saw. */
export function describe({ packet: outer }: Sighting): string {
  const packet = core(outer);
  const ports = portsOf(packet);
  const [src, dst] = [packet.ip?.src ?? "?", packet.ip?.dst ?? "?"];
  if (packet.icmp !== undefined) return `ICMP ${src} > ${dst} type ${packet.icmp.type} code ${packet.icmp.code}`;
  const protocol = protocolOf(packet)?.toUpperCase() ?? `protocol ${packet.ip?.protocol}`;
  const flags = packet.tcp ? ` [${packet.tcp.flagsText}]` : "";
  return ports
    ? `${protocol} ${endpoint(src, ports.src)} > ${endpoint(dst, ports.dst)}${flags}`
    : `${protocol} ${src} > ${dst}`;
}

/** The last packet of the flow that the director sent to this server, as it left. */
export function lastRequestTo(
  flow: Flow,
  server: Host,
  before: bigint,
): { crossing: Crossing; out: Sighting } | undefined {
  const crossing = flow.requests.findLast(
    (request) => request.server?.name === server.name && request.outs[0] !== undefined && request.time < before,
  );
  const out = crossing?.outs[0];
  return crossing === undefined || out === undefined ? undefined : { crossing, out };
}

/** Whether a request left the director with both ends that the client gave it, which DR and TUN demand. */
export function keepsAddress({ crossing, out }: { crossing: Crossing; out: Sighting }): boolean {
  const packet = core(out.packet);
  const [ports, { service, flow }] = [portsOf(packet), crossing];
  const isToVip = packet.ip?.dst === service.vip && ports?.dst === service.port;
  return isToVip && packet.ip?.src === flow.clientIp && ports?.src === flow.clientPort;
}

function answerAt(view: View, sighting: Sighting): Answer | undefined {
  if (sighting.from !== undefined || !sighting.addressed || isPartial(sighting)) return undefined;
  const host = view.network.host(sighting.host);
  if (host === undefined || host.role === "director") return undefined;
  if ((host.role === "real-server") !== (sighting.direction === "out")) return undefined;
  const packet = core(sighting.packet);
  const { ip, linkSrc } = sighting.packet;
  if (ip === undefined || packet.ip === undefined || hasDirectorMac(view, linkSrc)) return undefined;
  const sender = host.role === "real-server" ? host : view.network.byMac(linkSrc)?.host;
  const server = sender?.role === "real-server" ? sender : undefined;
  const flow = flowOfAnswer(view, sighting, server);
  if (flow === undefined) return undefined;
  return server === undefined ? { flow, at: sighting } : { flow, at: sighting, server };
}

/** Whether somebody got its requests, as far as anybody can know. */
function isForwarded({ servers, requests }: Flow): boolean {
  return servers.length > 0 || requests.some(({ seen }) => seen === "before");
}

/** Whatever else a server sends to the same port of a client is no answer; from the VIP, though, it sends nothing else. */
function isFromService(view: View, { service, servers }: Flow, own: { ip: string; port: number }): boolean {
  if (servers.length === 0 && !isOfService(view, service, own.ip)) return false;
  if (own.port === service.port || servers.some(({ port }) => port === own.port)) return true;
  const isOther = view.services.some(({ vip, port }) => vip === own.ip && port === own.port);
  return own.ip === service.vip && !isOther;
}

interface End {
  readonly ip: string;
  readonly port: number;
}

/** Whether the client's own capture shows that it asked there as well, by the port by which it asked the service. */
function isAskedItself({ evidence, network, sightings }: View, client: End, asked: End): boolean {
  if (evidence.coverage === undefined) return false;
  return sightings.some(({ host, direction, packet }) => {
    const [{ ip }, ports] = [packet, portsOf(packet)];
    if (direction !== "out" || network.host(host)?.role !== "client" || ip?.src !== client.ip) return false;
    return ip.dst === asked.ip && ports?.dst === asked.port && ports.src === client.port;
  });
}

/** Whether an address is the service's, or that of one of its servers. */
function isOfService({ network }: View, { vip, realServers }: Service, ip: string): boolean {
  const owner = network.byIp(ip)?.host.name;
  return ip === vip || realServers.some((server) => server.ip === ip || server.name === owner);
}

function flowOfAnswer(view: View, sighting: Sighting, server: Host | undefined): Flow | undefined {
  const packet = core(sighting.packet);
  const about = packet.icmp?.isError ? packet.quoted : packet;
  const [protocol, ports] = about ? [protocolOf(about), portsOf(about)] : [];
  if (about?.ip === undefined || protocol === undefined || ports === undefined) return undefined;
  const isError = about !== packet;
  if (isError && packet.ip?.dst !== about.ip.src) return undefined;
  const client = isError ? { ip: about.ip.src, port: ports.src } : { ip: about.ip.dst, port: ports.dst };
  const flows = flowsOf(view, protocol, client.ip, client.port).filter(
    (flow) =>
      (flow.requests[0]?.time ?? 0n) < startOf(sighting) &&
      (server === undefined ? isForwarded(flow) : flow.servers.some(({ name }) => name === server.name)),
  );
  const own = isError ? { ip: about.ip.dst, port: ports.dst } : { ip: about.ip.src, port: ports.src };
  return (
    flows.find(({ service }) => service.vip === own.ip && service.port === own.port) ??
    flows.find((flow) => isFromService(view, flow, own) && !isAskedItself(view, client, own))
  );
}
