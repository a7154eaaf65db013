/**
 * NAT: the rewriting of addresses and ports (RFC 3022 §4, `ip_vs_nat_xmit`, `handle_response`).
 *
 * Checksums follow incrementally (RFC 1624), so that one that was wrong stays wrong by the same amount and corruption
 * still shows at the receiver; Linux does not do so for SCTP, whose CRC32c it mends. Everything that is not named here
 * stays as it came.
 */

import { anyIpFromString } from "../../packet/address.js";
import { incrementalUpdate, l4Checksum } from "../../packet/checksum.js";
import type { Packet } from "../../packet/packet.js";
import { type Connection, portHeader } from "./connections.js";

interface Endpoint {
  readonly ip: string;
  readonly port: number;
}

/** Client → director → real server: the destination becomes RIP:rport. */
export function translateRequest(packet: Packet, connection: Connection): void {
  rewrite(packet, "dst", connection.server);
}

/** Real server → director → client: the source becomes VIP:vport. */
export function translateReply(packet: Packet, connection: Connection): void {
  rewrite(packet, "src", virtualEndpoint(connection));
}

/** An ICMP error from the client's side: to the RIP, and what it quotes becomes what the real server had sent (RFC 5508 §4.2). */
export function translateErrorToServer(packet: Packet, connection: Connection): void {
  if (packet.quoted !== undefined) rewrite(packet.quoted, "src", connection.server);
  rewriteAddress(packet, "dst", connection.server.ip);
  resealIcmp(packet);
}

/** An ICMP error from the real server's side: from the VIP, and what it quotes becomes what the client had sent (RFC 5508 §4.2). */
export function translateErrorToClient(packet: Packet, connection: Connection): void {
  const vip = virtualEndpoint(connection);
  if (packet.quoted !== undefined) rewrite(packet.quoted, "dst", vip);
  rewriteAddress(packet, "src", vip.ip);
  resealIcmp(packet);
}

function virtualEndpoint({ request }: Connection): Endpoint {
  return { ip: request.dst, port: request.dstPort };
}

/** One 16-bit word that checksums cover: before and after. */
type Change = readonly [before: number, after: number];

function rewrite(packet: Packet, end: "src" | "dst", { ip, port }: Endpoint): void {
  const { tcp, udp, sctp } = packet;
  const crc = sctp && l4Checksum(packet);
  const changes = [...rewriteAddress(packet, end, ip), ...rewritePort(packet, end, port)];
  // A quoted segment may end before its checksum.
  if (tcp !== undefined && !tcp.isPartial) tcp.checksum = updated(tcp.checksum, changes);
  // 0 says that there is no checksum, and a computed 0 is sent as 0xffff (RFC 768).
  if (udp !== undefined && udp.checksum !== 0) udp.checksum = updated(udp.checksum, changes) || 0xffff;
  // A CRC is linear: the difference between the right ones, before and after, is that between any two.
  if (sctp !== undefined && crc !== undefined) sctp.checksum ^= crc ^ (l4Checksum(packet) ?? crc);
}

/** Also the header checksum of IPv4, incrementally as well: that of a quoted packet need not be right. */
function rewriteAddress({ ip, ip4 }: Packet, end: "src" | "dst", address: string): Change[] {
  if (ip === undefined) return [];
  const [before, after] = [wordsOf(ip[end]), wordsOf(address)];
  ip[end] = address;
  const changes = before.map((word, at): Change => [word, after[at] ?? 0]);
  if (ip4 !== undefined) ip4.checksum = updated(ip4.checksum, changes);
  return changes;
}

/** The 16-bit words of an address: two, or eight. */
function wordsOf(ip: string): number[] {
  const bytes = anyIpFromString(ip);
  return Array.from(
    { length: bytes.length / 2 },
    (_, word) => ((bytes[2 * word] ?? 0) << 8) | (bytes[2 * word + 1] ?? 0),
  );
}

function rewritePort(packet: Packet, end: "src" | "dst", port: number): Change[] {
  const header = portHeader(packet);
  if (header === undefined) return [];
  const field = end === "src" ? "srcPort" : "dstPort";
  const before = header[field];
  header[field] = port;
  return [[before, port]];
}

function updated(checksum: number, changes: readonly Change[]): number {
  return changes.reduce((sum, [before, after]) => incrementalUpdate(sum, before, after), checksum);
}

/** The message was found sound when it arrived, so that its checksum may be computed afresh. */
function resealIcmp(packet: Packet): void {
  const checksum = l4Checksum(packet);
  if (packet.icmp !== undefined && checksum !== undefined) packet.icmp.checksum = checksum;
}
