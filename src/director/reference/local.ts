/** What the director answers with its own voice: it has no kernel's stack beside it. */

import type { Nic } from "../../forwarding/setup.js";
import { ARP_LENGTH, ARP_OPCODE, Arp } from "../../packet/arp.js";
import { l4Checksum } from "../../packet/checksum.js";
import { ETHERTYPE } from "../../packet/ethernet.js";
import { ICMP_HEADER_LENGTH, ICMP_TYPE, Icmp } from "../../packet/icmp.js";
import { IP_PROTOCOL } from "../../packet/ip.js";
import { decodeIp, type Packet } from "../../packet/packet.js";
import { TCP_FLAG, TCP_HEADER_LENGTH, Tcp } from "../../packet/tcp.js";
import { frame, ipPacket } from "./compose.js";
import { isHostAddress } from "./network.js";

const TTL = 64;
const BROADCAST = "ff:ff:ff:ff:ff:ff";

/** Precedence 6, internetwork control (RFC 1812 §4.3.2.5). */
const ERROR_TOS = 0xc0;

/** Longest IP packet that carries an ICMP error, in bytes (RFC 1812 §4.3.2.3). */
const ERROR_LENGTH = 576;

/** An ICMP error message: type and code, and the next hop's MTU in bytes for "fragmentation needed" (RFC 1191). */
export interface IcmpError {
  readonly type: number;
  readonly code: number;
  readonly mtu?: number;
}

export const NET_UNREACHABLE: IcmpError = { type: ICMP_TYPE.unreachable, code: 0 };
export const PROTOCOL_UNREACHABLE: IcmpError = { type: ICMP_TYPE.unreachable, code: 2 };
export const PORT_UNREACHABLE: IcmpError = { type: ICMP_TYPE.unreachable, code: 3 };
export const TIME_EXCEEDED: IcmpError = { type: ICMP_TYPE.timeExceeded, code: 0 };

/** Asks for a next hop's MAC; the sender is the NIC's own address, never a VIP (RFC 826, `arp_solicit`). */
export function arpRequest(nic: Nic, targetIp: string): Uint8Array {
  const payload = new Uint8Array(ARP_LENGTH);
  Arp.emit(payload, 0, { opcode: ARP_OPCODE.request, senderMac: nic.mac, senderIp: nic.ip, targetIp });
  return frame({ dst: BROADCAST, src: nic.mac, type: ETHERTYPE.arp }, payload);
}

/** Answers a request for an address of the director's, to the asker alone; also an RFC 5227 probe, whose sender is 0.0.0.0. */
export function arpReply(nic: Nic, request: Arp): Uint8Array {
  const payload = new Uint8Array(ARP_LENGTH);
  Arp.emit(payload, 0, {
    opcode: ARP_OPCODE.reply,
    senderMac: nic.mac,
    senderIp: request.targetIp,
    targetMac: request.senderMac,
    targetIp: request.senderIp,
  });
  return frame({ dst: request.senderMac, src: nic.mac, type: ETHERTYPE.arp }, payload);
}

/** Echo reply: identifier, sequence number, data and TOS as they came (RFC 1122 §3.2.2.6); undefined for other ICMP. */
export function echoReply({ ip, icmp, payload }: Packet, id: number): Uint8Array | undefined {
  if (ip === undefined || icmp?.kind !== "echo") return undefined;
  const message = new Uint8Array(ICMP_HEADER_LENGTH + payload.length);
  message.set(payload, ICMP_HEADER_LENGTH);
  Icmp.emit(message, 0, { type: ICMP_TYPE.echoReply, rest: icmp.rest });
  const header = { tos: ip.tos, id, ttl: TTL, protocol: IP_PROTOCOL.icmp, src: ip.dst, dst: ip.src };
  return sealed(ipPacket(header, message));
}

/** The RST for a segment that belongs to no connection (RFC 9293 §3.5.2, group 1); undefined for a RST. */
export function reset({ ip, tcp, payload }: Packet, id: number): Uint8Array | undefined {
  if (ip === undefined || tcp === undefined || tcp.flags & TCP_FLAG.rst) return undefined;
  const occupied = payload.length + (tcp.flags & TCP_FLAG.syn ? 1 : 0) + (tcp.flags & TCP_FLAG.fin ? 1 : 0);
  const segment = new Uint8Array(TCP_HEADER_LENGTH);
  Tcp.emit(segment, 0, {
    srcPort: tcp.dstPort,
    dstPort: tcp.srcPort,
    ...(tcp.flags & TCP_FLAG.ack
      ? { seq: tcp.ack, flags: TCP_FLAG.rst }
      : { ack: (tcp.seq + occupied) % 2 ** 32, flags: TCP_FLAG.rst | TCP_FLAG.ack }),
  });
  return sealed(ipPacket({ id, ttl: TTL, protocol: IP_PROTOCOL.tcp, src: ip.dst, dst: ip.src }, segment));
}

/**
 * The ICMP error about a packet that begins with its IP header, quoted from the first byte on up to 576 bytes in all.
 * Undefined where none may be sent: about an ICMP error or a later fragment, or to what is no host (RFC 1812 §4.3.2.7).
 * @param src the director's address that speaks
 */
export function icmpError(about: Packet, error: IcmpError, src: string, id: number): Uint8Array | undefined {
  const { ip, icmp } = about;
  if (ip === undefined || ip.fragmentOffset > 0 || !isHostAddress(ip.src)) return undefined;
  if (ip.protocol === IP_PROTOCOL.icmp && (icmp === undefined || icmp.isError)) return undefined;
  const header = { tos: ERROR_TOS, id, ttl: TTL, protocol: IP_PROTOCOL.icmp, src, dst: ip.src };
  const quote = about.bytes.subarray(0, Math.min(ip.length, ERROR_LENGTH - ipPacket(header, EMPTY).length));
  return sealed(ipPacket(header, errorMessage(error, quote)));
}

const EMPTY = new Uint8Array(ICMP_HEADER_LENGTH);

function errorMessage({ type, code, mtu = 0 }: IcmpError, quote: Uint8Array): Uint8Array {
  const message = new Uint8Array(ICMP_HEADER_LENGTH + quote.length);
  message.set(quote, ICMP_HEADER_LENGTH);
  Icmp.emit(message, 0, { type, code, mtu });
  return message;
}

/** Fills in the TCP or ICMP checksum. */
function sealed(bytes: Uint8Array): Uint8Array {
  const packet = decodeIp(bytes);
  const header = packet.tcp ?? packet.icmp;
  if (header !== undefined) header.checksum = l4Checksum(packet) ?? 0;
  return bytes;
}
