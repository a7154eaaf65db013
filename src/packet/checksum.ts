/** The checksums of TCP, UDP, ICMP, SCTP and VRRP in a packet. */

import { computeL4, isL4Valid, L4_CHECKSUM, type L4Checksum } from "./l4-checksum.js";
import type { Packet } from "./packet.js";

export { incrementalUpdate, internetChecksum } from "./internet-checksum.js";

/**
 * `zero`: a UDP sender that computed none. `absent`: no L4 header, a fragment, bytes missing, or a routing header of an
 * unknown type, which hides where the packet goes in the end: cannot tell.
 */
export type ChecksumState = "valid" | "invalid" | "zero" | "absent";

/** The header whose checksum covers all that IP carries. */
export type L4Header = NonNullable<Packet["tcp" | "udp" | "icmp" | "sctp" | "vrrp"]>;

/** Undefined where a packet carries none, or one without a checksum of its own. */
export function l4Header({ tcp, udp, icmp, sctp, vrrp }: Packet): L4Header | undefined {
  return tcp ?? udp ?? icmp ?? sctp ?? vrrp;
}

function kindOf({ tcp, udp, icmp, sctp, vrrp, ip6 }: Packet): L4Checksum | undefined {
  if (tcp) return L4_CHECKSUM.tcp;
  if (udp) return L4_CHECKSUM.udp;
  if (icmp) return ip6 ? L4_CHECKSUM.icmpv6 : L4_CHECKSUM.icmp;
  if (sctp) return L4_CHECKSUM.sctp;
  return vrrp && (vrrp.version === 2 ? L4_CHECKSUM.vrrp2 : L4_CHECKSUM.vrrp3);
}

/** What a checksum covers, behind the pseudo header. */
interface Coverage {
  readonly kind: L4Checksum;
  readonly start: number;
  readonly end: number;
}

function coverage(packet: Packet): Coverage | undefined {
  const { ip, ip6, udp, payload, bytes } = packet;
  const [header, kind] = [l4Header(packet), kindOf(packet)];
  if (!ip || !header || !kind || packet.problem || ip.isFragment) return undefined;
  if (kind.pseudoHeader !== undefined && ip6?.hasFinalDestination === false) return undefined;
  const start = header.offset;
  // A receiver takes the datagram to be as long as UDP says (RFC 768), whatever stands behind it.
  const end = udp ? start + udp.length : payload.byteOffset - bytes.byteOffset + payload.length;
  return { kind, start, end };
}

/**
 * The checksum that the header of TCP, UDP, ICMP, SCTP or VRRP should have, of as many bits as its property `checksum`:
 * 32 for SCTP, else 16. Undefined where `l4ChecksumState` is `absent`. For UDP never 0, which would mean that there is
 * none (RFC 768).
 */
export function l4Checksum(packet: Packet): number | undefined {
  const covered = coverage(packet);
  return packet.ip && covered && computeL4(covered.kind, packet.ip, packet.bytes, covered.start, covered.end);
}

export function l4ChecksumState(packet: Packet): ChecksumState {
  const { ip, udp, bytes } = packet;
  if (udp?.checksum === 0 && !ip?.isFragment) return "zero";
  const covered = coverage(packet);
  if (!ip || !covered) return "absent";
  const { kind, start, end } = covered;
  const isValid = isL4Valid(kind, ip, bytes, start, end) || isWithoutPseudoHeader(packet, covered);
  return isValid ? "valid" : "invalid";
}

/** Implementations of VRRP differ in whether version 3 covers IPv4's pseudo header, and FRR lets its user choose. */
function isWithoutPseudoHeader({ ip4, vrrp, bytes }: Packet, { start, end }: Coverage): boolean {
  return vrrp !== undefined && ip4 !== undefined && isL4Valid(L4_CHECKSUM.vrrp2, ip4, bytes, start, end);
}
