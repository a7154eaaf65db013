import type { Nic } from "../../forwarding/setup.js";
import { ETHERNET_HEADER_LENGTH, ETHERTYPE, Ethernet, type EthernetValues } from "../../packet/ethernet.js";
import { fragment } from "../../packet/fragment.js";
import { IPV4_HEADER_LENGTH, Ipv4, type Ipv4Values } from "../../packet/ipv4.js";
import { decodeIp } from "../../packet/packet.js";

/** An Ethernet frame around a payload. */
export function frame(header: EthernetValues, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(ETHERNET_HEADER_LENGTH + payload.length);
  Ethernet.emit(bytes, 0, header);
  bytes.set(payload, ETHERNET_HEADER_LENGTH);
  return bytes;
}

/** A datagram on its way from a NIC to a MAC: one frame, or one for each fragment where it is longer than the MTU. */
export function frames(datagram: Uint8Array, nic: Nic, to: string): Uint8Array[] {
  const whole = frame({ dst: to, src: nic.mac, type: ETHERTYPE.ipv4 }, datagram);
  if (datagram.length <= nic.mtu) return [whole];
  const headerLength = decodeIp(datagram).ip?.headerLength ?? 0;
  return fragment(whole, Math.floor((nic.mtu - headerLength) / 8) * 8);
}

/** An IPv4 packet without options around a payload: total length and header checksum are filled in. */
export function ipPacket(header: Ipv4Values, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(IPV4_HEADER_LENGTH + payload.length);
  bytes.set(payload, IPV4_HEADER_LENGTH);
  Ipv4.emit(bytes, 0, { ...header, length: bytes.length });
  return bytes;
}
