/** The lab that stands for a network of which captures show a part. */

import {
  addressesOf,
  directorsOf,
  type Host,
  isOnLink,
  type Nic,
  type RealServer,
  type Service,
  type Setup,
} from "../../forwarding/setup.js";
import { ip6FromString, ip6ToString, ipFromString, ipToString, isIp6 } from "../../packet/address.js";
import type { RawHost, RawInterface, RawRealServer, RawService, RawSetup } from "../raw.js";

const USUAL_MTU = 1500;
const USUAL_PREFIX = { 4: 24, 6: 64 } as const;

interface Leg {
  readonly ip: string;
  readonly prefix: number;
}

/** Kept for documentation (RFC 5737, RFC 3849): no network of captures has them. */
const ELSEWHERE = { 4: "203.0.113.100", 6: "2001:db8:1::100" } as const;

/** What a scenario's lab is to be beyond the setup of the captures. */
export interface LabOptions {
  /** The address of a client in the captures. */
  readonly client: string;
  /** Whether the client is to be where only the router leads. */
  readonly isClientMoved: boolean;
  /** Whether real servers answer by themselves, not by what the captures hold. */
  readonly isAnsweredLive: boolean;
}

/** What a scenario's lab is built from: the addresses of the setup, and a client and a router where it names none. */
export function labSetup(setup: Setup, { client, isClientMoved, isAnsweredLive }: LabOptions): RawSetup {
  const [director] = directorsOf(setup);
  const served = setup.hosts.filter(({ role }) => role === "real-server");
  const known = setup.hosts.find(({ role }) => role === "client")?.nics[0];
  const elsewhere = ELSEWHERE[isIp6(client) ? 6 : 4];
  const own = isClientMoved
    ? { ip: elsewhere, prefix: usualPrefix(elsewhere) }
    : segmentOf(known ?? { ip: client, prefix: usualPrefix(client) });
  const taken = new Set([
    own.ip,
    ...setup.services.flatMap(({ vip, realServers }) => [vip, ...realServers.map(({ ip }) => ip)]),
    ...setup.hosts.flatMap(({ nics }) => nics.flatMap(addressesOf).map(({ ip }) => ip)),
  ]);
  const interfaces = (director?.nics ?? []).map(interfaceOf);
  const reached: Leg[] = (director?.nics ?? []).flatMap(addressesOf).map(segmentOf);
  for (const { vip } of setup.services) {
    // Nobody could ask for its MAC otherwise.
    if (reached.some((leg) => isIn(vip, leg))) continue;
    const leg = { ip: free(vip, taken), prefix: usualPrefix(vip) };
    reached.push(leg);
    interfaces.push({ ip: `${leg.ip}/${leg.prefix}` });
  }
  const router = routerTo(
    [own, ...served.flatMap(({ nics }) => nics.flatMap(addressesOf).map(segmentOf))],
    reached,
    setup,
    taken,
  );
  const hosts = Object.fromEntries(served.flatMap((host) => furtherNics(host)));
  return {
    services: setup.services.map((service) => serviceOf(service, served, isAnsweredLive)),
    director: { interfaces },
    ...(router.length === 0 ? {} : { router: { interfaces: router } }),
    client: { ip: `${own.ip}/${own.prefix}` },
    ...(Object.keys(hosts).length === 0 ? {} : { hosts }),
  };
}

/** The router's NICs: those that the setup names, and one for each network that the director is not on. */
function routerTo(hosts: readonly Leg[], director: readonly Leg[], setup: Setup, taken: Set<string>): RawInterface[] {
  const nics = setup.hosts.find(({ role }) => role === "router")?.nics ?? [];
  const legs: Leg[] = nics.flatMap(addressesOf).map(segmentOf);
  const more: Leg[] = [];
  const add = (near: Leg) => {
    const leg = { ip: free(near.ip, taken), prefix: near.prefix };
    legs.push(leg);
    more.push(leg);
  };
  for (const host of hosts) if (![...director, ...legs].some((leg) => isIn(host.ip, leg))) add(host);
  // Answers that go past the director need another way out.
  const isPassed = setup.services.some(({ model }) => model !== "nat");
  if (isPassed && legs.length > 0) for (const host of hosts) if (!legs.some((leg) => isIn(host.ip, leg))) add(host);
  for (const { vip } of setup.services) {
    const asked = director.find((leg) => isIn(vip, leg));
    const isRouted = legs.some(({ ip }) => isIp6(ip) === isIp6(vip));
    if (asked && isRouted && !legs.some((leg) => isIn(vip, leg))) add(asked);
  }
  return [...nics.map(interfaceOf), ...more.map(({ ip, prefix }) => ({ ip: `${ip}/${prefix}` }))];
}

