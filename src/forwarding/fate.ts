import { l4ChecksumState } from "../packet/checksum.js";
import type { IcmpKind } from "../packet/icmp-message.js";
import type { Packet } from "../packet/packet.js";
import { carriedLength } from "./cut.js";
import { core, isReset, isSyn } from "./datagram.js";
import { isSourceRouted } from "./ip-options.js";
import type { Sighting } from "./journey.js";
import { available, type Network } from "./network.js";
import { isRecordedWhole, USUAL_MTU } from "./offload.js";
import { overheadOf, type Service } from "./setup.js";
import { indivisible, startOf } from "./sightings.js";
import { tunnelReports } from "./tunnel-reports.js";
import type { Crossing, Flow, View } from "./view.js";

/** ip_vs takes a TCP connection from this port for FTP data and never schedules it. */
const FTP_DATA = 20;
/** The ICMP errors that ip_vs_in_icmp and ip_vs_out_icmp relay; with the others a director does as it likes. */
const RELAYED_ERRORS: readonly IcmpKind[] = [
  "unreachable",
  "protocol-unreachable",
  "port-unreachable",
  "too-big",
  "source-quench",
  "time-exceeded",
];

/** What a correct director does with a packet: `either` where both are right, or where the frames cannot tell. */
export type Fate = "forward" | "drop" | "either";

/** What becomes of a packet of a flow at a correct director. */
export function fateOf(view: View, crossing: Crossing): Fate {
  const fate = fateIfServed(view, crossing);
  // A drained or removed server has rules of its own for the connections that it still has.
  return fate === "forward" && crossing.kind === "request" && !crossing.isNew && !isServed(crossing) ? "either" : fate;
}

/** As `fateOf`, were the server that the flow went to still taking new connections. */
export function fateIfServed(view: View, crossing: Crossing): Fate {
  const { in: sighting, service, isNew, flow } = crossing;
  const { ip, problem } = sighting.packet;
  if (ip === undefined || problem !== undefined) return "either";
  if (!ip.checksumValid || ip.ttl <= 1) return "drop";
  // A persistent client goes on to where it went before, whatever became of that server.
  if (isNew && available(service).length === 0) return service.persistence === undefined ? "drop" : "either";
  if (isNew && mayRefuse(service)) return "either";
  if (isSourceRouted(sighting.packet) || !isRelayed(sighting.packet)) return "either";
  if (!isRecordedWhole(view.network, sighting) || l4ChecksumState(sighting.packet) === "invalid") return "either";
  if (isNew && flow.protocol === "tcp" && flow.clientPort === FTP_DATA) return "either";
  // Linux schedules a SYN/ACK for its SYN, stricter directors do not.
  if (isNew && flow.protocol === "tcp" && !isSyn(sighting.packet)) return "either";
  if (wasReset(crossing)) return "either";
  const length = indivisible(sighting);
  if (length === undefined || isCutAnyway(service)) return "forward";
  if (isBeyondReport(view, crossing, length)) return "either";
  const limits = limitsOf(view.network, crossing);
  if (limits.length > 0 && length > Math.max(...limits)) return "drop";
  // What just fits is the MTU rules' to judge.
  if (limits.length > 0) return length >= Math.min(...limits) ? "either" : "forward";
  return length > Math.min(...usualLimitsOf(view, crossing)) ? "either" : "forward";
}

/** Without a fallback a hashing scheduler refuses the clients of a drained server; with limits all servers may be full. */
function mayRefuse({ scheduler, schedulerFlags, realServers }: Service): boolean {
  const isHashing = scheduler === "sh" || scheduler === "mh";
  const isDrained = realServers.some(({ weight }) => weight === 0);
  if (isHashing && isDrained && !schedulerFlags.includes(`${scheduler}-fallback`)) return true;
  return realServers.every(({ weight, limit }) => weight === 0 || limit !== undefined);
}

/** Without path MTU discovery what is too long for a tunnel is fragmented outside, whatever the packet inside says. */
export function isCutAnyway({ model, tunnel }: Service): boolean {
  return model === "tun" && !tunnel.pmtuDiscovery;
}

/** Whether a router on the way has told the director of a smaller MTU: it may refuse the packet by now, or not yet. */
function isBeyondReport(view: View, { time, service, flow, isNew }: Crossing, length: number): boolean {
  const servers = isNew ? available(service) : flow.servers;
  return tunnelReports(view).some(({ at, quoted, mtu }) => {
    const server = servers.find(({ ip }) => ip === quoted.ip?.dst);
    return server !== undefined && startOf(at) < time && length > mtu - overheadOf(service, server);
  });
}

/** Whether a packet is longer than what any of its next hops takes whole. */
export function isTooLong(network: Network, crossing: Crossing): boolean {
  const limits = limitsOf(network, crossing);
  return limits.length > 0 && (crossing.in.packet.ip?.length ?? 0) > Math.max(...limits);
}

/** Whether this is a piece of a packet that had to be cut, and does not say so: nobody could put it together again. */
export function isTorn(network: Network, crossing: Crossing, out: Sighting): boolean {
  const [before, after] = [crossing.in.packet, core(out.packet)];
  if (before.ip === undefined || after.ip === undefined || before.ip.df || crossing.in.frames.length > 1) return false;
  const limits = limitsOf(network, crossing);
  if (limits.length === 0 || before.ip.length <= Math.min(...limits)) return false;
  return carriedLength(after) < carriedLength(before);
}

/** False only for an ICMP error that need not be passed on. */
export function isRelayed({ icmp }: Packet): boolean {
  return icmp?.isError !== true || RELAYED_ERRORS.includes(icmp.kind);
}

const resets = new WeakMap<Flow, bigint | undefined>();

/** Whether a RST of the flow was forwarded before: who knows how long a director still keeps the connection. */
function wasReset({ flow, time }: Crossing): boolean {
  if (!resets.has(flow)) {
    const times = [...flow.requests, ...flow.replies]
      .filter(({ outs, in: { packet } }) => outs.length > 0 && isReset(packet))
      .map((reset) => reset.time);
    resets.set(
      flow,
      times.reduce<bigint | undefined>((first, at) => (first === undefined || at < first ? at : first), undefined),
    );
  }
  const first = resets.get(flow);
  return first !== undefined && first < time;
}

/** Whether the servers that a flow went to take new connections as well. */
export function isServed({ flow, service }: Crossing): boolean {
  return flow.servers.every((server) => service.realServers.some(({ ip, weight }) => ip === server.ip && weight > 0));
}

/** Largest packets in bytes that the packet may be, for each next hop that it may go to; none where no MTU is known. */
export function limitsOf(network: Network, crossing: Crossing): number[] {
  return wayOf(crossing).flatMap(({ ip, overhead }) => {
    const mtu = network.nextHop(crossing.director, ip)?.nic.mtu;
    return mtu ? [mtu - overhead] : [];
  });
}

/** The same were all MTUs those of Ethernet, where captures are all that there is: what is larger may be too large. */
export function usualLimitsOf({ evidence }: View, crossing: Crossing): number[] {
  return evidence.coverage === undefined ? [] : wayOf(crossing).map(({ overhead }) => USUAL_MTU - overhead);
}

/** To whom the packet may go next, and the bytes that are put around it for that. */
function wayOf({ kind, service, flow, isNew }: Crossing): { readonly ip: string; readonly overhead: number }[] {
  if (kind === "reply" || kind === "server-error") return [{ ip: flow.clientIp, overhead: 0 }];
  const servers = isNew || service.onePacket ? available(service) : flow.servers;
  return servers.map((server) => ({ ip: server.ip, overhead: overheadOf(service, server) }));
}
