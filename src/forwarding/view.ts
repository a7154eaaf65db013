import { endpoint } from "../packet/address.js";
import type { Packet } from "../packet/packet.js";
import { core, isSyn, opensConnection, portsOf, protocolOf } from "./datagram.js";
import { type Evidence, mayBeEarlier, servicesAt } from "./evidence.js";
import { groupBy } from "./group.js";
import type { Sighting } from "./journey.js";
import { forgottenAt, type Stage, stageAfter } from "./lifetime.js";
import { Network, ownsIp } from "./network.js";
import { type Relay, relaysOf, type Seen } from "./relays.js";
import type { Host, Model, Protocol, RealServer, Service } from "./setup.js";
import { isPartial, startOf } from "./sightings.js";

/** A client's endpoint and the service it talks to. */
export interface Flow {
  readonly protocol: Protocol;
  readonly clientIp: string;
  readonly clientPort: number;
  /** As it was when the flow began. */
  readonly service: Service;
  /** The real servers that packets of the flow went to, in the order of their first packet. */
  readonly servers: RealServer[];
  readonly requests: Crossing[];
  readonly replies: Crossing[];
  /** False where an older connection may have had the same addresses and ports: nobody can say whether it is new. */
  readonly certainlyNew: boolean;
  stage: Stage;
  /** When the director last forwarded a packet of it. */
  heard: bigint;
}

/** `request` and `reply`: packets of a flow; `client-error` and `server-error`: ICMP errors about one, by who sent them. */
export type Kind = "request" | "reply" | "client-error" | "server-error";

/** A packet of a service at the director, or at the places next to it: what came in and all that went out of it. */
export interface Crossing {
  readonly kind: Kind;
  readonly model: Model;
  readonly director: Host;
  /** As it was when the packet came in. */
  readonly service: Service;
  /** Where it was seen instead; left out: at the director. */
  readonly seen?: Seen;
  readonly flow: Flow;
  readonly time: bigint;
  readonly in: Sighting;
  readonly outs: readonly Sighting[];
  /** The request that begins the flow. */
  readonly isNew: boolean;
  /** The flow was idle for so long before that the director may have forgotten it: nothing can be demanded of its continuity. */
  readonly mayBeForgotten: boolean;
  /** The real server that the first copy went to, or that the answer came from. */
  readonly server?: RealServer;
}

/** A packet at the director that belongs to no flow. */
export interface Stray {
  readonly director: Host;
  readonly in: Sighting;
  readonly outs: readonly Sighting[];
  /** Where it was seen instead; left out: at the director. */
  readonly seen?: Seen;
  /** The service table in force at the time. */
  readonly services: readonly Service[];
}

/** The evidence as rules look at it: prepared once for all of them. */
export interface View {
  readonly evidence: Evidence;
  readonly network: Network;
  /** In the order of their times. */
  readonly sightings: readonly Sighting[];
  readonly children: ReadonlyMap<Sighting, readonly Sighting[]>;
  /** At the director itself. */
  readonly crossings: readonly Crossing[];
  /** Of a director that nobody recorded, or not at all its NICs: those that came from it. */
  readonly relayed: readonly Crossing[];
  /** Those that came to a real server, and nothing proves that the director sent them. */
  readonly unproven: readonly Crossing[];
  readonly strays: readonly Stray[];
  /** By `clientKey`. */
  readonly flows: ReadonlyMap<string, readonly Flow[]>;
  /** All services of the setup and of its changes. */
  readonly services: readonly Service[];
}

const views = new WeakMap<Evidence, View>();

export function viewOf(evidence: Evidence): View {
  let view = views.get(evidence);
  if (view === undefined) {
    view = new Observer(evidence);
    views.set(evidence, view);
  }
  return view;
}

export function clientKey(protocol: Protocol, ip: string, port: number): string {
  return `${protocol} ${endpoint(ip, port)}`;
}

/** The flows of the client endpoint of a packet, whichever of its two sides that is. */
export function flowsOf(view: View, protocol: Protocol, ip: string, port: number): readonly Flow[] {
  return view.flows.get(clientKey(protocol, ip, port)) ?? [];
}

