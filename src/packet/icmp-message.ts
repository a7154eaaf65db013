/** What ICMP for IPv4 and for IPv6 have in common: the same messages, under different numbers. */

import type { Icmp } from "./icmp.js";
import type { Icmpv6 } from "./icmpv6.js";

/**
 * What a message says, whichever family says it; the pairs are those of RFC 7915 §4.2 and §5.2. `too-big`: the packet
 * is larger than the next hop's MTU, and may not be fragmented. `unreachable`: for any other reason than those that
 * have kinds of their own.
 */
export type IcmpKind =
  | "echo"
  | "echo-reply"
  | "unreachable"
  | "protocol-unreachable"
  | "port-unreachable"
  | "too-big"
  | "time-exceeded"
  | "parameter-problem"
  | "redirect"
  | "source-quench"
  | "neighbour-solicitation"
  | "neighbour-advertisement"
  | "other";

export type IcmpMessage = Icmp | Icmpv6;

/** The members that both classes have. */
export interface IcmpHeader {
  type: number;
  code: number;
  checksum: number;
  readonly kind: IcmpKind;
  /** The second 32-bit word, whose meaning depends on the type. */
  rest: number;
  /** Identifier of an echo. */
  id: number;
  /** Sequence number of an echo. */
  seq: number;
  /** MTU of the next hop in bytes, of a message of the kind `too-big`. */
  mtu: number;
  /** The message quotes the packet that it is about. */
  readonly isError: boolean;
}
