/** Neighbour discovery (RFC 4861): how a director asks for a next hop's MAC under IPv6, and answers for its own addresses. */

import { addressFor, type Nic } from "../../forwarding/setup.js";
import { ip6FromString, ip6ToString, macToString } from "../../packet/address.js";
import { l4ChecksumState } from "../../packet/checksum.js";
import { ETHERTYPE } from "../../packet/ethernet.js";
import {
  ICMPV6_LINK_ADDRESS_LENGTH,
  ICMPV6_NEIGHBOUR_LENGTH,
  ICMPV6_TYPE,
  Icmpv6,
  type Icmpv6Values,
} from "../../packet/icmpv6.js";
import { IP_PROTOCOL } from "../../packet/ip.js";
import type { Packet } from "../../packet/packet.js";
import { frame, ipPacket, sealed } from "./compose.js";

/** What no router has let through (RFC 4861 §7.1). */
const HOP_LIMIT = 255;
const ALL_NODES = "ff02::1";
export const UNSPECIFIED = "::";

/** Asks for a next hop's MAC; the sender is the NIC's own address, never a VIP (RFC 4861 §7.2.2, `ndisc_solicit`). */
export function neighbourSolicitation(nic: Nic, target: string): Uint8Array {
  const type = ICMPV6_TYPE.neighbourSolicitation;
  const group = solicitedNode(target);
  const src = addressFor(nic, target) ?? UNSPECIFIED;
  return message(nic, groupMac(group), src, group, { type, target });
}

/**
 * Answers a solicitation for an address of the director's, in its name: to the asker alone, or to all where somebody
 * looks whether the address is taken (RFC 4861 §7.2.4, RFC 4862 §5.4.3).
 */
export function neighbourAdvertisement(nic: Nic, solicitation: Packet, isRouter: boolean): Uint8Array | undefined {
  const { eth, ip, icmp } = solicitation;
  if (eth === undefined || ip === undefined || !(icmp instanceof Icmpv6)) return undefined;
  const isSolicited = ip.src !== UNSPECIFIED;
  const [mac, dst] = isSolicited ? [icmp.linkAddress || eth.src, ip.src] : [groupMac(ALL_NODES), ALL_NODES];
  const { target } = icmp;
  const type = ICMPV6_TYPE.neighbourAdvertisement;
  return message(nic, mac, target, dst, { type, target, isRouter, isSolicited, isOverride: true });
}

/** The solicitation or advertisement that a packet is; undefined where it is none, or not to be believed (RFC 4861 §7.1). */
export function neighbourMessage(packet: Packet): Icmpv6 | undefined {
  const { ip, icmp } = packet;
  if (ip?.ttl !== HOP_LIMIT || !(icmp instanceof Icmpv6) || !icmp.isNeighbour || icmp.code !== 0) return undefined;
  return l4ChecksumState(packet) === "valid" ? icmp : undefined;
}

/** The MACs that a solicitation for an address, or an advertisement, may be sent to beside the receiver's own. */
export function groupMacsOf(target: string): readonly string[] {
  return [groupMac(solicitedNode(target)), groupMac(ALL_NODES)];
}

/** The group that everybody is in whose address ends like this one (RFC 4291 §2.7.1). */
export function solicitedNode(ip: string): string {
  const group = ip6FromString("ff02::1:ff00:0");
  group.set(ip6FromString(ip).subarray(13), 13);
  return ip6ToString(group);
}

/** The MAC of a multicast group (RFC 2464 §7). */
export function groupMac(group: string): string {
  const mac = Uint8Array.of(0x33, 0x33, 0, 0, 0, 0);
  mac.set(ip6FromString(group).subarray(12), 2);
  return macToString(mac);
}

/** With the NIC's MAC as the option that both messages have. */
function message(nic: Nic, to: string, src: string, dst: string, fields: Icmpv6Values): Uint8Array {
  const bytes = new Uint8Array(ICMPV6_NEIGHBOUR_LENGTH + ICMPV6_LINK_ADDRESS_LENGTH);
  Icmpv6.emit(bytes, 0, { ...fields, linkAddress: nic.mac });
  const packet = sealed(ipPacket({ ttl: HOP_LIMIT, protocol: IP_PROTOCOL.icmpv6, src, dst }, bytes));
  return frame({ dst: to, src: nic.mac, type: ETHERTYPE.ipv6 }, packet);
}
