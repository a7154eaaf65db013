/** TUN: IP in IP (RFC 2003, `ip_vs_tunnel_xmit`). No port mapping. */

import { IP_PROTOCOL } from "../../packet/ip.js";
import { IPV4_HEADER_LENGTH } from "../../packet/ipv4.js";
import type { Packet } from "../../packet/packet.js";
import { ipPacket } from "./compose.js";

/** Bytes that the outer header adds. */
export const TUNNEL_OVERHEAD = IPV4_HEADER_LENGTH;

/** The ends of the tunnel, and what the outer header needs from the director. */
export interface Tunnel {
  /** An address of the NIC that it leaves by, never a VIP: the real server owns that one too. */
  readonly src: string;
  /** The RIP. */
  readonly dst: string;
  /** Largest outer packet in bytes. */
  readonly mtu: number;
  /** A fresh identification (RFC 6864 §4). */
  nextId(): number;
}

/**
 * Puts an outer header before a datagram whose TTL has already been counted down; the inner one keeps every byte.
 * TTL and DF are the inner ones, as Linux copies them; an outer packet that cannot be fragmented needs no identification.
 */
export function encapsulate(inner: Packet, { src, dst, mtu, nextId }: Tunnel): Uint8Array {
  const { tos = 0, ttl = 64, df: innerDf = false } = inner.ip ?? {};
  // A datagram that came in DF fragments may be longer than the MTU: its outer packet is fragmented all the same.
  const df = innerDf && inner.bytes.length + TUNNEL_OVERHEAD <= mtu;
  const header = { tos: outerTos(tos), id: df ? 0 : nextId(), df, ttl, protocol: IP_PROTOCOL.ipip, src, dst };
  return ipPacket(header, inner.bytes);
}

const ECN = 0b11;
const ECT_0 = 0b10;

/** DSCP and ECN of the outer header: copied, but CE becomes ECT(0) (RFC 3168 §9.1.1, `INET_ECN_encapsulate`). */
export function outerTos(tos: number): number {
  return (tos & ECN) === ECN ? (tos & ~ECN) | ECT_0 : tos;
}
