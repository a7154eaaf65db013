/** How the checksum of each upper-layer protocol is made. */

import { ICMP_CHECKSUM_OFFSET } from "./icmp.js";
import { ICMPV6_CHECKSUM_OFFSET } from "./icmpv6.js";
import { internetChecksum, wordSum } from "./internet-checksum.js";
import { IP_PROTOCOL, type Ip } from "./ip.js";
import { SCTP_CHECKSUM_OFFSET, sctpChecksum } from "./sctp.js";
import { TCP_CHECKSUM_OFFSET } from "./tcp.js";
import { UDP_CHECKSUM_OFFSET } from "./udp.js";
import { read32 } from "./view.js";
import { VRRP_CHECKSUM_OFFSET } from "./vrrp.js";

export interface L4Checksum {
  /** Its first byte, relative to the header. */
  readonly at: number;
  /** 16: the Internet checksum; 32: CRC32c. */
  readonly bits: 16 | 32;
  /** The protocol in the pseudo header; left out where there is none. */
  readonly pseudoHeader?: number;
  /** What is written where 0 comes out, for that says that there is no checksum (RFC 768). */
  readonly insteadOfZero?: number;
}

export const L4_CHECKSUM = {
  tcp: { at: TCP_CHECKSUM_OFFSET, bits: 16, pseudoHeader: IP_PROTOCOL.tcp },
  udp: { at: UDP_CHECKSUM_OFFSET, bits: 16, pseudoHeader: IP_PROTOCOL.udp, insteadOfZero: 0xffff },
  icmp: { at: ICMP_CHECKSUM_OFFSET, bits: 16 },
  icmpv6: { at: ICMPV6_CHECKSUM_OFFSET, bits: 16, pseudoHeader: IP_PROTOCOL.icmpv6 },
  sctp: { at: SCTP_CHECKSUM_OFFSET, bits: 32 },
  vrrp2: { at: VRRP_CHECKSUM_OFFSET, bits: 16 },
  vrrp3: { at: VRRP_CHECKSUM_OFFSET, bits: 16, pseudoHeader: IP_PROTOCOL.vrrp },
} as const satisfies Record<string, L4Checksum>;

/** The checksum that what stands in `bytes[start, end)` behind an IP header should have, whatever is in its place. */
export function computeL4(kind: L4Checksum, ip: Ip, bytes: Uint8Array, start: number, end: number): number {
  if (kind.bits === 32) return sctpChecksum(bytes, start, end);
  const at = start + kind.at;
  const before = wordSum(bytes, start, at) + pseudoHeaderSum(kind, ip, end - start);
  return internetChecksum(bytes, at + 2, end, before) || (kind.insteadOfZero ?? 0);
}

/**
 * Whether what stands there is that checksum. Summed as a receiver does: 0x0000 and 0xffff are the same number in ones'
 * complement.
 */
export function isL4Valid(kind: L4Checksum, ip: Ip, bytes: Uint8Array, start: number, end: number): boolean {
  if (kind.bits === 32) return sctpChecksum(bytes, start, end) === read32(bytes, start + kind.at);
  return internetChecksum(bytes, start, end, pseudoHeaderSum(kind, ip, end - start)) === 0;
}

function pseudoHeaderSum({ pseudoHeader }: L4Checksum, ip: Ip, length: number): number {
  return pseudoHeader === undefined ? 0 : ip.pseudoHeaderSum(pseudoHeader, length);
}
