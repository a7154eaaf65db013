/** DR: the datagram leaves as it is, in a frame to the real server itself (`ip_vs_dr_xmit`). No port mapping. */

import type { Packet } from "../../packet/packet.js";

/** What the real server receives: all bytes of the client's packet, whose TTL has already been counted down. */
export function passOn(packet: Packet): Uint8Array {
  return packet.bytes;
}
