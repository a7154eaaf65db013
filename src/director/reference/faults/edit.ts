/** Steps that do what the right one does, and then change what came of it. */

import type { Model, Nic } from "../../../forwarding/setup.js";
import { l4Checksum, l4ChecksumState, l4Header } from "../../../packet/checksum.js";
import { ICMP_TYPE, Icmp } from "../../../packet/icmp.js";
import type { Ipv4 } from "../../../packet/ipv4.js";
import { decodeIp, type Packet } from "../../../packet/packet.js";
import type { Connection } from "../connections.js";
import { icmpError } from "../local.js";
import { CORRECT_STEPS, type Forward, type Steps } from "../steps.js";
import type { TunnelEnds } from "../tunnel.js";

const MODELS: readonly Model[] = ["nat", "dr", "tun"];

/** A MAC that no host has. */
export const STRANGER = "02:00:00:00:00:77";

/** A packet as the right steps would send it. Views: what is set on its headers is what leaves. */
export interface Sent {
  /** The client's own; under TUN the one in the tunnel. */
  readonly packet: Packet;
  readonly ip: Ipv4;
  /** The header in front: under TUN the tunnel's, else `ip`. */
  readonly outer: Ipv4;
  readonly connection: Connection;
}

/** Changes a packet in place, or returns other bytes for it. */
export type Edit<Context> = (sent: Sent, context: Context) => Uint8Array | undefined;

/** What a model sends on of requests, changed afterwards. */
export function requests(model: Model, edit: Edit<TunnelEnds>): Partial<Steps> {
  const { models } = CORRECT_STEPS;
  return { models: { ...models, [model]: { ...models[model], request: edited(models[model].request, edit) } } };
}

/** The same in all models. */
export function allRequests(edit: Edit<TunnelEnds>): Partial<Steps> {
  const models = MODELS.map((model) => requests(model, edit).models?.[model]);
  return { models: Object.fromEntries(MODELS.map((model, at) => [model, models[at]])) as Steps["models"] };
}

/** What a model sends on of ICMP errors, changed afterwards. */
export function errors(model: Model, edit: Edit<TunnelEnds>): Partial<Steps> {
  const { models } = CORRECT_STEPS;
  return { models: { ...models, [model]: { ...models[model], error: edited(models[model].error, edit) } } };
}

/** The answers of NAT, changed afterwards. */
export function replies(edit: (sent: Sent, egress: Nic) => void): Partial<Steps> {
  return {
    translateReply(packet, connection, egress) {
      CORRECT_STEPS.translateReply(packet, connection, egress);
      const { ip4: ip } = packet;
      if (ip !== undefined) edit({ packet, ip, outer: ip, connection }, egress);
    },
  };
}

function edited(right: Forward, edit: Edit<TunnelEnds>): Forward {
  return (packet, connection, tunnel) => {
    const bytes = right(packet, connection, tunnel);
    const outside = decodeIp(bytes);
    const inside = outside.inner ?? outside;
    const [ip, outer] = [inside.ip4, outside.ip4];
    if (ip === undefined || outer === undefined) return bytes;
    return edit({ packet: inside, ip, outer, connection }, tunnel) ?? bytes;
  };
}

/** Checksums follow the change: those that were right are right afterwards. */
export function sealed<Context>(
  edit: (sent: Sent, context: Context) => void,
): (sent: Sent, context: Context) => undefined {
  return (sent, context) => {
    const isValid = l4ChecksumState(sent.packet) === "valid";
    edit(sent, context);
    sent.ip.updateChecksum();
    sent.outer.updateChecksum();
    if (isValid) seal(sent.packet);
  };
}

/** Computes the checksum of TCP, UDP or ICMP afresh. */
export function seal(packet: Packet): void {
  const [header, checksum] = [l4Header(packet), l4Checksum(packet)];
  if (header !== undefined && checksum !== undefined) header.checksum = checksum;
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

/** An ICMP redirect to the sender of every packet of a kind that is sent on. */
export function redirecting(isMeant: (packet: Packet) => boolean): Partial<Steps> {
  return {
    redirect(packet, { nic, nextHop }, nextId) {
      const message = isMeant(packet)
        ? icmpError(packet, { type: ICMP_TYPE.redirect, code: 1 }, nic.ip, nextId())
        : undefined;
      if (message === undefined) return undefined;
      const sent = decodeIp(message);
      if (sent.icmp instanceof Icmp) sent.icmp.gateway = nextHop;
      seal(sent);
      return message;
    },
  };
}
