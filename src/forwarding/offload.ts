/**
 * The three families that are no faults: what a NIC was still to do when the frame was recorded.
 * See DESIGN.md, "What may never be given up", 6.
 */

import { internetChecksum } from "../packet/checksum.js";
import type { Packet } from "../packet/packet.js";
import { core } from "./datagram.js";
import type { Sighting } from "./journey.js";
import type { Network } from "./network.js";

/** Of Ethernet: what is longer where the NIC's own MTU is not known was most likely joined, or is still to be cut. */
export const USUAL_MTU = 1500;

/**
 * False where a NIC joined packets (GRO) or was still to cut them (TSO): no packet on the wire looked like that. Where it
 * has more than a header can count, the length is 0 (BIG TCP).
 */
export function isRecordedWhole(network: Network, { tap, frames }: Sighting): boolean {
  const mtu = network.port(tap)?.nic.mtu || USUAL_MTU;
  return frames.every(({ packet: { ip } }) => ip === undefined || (ip.length <= mtu && ip.length > 0));
}

/**
 * False where the sender's NIC was still to fill in the L4 checksum: as the kernel says, else by its looks, which it has
 * also where it comes in if the sender is a guest on the same machine.
 */
export function isChecksumReady(sighting: Sighting): boolean {
  const { frames } = sighting;
  if (frames.some(({ checksumReady }) => checksumReady === false)) return false;
  const isKnown = frames.every(({ checksumReady }) => checksumReady === true);
  return isKnown || !looksUnfilled(sighting.packet);
}

/** A checksum left to the NIC holds the sum over the pseudo header alone: a capture file has lost the kernel's flag. */
export function looksUnfilled(packet: Packet): boolean {
  const { ip, tcp, udp } = core(packet);
  const l4 = tcp ?? udp;
  if (ip === undefined || l4 === undefined || l4.checksum === 0) return false;
  const sum = ip.pseudoHeaderSum(ip.protocol, ip.length - ip.headerLength);
  return l4.checksum === 0xffff - internetChecksum(new Uint8Array(), 0, 0, sum);
}
