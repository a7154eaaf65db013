/** Recorded packets as the steps that send them again. */

import { core, portsOf } from "../../forwarding/datagram.js";
import type { Sighting } from "../../forwarding/journey.js";
import type { Network } from "../../forwarding/network.js";
import { type Service, serviceName } from "../../forwarding/setup.js";
import { isPartial } from "../../forwarding/sightings.js";
import { endpoint, isIp6 } from "../../packet/address.js";
import { fieldValue } from "../../packet/fields.js";
import type { Packet } from "../../packet/packet.js";
import type { RawStep } from "../raw.js";

/** Bytes of the largest IP packet that goes over the wires of a lab: what is longer was never on one (TSO, GRO). */
const WIRE_MTU = 1500;
const MOST_HOPS = 255;

/** What is kept of a packet; left out where it is what a crafted packet has anyway. */
const KEPT: Readonly<Record<string, string>> = {
  "ip.ttl": "64",
  "ip.id": "",
  "ip.dsfield": "0x00",
  "ip.flags.df": "0",
  "ip.options": "",
  "ipv6.hlim": "64",
  "ipv6.tclass": "0x00",
  "ipv6.flow": "0x00000",
  "tcp.flags": "",
  "tcp.seq_raw": "",
  "tcp.ack_raw": "0",
  "tcp.window_size_value": "",
  "tcp.options": "",
};

/** A packet of a client's connection, at the first tap that saw it. */
export interface Recorded {
  readonly at: Sighting;
  readonly service: Service;
  /** `172.16.0.100:40000` */
  readonly client: string;
  readonly isAnswer: boolean;
}

/** The connection that a packet is of; undefined for one of none. */
export function recordedOf(at: Sighting, services: readonly Service[]): Recorded | undefined {
  const packet = core(at.packet);
  const { ip } = packet;
  const ports = portsOf(packet);
  if (ip === undefined || ports === undefined || isPartial(at)) return undefined;
  const protocol = packet.tcp ? "tcp" : packet.udp ? "udp" : undefined;
  for (const service of services) {
    if (service.protocol !== protocol) continue;
    const ends = [
      { ip: service.vip, port: service.port },
      ...(service.model === "nat" ? service.realServers.map(({ ip, port }) => ({ ip, port })) : []),
    ];
    if (service.vip === ip.dst && service.port === ports.dst)
      return { at, service, client: endpoint(ip.src, ports.src), isAnswer: false };
    if (ends.some((end) => end.ip === ip.src && end.port === ports.src))
      return { at, service, client: endpoint(ip.dst, ports.dst), isAnswer: true };
  }
  return undefined;
}

/** Why packets cannot be sent again, in a sentence about them. */
export const OBSTACLES = {
  tooLong: "are larger than any wire carries: a NIC had joined them, or was still to cut them",
  tunnelled: "are answers of real servers behind tunnels, which send none that is crafted",
} as const;

/** What keeps a packet from being sent again; undefined: nothing. */
export function obstacleTo({ at, service, isAnswer }: Recorded): keyof typeof OBSTACLES | undefined {
  if (isAnswer && service.model === "tun") return "tunnelled";
  const length = core(at.packet).ip?.length ?? 0;
  return at.frames.length === 1 && length > WIRE_MTU ? "tooLong" : undefined;
}

/** @param routers on the way of the packet up to the tap that saw it, which the lab has as well */
export function stepOf(recorded: Recorded, flow: string, isFirst: boolean, routers: number): RawStep {
  const { at, service, isAnswer } = recorded;
  const packet = core(at.packet);
  const fields: Record<string, string | number | boolean> = {};
  for (const [name, usual] of Object.entries(KEPT)) {
    const found = fieldValue(packet, name);
    if (found === undefined) continue;
    const isLifetime = name === "ip.ttl" || name === "ipv6.hlim";
    const value = isLifetime ? String(Math.min(MOST_HOPS, Number(found) + routers)) : found;
    if (value !== usual) fields[name] = plain(value);
  }
  if (packet.udp?.checksum === 0) fields["udp.checksum"] = 0;
  const payload = payloadOf(packet);
  const size = at.frames[0] && at.frames.length > 1 ? fragmentSize(at.frames[0].packet) : undefined;
  const body = {
    flow,
    ...(isFirst ? { to: to(service) } : {}),
    ...fields,
    ...(payload.length === 0 ? {} : { payload: written(payload) }),
    ...(size === undefined ? {} : { fragment: { size } }),
  };
  return isAnswer ? { answer: body } : { send: body };
}

/** Routers that a request has passed before it was seen at a host; the director counts as one. */
export function routersBefore({ at: { host }, isAnswer }: Recorded, network: Network, isRouted: boolean): number {
  if (isAnswer) return network.host(host)?.role === "real-server" ? 0 : network.isDirector(host) ? 0 : 1;
  const role = network.host(host)?.role;
  const ownRouter = isRouted ? 1 : 0;
  if (role === "client" || role === "router") return 0;
  return role === "director" ? ownRouter : ownRouter + 1;
}

function to(service: Service): string {
  return isIp6(service.vip) ? serviceName(service) : `${service.vip}:${service.port}/${service.protocol}`;
}

function plain(value: string): string | number {
  return /^(0|[1-9]\d{0,9})$/.test(value) ? Number(value) : value;
}

/** Bytes that the capture did not keep are 0. */
function payloadOf({ payload, missing }: Packet): Uint8Array {
  if (missing <= 0) return payload;
  const whole = new Uint8Array(payload.length + missing);
  whole.set(payload);
  return whole;
}

/** Text where it is some: a reader of the scenario recognizes it. */
function written(payload: Uint8Array): string | { readonly hex: string } {
  const text = Buffer.from(payload).toString("latin1");
  return /^[\x20-\x7e\r\n\t]+$/.test(text) ? text : { hex: Buffer.from(payload).toString("hex") };
}

function fragmentSize({ ip }: Packet): number | undefined {
  const size = (ip?.length ?? 0) - (ip?.headerLength ?? 0);
  return size >= 8 && size % 8 === 0 ? size : undefined;
}
