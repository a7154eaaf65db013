/** VLAN tags (IEEE 802.1Q §9.6), one view a tag: behind the type that announces it, its 16 bits and the next type. */

import { decimal, flag, hexadecimal } from "./codec.js";
import { fieldOf } from "./field-table.js";
import { type Problem, tooShort } from "./problem.js";
import { View } from "./view.js";

const CONTROL = 0;
const TYPE = 2;

export const VLAN_HEADER_LENGTH = 4;

/** What announces a tag: a customer's, a provider's (IEEE 802.1ad), and what providers used before there was one. */
export const VLAN_ETHERTYPE = { customer: 0x8100, service: 0x88a8, qinq: 0x9100 } as const;

const ETHERTYPES: ReadonlySet<number> = new Set(Object.values(VLAN_ETHERTYPE));

/** More tags in one frame are not followed: networks use two, and each costs whoever follows it. */
export const MAX_VLANS = 8;

const PRIORITY_SHIFT = 13;
const DEI = 0x1000;
const ID_MASK = 0x0fff;

export interface VlanValues {
  priority?: number;
  dei?: boolean;
  id?: number;
  type?: number;
}

export class Vlan extends View {
  static check(bytes: Uint8Array, offset: number): Problem | undefined {
    const available = bytes.length - offset;
    return available < VLAN_HEADER_LENGTH ? tooShort("vlan", offset, VLAN_HEADER_LENGTH, available) : undefined;
  }

  get headerLength(): number {
    return VLAN_HEADER_LENGTH;
  }

  /** 0 to 7. */
  get priority(): number {
    return this.u16(CONTROL) >> PRIORITY_SHIFT;
  }

  /** The frame may be dropped rather than others. */
  get dei(): boolean {
    return (this.u16(CONTROL) & DEI) !== 0;
  }

  /** 12 bits; 0: the tag gives a priority alone, and the frame belongs to no VLAN. */
  get id(): number {
    return this.u16(CONTROL) & ID_MASK;
  }

  /** Of what comes next: one of `ETHERTYPE` or `VLAN_ETHERTYPE`, or any other. */
  get type(): number {
    return this.u16(TYPE);
  }

  set priority(value: number) {
    this.set16(CONTROL, (this.u16(CONTROL) & (DEI | ID_MASK)) | (value << PRIORITY_SHIFT));
  }

  set dei(value: boolean) {
    this.set16(CONTROL, (this.u16(CONTROL) & ~DEI) | (value ? DEI : 0));
  }

  set id(value: number) {
    this.set16(CONTROL, (this.u16(CONTROL) & ~ID_MASK) | (value & ID_MASK));
  }

  set type(value: number) {
    this.set16(TYPE, value);
  }

  /** Writes a whole tag; what `values` leaves out is 0. */
  static emit(bytes: Uint8Array, offset: number, values: VlanValues = {}): Vlan {
    bytes.fill(0, offset, offset + VLAN_HEADER_LENGTH);
    return Object.assign(new Vlan(bytes, offset), values);
  }
}

/** Whether what comes behind this type is a tag. */
export function announcesVlan(type: number): boolean {
  return ETHERTYPES.has(type);
}

const field = fieldOf<Vlan>();

export const VLAN_FIELDS = [
  field("vlan.priority", "Priority", [CONTROL, 2], "priority", decimal(7)),
  field("vlan.dei", "DEI", [CONTROL, 2], "dei", flag),
  field("vlan.id", "ID", [CONTROL, 2], "id", decimal(ID_MASK)),
  field("vlan.etype", "Type", [TYPE, 2], "type", hexadecimal(4)),
];
