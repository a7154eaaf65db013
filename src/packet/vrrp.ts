/** VRRP: version 3 for both families (RFC 5798), version 2 for IPv4 (RFC 3768). */

import { ip6FromString, ip6ToString, ipFromString, ipToString } from "./address.js";
import { decimal, hexadecimal, ipv4, ipv6, listOf } from "./codec.js";
import { fieldOf } from "./field-table.js";
import { type Problem, problemAt, tooShort } from "./problem.js";
import { View } from "./view.js";

const VERSION_TYPE = 0;
const ROUTER_ID = 1;
const PRIORITY = 2;
const ADDRESS_COUNT = 3;
const AUTH_TYPE = 4;
const INTERVAL_2 = 5;
const INTERVAL_3 = 4;
const CHECKSUM = 6;
const ADDRESSES = 8;

export const VRRP_HEADER_LENGTH = 8;
export const VRRP_CHECKSUM_OFFSET = CHECKSUM;

export const VRRP_ADVERTISEMENT = 1;

const INTERVAL_3_MASK = 0x0fff;
const IPV4_LENGTH = 4;
const IPV6_LENGTH = 16;

export interface VrrpValues {
  version?: number;
  type?: number;
  routerId?: number;
  priority?: number;
  interval?: number;
  checksum?: number;
  addresses?: readonly string[];
}

/** A view over the bytes up to the end of the message. The addresses are of the family of the IP header before it. */
export class Vrrp extends View {
  readonly ipVersion: 4 | 6;

  constructor(bytes: Uint8Array, offset: number, ipVersion: 4 | 6 = 4) {
    super(bytes, offset);
    this.ipVersion = ipVersion;
  }

  /** Versions 2 and 3 alone pass. */
  static check(bytes: Uint8Array, offset: number, ipVersion: 4 | 6): Problem | undefined {
    const available = bytes.length - offset;
    if (available < VRRP_HEADER_LENGTH) return tooShort("vrrp", offset, VRRP_HEADER_LENGTH, available);
    const { version, headerLength } = new Vrrp(bytes, offset, ipVersion);
    if (version !== 2 && version !== 3) {
      return problemAt("vrrp", offset, VRRP_HEADER_LENGTH, available, `it says version ${version}`);
    }
    return available < headerLength ? tooShort("vrrp", offset, headerLength, available) : undefined;
  }

  /** Addresses included; the authentication data of version 2 stands behind it. */
  get headerLength(): number {
    return VRRP_HEADER_LENGTH + this.addressCount * this.#addressLength;
  }

  get #addressLength(): number {
    return this.ipVersion === 6 ? IPV6_LENGTH : IPV4_LENGTH;
  }

  get version(): number {
    return this.u8(VERSION_TYPE) >> 4;
  }

  /** `VRRP_ADVERTISEMENT`; there is no other. */
  get type(): number {
    return this.u8(VERSION_TYPE) & 0x0f;
  }

  get routerId(): number {
    return this.u8(ROUTER_ID);
  }

  /** 255: the owner of the addresses; 0: a master that resigns. */
  get priority(): number {
    return this.u8(PRIORITY);
  }

  get addressCount(): number {
    return this.u8(ADDRESS_COUNT);
  }

  /** Of version 2: 0 is none. */
  get authType(): number {
    return this.u8(AUTH_TYPE);
  }

  /** Between advertisements: seconds in version 2, hundredths of a second in version 3. */
  get interval(): number {
    return this.version === 2 ? this.u8(INTERVAL_2) : this.u16(INTERVAL_3) & INTERVAL_3_MASK;
  }

  get checksum(): number {
    return this.u16(CHECKSUM);
  }

  get addresses(): readonly string[] {
    const format = this.ipVersion === 6 ? ip6ToString : ipToString;
    const first = this.offset + ADDRESSES;
    return Array.from({ length: this.addressCount }, (_, index) =>
      format(this.bytes, first + index * this.#addressLength),
    );
  }

  set version(value: number) {
    this.setBits(VERSION_TYPE, 0xf0, value << 4);
  }

  set type(value: number) {
    this.setBits(VERSION_TYPE, 0x0f, value);
  }

  set routerId(value: number) {
    this.set8(ROUTER_ID, value);
  }

  set priority(value: number) {
    this.set8(PRIORITY, value);
  }

  set addressCount(value: number) {
    this.set8(ADDRESS_COUNT, value);
  }

  set authType(value: number) {
    this.set8(AUTH_TYPE, value);
  }

  set interval(value: number) {
    if (this.version === 2) this.set8(INTERVAL_2, value);
    else this.set16(INTERVAL_3, (this.u16(INTERVAL_3) & ~INTERVAL_3_MASK) | (value & INTERVAL_3_MASK));
  }

  set checksum(value: number) {
    this.set16(CHECKSUM, value);
  }

  /** Sets their count as well; `bytes` must have room for them. */
  set addresses(value: readonly string[]) {
    this.addressCount = value.length;
    const fromString = this.ipVersion === 6 ? ip6FromString : ipFromString;
    const first = this.offset + ADDRESSES;
    for (const [index, address] of value.entries()) {
      this.bytes.set(fromString(address), first + index * this.#addressLength);
    }
  }

  /** Writes a whole message: an advertisement of version 3; what else `values` leaves out is 0. */
  static emit(bytes: Uint8Array, offset: number, ipVersion: 4 | 6, values: VrrpValues = {}): Vrrp {
    bytes.fill(0, offset, offset + VRRP_HEADER_LENGTH);
    // Where the interval is depends on the version.
    const header = { version: values.version ?? 3, type: VRRP_ADVERTISEMENT };
    return Object.assign(new Vrrp(bytes, offset, ipVersion), header, values);
  }
}

const isVersion2 = ({ version }: Vrrp) => version === 2;
const isVersion3 = (vrrp: Vrrp) => !isVersion2(vrrp);

const field = fieldOf<Vrrp>();

export const VRRP_FIELDS = [
  field("vrrp.version", "VRRP protocol version", [VERSION_TYPE, 1], "version", decimal(15)),
  field("vrrp.type", "VRRP packet type", [VERSION_TYPE, 1], "type", decimal(15)),
  field("vrrp.virt_rtr_id", "Virtual Rtr ID", [ROUTER_ID, 1], "routerId", decimal(0xff)),
  field("vrrp.prio", "Priority", [PRIORITY, 1], "priority", decimal(0xff)),
  field("vrrp.addr_count", "Addr Count", [ADDRESS_COUNT, 1], "addressCount", decimal(0xff)),
  field("vrrp.auth_type", "Auth Type", [AUTH_TYPE, 1], "authType", decimal(0xff), isVersion2),
  field("vrrp.adver_int", "Adver Int", [INTERVAL_2, 1], "interval", decimal(0xff), isVersion2),
  field("vrrp.short_adver_int", "Adver Int", [INTERVAL_3, 2], "interval", decimal(INTERVAL_3_MASK), isVersion3),
  field("vrrp.checksum", "Checksum", [CHECKSUM, 2], "checksum", hexadecimal(4)),
  field(
    "vrrp.ip_addr",
    "IP Address",
    [ADDRESSES, "header end"],
    "addresses",
    listOf(ipv4),
    (vrrp) => vrrp.ipVersion === 4,
  ),
  field(
    "vrrp.ipv6_addr",
    "IPv6 Address",
    [ADDRESSES, "header end"],
    "addresses",
    listOf(ipv6),
    (vrrp) => vrrp.ipVersion === 6,
  ),
];
