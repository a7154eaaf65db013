/** TUN: the datagram in another one, by IP in IP, GRE or GUE (`ip_vs_tunnel_xmit`). No port mapping. */

import { overheadOf, type Tunnel } from "../../forwarding/setup.js";
import { internetChecksum } from "../../packet/checksum.js";
import { ETHERTYPE } from "../../packet/ethernet.js";
import { GRE_FLAG, GRE_HEADER_LENGTH, Gre } from "../../packet/gre.js";
import { GUE_HEADER_LENGTH, GUE_PORT, Gue } from "../../packet/gue.js";
import { IP_PROTOCOL, type Ip } from "../../packet/ip.js";
import type { Packet } from "../../packet/packet.js";
import { UDP_HEADER_LENGTH, Udp } from "../../packet/udp.js";
import { ipPacket, sealed } from "./compose.js";
import type { Connection } from "./connections.js";
import { hashOf } from "./hash.js";
import { leastMtu } from "./network.js";

/** The ends of a tunnel, and what the outer header needs from the director. */
export interface TunnelEnds {
  /** An address of the NIC that it leaves by, never a VIP: the real server owns that one too. */
  readonly src: string;
  /** The RIP. */
  readonly dst: string;
  /** Largest outer packet in bytes. */
  readonly mtu: number;
  /** A fresh identification (RFC 6864 §4). */
  nextId(): number;
}

/** Puts outer headers before a datagram whose TTL has already been counted down; the inner one keeps every byte. */
export function encapsulate(inner: Packet, connection: Connection, ends: TunnelEnds): Uint8Array {
  const { tunnel, flow } = connection;
  const { src, dst } = ends;
  const { tos = 0, ttl = 64 } = inner.ip ?? {};
  const df = fitsOnlyWhole(inner, connection, ends);
  // What cannot be fragmented needs no identification.
  const header = { tos: outerTos(tos), id: df ? 0 : ends.nextId(), df, ttl, src, dst };
  const protocol = inner.ip6 ? IP_PROTOCOL.ipv6 : IP_PROTOCOL.ipip;
  switch (tunnel.kind) {
    case "gre":
      return ipPacket({ ...header, protocol: IP_PROTOCOL.gre }, inGre(inner, tunnel));
    case "gue": {
      const packet = ipPacket({ ...header, protocol: IP_PROTOCOL.udp }, inGue(inner, protocol, flow));
      return tunnel.checksum ? sealed(packet) : packet;
    }
  }
  return ipPacket({ ...header, protocol }, inner.bytes);
}

/**
 * Largest datagram that the tunnel carries in packets of `mtu` bytes before its sender is told. Without path MTU
 * discovery that of IPv4 may be of any size; one of IPv6 never needs to be smaller than 1280 bytes (RFC 2473 §7.1).
 */
export function tunnelRoom(ip: Ip, connection: Connection, mtu: number): number {
  if (ip.version === 4 && !connection.tunnel.pmtuDiscovery) return Number.POSITIVE_INFINITY;
  return Math.max(mtu - overheadOf(connection, connection.server), leastMtu(ip.src));
}

/**
 * DF is copied outward (RFC 2003 §3.1), but not from IPv6, whose hosts know no fragments of others (RFC 4213 §3.2), nor
 * where it would keep a packet back: one that came in DF fragments may be longer than the MTU as a whole.
 */
function fitsOnlyWhole({ ip4, bytes }: Packet, connection: Connection, { mtu }: TunnelEnds): boolean {
  const { tunnel, server } = connection;
  if (ip4 === undefined || !ip4.df || !tunnel.pmtuDiscovery) return false;
  return bytes.length + overheadOf(connection, server) <= mtu;
}

/** RFC 2784 §2: no flag but that of the checksum, which covers all that follows. */
function inGre({ bytes: inner, ip6 }: Packet, { checksum }: Tunnel): Uint8Array {
  const room = new Uint8Array(2 * GRE_HEADER_LENGTH + inner.length);
  const flagsAndVersion = checksum ? GRE_FLAG.checksum : 0;
  const gre = Gre.emit(room, 0, { flagsAndVersion, protocol: ip6 ? ETHERTYPE.ipv6 : ETHERTYPE.ipv4 });
  const bytes = room.subarray(0, gre.headerLength + inner.length);
  bytes.set(inner, gre.headerLength);
  if (checksum) gre.checksum = internetChecksum(bytes, 0, bytes.length);
  return bytes;
}

/** Ports from which a protocol may choose for itself (RFC 6335 §6). */
const DYNAMIC_PORTS = { first: 49_152, count: 16_384 } as const;

/** The source port is the flow's, so that routers with several ways keep the order (draft-ietf-intarea-gue §5.6.1). */
function inGue({ bytes: inner }: Packet, protocol: number, flow: string): Uint8Array {
  const bytes = new Uint8Array(UDP_HEADER_LENGTH + GUE_HEADER_LENGTH + inner.length);
  const srcPort = DYNAMIC_PORTS.first + (hashOf(flow) % DYNAMIC_PORTS.count);
  Udp.emit(bytes, 0, { srcPort, dstPort: GUE_PORT, length: bytes.length });
  Gue.emit(bytes, UDP_HEADER_LENGTH, { protocol });
  bytes.set(inner, UDP_HEADER_LENGTH + GUE_HEADER_LENGTH);
  return bytes;
}

const ECN = 0b11;
const ECT_0 = 0b10;

/** DSCP and ECN of the outer header: copied, but CE becomes ECT(0) (RFC 3168 §9.1.1, `INET_ECN_encapsulate`). */
export function outerTos(tos: number): number {
  return (tos & ECN) === ECN ? (tos & ~ECN) | ECT_0 : tos;
}
