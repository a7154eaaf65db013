/** What the evidence says about the place where something went wrong. */

import { endpoint } from "../packet/address.js";
import type { Frame } from "../packet/frame.js";
import type { Packet } from "../packet/packet.js";
import { core, portsOf, protocolOf } from "./datagram.js";
import type { Evidence } from "./evidence.js";
import type { Sighting } from "./journey.js";
import type { Network } from "./network.js";
import { answersOf } from "./paths.js";
import type { Finding, FrameReference } from "./rule.js";
import { type Host, type Nic, type RealServer, type Service, shareSegment, tapName } from "./setup.js";
import { type View, viewOf } from "./view.js";

/** From this many frames on a finding may have left some out (see judge.ts). */
const MOST_FRAMES = 8;

/** What causes are chosen by, and their commands filled in with. */
export interface Site {
  readonly finding: Finding;
  readonly service: Service;
  readonly server: RealServer;
  /** The real server that is suspected; the service's first where another host is. */
  readonly host: Host | undefined;
  readonly nic: Nic | undefined;
  /** The director that is suspected, or the first. */
  readonly director: string;
  /** Address and NIC of the director on the real server's segment, or its first. */
  readonly dip: string;
  readonly directorNic: string;
  /** Address of a router on the real server's segment. */
  readonly router: string;
  /** Address of the client concerned; `CLIENT` where no frame tells. */
  readonly client: string;
  /**
   * Whether the client is on the real server's segment: by the MAC that its answer went to, else by the setup; undefined
   * where neither tells.
   */
  readonly clientsOnLink: boolean | undefined;
  /** The real server's NIC on the client's segment; `nic` where none is known. */
  readonly clientNic: Nic | undefined;
  /** The frame in which it shows; unknown where the finding has left some out. */
  readonly shown: Packet | undefined;
  /** Whether that frame goes to a router. */
  readonly isToRouter: boolean;
  /** Whether any of the finding's frames left the director, or came from one that was not recorded. */
  readonly isSentOn: boolean;
  /** Whether the real server answered anything in the name of the VIP: then it holds it, and lets such packets in. */
  readonly isServing: boolean;
  /** Whether the director forwarded packets other than requests: then it forwards. */
  readonly isForwarding: boolean;
  /** Whether clients got answers of a real server that left it by none of the NICs that captures are of. */
  readonly isAnsweredElsewhere: boolean;
}

/** Undefined where the setup has no service of the finding's model. */
export function siteOf(finding: Finding, evidence: Evidence): Site | undefined {
  const { setup } = evidence;
  const { network, relayed } = viewOf(evidence);
  const places = placesOf(evidence);
  const model = /^(GEN|HA)-/.test(finding.rule) ? undefined : finding.rule.split("-")[0]?.toLowerCase();
  const services = setup.services.filter((candidate) => model === undefined || candidate.model === model);
  const frames = finding.frames.flatMap((reference) => places.frames.get(frameKey(reference)) ?? []);
  const service = serviceOf(frames, services) ?? services[0];
  const shown = finding.status === "fail" && finding.frames.length < MOST_FRAMES ? frames.at(-1)?.packet : undefined;
  const server =
    service?.realServers.find(({ name }) => name === finding.suspect) ??
    service?.realServers.find(({ ip }) => frames.some(({ packet }) => packet.ip?.dst === ip)) ??
    service?.realServers[0];
  if (service === undefined || server === undefined) return undefined;
  const host = network.host(server.name);
  const nic = host?.nics[0];
  const onLink = (role: Host["role"]) =>
    setup.hosts
      .filter((candidate) => candidate.role === role)
      .flatMap(({ nics }) => nics)
      .find((own) => nic !== undefined && shareSegment(own, nic));
  const clients = setup.hosts.filter(({ role }) => role === "client").flatMap(({ nics }) => nics);
  const clientNic = host?.nics.find((own) => clients.some((other) => shareSegment(own, other)));
  const own = onLink("director") ?? network.directors[0]?.nics[0];
  const bySetup = clients.length === 0 || nic === undefined ? undefined : clientNic !== undefined;
  return {
    finding,
    service,
    server,
    host,
    nic,
    director: network.isDirector(finding.suspect ?? "") ? (finding.suspect ?? "") : (network.directors[0]?.name ?? ""),
    dip: own?.ip ?? "DIP",
    directorNic: own?.name ?? "eth0",
    router: onLink("router")?.ip ?? "ROUTER",
    client: clientOf(frames, service) ?? "CLIENT",
    clientsOnLink: wentToClient(frames, places, server, network) ?? bySetup,
    clientNic: clientNic ?? nic,
    shown,
    isToRouter: network.byMac(shown?.linkDst)?.host.role === "router",
    isSentOn: frames.some(({ direction, host: at }) => {
      return direction === "out" ? network.isDirector(at) : relayed.length > 0 && network.host(at)?.role !== "director";
    }),
    isServing: places.sources.get(server.name)?.has(service.vip) === true,
    isForwarding: places.isForwarding,
    isAnsweredElsewhere: places.isAnsweredElsewhere,
  };
}

