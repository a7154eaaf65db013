/** What is the same of a packet at every hop, whatever routers did to it and NICs had still to do. */

import type { Packet } from "../packet/packet.js";
import { TCP_CHECKSUM_OFFSET } from "../packet/tcp.js";
import { UDP_CHECKSUM_OFFSET } from "../packet/udp.js";
import { core, hash, ipPayload } from "./datagram.js";

/** Where the L4 checksum stands, which the sender's own tap may see before the NIC has filled it in (checksum offload). */
export function checksumOffset({ tcp, udp }: Packet): number | undefined {
  if (tcp !== undefined) return tcp.offset + TCP_CHECKSUM_OFFSET;
  return udp === undefined ? undefined : udp.offset + UDP_CHECKSUM_OFFSET;
}

const known = new WeakMap<Packet, string>();

/** Bytes behind the IP header that captures with a snap length keep too, and enough to tell packets apart: a TCP header. */
const KEPT = 20;

/**
 * Addresses, ID, length and what stands first behind the IP header of the packet that was sent, out of all tunnels around
 * it; undefined where there is no IP.
 */
export function l4Content(outer: Packet): string | undefined {
  const packet = core(outer);
  const { ip } = packet;
  if (ip === undefined) return undefined;
  let content = known.get(packet);
  if (content === undefined) {
    const bytes = ipPayload(ip).slice(0, KEPT);
    const checksum = checksumOffset(packet);
    const start = ip.offset + ip.headerLength;
    if (checksum !== undefined) bytes.fill(0, checksum - start, checksum - start + 2);
    content = `${ip.src} ${ip.dst} ${ip.protocol} ${ip.id} ${ip.fragmentOffset} ${ip.length} ${hash(bytes)}`;
    known.set(packet, content);
  }
  return content;
}
