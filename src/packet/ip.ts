/** What IPv4 and IPv6 have in common, so that whoever looks at a packet can treat both alike. */

import type { Ipv4 } from "./ipv4.js";
import type { Ipv6 } from "./ipv6.js";

/** What an IP header carries, of either family (IANA, Assigned Internet Protocol Numbers). */
export const IP_PROTOCOL = {
  icmp: 1,
  ipip: 4,
  tcp: 6,
  udp: 17,
  ipv6: 41,
  gre: 47,
  icmpv6: 58,
  vrrp: 112,
  sctp: 132,
} as const;

/** A packet has `ip4` and `ip6` to tell the two apart. */
export type Ip = Ipv4 | Ipv6;

/** The members that both classes have, under IPv4's names. */
export interface IpHeader {
  version: number;
  /** Bytes up to the header of the upper layer: IPv6 extension headers included. */
  readonly headerLength: number;
  /** Bytes of the whole packet, this header included. */
  length: number;
  src: string;
  dst: string;
  /** IPv6: the hop limit. */
  ttl: number;
  /**
   * One of `IP_PROTOCOL`, or any other. IPv6: what stands behind the extension headers; of a fragment that is not the
   * first, what its fragment header names.
   */
  readonly protocol: number;
  /** DSCP and ECN. IPv6: the traffic class. */
  tos: number;
  /** IPv6: 32 bits, of the fragment header; 0 without one. */
  readonly id: number;
  /** IPv6: always, for routers do not fragment it (RFC 8200 §5). */
  readonly df: boolean;
  readonly mf: boolean;
  /** Bytes. */
  readonly fragmentOffset: number;
  /** Part of a datagram: others are to come, or were before it. */
  readonly isFragment: boolean;
  /** IPv6: true, for it has none. */
  readonly checksumValid: boolean;
  /** As they are in the packet, padding included. IPv6: the extension headers. */
  readonly options: Uint8Array;
  /** Computes the header's checksum afresh; IPv6 has none. */
  updateChecksum(): void;
  /** The sum of what an upper layer's checksum covers of this header: the addresses, its protocol and its length. */
  pseudoHeaderSum(protocol: number, length: number): number;
}