/** All sightings looked at once, for all findings. */
interface Places {
  readonly frames: ReadonlyMap<string, Frame>;
  /** In causal order, journey by journey. */
  readonly order: ReadonlyMap<Sighting, number>;
  readonly ofFrame: ReadonlyMap<Frame, readonly Sighting[]>;
  /** By host the addresses that it sent from. */
  readonly sources: ReadonlyMap<string, ReadonlySet<string>>;
  readonly isForwarding: boolean;
  readonly isAnsweredElsewhere: boolean;
}

const known = new WeakMap<Evidence, Places>();

function placesOf(evidence: Evidence): Places {
  let found = known.get(evidence);
  if (found === undefined) {
    found = findPlaces(viewOf(evidence));
    known.set(evidence, found);
  }
  return found;
}

function findPlaces(view: View): Places {
  const { evidence, network, services } = view;
  const sightings = evidence.journeys.flatMap((journey) => journey.sightings);
  const vips = new Set(services.map(({ vip }) => vip));
  const ofFrame = new Map<Frame, Sighting[]>();
  const sources = new Map<string, Set<string>>();
  let isForwarding = false;
  for (const at of sightings) {
    for (const frame of at.frames) ofFrame.set(frame, [...(ofFrame.get(frame) ?? []), at]);
    const { ip } = at.packet;
    if (at.direction !== "out") continue;
    if (ip !== undefined) sources.set(at.host, (sources.get(at.host) ?? new Set()).add(ip.src));
    const before = at.from?.packet.ip;
    if (before !== undefined && network.isDirector(at.host) && !vips.has(before.dst)) isForwarding = true;
  }
  return {
    frames: new Map(evidence.frames.map((frame) => [frameKey(frame), frame])),
    order: new Map(sightings.map((at, index) => [at, index])),
    ofFrame,
    sources,
    isForwarding,
    isAnsweredElsewhere: answersOf(view).some(({ server, flow: { service, servers } }) => {
      const host = network.host(servers[0]?.name ?? "");
      const isRecorded = host?.nics.some((nic) => evidence.coverage?.has(tapName(host, nic))) === true;
      return server === undefined && isRecorded && !sources.get(host?.name ?? "")?.has(service.vip);
    }),
  };
}

function frameKey({ tap, file, number }: FrameReference): string {
  return JSON.stringify([tap, file, number]);
}

/** The service that the first of the finding's frames with an endpoint of one is about. */
function serviceOf(frames: readonly Frame[], services: readonly Service[]): Service | undefined {
  for (const { packet: whole } of frames) {
    const packet = core(whole);
    const ports = portsOf(packet);
    if (packet.ip === undefined || ports === undefined) continue;
    const ends = [endpoint(packet.ip.src, ports.src), endpoint(packet.ip.dst, ports.dst)];
    const protocol = protocolOf(packet);
    const found = services.find(({ vip, port, protocol: own, realServers }) => {
      const addresses = [{ ip: vip, port }, ...realServers].map(({ ip, port }) => endpoint(ip, port));
      return own === protocol && addresses.some((address) => ends.includes(address));
    });
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The end of the finding's packets that is neither the service's nor a real server's. */
function clientOf(frames: readonly Frame[], { vip, realServers }: Service): string | undefined {
  const served = new Set([vip, ...realServers.map(({ ip }) => ip)]);
  for (const { packet } of frames) {
    const { ip } = core(packet);
    if (ip === undefined || portsOf(core(packet)) === undefined) continue;
    if (served.has(ip.src) !== served.has(ip.dst)) return served.has(ip.src) ? ip.dst : ip.src;
  }
  return undefined;
}

/** Whether the real server sent the packet that the finding is about to the client's own MAC; undefined where no tap saw. */
function wentToClient(
  frames: readonly Frame[],
  { ofFrame, order }: Places,
  server: RealServer,
  network: Network,
): boolean | undefined {
  const cited = new Set(frames.flatMap((frame) => ofFrame.get(frame) ?? []));
  const seen = [...cited].sort((left, right) => (order.get(left) ?? 0) - (order.get(right) ?? 0));
  for (const sighting of seen) {
    for (let at: Sighting | undefined = sighting; at !== undefined; at = at.from) {
      const { eth } = at.packet;
      const isSender = at.host === server.name && at.direction === "out";
      if (eth === undefined || (!isSender && network.byMac(eth.src)?.host.name !== server.name)) continue;
      const receiver = network.byMac(eth.dst)?.host.role;
      if (receiver !== undefined || isSender) return receiver === "client";
    }
  }
  return undefined;
}
