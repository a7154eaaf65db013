/** What is the same of a packet at every hop, whatever routers and directors did to it and NICs had still to do. */

import type { Packet } from "../packet/packet.js";
import { TCP_CHECKSUM_OFFSET } from "../packet/tcp.js";
import { UDP_CHECKSUM_OFFSET } from "../packet/udp.js";
import { core, endsOf, hash, ipPayload, portsOf } from "./datagram.js";

/** Where the L4 checksum stands, which the sender's own tap may see before the NIC has filled it in (checksum offload). */
export function checksumOffset({ tcp, udp }: Packet): number | undefined {
  if (tcp !== undefined) return tcp.offset + TCP_CHECKSUM_OFFSET;
  return udp === undefined ? undefined : udp.offset + UDP_CHECKSUM_OFFSET;
}

/** The ends of a packet, and what tells it from others between them. */
export interface Content {
  /** Address and port. */
  readonly src: string;
  readonly dst: string;
  readonly content: string;
}

/** Bytes behind the IP header that captures with a snap length keep too, and enough to tell packets apart: a TCP header. */
const KEPT = 20;
const PORTS = 4;
const known = new WeakMap<Packet, Content>();

/** Of the packet that was sent, out of all tunnels around it; undefined where there is no IP. */
export function contentOf(outer: Packet): Content | undefined {
  const packet = core(outer);
  const { ip } = packet;
  if (ip === undefined) return undefined;
  let found = known.get(packet);
  if (found === undefined) {
    const bytes = ipPayload(ip).slice(0, KEPT);
    const checksum = checksumOffset(packet);
    const start = ip.offset + ip.headerLength;
    if (checksum !== undefined) bytes.fill(0, checksum - start, checksum - start + 2);
    if (portsOf(packet) !== undefined) bytes.fill(0, 0, PORTS);
    const content = `${ip.protocol} ${ip.id} ${ip.fragmentOffset} ${ip.length} ${hash(bytes)}`;
    found = { ...endsOf(packet), content };
    known.set(packet, found);
  }
  return found;
}
