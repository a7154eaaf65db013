/** What the director answers with its own voice: it has no kernel's stack beside it. */

import { addressFor, type Nic } from "../../forwarding/setup.js";
import { isIp6 } from "../../packet/address.js";
import { ARP_LENGTH, ARP_OPCODE, Arp, NOBODY } from "../../packet/arp.js";
import { BROADCAST, ETHERTYPE } from "../../packet/ethernet.js";
import { ICMP_HEADER_LENGTH, ICMP_TYPE, Icmp } from "../../packet/icmp.js";
import { ICMPV6_TYPE, Icmpv6, type Icmpv6Values } from "../../packet/icmpv6.js";
import { IP_PROTOCOL } from "../../packet/ip.js";
import { IPV6_NEXT_HEADER_OFFSET } from "../../packet/ipv6.js";
import type { Packet } from "../../packet/packet.js";
import { TCP_FLAG, TCP_HEADER_LENGTH, Tcp } from "../../packet/tcp.js";
import { frame, type IpValues, ipPacket, sealed } from "./compose.js";
import type { IcmpError } from "./errors.js";
import { isHostAddress } from "./network.js";

const TTL = 64;

/** Precedence 6, internetwork control (RFC 1812 §4.3.2.5); IPv6 has no such custom. */
const ERROR_TOS = { 4: 0xc0, 6: 0 } as const;

/** Longest IP packet that carries an ICMP error, in bytes (RFC 1812 §4.3.2.3, RFC 4443 §2.4). */
const ERROR_LENGTH = { 4: 576, 6: 1280 } as const;

/** Bytes of a packet that an ICMP error has room for, at the most. */
export const MOST_QUOTED = ERROR_LENGTH[6];

const ICMP_PROTOCOL = { 4: IP_PROTOCOL.icmp, 6: IP_PROTOCOL.icmpv6 } as const;

/** Whether a packet carries ICMP of its family, sound or not. */
export function isIcmp({ ip, ip6 }: Packet): boolean {
  return ip?.protocol === ICMP_PROTOCOL[ip6 ? 6 : 4];
}

/** Asks for a next hop's MAC; the sender is the NIC's own address, never a VIP (RFC 826, `arp_solicit`). */
export function arpRequest(nic: Nic, targetIp: string): Uint8Array {
  const payload = new Uint8Array(ARP_LENGTH);
  const senderIp = addressFor(nic, targetIp) ?? NOBODY;
  Arp.emit(payload, 0, { opcode: ARP_OPCODE.request, senderMac: nic.mac, senderIp, targetIp });
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

/** Echo reply: identifier, sequence number, data and TOS as they came (RFC 1122 §3.2.2.6, RFC 4443 §4.2); undefined for other ICMP. */
export function echoReply({ ip, ip6, icmp, payload }: Packet, id: number): Uint8Array | undefined {
  if (ip === undefined || icmp?.kind !== "echo") return undefined;
  const type = ip6 ? ICMPV6_TYPE.echoReply : ICMP_TYPE.echoReply;
  return icmpMessage({ tos: ip.tos, id, src: ip.dst, dst: ip.src }, { type, rest: icmp.rest }, payload);
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
 * The ICMP error about a packet that begins with its IP header, quoted from the first byte on up to 576 bytes in all,
 * under IPv6 1280. Undefined where none may be sent: about an ICMP error or a later fragment, or to what is no host
 * (RFC 1812 §4.3.2.7, RFC 4443 §2.4).
 * @param src the director's address that speaks
 */
export function icmpError(about: Packet, error: IcmpError, src: string, id: number): Uint8Array | undefined {
  const { ip, icmp } = about;
  if (ip === undefined || ip.fragmentOffset > 0 || !isHostAddress(ip.src)) return undefined;
  const version = about.ip6 ? 6 : 4;
  if (isIcmp(about) && (icmp === undefined || icmp.isError)) return undefined;
  const header = { tos: ERROR_TOS[version], id, src, dst: ip.src };
  const room = ERROR_LENGTH[version] - icmpMessage(header, {}, EMPTY).length;
  return icmpMessage(header, fieldsOf(error, about), about.bytes.subarray(0, Math.min(ip.length, room)));
}

const EMPTY = new Uint8Array();

/** IPv6 says of an unknown protocol which byte names it (RFC 4443 §3.4): the last of the chain of headers. */
function fieldsOf({ type, code, mtu = 0 }: IcmpError, { ip6 }: Packet): Icmpv6Values {
  if (ip6 === undefined || type !== ICMPV6_TYPE.parameterProblem) return { type, code, mtu };
  const last = ip6.extensions.headers.at(-1);
  return { type, code, rest: last === undefined ? IPV6_NEXT_HEADER_OFFSET : last.at - ip6.offset };
}

/** An ICMP message of the addresses' family. */
function icmpMessage(
  header: Omit<IpValues, "ttl" | "protocol">,
  fields: Icmpv6Values,
  content: Uint8Array,
): Uint8Array {
  const message = new Uint8Array(ICMP_HEADER_LENGTH + content.length);
  message.set(content, ICMP_HEADER_LENGTH);
  const version = isIp6(header.src) ? 6 : 4;
  if (version === 6) Icmpv6.emit(message, 0, fields);
  else Icmp.emit(message, 0, fields);
  return sealed(ipPacket({ ...header, ttl: TTL, protocol: ICMP_PROTOCOL[version] }, message));
}
