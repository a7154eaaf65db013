/** ICMP errors about connections that the director does not have: it forwards and translates none of them. */

import { endpoint } from "../../packet/address.js";
import type { Ip } from "../../packet/ip.js";
import { portsOf, protocolOf } from "../datagram.js";
import { mayBeEarlier } from "../evidence.js";
import { groupBy } from "../group.js";
import { DIRECTOR, fail, type Outcome } from "../outcome.js";
import { describe } from "../paths.js";
import type { Model, Protocol, Service } from "../setup.js";
import { isPartial, startOf } from "../sightings.js";
import { clientKey, type Stray, type View } from "../view.js";

/** An error that belongs to no flow, and the ends of the connection that its quote names. */
interface StrangeError {
  readonly stray: Stray;
  readonly ip: Ip;
  readonly protocol: Protocol;
  readonly from: End;
  readonly to: End;
}

interface End {
  readonly ip: string;
  readonly port: number;
}

/** Errors to the VIP about an answer that nobody can have sent: they are the director's own to take in, no real server's. */
export function* unknownToVip(view: View, model: Model, family?: 4 | 6): Iterable<Outcome> {
  const asked = groupBy(
    [...view.crossings.filter(({ kind }) => kind === "request"), ...view.strays],
    ({ in: { packet } }) => senderOf(protocolOf(packet), packet.ip?.src, portsOf(packet)?.src),
  );
  for (const { stray, protocol, from, to } of strangeErrors(view, family)) {
    const { in: at, outs, services } = stray;
    const service = services.find((candidate) => {
      const { vip, port } = candidate;
      return candidate.model === model && candidate.protocol === protocol && vip === from.ip && port === from.port;
    });
    const isKnown = asked.get(clientKey(protocol, to.ip, to.port))?.some((other) => startOf(other.in) < startOf(at));
    if (service === undefined || isKnown || mayBeEarlier(view.evidence, endpoint(to.ip, to.port))) continue;
    const out = outs.find(({ packet }) => isForServer(view, service, packet.ip?.dst, packet.linkDst));
    if (out === undefined) continue;
    const observed = `${describe(at)} about ${endpoint(to.ip, to.port)} was sent on as ${describe(out)}`;
    yield fail([at, out], { ...VIOLATION, expected: "not forwarded: that client has no connection", observed });
  }
}

/** Errors of the real servers' side about a request that did not go to that server: they may pass, but not as the VIP's. */
export function* unknownFromServers(view: View, family?: 4 | 6): Iterable<Outcome> {
  // What was kept back may have left a connection behind with a server that nobody saw.
  const kept = groupBy(
    view.crossings.filter(({ kind, outs }) => kind === "request" && outs.length === 0),
    ({ flow }) => clientKey(flow.protocol, flow.clientIp, flow.clientPort),
  );
  for (const { stray, ip, protocol, from, to } of strangeErrors(view, family)) {
    const services = view.services.filter(({ model, realServers }) => {
      return model === "nat" && realServers.some((server) => server.ip === to.ip);
    });
    if (kept.has(clientKey(protocol, from.ip, from.port))) continue;
    if (mayBeEarlier(view.evidence, endpoint(from.ip, from.port))) continue;
    const out = stray.outs.find(({ packet }) => services.some(({ vip }) => vip === packet.ip?.src && vip !== ip.src));
    if (out === undefined) continue;
    const connection = `${endpoint(from.ip, from.port)} has no connection with ${endpoint(to.ip, to.port)}`;
    const observed = `${describe(stray.in)} left as ${describe(out)}`;
    yield fail([stray.in, out], { ...VIOLATION, expected: `not translated: ${connection}`, observed });
  }
}

const VIOLATION = { suspect: DIRECTOR, field: "icmp.type" } as const;

function strangeErrors(view: View, family?: 4 | 6): StrangeError[] {
  return view.strays.flatMap((stray) => {
    const { ip, icmp, quoted } = stray.in.packet;
    if (ip === undefined || icmp?.isError !== true || quoted?.ip === undefined || isPartial(stray.in)) return [];
    const [protocol, ports] = [protocolOf(quoted), portsOf(quoted)];
    if (protocol === undefined || ports === undefined || ip.dst !== quoted.ip.src) return [];
    if (family !== undefined && ip.version !== family) return [];
    const [from, to] = [
      { ip: quoted.ip.src, port: ports.src },
      { ip: quoted.ip.dst, port: ports.dst },
    ];
    return [{ stray, ip, protocol, from, to }];
  });
}

function senderOf(protocol: Protocol | undefined, ip: string | undefined, port: number | undefined) {
  return protocol && ip !== undefined && port !== undefined ? clientKey(protocol, ip, port) : undefined;
}

function isForServer(view: View, { realServers }: Service, dst: string | undefined, mac: string | undefined): boolean {
  const receiver = view.network.byMac(mac)?.host.name;
  return realServers.some(({ name, ip }) => ip === dst || name === receiver);
}
