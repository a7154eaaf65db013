import type { Nic } from "../../forwarding/setup.js";
import { isIp6 } from "../../packet/address.js";
import { l4Checksum, l4Header } from "../../packet/checksum.js";
import { ETHERNET_HEADER_LENGTH, ETHERTYPE, Ethernet, type EthernetValues } from "../../packet/ethernet.js";
import { contentLength, fragment } from "../../packet/fragment.js";
import { IPV4_HEADER_LENGTH, Ipv4 } from "../../packet/ipv4.js";
import { IPV6_HEADER_LENGTH, Ipv6 } from "../../packet/ipv6.js";
import { FRAGMENT_HEADER_LENGTH } from "../../packet/ipv6-fragment-header.js";
import { decodeIp } from "../../packet/packet.js";

/** An Ethernet frame around a payload. */
export function frame(header: EthernetValues, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(ETHERNET_HEADER_LENGTH + payload.length);
  Ethernet.emit(bytes, 0, header);
  bytes.set(payload, ETHERNET_HEADER_LENGTH);
  return bytes;
}

/** A NIC as a datagram leaves by it. */
export interface Egress extends Nic {
  /** Largest packet in bytes on the datagram's way. */
  readonly mtu: number;
  /** Gives fragments an identification where the datagram has none of its own. */
  nextId(): number;
}

/**
 * A datagram on its way from a NIC to a MAC: one frame, or one for each fragment where it is longer than the MTU. None
 * where it cannot be fragmented: what a tunnel has made longer than its header can say, or what is unsound.
 */
export function frames(datagram: Uint8Array, { mac, mtu, nextId }: Egress, to: string): Uint8Array[] {
  const isIpv6 = (datagram[0] ?? 0) >> 4 === 6;
  const whole = frame({ dst: to, src: mac, type: isIpv6 ? ETHERTYPE.ipv6 : ETHERTYPE.ipv4 }, datagram);
  if (datagram.length <= mtu) return [whole];
  const { ip, ip6 } = decodeIp(datagram);
  if (ip === undefined || ip.length !== datagram.length || ip6?.extensions.problem) return [];
  const headers = ip.length - contentLength(ip) + (ip6 && !ip6.fragmentHeader ? FRAGMENT_HEADER_LENGTH : 0);
  const room = Math.floor((mtu - headers) / 8) * 8;
  return room > 0 ? fragment(whole, room, nextId()) : [];
}

/** What an IP header without options or extension headers says; left out: 0, TTL 64. */
export interface IpValues {
  readonly tos?: number;
  /** IPv4 alone. */
  readonly id?: number;
  /** IPv4 alone. */
  readonly df?: boolean;
  readonly ttl?: number;
  readonly protocol: number;
  readonly src: string;
  readonly dst: string;
}

/** An IP packet of its addresses' family around a payload: lengths and header checksum are filled in. */
export function ipPacket(
  { tos = 0, id = 0, df = false, ttl = 64, protocol, src, dst }: IpValues,
  payload: Uint8Array,
): Uint8Array {
  const headerLength = isIp6(src) ? IPV6_HEADER_LENGTH : IPV4_HEADER_LENGTH;
  const bytes = new Uint8Array(headerLength + payload.length);
  bytes.set(payload, headerLength);
  if (isIp6(src)) {
    const fields = { trafficClass: tos, payloadLength: payload.length, nextHeader: protocol, hopLimit: ttl, src, dst };
    Ipv6.emit(bytes, 0, fields);
  } else Ipv4.emit(bytes, 0, { tos, length: bytes.length, id, df, ttl, protocol, src, dst });
  return bytes;
}

/** Fills in the checksum of what an IP packet carries. */
export function sealed(bytes: Uint8Array): Uint8Array {
  const packet = decodeIp(bytes);
  const header = l4Header(packet);
  if (header !== undefined) header.checksum = l4Checksum(packet) ?? 0;
  return bytes;
}
