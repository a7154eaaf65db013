/** Ethernet II framing (RFC 894). */

import { macFromString, macToString } from "./address.js";
import { hexadecimal, mac } from "./codec.js";
import { fieldOf } from "./field-table.js";
import { type Problem, tooShort } from "./problem.js";
import { View } from "./view.js";

const DST = 0;
const SRC = 6;
const TYPE = 12;

export const ETHERNET_HEADER_LENGTH = 14;

/** The address of all stations on a link (IEEE 802.3). */
export const BROADCAST = "ff:ff:ff:ff:ff:ff";

/** Of VRRP for IPv4 and IPv6 (RFC 9568 §7.3), and of both versions of HSRP (RFC 2281 §5.3); the rest is the group's number. */
const VIRTUAL_ROUTER = /^00:00:(5e:00:0[12]:|0c:07:ac:|0c:9f:f)/;

/** Whether a MAC is that of a virtual router: of whichever machine is its master, beside the one of its own. */
export function isVirtualRouter(mac: string | undefined): mac is string {
  return mac !== undefined && VIRTUAL_ROUTER.test(mac);
}

export const ETHERTYPE = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;

export interface EthernetValues {
  dst?: string;
  src?: string;
  type?: number;
}

export class Ethernet extends View {
  static check(bytes: Uint8Array, offset: number): Problem | undefined {
    const available = bytes.length - offset;
    return available < ETHERNET_HEADER_LENGTH
      ? tooShort("ethernet", offset, ETHERNET_HEADER_LENGTH, available)
      : undefined;
  }

  get headerLength(): number {
    return ETHERNET_HEADER_LENGTH;
  }

  get dst(): string {
    return macToString(this.bytes, this.offset + DST);
  }

  get src(): string {
    return macToString(this.bytes, this.offset + SRC);
  }

  /** One of `ETHERTYPE`, or any other; below 0x0600 it is a length (IEEE 802.3). */
  get type(): number {
    return this.u16(TYPE);
  }

  set dst(value: string) {
    this.bytes.set(macFromString(value), this.offset + DST);
  }

  set src(value: string) {
    this.bytes.set(macFromString(value), this.offset + SRC);
  }

  set type(value: number) {
    this.set16(TYPE, value);
  }

  /** Writes a whole header; what `values` leaves out is 0. */
  static emit(bytes: Uint8Array, offset: number, values: EthernetValues = {}): Ethernet {
    bytes.fill(0, offset, offset + ETHERNET_HEADER_LENGTH);
    return Object.assign(new Ethernet(bytes, offset), values);
  }
}

const field = fieldOf<Ethernet>();

export const ETHERNET_FIELDS = [
  field("eth.dst", "Destination", [DST, 6], "dst", mac),
  field("eth.src", "Source", [SRC, 6], "src", mac),
  field("eth.type", "Type", [TYPE, 2], "type", hexadecimal(4)),
];
