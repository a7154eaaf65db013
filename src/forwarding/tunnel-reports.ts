/** What routers between director and real servers say about packets in tunnels. */

import type { Packet } from "../packet/packet.js";
import type { Sighting } from "./journey.js";
import { ownsIp } from "./network.js";
import type { View } from "./view.js";

/** An ICMP error at the director: a packet of its own, with another one inside, was too big on the way. */
export interface TunnelReport {
  readonly at: Sighting;
  /** The outer packet, as far as it is quoted. */
  readonly quoted: Packet;
  /** Largest outer packet that would have passed, in bytes. */
  readonly mtu: number;
}

const reports = new WeakMap<View, readonly TunnelReport[]>();

export function tunnelReports(view: View): readonly TunnelReport[] {
  let known = reports.get(view);
  if (known === undefined) {
    known = view.sightings.flatMap((at) => reportAt(view, at) ?? []);
    reports.set(view, known);
  }
  return known;
}

function reportAt(view: View, at: Sighting): TunnelReport | undefined {
  const { icmp, quoted } = at.packet;
  const director = view.network.host(at.host);
  if (director?.role !== "director" || at.direction !== "in" || !at.addressed) return undefined;
  if (icmp?.kind !== "too-big") return undefined;
  // Without what is inside nobody can tell whose packet it was.
  if (quoted?.inner?.ip === undefined || quoted.ip === undefined || !ownsIp(director, quoted.ip.src)) return undefined;
  return { at, quoted, mtu: icmp.mtu };
}
