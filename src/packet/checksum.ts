/** The checksums of TCP, UDP and ICMP. */

import { ICMP_CHECKSUM_OFFSET } from "./icmp.js";
import { internetChecksum, wordSum } from "./internet-checksum.js";
import { IP_PROTOCOL } from "./ipv4.js";
import type { Packet } from "./packet.js";
import { TCP_CHECKSUM_OFFSET } from "./tcp.js";
import { UDP_CHECKSUM_OFFSET } from "./udp.js";

export { incrementalUpdate, internetChecksum } from "./internet-checksum.js";

/** `zero`: a UDP sender that computed none. `absent`: no L4 header, a fragment, or bytes missing: cannot tell. */
export type ChecksumState = "valid" | "invalid" | "zero" | "absent";

/** What a TCP, UDP or ICMP checksum covers. */
interface Coverage {
  readonly start: number;
  readonly end: number;
  /** Where the checksum itself stands. */
  readonly field: number;
  readonly pseudoHeader: number;
}

function coverage(packet: Packet): Coverage | undefined {
  const { tcp, udp, icmp, payload, bytes } = packet;
  const network = packet.ip ?? packet.ip6;
  const header = tcp ?? udp ?? icmp;
  if (!network || !header || packet.problem || packet.ip?.isFragment) return undefined;
  const start = header.offset;
  // A receiver takes the datagram to be as long as UDP says (RFC 768), whatever stands behind it.
  const end = udp ? start + udp.length : payload.byteOffset - bytes.byteOffset + payload.length;
  const length = end - start;
  if (icmp) return { start, end, field: start + ICMP_CHECKSUM_OFFSET, pseudoHeader: 0 };
  const protocol = tcp ? IP_PROTOCOL.tcp : IP_PROTOCOL.udp;
  const field = start + (tcp ? TCP_CHECKSUM_OFFSET : UDP_CHECKSUM_OFFSET);
  return { start, end, field, pseudoHeader: network.pseudoHeaderSum(protocol, length) };
}

/**
 * The checksum that the TCP, UDP or ICMP header should have; undefined where `l4ChecksumState` is `absent`.
 * For UDP never 0, which would mean that there is none (RFC 768).
 */
export function l4Checksum(packet: Packet): number | undefined {
  const covered = coverage(packet);
  if (!covered) return undefined;
  const { start, end, field, pseudoHeader } = covered;
  const before = wordSum(packet.bytes, start, field) + pseudoHeader;
  const checksum = internetChecksum(packet.bytes, field + 2, end, before);
  return checksum === 0 && packet.udp ? 0xffff : checksum;
}

export function l4ChecksumState(packet: Packet): ChecksumState {
  if (packet.udp?.checksum === 0 && !packet.ip?.isFragment) return "zero";
  const covered = coverage(packet);
  if (!covered) return "absent";
  // Summed as a receiver does: 0x0000 and 0xffff are the same number in ones' complement.
  return internetChecksum(packet.bytes, covered.start, covered.end, covered.pseudoHeader) === 0 ? "valid" : "invalid";
}
