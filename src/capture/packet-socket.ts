import { AF_PACKET, attachFilter, bind, getsockopt, SOCK_CLOEXEC, SOCK_RAW, setsockopt, socket } from "./libc.js";

export const SOL_PACKET = 263;
const PACKET_STATISTICS = 6;
const ETH_P_ALL_BE = 0x0300;

const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;

/** Binds a packet socket to an interface and every protocol; 0 stands for all interfaces. */
export function bindPacketSocket(fd: number, interfaceIndex: number): void {
  const address = Buffer.alloc(20);
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeUInt16LE(ETH_P_ALL_BE, 2);
  address.writeInt32LE(interfaceIndex, 4);
  bind(fd, address, address.length);
}

/** Frames that a packet socket had no room for since this was asked last: PACKET_STATISTICS starts again from zero. */
export function droppedBy(fd: number): number {
  const counters = Buffer.alloc(8);
  getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, counters, [8]);
  return counters.readUInt32LE(4);
}

/** An integer as socket options have it. */
export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

/**
 * A packet socket for a NIC whose other end is in another kernel: once it is bound to an interface, it reads what comes in
 * there, and what is written to it leaves there.
 *
 * A socket gets frames without their VLAN tag. Frames of a VLAN stay out: a host without that VLAN has no use for them.
 *
 * @param buffer bytes that it asks for in both directions, to hold frames that nobody has read yet; the kernel has its limits,
 *   net.core.rmem_max and net.core.wmem_max.
 */
export function nicSocket(buffer: number): number {
  const fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  for (const option of [SO_RCVBUF, SO_SNDBUF]) setsockopt(fd, SOL_SOCKET, option, int32(buffer), 4);
  attachFilter(fd, WITHOUT_VLAN);
  return fd;
}

/** Classic BPF: code, jump if true, jump if false, operand (uapi/linux/filter.h). */
const WITHOUT_VLAN = [
  [0x20, 0, 0, 0xfffff000 + 44], // the tag beside the frame: SKF_AD_VLAN_TAG
  [0x54, 0, 0, 0xfff], // the VLAN in it; 0 has a priority alone
  [0x15, 0, 1, 0],
  [0x06, 0, 0, 0xffffffff], // all of the frame
  [0x06, 0, 0, 0], // none
] as const;