function serviceOf(service: Service, served: readonly Host[], isAnsweredLive: boolean): RawService {
  const { vip, port, protocol, model, scheduler, schedulerFlags, persistence, onePacket, mark, tunnel } = service;
  const isPlainTunnel = model !== "tun" || (tunnel.kind === "ipip" && !tunnel.checksum && tunnel.pmtuDiscovery);
  return {
    ...{ vip, port, protocol, model },
    ...(isAnsweredLive ? {} : { answers: "silent" as const }),
    ...(scheduler === "rr" ? {} : { scheduler }),
    ...(schedulerFlags.length === 0 ? {} : { schedulerFlags }),
    ...(persistence === undefined ? {} : { persistence }),
    ...(onePacket ? { onePacket } : {}),
    ...(mark === undefined ? {} : { mark }),
    ...(isPlainTunnel ? {} : { tunnel }),
    realServers: service.realServers.map((server) => serverOf(server, service, served)),
  };
}

function serverOf(
  { name, ip, port, weight, limit }: RealServer,
  service: Service,
  served: readonly Host[],
): RawRealServer {
  const nics = served.find((host) => host.name === name)?.nics ?? [];
  const known = nics.flatMap(addressesOf).find((own) => own.ip === ip);
  const { prefix } = segmentOf(known ?? { ip, prefix: usualPrefix(ip) });
  return {
    name,
    ip: prefix === usualPrefix(ip) ? ip : `${ip}/${prefix}`,
    ...(service.model === "nat" && port !== service.port ? { port } : {}),
    ...(weight === 1 ? {} : { weight }),
    ...(limit === undefined ? {} : { limit }),
  };
}

function furtherNics({ name, nics, gateways }: Host): [string, RawHost][] {
  const further = nics.slice(1);
  if (further.length === 0) return [];
  const [gateway] = gateways.filter((ip) => further.some((nic) => isOnLink(nic, ip)));
  return [[name, { interfaces: further.map(interfaceOf), ...(gateway === undefined ? {} : { gateway }) }]];
}

function interfaceOf(nic: Nic): RawInterface {
  const written = addressesOf(nic)
    .map(segmentOf)
    .map(({ ip, prefix }) => `${ip}/${prefix}`);
  const isUsual = nic.mtu === USUAL_MTU || nic.mtu === 0;
  return { ip: written.length === 1 ? (written[0] ?? "") : written, ...(isUsual ? {} : { mtu: nic.mtu }) };
}

function isIn(ip: string, { ip: near, prefix }: Leg): boolean {
  return isOnLink({ name: "", ip: near, prefix, others: [], mac: "", mtu: USUAL_MTU }, ip);
}

/** An address that captures taught stands alone: nobody knows its segment. */
function segmentOf({ ip, prefix }: Leg): Leg {
  return { ip, prefix: prefix < (isIp6(ip) ? 127 : 31) ? prefix : usualPrefix(ip) };
}

function usualPrefix(ip: string): number {
  return USUAL_PREFIX[isIp6(ip) ? 6 : 4];
}

/** An address beside another one that nobody has yet: the last byte from 254 downward. */
function free(near: string, taken: Set<string>): string {
  const bytes = isIp6(near) ? ip6FromString(near) : ipFromString(near);
  for (let last = 254; last > 0; last--) {
    bytes[bytes.length - 1] = last;
    const ip = isIp6(near) ? ip6ToString(bytes) : ipToString(bytes, 0);
    if (taken.has(ip)) continue;
    taken.add(ip);
    return ip;
  }
  throw new Error(`every address beside ${near} is taken`);
}
