/** Steps that do what the right one does, and then change what came of it. */

import type { ForwardingModel, Nic } from "../../../forwarding/setup.js";
import { internetChecksum, l4Checksum, l4ChecksumState, l4Header } from "../../../packet/checksum.js";
import type { Ip } from "../../../packet/ip.js";
import type { Ipv4 } from "../../../packet/ipv4.js";
import type { Ipv6 } from "../../../packet/ipv6.js";
import { decodeIp, type Packet } from "../../../packet/packet.js";
import type { Connection } from "../connections.js";
import { CORRECT_STEPS, type Forward, type ModelSteps, type Steps } from "../steps.js";
import type { TunnelEnds } from "../tunnel.js";

/** A MAC that no host has. */
export const STRANGER = "02:00:00:00:00:77";

/** A packet as the right steps would send it. Views: what is set on its headers is what leaves. */
export interface Sent<Inner extends Ip = Ip, Outer extends Ip = Ip> {
  /** The client's own; under TUN the one in the tunnel. */
  readonly packet: Packet;
  readonly ip: Inner;
  /** All of it: under TUN with the tunnel's headers, else `packet`. */
  readonly whole: Packet;
  readonly outer: Outer;
  readonly connection: Connection;
}

export type Sent4 = Sent<Ipv4, Ipv4>;
export type Sent6 = Sent<Ipv6>;

/** Changes a packet in place, or returns other bytes for it. */
type Edit<S extends Sent, Context> = (sent: S, context: Context) => Uint8Array | undefined;
type EditInPlace<S extends Sent, Context> = (sent: S, context: Context) => void;
type Way = keyof Pick<ModelSteps, "request" | "error">;

/** What a model sends on of requests over IPv4, changed afterwards; those over IPv6 stay right. */
export function requests(model: ForwardingModel, edit: Edit<Sent4, TunnelEnds>): Partial<Steps> {
  return edited(model, "request", ofIpv4(edit));
}

/** The same over IPv6. */
export function requests6(model: ForwardingModel, edit: Edit<Sent6, TunnelEnds>): Partial<Steps> {
  return edited(model, "request", ofIpv6(edit));
}

/** What all models send on of requests, changed afterwards. */
export function allRequests(edit: Edit<Sent, TunnelEnds>): Partial<Steps> {
  const models = (["nat", "dr", "tun"] as const).map((model) => edited(model, "request", edit).models?.[model]);
  const [nat, dr, tun] = models as [ModelSteps, ModelSteps, ModelSteps];
  return { models: { nat, dr, tun } };
}

/** What a model sends on of ICMP errors, changed afterwards. */
export function errors(model: ForwardingModel, edit: Edit<Sent4, TunnelEnds>): Partial<Steps> {
  return edited(model, "error", ofIpv4(edit));
}

/** The answers of NAT over IPv4, changed afterwards; those over IPv6 stay right. */
export function replies(edit: EditInPlace<Sent4, Nic>): Partial<Steps> {
  return translated(ofIpv4(edit));
}

/** The same over IPv6. */
export function replies6(edit: EditInPlace<Sent6, Nic>): Partial<Steps> {
  return translated(ofIpv6(edit));
}

function edited(model: ForwardingModel, way: Way, edit: Edit<Sent, TunnelEnds>): Partial<Steps> {
  const { models } = CORRECT_STEPS;
  const right = models[model][way];
  const wrong: Forward = (packet, connection, ends) => {
    const bytes = right(packet, connection, ends);
    const whole = decodeIp(bytes);
    const sent = sentOf(whole, connection);
    return (sent && edit(sent, ends)) ?? bytes;
  };
  return { models: { ...models, [model]: { ...models[model], [way]: wrong } } };
}

function translated(edit: EditInPlace<Sent, Nic>): Partial<Steps> {
  return {
    translateReply(packet, connection, egress) {
      CORRECT_STEPS.translateReply(packet, connection, egress);
      const sent = sentOf(packet, connection);
      if (sent !== undefined) edit(sent, egress);
    },
  };
}

function sentOf(whole: Packet, connection: Connection): Sent | undefined {
  const packet = whole.inner ?? whole;
  const [ip, outer] = [packet.ip, whole.ip];
  return ip && outer && { packet, ip, whole, outer, connection };
}

function ofIpv4<Context, Result>(edit: (sent: Sent4, context: Context) => Result) {
  return (sent: Sent, context: Context): Result | undefined => {
    const [ip, outer] = [sent.packet.ip4, sent.whole.ip4];
    return ip && outer && edit({ ...sent, ip, outer }, context);
  };
}

function ofIpv6<Context, Result>(edit: (sent: Sent6, context: Context) => Result) {
  return (sent: Sent, context: Context): Result | undefined => {
    const { ip6: ip } = sent.packet;
    return ip && edit({ ...sent, ip }, context);
  };
}

/** Frames that leave by some NICs keep the source MAC of the frame that came in last. */
export function bridging(isBridged: (nic: Nic) => boolean): Partial<Steps> {
  let source = "";
  return {
    accepts: (packet, network) => {
      source = packet.eth?.src ?? source;
      return CORRECT_STEPS.accepts(packet, network);
    },
    frames: (datagram, nic, to) => CORRECT_STEPS.frames(datagram, isBridged(nic) ? { ...nic, mac: source } : nic, to),
  };
}

/** Checksums follow the change: those that were right are right afterwards. */
export function sealed<S extends Sent, Context>(edit: EditInPlace<S, Context>) {
  return (sent: S, context: Context): undefined => {
    const { packet, whole } = sent;
    const right = [packet, whole].filter((one) => l4ChecksumState(one) === "valid");
    const hasGreChecksum = whole.gre?.hasChecksum === true && whole.gre.checksumValid;
    edit(sent, context);
    for (const { ip } of [packet, whole]) ip?.updateChecksum();
    for (const one of right) seal(one);
    if (hasGreChecksum) sealGre(whole);
  };
}

/** Computes the checksum of TCP, UDP, ICMP or SCTP afresh. */
export function seal(packet: Packet): void {
  const [header, checksum] = [l4Header(packet), l4Checksum(packet)];
  if (header !== undefined && checksum !== undefined) header.checksum = checksum;
}

function sealGre({ gre }: Packet): void {
  if (gre === undefined) return;
  gre.checksum = 0;
  gre.checksum = internetChecksum(gre.bytes, gre.offset, gre.bytes.length);
}

/** Replaces a text in the payload by another one of the same length. */
export function replaceText({ payload }: Packet, text: string, by: string): void {
  const at = Buffer.from(payload).indexOf(text);
  if (at >= 0) payload.set(Buffer.from(by), at);
}

/** Sets the MSS that a SYN announces, where it announces one. */
export function clampMss({ tcp }: Packet, mss: number): void {
  const options = tcp?.options;
  // Kind 2, length 4 (RFC 9293 §3.2).
  const at = options?.findIndex((kind, index) => kind === 2 && options[index + 1] === 4) ?? -1;
  if (options !== undefined && at >= 0) new DataView(options.buffer, options.byteOffset).setUint16(at + 2, mss);
}
