/**
 * Linux cooked captures, as of the device `any`: a header of libpcap's own in the place of the link layer's
 * (https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html and LINKTYPE_LINUX_SLL2.html).
 *
 * It has the sender's link address, and nobody else's.
 */

import { macFromString, macToString } from "./address.js";
import { decimal, hexadecimal, mac } from "./codec.js";
import { fieldOf } from "./field-table.js";
import { type Problem, tooShort } from "./problem.js";
import { View } from "./view.js";

/** Where the fields of either version are; version 2 alone has an interface. */
const PLACES = {
  1: { length: 16, packetType: 0, hardwareType: 2, addressLength: 4, address: 6, protocol: 14 },
  2: { length: 20, packetType: 10, hardwareType: 8, addressLength: 11, address: 12, protocol: 0 },
} as const;
const INTERFACE = 4;

export const SLL_PACKET_TYPE = { toHost: 0, broadcast: 1, multicast: 2, toOther: 3, outgoing: 4 } as const;

const MAC_LENGTH = 6;

export interface SllValues {
  packetType?: number;
  hardwareType?: number;
  addressLength?: number;
  src?: string;
  protocol?: number;
  interfaceIndex?: number;
}

export class Sll extends View {
  readonly version: 1 | 2;

  constructor(bytes: Uint8Array, offset: number, version: 1 | 2 = 1) {
    super(bytes, offset);
    this.version = version;
  }

  static check(bytes: Uint8Array, offset: number, version: 1 | 2): Problem | undefined {
    const available = bytes.length - offset;
    const { length } = PLACES[version];
    return available < length ? tooShort("sll", offset, length, available) : undefined;
  }

  get headerLength(): number {
    return this.places.length;
  }

  /** Where the fields of this version are, relative to the header. */
  get places() {
    return PLACES[this.version];
  }

  /** One of `SLL_PACKET_TYPE`. */
  get packetType(): number {
    const { packetType } = this.places;
    return this.version === 1 ? this.u16(packetType) : this.u8(packetType);
  }

  /** The host sent it; else it received it, or saw it go by. */
  get isOutgoing(): boolean {
    return this.packetType === SLL_PACKET_TYPE.outgoing;
  }

  /** An ARPHRD number of Linux: 1 is Ethernet. */
  get hardwareType(): number {
    return this.u16(this.places.hardwareType);
  }

  /** Bytes of the sender's address; 0 where its link layer has none. */
  get addressLength(): number {
    const { addressLength } = this.places;
    return this.version === 1 ? this.u16(addressLength) : this.u8(addressLength);
  }

  /** The sender's MAC; empty where it has none. */
  get src(): string {
    return this.addressLength === MAC_LENGTH ? macToString(this.bytes, this.offset + this.places.address) : "";
  }

  /** The Ethernet type of what comes next, on the link layers that have such types. */
  get protocol(): number {
    return this.u16(this.places.protocol);
  }

  /** The kernel's number of the interface; 0, which is none's, in version 1. */
  get interfaceIndex(): number {
    return this.version === 2 ? this.u32(INTERFACE) : 0;
  }

  set packetType(value: number) {
    const { packetType } = this.places;
    if (this.version === 1) this.set16(packetType, value);
    else this.set8(packetType, value);
  }

  set hardwareType(value: number) {
    this.set16(this.places.hardwareType, value);
  }

  set addressLength(value: number) {
    const { addressLength } = this.places;
    if (this.version === 1) this.set16(addressLength, value);
    else this.set8(addressLength, value);
  }

  /** Sets the address's length as well. */
  set src(value: string) {
    this.addressLength = MAC_LENGTH;
    this.bytes.set(macFromString(value), this.offset + this.places.address);
  }

  set protocol(value: number) {
    this.set16(this.places.protocol, value);
  }

  /** Version 1 has no room for it. */
  set interfaceIndex(value: number) {
    if (this.version === 2) this.set32(INTERFACE, value);
  }

  /** Writes a whole header: of Ethernet; what else `values` leaves out is 0. */
  static emit(bytes: Uint8Array, offset: number, version: 1 | 2, values: SllValues = {}): Sll {
    bytes.fill(0, offset, offset + PLACES[version].length);
    return Object.assign(new Sll(bytes, offset, version), { hardwareType: 1 }, values);
  }
}

const hasMac = ({ addressLength }: Sll) => addressLength === MAC_LENGTH;
const isVersion2 = ({ version }: Sll) => version === 2;

/** What has two bytes in version 1, and one in version 2. */
const wide = (name: "packetType" | "addressLength") => (sll: Sll) =>
  [sll.places[name], sll.version === 1 ? 2 : 1] as const;

const field = fieldOf<Sll>();

export const SLL_FIELDS = [
  field("sll.pkttype", "Packet type", wide("packetType"), "packetType", decimal(0xffff)),
  field("sll.ifindex", "Interface index", [INTERFACE, 4], "interfaceIndex", decimal(0xffffffff), isVersion2),
  field(
    "sll.hatype",
    "Link-layer address type",
    [(sll) => sll.places.hardwareType, 2],
    "hardwareType",
    decimal(0xffff),
  ),
  field("sll.halen", "Link-layer address length", wide("addressLength"), "addressLength", decimal(0xffff)),
  field("sll.src.eth", "Source", [(sll) => sll.places.address, MAC_LENGTH], "src", mac, hasMac),
  field("sll.etype", "Protocol", [(sll) => sll.places.protocol, 2], "protocol", hexadecimal(4)),
];
