import type { Frame } from "../packet/frame.js";
import { SLL_PACKET_TYPE, Sll } from "../packet/sll.js";

const ETHERNET_HEADER = 14;
const HEADER_LENGTH = { 1: 16, 2: 20 } as const;

/** The frame with the header that the kernel gives to cooked sockets in place of Ethernet's: the destination's MAC is lost. */
export function cookedBytes({ bytes, direction, packet }: Frame, version: 1 | 2, index: number): Buffer {
  const { src = "", type: protocol = 0 } = packet.eth ?? {};
  const packetType = direction === "out" ? SLL_PACKET_TYPE.outgoing : received(bytes);
  const header = new Uint8Array(HEADER_LENGTH[version]);
  Sll.emit(header, 0, version, { packetType, src, protocol, interfaceIndex: index });
  return Buffer.concat([header, bytes.subarray(ETHERNET_HEADER)]);
}

function received(bytes: Uint8Array): number {
  if (bytes.subarray(0, 6).every((byte) => byte === 0xff)) return SLL_PACKET_TYPE.broadcast;
  return ((bytes[0] ?? 0) & 1) === 1 ? SLL_PACKET_TYPE.multicast : SLL_PACKET_TYPE.toHost;
}
