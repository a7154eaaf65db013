/** What a tap sees of a host whose NIC does part of the work: frames that no wire ever carried. */

import type { Frame } from "../packet/frame.js";
import { internetChecksum } from "../packet/internet-checksum.js";
import type { Ip } from "../packet/ip.js";
import { decode, type Packet } from "../packet/packet.js";
import { TCP_CHECKSUM_OFFSET, TCP_FLAG } from "../packet/tcp.js";
import { UDP_CHECKSUM_OFFSET } from "../packet/udp.js";

/** Bytes of the largest IP packet that Linux makes of several (GSO_LEGACY_MAX_SIZE). */
const LARGEST = 65_535;
const FLAGS_OFFSET = 13;

/**
 * The frames as a tap above the NIC sees them: segments of one flow that follow on each other are one (TSO, GRO), and
 * what is sent, or was joined, has the sum of its pseudo header where the checksum is to be (tcp_v4_send_check,
 * tcp_gro_complete).
 */
export function offloaded(frames: readonly Frame[]): Frame[] {
  const joined: Frame[][] = [];
  const open = new Map<string, Frame[]>();
  for (const frame of frames) {
    const key = flowKey(frame);
    const last = open.get(key);
    if (last !== undefined && follows(last, frame)) last.push(frame);
    else {
      const group = [frame];
      joined.push(group);
      open.set(key, group);
    }
  }
  return joined.flatMap((group) => join(group) ?? []);
}

function flowKey({ tap, direction, packet: { ip, tcp } }: Frame): string {
  return [tap, direction, ip?.src, ip?.dst, tcp?.srcPort, tcp?.dstPort].join(" ");
}

function follows(group: readonly Frame[], { packet }: Frame): boolean {
  const last = group.at(-1)?.packet;
  const whole = group.reduce((sum, frame) => sum + frame.packet.payload.length, 0);
  if (!last?.tcp || !packet.tcp || !packet.ip || last.payload.length === 0 || packet.payload.length === 0) return false;
  const isPlain = [last, packet].every(({ tcp }) => ((tcp?.flags ?? 0) & ~(TCP_FLAG.ack | TCP_FLAG.psh)) === 0);
  return (
    isPlain &&
    // A PSH ends what was written at once.
    (last.tcp.flags & TCP_FLAG.psh) === 0 &&
    last.tcp.ack === packet.tcp.ack &&
    last.tcp.headerLength === packet.tcp.headerLength &&
    (last.tcp.seq + last.payload.length) % 2 ** 32 === packet.tcp.seq &&
    whole + packet.ip.length <= LARGEST
  );
}

function join(group: readonly Frame[]): Frame | undefined {
  const [first] = group;
  const last = group.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const { ip } = first.packet;
  // No NIC fills in the checksum of a datagram that the kernel had to cut.
  if (ip === undefined || ip.isFragment || (group.length === 1 && first.direction === "in")) return first;
  const bytes = Buffer.concat([
    first.bytes.subarray(0, ip.offset + ip.length),
    ...group.slice(1).map(({ packet }) => packet.payload),
    // What pads a short frame stays behind it.
    ...(group.length === 1 ? [first.bytes.subarray(ip.offset + ip.length)] : []),
  ]);
  const packet = decode(bytes);
  if (packet.ip === undefined) return first;
  if (group.length > 1) {
    packet.ip.length = bytes.length - packet.ip.offset;
    packet.ip4?.updateChecksum();
    const flags = (packet.tcp?.offset ?? 0) + FLAGS_OFFSET;
    bytes[flags] = (bytes[flags] ?? 0) | (last.packet.tcp?.flags ?? 0);
  }
  leaveChecksum(bytes, packet.ip, packet);
  const time = first.direction === "in" ? last.time : first.time;
  return { ...plain(first), time, bytes, wireLength: bytes.length, packet: decode(bytes) };
}

/** Leaves the checksum of TCP or UDP to the NIC. */
function leaveChecksum(bytes: Buffer, ip: Ip, { tcp, udp }: Packet): void {
  if (tcp === undefined && (udp === undefined || udp.checksum === 0)) return;
  const sum = ip.pseudoHeaderSum(ip.protocol, ip.length - ip.headerLength);
  const at = tcp === undefined ? (udp?.offset ?? 0) + UDP_CHECKSUM_OFFSET : tcp.offset + TCP_CHECKSUM_OFFSET;
  bytes.writeUInt16BE(0xffff - internetChecksum(bytes, 0, 0, sum), at);
}

/** A frame without what its class computes. */
function plain({ number, tap, host, direction, checksumReady }: Frame) {
  return { number, tap, host, direction, checksumReady };
}
