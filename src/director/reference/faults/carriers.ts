/** Faults of TUN-GRE and TUN-GUE: the headers of tunnels that are more than IP in IP. */

import { GRE_FLAG, GRE_HEADER_LENGTH, Gre } from "../../../packet/gre.js";
import { Ipv4 } from "../../../packet/ipv4.js";
import { requests, type Sent4, sealed } from "./edit.js";
import { BY_DIRECTOR, type DirectorFault } from "./fault.js";

const KEY_LENGTH = 4;

export const carrierFaults: readonly DirectorFault[] = [
  {
    ...BY_DIRECTOR,
    rule: "TUN-GRE-01",
    title: "GRE has a key that nobody asked for",
    steps: requests("tun", withKey),
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-GRE-01",
    title: "the checksum of GRE is wrong",
    steps: requests("tun", ({ whole: { gre } }) => {
      if (gre?.hasChecksum) gre.checksum ^= 1;
      return undefined;
    }),
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-GUE-01",
    title: "every packet of a flow has a source port of its own outside",
    steps: requests(
      "tun",
      sealed(({ whole: { gue, udp } }, { nextId }) => {
        if (gue !== undefined && udp !== undefined) udp.srcPort = 0x8000 | nextId();
      }),
    ),
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-GUE-01",
    title: "the checksum of GUE is wrong",
    steps: requests("tun", ({ whole: { gue, udp } }) => {
      if (gue !== undefined && udp !== undefined && udp.checksum !== 0) udp.checksum ^= 1;
      return undefined;
    }),
  },
];

/** A GRE header without options gets a key behind it. */
function withKey({ whole: { gre, bytes }, outer, packet }: Sent4): Uint8Array | undefined {
  if (gre === undefined || gre.headerLength > GRE_HEADER_LENGTH) return undefined;
  const longer = new Uint8Array(bytes.length + KEY_LENGTH);
  longer.set(bytes.subarray(0, gre.offset));
  Gre.emit(longer, gre.offset, { flagsAndVersion: GRE_FLAG.key, protocol: gre.protocol, key: 7 });
  longer.set(packet.bytes, gre.offset + GRE_HEADER_LENGTH + KEY_LENGTH);
  const header = Object.assign(new Ipv4(longer, outer.offset), { length: longer.length });
  header.updateChecksum();
  return longer;
}