class Observer implements View {
  readonly evidence: Evidence;
  readonly network: Network;
  readonly sightings: readonly Sighting[];
  readonly children: ReadonlyMap<Sighting, readonly Sighting[]>;
  readonly crossings: Crossing[] = [];
  readonly relayed: Crossing[] = [];
  readonly unproven: Crossing[] = [];
  readonly strays: Stray[] = [];
  readonly flows = new Map<string, Flow[]>();
  readonly services: readonly Service[];

  constructor(evidence: Evidence) {
    this.evidence = evidence;
    this.network = new Network(evidence.setup);
    this.sightings = evidence.journeys
      .flatMap((journey) => journey.sightings)
      .sort((left, right) => (startOf(left) < startOf(right) ? -1 : startOf(left) > startOf(right) ? 1 : 0));
    this.children = groupBy(this.sightings, (sighting) => sighting.from);
    this.services = [...evidence.setup.services, ...(evidence.changes ?? []).flatMap((change) => change.services)];
    for (const sighting of this.sightings) {
      const director = this.network.host(sighting.host);
      if (director?.role !== "director" || sighting.direction !== "in" || !sighting.addressed) continue;
      if (sighting.packet.ip !== undefined) this.#observe(director, sighting);
    }
    if (evidence.coverage === undefined) return;
    for (const relay of relaysOf(this.sightings, this.network, this.services)) this.#relay(relay);
  }

  #relay({ service, ...relay }: Relay): void {
    if (this.#isSentOn(relay.in)) return;
    const stray = { ...relay, services: this.services };
    const crossing =
      service === undefined ? this.#reply(stray) : this.#requestOf(service, stray, core(relay.in.packet));
    if (crossing === undefined || relay.seen === "before") return;
    (relay.seen === "beside" ? this.unproven : this.relayed).push(crossing);
  }

  #observe(director: Host, sighting: Sighting): void {
    if (this.#isSentOn(sighting) || this.#isRelayed(sighting)) return;
    const outs = (this.children.get(sighting) ?? []).filter((child) => child.direction === "out");
    const services = servicesAt(this.evidence, startOf(sighting));
    const stray = { director, in: sighting, outs, services };
    const crossing = isPartial(sighting)
      ? undefined
      : (this.#request(stray) ?? this.#reply(stray) ?? this.#clientError(stray) ?? this.#serverError(stray));
    if (crossing === undefined) this.strays.push(stray);
    else this.crossings.push(crossing);
  }

  /** What left the director by a NIC that was not recorded. */
  #isRelayed(sighting: Sighting): boolean {
    const children = this.children.get(sighting) ?? [];
    return children.length > 0 && children.every(({ host }) => host !== sighting.host);
  }

