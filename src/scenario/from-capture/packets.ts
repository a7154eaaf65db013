/** Recorded packets as the steps that send them again. */

import { core } from "../../forwarding/datagram.js";
import type { Network } from "../../forwarding/network.js";
import { type Service, serviceName } from "../../forwarding/setup.js";
import { isIp6 } from "../../packet/address.js";
import { fieldValue } from "../../packet/fields.js";
import type { Packet } from "../../packet/packet.js";
import { optionAt, TCP_OPTION } from "../../packet/tcp.js";
import type { RawStep } from "../raw.js";
import { isFromClient, type Recorded } from "./recorded.js";

/** Bytes of the largest IP packet that goes over the wires of a lab: what is longer was never on one (TSO, GRO). */
const WIRE_MTU = 1500;
const MOST_HOPS = 255;

/** What is kept of a packet; left out where it is what a crafted packet has anyway. */
const KEPT: Readonly<Record<string, string>> = {
  "ip.ttl": "61",
  "ip.id": "",
  "ip.dsfield": "0x00",
  "ip.flags.df": "0",
  "ip.options": "",
  "ipv6.hlim": "61",
  "ipv6.tclass": "0x00",
  "ipv6.flow": "0x00000",
  "tcp.flags": "",
  "tcp.seq_raw": "",
  "tcp.ack_raw": "0",
  "tcp.window_size_value": "",
  "tcp.options": "",
};

/** Of a message of ICMP; what an error quotes is taken from the lab. */
const OF_ICMP = [
  "icmp.type",
  "icmp.code",
  "icmp.ident",
  "icmp.seq",
  "icmp.mtu",
  "icmpv6.type",
  "icmpv6.code",
  "icmpv6.echo.identifier",
  "icmpv6.echo.sequence_number",
  "icmpv6.mtu",
];

/** Whether a NIC had joined segments into the packet, or was still to cut it. */
export function isTooLong({ at }: Recorded): boolean {
  return at.frames.length === 1 && (core(at.packet).ip?.length ?? 0) > WIRE_MTU;
}

/** Where a packet stands in the scenario. */
export interface Standing {
  readonly flow: string;
  readonly isFirst: boolean;
  /** Routers on the way of the packet up to the tap that saw it, which the lab has as well. */
  readonly routers: number;
  /** The host that sends what a router on the way sent; undefined: the lab has none. */
  readonly router: string | undefined;
  /** Whether the lab's real servers answer by themselves, with numbers and times of their own. */
  readonly isAnsweredLive: boolean;
  /** Whether the flow must have its answer before the next step. */
  readonly isAwaited: boolean;
}

export function stepOf(recorded: Recorded, standing: Standing): RawStep {
  const { at, service, kind } = recorded;
  const packet = core(at.packet);
  const body = { flow: standing.flow, ...(standing.isFirst ? { to: to(service) } : {}) };
  if (kind === "client-error" || kind === "server-error") {
    const by = kind === "client-error" && packet.ip?.src !== packet.quoted?.ip?.dst ? standing.router : undefined;
    const from = by === undefined ? {} : { from: by };
    const error = { flow: standing.flow, quote: standing.flow, ...from, ...ofIcmp(packet) };
    return isFromClient(recorded) ? { send: error } : { answer: error };
  }
  const payload = payloadOf(packet);
  // An echo service in a kernel of its own is no part of what a lab at rest has proven: its datagrams are awaited.
  if (standing.isAwaited && service.model === "tun" && packet.udp && typeof written(payload) === "string")
    return { datagram: { to: to(service), payload: written(payload) } };
  const size = at.frames[0] && at.frames.length > 1 ? fragmentSize(at.frames[0].packet) : undefined;
  const whole = {
    ...body,
    ...headersOf(packet, standing),
    ...(kind === "echo" ? ofIcmp(packet) : {}),
    ...(payload.length === 0 ? {} : { payload: written(payload) }),
    ...(size === undefined ? {} : { fragment: { size } }),
  };
  return isFromClient(recorded) ? { send: whole } : { answer: whole };
}

function headersOf(packet: Packet, { routers, isAnsweredLive }: Standing): Record<string, string | number> {
  const fields: Record<string, string | number> = {};
  for (const [name, usual] of Object.entries(KEPT)) {
    const found = name === "tcp.options" && isAnsweredLive ? lastingOptions(packet) : fieldValue(packet, name);
    if (found === undefined || (isAnsweredLive && name === "tcp.ack_raw")) continue;
    const isLifetime = name === "ip.ttl" || name === "ipv6.hlim";
    const value = isLifetime ? String(Math.min(MOST_HOPS, Number(found) + routers)) : found;
    if (value !== usual) fields[name] = plain(value);
  }
  if (packet.udp?.checksum === 0) fields["udp.checksum"] = 0;
  return fields;
}

/** Without what refers to an answer: the times and the pieces that came of one that is not given again. */
function lastingOptions({ tcp }: Packet): string | undefined {
  if (tcp === undefined) return undefined;
  const options = new Uint8Array(tcp.options);
  for (const kind of [TCP_OPTION.times, TCP_OPTION.received]) {
    const at = optionAt(options, kind);
    if (at !== undefined) options.fill(TCP_OPTION.none, at, at + Math.max(2, options[at + 1] ?? 2));
  }
  const isEmpty = options.every((kind) => kind === TCP_OPTION.none || kind === TCP_OPTION.end);
  return isEmpty ? "" : Buffer.from(options).toString("hex");
}

function ofIcmp(packet: Packet): Record<string, string | number> {
  const fields = OF_ICMP.map((name) => [name, fieldValue(packet, name)] as const);
  return Object.fromEntries(fields.flatMap(([name, value]) => (value === undefined ? [] : [[name, plain(value)]])));
}

/** Routers that a request has passed before it was seen at a host; the director counts as one. */
export function routersBefore(recorded: Recorded, network: Network, isRouted: boolean): number {
  const { host } = recorded.at;
  if (!isFromClient(recorded)) return network.host(host)?.role === "real-server" || network.isDirector(host) ? 0 : 1;
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
