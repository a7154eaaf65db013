/** What stands in front of IP in a frame, passed over. */

import { ETHERNET_HEADER_LENGTH, ETHERTYPE } from "../../packet/ethernet.js";
import { LINK_TYPE } from "../../packet/link.js";
import { VLAN_ETHERTYPE, VLAN_HEADER_LENGTH } from "../../packet/vlan.js";

/** Two tags, or a cooked header, and a bit. */
export const LONGEST_LINK_HEADER = 24;
const SLL = 16;
const SLL2 = 20;

/** Where IP begins in a frame; -1 where it does not. */
export function networkAt(view: DataView, linkType: number, start: number, end: number): number {
  let at = start;
  let type = 0;
  switch (linkType) {
    case LINK_TYPE.ethernet:
      at = start + ETHERNET_HEADER_LENGTH;
      if (at > end) return -1;
      type = view.getUint16(at - 2);
      while (isTag(type) && at + VLAN_HEADER_LENGTH <= end && at + VLAN_HEADER_LENGTH - start <= LONGEST_LINK_HEADER) {
        at += VLAN_HEADER_LENGTH;
        type = view.getUint16(at - 2);
      }
      break;
    case LINK_TYPE.sll:
      at = start + SLL;
      if (at > end) return -1;
      type = view.getUint16(at - 2);
      break;
    case LINK_TYPE.sll2:
      at = start + SLL2;
      if (at > end) return -1;
      type = view.getUint16(start);
      break;
    case LINK_TYPE.raw:
    case LINK_TYPE.ipv4:
    case LINK_TYPE.ipv6:
      if (start < end) type = view.getUint8(start) >> 4 === 4 ? ETHERTYPE.ipv4 : ETHERTYPE.ipv6;
      break;
    default:
      return -1;
  }
  return type === ETHERTYPE.ipv4 || type === ETHERTYPE.ipv6 ? at : -1;
}

/** Whether behind this EtherType there is another one. */
export function isTag(type: number): boolean {
  return type === VLAN_ETHERTYPE.customer || type === VLAN_ETHERTYPE.service || type === VLAN_ETHERTYPE.qinq;
}