  /** A request that a real server of DR or TUN routed back, which is no client's any more; it may be a client itself. */
  #isSentOn(sighting: Sighting): boolean {
    const { ip, linkSrc } = sighting.packet;
    let sender = this.network.byMac(linkSrc)?.host;
    for (let at = sighting.from; at !== undefined && sender?.role !== "real-server"; at = at.from) {
      sender = this.network.host(at.host);
    }
    if (sender?.role !== "real-server" || ip === undefined || ownsIp(sender, ip.src)) return false;
    return this.services.some(({ vip, model, realServers }) => {
      return model !== "nat" && vip === ip.dst && realServers.some(({ name }) => name === sender.name);
    });
  }

  #request(stray: Stray): Crossing | undefined {
    const { ip } = stray.in.packet;
    const [protocol, ports] = [protocolOf(stray.in.packet), portsOf(stray.in.packet)];
    if (ip === undefined || protocol === undefined || ports === undefined) return undefined;
    const service = stray.services.find(
      (candidate) => candidate.vip === ip.dst && candidate.port === ports.dst && candidate.protocol === protocol,
    );
    return service && this.#requestOf(service, stray, stray.in.packet);
  }

  /** @param packet as the client sent it, or as it is in the tunnel */
  #requestOf(service: Service, stray: Stray, packet: Packet): Crossing | undefined {
    const { ip } = packet;
    const [protocol, ports] = [protocolOf(packet), portsOf(packet)];
    if (ip === undefined || protocol === undefined || ports === undefined) return undefined;
    const known = this.#flow(protocol, ip.src, ports.src, service);
    const opens = opensConnection(packet);
    const isNew = known === undefined || beginsAnew(known, packet) || (opens && mayBeForgotten(known, stray.in));
    const [out] = stray.outs;
    // A capture may begin in the middle of a connection: what the director forwards has one.
    const isOlder = isNew && !opens && this.evidence.coverage !== undefined && (out ?? stray.seen) !== undefined;
    if (isNew && !opens && !isOlder) return undefined;
    const server = out && this.#chosen(out, [...service.realServers, ...(known?.service.realServers ?? [])], service);
    // What may have been forgotten and goes elsewhere is a connection of its own from then on.
    const isMoved = !isNew && mayBeForgotten(known, stray.in) && server && !serverAt(known, server.ip);
    const flow = isNew || isMoved ? this.#begin(stray, service, packet, protocol, known) : known;
    if (server !== undefined && serverAt(flow, server.ip) === undefined) flow.servers.push(server);
    const crossing = this.#crossing("request", stray, service, flow, isNew && !isOlder, server, isMoved === true);
    flow.requests.push(crossing);
    return heard(crossing);
  }

  #begin(stray: Stray, service: Service, packet: Packet, protocol: Protocol, known: Flow | undefined): Flow {
    const { ip } = packet;
    const ports = portsOf(packet);
    const [clientIp, clientPort] = [ip?.src ?? "", ports?.src ?? 0];
    const client = endpoint(clientIp, clientPort);
    const certainlyNew =
      known === undefined &&
      (isSyn(packet) ? this.evidence.earlierClients?.has(client) !== true : !mayBeEarlier(this.evidence, client));
    const flow: Flow = {
      protocol,
      clientIp,
      clientPort,
      service,
      servers: [],
      requests: [],
      replies: [],
      certainlyNew,
      stage: "opening",
      heard: startOf(stray.in),
    };
    // A packet that was refused leaves no connection behind: the next one is a new one again.
    if (stray.outs.length === 0 && stray.seen === undefined) return flow;
    const key = clientKey(protocol, clientIp, clientPort);
    const flows = this.flows.get(key);
    if (flows === undefined) this.flows.set(key, [flow]);
    else flows.unshift(flow);
    return flow;
  }

  #reply(stray: Stray): Crossing | undefined {
    const { ip } = stray.in.packet;
    const [protocol, ports] = [protocolOf(stray.in.packet), portsOf(stray.in.packet)];
    if (ip === undefined || protocol === undefined || ports === undefined) return undefined;
    const flow = this.#natFlow(protocol, endpoint(ip.dst, ports.dst), endpoint(ip.src, ports.src));
    if (flow === undefined) return undefined;
    const crossing = this.#crossing("reply", stray, flow.service, flow, false, serverAt(flow, ip.src));
    flow.replies.push(crossing);
    return heard(crossing);
  }

  #clientError(stray: Stray): Crossing | undefined {
    const { ip, icmp, quoted } = stray.in.packet;
    if (ip === undefined || icmp?.isError !== true || quoted?.ip === undefined) return undefined;
    const [protocol, ports] = [protocolOf(quoted), portsOf(quoted)];
    if (protocol === undefined || ports === undefined || ip.dst !== quoted.ip.src) return undefined;
    const service = { vip: quoted.ip.src, port: ports.src };
    const flow = this.#flow(protocol, quoted.ip.dst, ports.dst, service);
    if (flow === undefined) return undefined;
    return this.#crossing("client-error", stray, flow.service, flow, false, flow.servers[0]);
  }

  #serverError(stray: Stray): Crossing | undefined {
    const { ip, icmp, quoted } = stray.in.packet;
    if (ip === undefined || icmp?.isError !== true || quoted?.ip === undefined) return undefined;
    const [protocol, ports] = [protocolOf(quoted), portsOf(quoted)];
    if (protocol === undefined || ports === undefined || ip.dst !== quoted.ip.src) return undefined;
    const server = endpoint(quoted.ip.dst, ports.dst);
    const flow = this.#natFlow(protocol, endpoint(quoted.ip.src, ports.src), server);
    if (flow === undefined) return undefined;
    return this.#crossing("server-error", stray, flow.service, flow, false, serverAt(flow, quoted.ip.dst));
  }

  #crossing(
    kind: Kind,
    stray: Stray,
    service: Service,
    flow: Flow,
    isNew: boolean,
    server: RealServer | undefined,
    isMoved = false,
  ): Crossing {
    const { director, in: sighting, outs, seen } = stray;
    const { model } = service;
    const continuity = { isNew, mayBeForgotten: isMoved || (!isNew && mayBeForgotten(flow, sighting)) };
    const at = { director, time: startOf(sighting), in: sighting, outs, ...(seen && { seen }) };
    return { kind, model, service, flow, ...at, ...continuity, ...(server && { server }) };
  }

  #flow(protocol: Protocol, ip: string, port: number, service: Pick<Service, "vip" | "port">): Flow | undefined {
    return flowsOf(this, protocol, ip, port).find(
      (flow) => flow.service.vip === service.vip && flow.service.port === service.port,
    );
  }

  #natFlow(protocol: Protocol, client: string, server: string): Flow | undefined {
    return this.flows
      .get(`${protocol} ${client}`)
      ?.find(
        (flow) =>
          flow.service.model === "nat" &&
          flow.servers.some((candidate) => endpoint(candidate.ip, candidate.port) === server),
      );
  }

  /** The address that the model puts the choice in comes first; the MAC decides where that address is none of the servers'. */
  #chosen(out: Sighting, servers: readonly RealServer[], { model }: Service): RealServer | undefined {
    const byMac = out.direction === "in" ? out.host : this.network.byMac(out.packet.linkDst)?.host.name;
    const arrived = this.children.get(out)?.find((child) => this.#isArrivalOf(out, child));
    const atMac = servers.find((server) => server.name === (byMac ?? arrived?.host));
    const atIp = servers.find((server) => server.ip === out.packet.ip?.dst);
    return model === "dr" ? (atMac ?? atIp) : (atIp ?? atMac);
  }

  /** At a real server, and in the very frame: what it was sent on by in between was chosen by somebody else. */
  #isArrivalOf({ packet: sent }: Sighting, { host, packet }: Sighting): boolean {
    const isSame = packet.linkDst === undefined || sent.linkDst === undefined || packet.linkDst === sent.linkDst;
    return isSame && this.network.host(host)?.role === "real-server";
  }
}

function serverAt(flow: Flow, ip: string): RealServer | undefined {
  return flow.servers.find((server) => server.ip === ip);
}

/** Whether a SYN or an INIT opens another connection on the addresses and ports of an older one; a retransmission does not. */
function beginsAnew({ stage, requests: [first] }: Flow, packet: Packet): boolean {
  const isOver = stage === "closing" || stage === "closed";
  if (packet.sctp !== undefined) return isOver && opensConnection(packet);
  return isSyn(packet) && (isOver || (first && core(first.in.packet).tcp?.seq) !== packet.tcp?.seq);
}

function mayBeForgotten({ protocol, stage, heard }: Flow, sighting: Sighting): boolean {
  return startOf(sighting) >= forgottenAt(protocol, stage, heard);
}

/** Notes what a packet does to its flow: none that was left untranslated shows that the director still has it. */
function heard(crossing: Crossing): Crossing {
  const { flow, kind, in: sighting, outs, time } = crossing;
  flow.stage = stageAfter(flow.stage, crossing);
  const isRaw = kind === "reply" && outs[0]?.packet.ip?.src === sighting.packet.ip?.src;
  if (outs.length > 0 && !isRaw) flow.heard = time;
  return crossing;
}
