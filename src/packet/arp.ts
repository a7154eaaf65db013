/** ARP for IPv4 over Ethernet (RFC 826); other hardware or protocol types do not pass the check. */

import { ipFromString, ipToString, macFromString, macToString } from "./address.js";
import { decimal, ipv4, mac } from "./codec.js";
import { ETHERTYPE } from "./ethernet.js";
import { fieldOf } from "./field-table.js";
import { type Problem, problemAt, tooShort } from "./problem.js";
import { read16, View } from "./view.js";

const HARDWARE_TYPE = 0;
const PROTOCOL_TYPE = 2;
const HARDWARE_SIZE = 4;
const PROTOCOL_SIZE = 5;
const OPCODE = 6;
const SENDER_MAC = 8;
const SENDER_IP = 14;
const TARGET_MAC = 18;
const TARGET_IP = 24;

export const ARP_LENGTH = 28;

/** The sender of a probe: it asks whether an address is free, and has none itself yet (RFC 5227 §2.1.1). */
export const NOBODY = "0.0.0.0";

export const ARP_OPCODE = { request: 1, reply: 2 } as const;

const HARDWARE_ETHERNET = 1;
const SIZES = 0x0604;

export interface ArpValues {
  opcode?: number;
  senderMac?: string;
  senderIp?: string;
  targetMac?: string;
  targetIp?: string;
}

export class Arp extends View {
  static check(bytes: Uint8Array, offset: number): Problem | undefined {
    const available = bytes.length - offset;
    if (available < ARP_LENGTH) return tooShort("arp", offset, ARP_LENGTH, available);
    const known =
      read16(bytes, offset + HARDWARE_TYPE) === HARDWARE_ETHERNET &&
      read16(bytes, offset + PROTOCOL_TYPE) === ETHERTYPE.ipv4 &&
      read16(bytes, offset + HARDWARE_SIZE) === SIZES;
    return known ? undefined : problemAt("arp", offset, ARP_LENGTH, available, "not for IPv4 over Ethernet");
  }

  get headerLength(): number {
    return ARP_LENGTH;
  }

  /** One of `ARP_OPCODE`, or any other. */
  get opcode(): number {
    return this.u16(OPCODE);
  }

  get senderMac(): string {
    return macToString(this.bytes, this.offset + SENDER_MAC);
  }

  get senderIp(): string {
    return ipToString(this.bytes, this.offset + SENDER_IP);
  }

  get targetMac(): string {
    return macToString(this.bytes, this.offset + TARGET_MAC);
  }

  get targetIp(): string {
    return ipToString(this.bytes, this.offset + TARGET_IP);
  }

  set opcode(value: number) {
    this.set16(OPCODE, value);
  }

  set senderMac(value: string) {
    this.bytes.set(macFromString(value), this.offset + SENDER_MAC);
  }

  set senderIp(value: string) {
    this.bytes.set(ipFromString(value), this.offset + SENDER_IP);
  }

  set targetMac(value: string) {
    this.bytes.set(macFromString(value), this.offset + TARGET_MAC);
  }

  set targetIp(value: string) {
    this.bytes.set(ipFromString(value), this.offset + TARGET_IP);
  }

  /** Writes a whole packet: a request, unless `values` says otherwise; addresses left out are 0. */
  static emit(bytes: Uint8Array, offset: number, values: ArpValues = {}): Arp {
    bytes.fill(0, offset, offset + ARP_LENGTH);
    const arp = new Arp(bytes, offset);
    arp.set16(HARDWARE_TYPE, HARDWARE_ETHERNET);
    arp.set16(PROTOCOL_TYPE, ETHERTYPE.ipv4);
    arp.set8(HARDWARE_SIZE, 6);
    arp.set8(PROTOCOL_SIZE, 4);
    return Object.assign(arp, { opcode: ARP_OPCODE.request }, values);
  }
}

const field = fieldOf<Arp>();

export const ARP_FIELDS = [
  field("arp.opcode", "Opcode", [OPCODE, 2], "opcode", decimal(0xffff)),
  field("arp.src.hw_mac", "Sender MAC address", [SENDER_MAC, 6], "senderMac", mac),
  field("arp.src.proto_ipv4", "Sender IP address", [SENDER_IP, 4], "senderIp", ipv4),
  field("arp.dst.hw_mac", "Target MAC address", [TARGET_MAC, 6], "targetMac", mac),
  field("arp.dst.proto_ipv4", "Target IP address", [TARGET_IP, 4], "targetIp", ipv4),
];
