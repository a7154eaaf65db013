import type { Frame } from "../packet/frame.js";

/** @see https://www.tcpdump.org/linktypes.html */
export const COOKED_LINKTYPE = { sll: 113, sll2: 276 } as const;

const ARPHRD_ETHER = 1;
const ETHERNET_HEADER = 14;
/** Of `struct sockaddr_ll`: see packet(7). */
const PACKET_TYPE = { host: 0, broadcast: 1, multicast: 2, otherHost: 3, outgoing: 4 } as const;

/** The frame with the header that the kernel gives to cooked sockets in place of Ethernet's: the destination's MAC is lost. */
export function cookedBytes({ bytes, direction }: Frame, kind: keyof typeof COOKED_LINKTYPE, index: number): Buffer {
  const source = bytes.subarray(6, 12);
  const type = direction === "out" ? PACKET_TYPE.outgoing : received(bytes);
  const header = Buffer.alloc(kind === "sll" ? 16 : 20);
  if (kind === "sll") {
    header.writeUInt16BE(type, 0);
    header.writeUInt16BE(ARPHRD_ETHER, 2);
    header.writeUInt16BE(source.length, 4);
    header.set(source, 6);
    header.set(bytes.subarray(12, ETHERNET_HEADER), 14);
  } else {
    header.set(bytes.subarray(12, ETHERNET_HEADER), 0);
    header.writeUInt32BE(index, 4);
    header.writeUInt16BE(ARPHRD_ETHER, 8);
    header[10] = type;
    header[11] = source.length;
    header.set(source, 12);
  }
  return Buffer.concat([header, bytes.subarray(ETHERNET_HEADER)]);
}

function received(bytes: Uint8Array): number {
  if (bytes.subarray(0, 6).every((byte) => byte === 0xff)) return PACKET_TYPE.broadcast;
  return ((bytes[0] ?? 0) & 1) === 1 ? PACKET_TYPE.multicast : PACKET_TYPE.host;
}
