/**
 * A frame as a capture file has it, which says by a number what its frames begin with
 * (https://www.tcpdump.org/linktypes.html).
 */

import { ETHERTYPE } from "./ethernet.js";
import { type Draft, decode, decodeIp, decodeNetwork, Packet } from "./packet.js";
import { failed, problemAt, tooShort } from "./problem.js";
import { Sll } from "./sll.js";
import { read32 } from "./view.js";

export const LINK_TYPE = {
  null: 0,
  ethernet: 1,
  /** What BSDs and Linux call raw IP in files of their own. */
  rawBsd: 12,
  rawOpenBsd: 14,
  raw: 101,
  loop: 108,
  sll: 113,
  ipv4: 228,
  ipv6: 229,
  sll2: 276,
} as const;

/** ARPHRD numbers behind which the protocol is no Ethernet type: netlink, GRE, and the formats of 802.11 and of CAN. */
const UNTYPED: ReadonlySet<number> = new Set([280, 778, 801, 802, 803, 824]);

/** The address family that BSD's loopback writes in front of IPv6 differs from system to system; IPv4 is 2 on all. */
const FAMILY_IPV4 = 2;
const FAMILIES_IPV6: ReadonlySet<number> = new Set([10, 24, 28, 30]);
const FAMILY_LENGTH = 4;

type Decoder = (bytes: Uint8Array, wireLength?: number) => Packet;

const DECODERS: ReadonlyMap<number, Decoder> = new Map<number, Decoder>([
  [LINK_TYPE.null, decodeLoopback],
  [LINK_TYPE.ethernet, decode],
  [LINK_TYPE.rawBsd, decodeIp],
  [LINK_TYPE.rawOpenBsd, decodeIp],
  [LINK_TYPE.raw, decodeIp],
  [LINK_TYPE.loop, decodeLoopback],
  [LINK_TYPE.sll, (bytes, wireLength) => decodeSll(bytes, wireLength, 1)],
  [LINK_TYPE.ipv4, decodeIp],
  [LINK_TYPE.ipv6, decodeIp],
  [LINK_TYPE.sll2, (bytes, wireLength) => decodeSll(bytes, wireLength, 2)],
]);

/** Whether `decodeLink` reads frames of a link type. */
export function isKnownLinkType(linkType: number): boolean {
  return DECODERS.has(linkType);
}

/**
 * Takes a frame of a link type apart. Never throws: of an unknown type the packet has no layers, and its `problem` says so.
 *
 * @param wireLength bytes on the wire, where the capture kept fewer of them
 */
export function decodeLink(linkType: number, bytes: Uint8Array, wireLength?: number): Packet {
  const decoder = DECODERS.get(linkType);
  if (decoder) return decoder(bytes, wireLength);
  const packet: Draft = new Packet(bytes, wireLength);
  const known = [...DECODERS.keys()].join(", ");
  const reason = `link type ${linkType} is none of those that are read (${known})`;
  packet.problem = problemAt("link", 0, bytes.length, bytes.length, reason);
  return packet;
}

function decodeSll(bytes: Uint8Array, wireLength: number | undefined, version: 1 | 2): Packet {
  const packet: Draft = new Packet(bytes, wireLength);
  if (failed(packet, Sll.check(bytes, 0, version))) return packet;
  packet.sll = new Sll(bytes, 0, version);
  packet.payload = bytes.subarray(packet.sll.headerLength);
  if (!UNTYPED.has(packet.sll.hardwareType)) decodeNetwork(packet, packet.sll.protocol, packet.sll.headerLength);
  return packet;
}

/** The family is in the byte order of the host that captured, which nothing tells but that families are small numbers. */
function decodeLoopback(bytes: Uint8Array, wireLength?: number): Packet {
  const packet: Draft = new Packet(bytes, wireLength);
  if (bytes.length < FAMILY_LENGTH) {
    failed(packet, tooShort("loopback", 0, FAMILY_LENGTH, bytes.length));
    return packet;
  }
  const written = read32(bytes, 0);
  const family = written > 0xffff ? read32(Uint8Array.from(bytes.subarray(0, FAMILY_LENGTH)).reverse(), 0) : written;
  if (family === FAMILY_IPV4) decodeNetwork(packet, ETHERTYPE.ipv4, FAMILY_LENGTH);
  else if (FAMILIES_IPV6.has(family)) decodeNetwork(packet, ETHERTYPE.ipv6, FAMILY_LENGTH);
  else {
    const reason = `address family ${family} is neither IPv4's nor IPv6's`;
    packet.problem = problemAt("loopback", 0, FAMILY_LENGTH, bytes.length, reason);
  }
  return packet;
}
