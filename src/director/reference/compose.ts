import { ETHERNET_HEADER_LENGTH, Ethernet, type EthernetValues } from "../../packet/ethernet.js";
import { IPV4_HEADER_LENGTH, Ipv4, type Ipv4Values } from "../../packet/ipv4.js";

/** An Ethernet frame around a payload. */
export function frame(header: EthernetValues, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(ETHERNET_HEADER_LENGTH + payload.length);
  Ethernet.emit(bytes, 0, header);
  bytes.set(payload, ETHERNET_HEADER_LENGTH);
  return bytes;
}

/** An IPv4 packet without options around a payload: total length and header checksum are filled in. */
export function ipPacket(header: Ipv4Values, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(IPV4_HEADER_LENGTH + payload.length);
  bytes.set(payload, IPV4_HEADER_LENGTH);
  Ipv4.emit(bytes, 0, { ...header, length: bytes.length });
  return bytes;
}
