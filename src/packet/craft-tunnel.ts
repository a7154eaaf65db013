/** Crafts packets in tunnels. */

import { type Given, payloadOf } from "./craft-spec.js";
import { ETHERTYPE } from "./ethernet.js";
import { IP_PROTOCOL } from "./ip.js";

/** RFC 3692's first protocol number for experiments: a packet that says nothing about what it carries. */
const EXPERIMENTAL_PROTOCOL = 253;
/** IEEE 802's first type for local experiments: likewise for a frame. */
export const EXPERIMENTAL_ETHERTYPE = 0x88b5;

/** A packet, from its first header on, and the type that a frame gives it. */
export interface Crafted {
  readonly bytes: Uint8Array;
  readonly ethertype: number;
}

/** What an IP header carries, and the number that it gives it. */
export interface Carried {
  readonly bytes: Uint8Array;
  readonly protocol: number;
}

/** The packet inside; without one the payload. */
export function craftInner(given: Given, inner: Crafted | undefined): Carried {
  if (!inner) return { bytes: payloadOf(given), protocol: EXPERIMENTAL_PROTOCOL };
  return { bytes: inner.bytes, protocol: inner.ethertype === ETHERTYPE.ipv6 ? IP_PROTOCOL.ipv6 : IP_PROTOCOL.ipip };
}
