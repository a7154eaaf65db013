/** What the matrix proves of a director that was not recorded: between the places where a packet was seen others may be. */

import type { Row } from "./expectations.js";
import type { FieldName } from "./header-fields.js";
import type { Sighting } from "./journey.js";
import type { Network } from "./network.js";
import { ownsMac } from "./network.js";
import { type Host, type Nic, shareSegment } from "./setup.js";
import type { Crossing } from "./view.js";

/** Fields that nobody but a load balancer changes, by what it does with them. */
const BALANCED: readonly FieldName[] = ["ip.dst", "l4.dstport"];
const ANSWERED: readonly FieldName[] = ["ip.src", "l4.srcport"];
/** Fields that routers set as well: marks of service, Record Route, and the MSS, which is clamped where links are narrow. */
const ROUTED: readonly FieldName[] = ["ip.dsfield", "ip.options", "tcp.options.mss_val"];

/** A row as seen from afar: `doubt` where it was broken, and nobody can say by whom. */
export type Verdict = boolean | undefined | "doubt";

/**
 * @param holds what the row says of the two packets
 * @param steps by how much the TTL fell between them
 * @param isOuter whether it is about what a tunnel puts around the packet
 */
export function verdictFromAfar(
  network: Network,
  crossing: Crossing,
  out: Sighting,
  row: Row,
  holds: boolean,
  steps: number,
  isOuter: boolean,
): Verdict {
  const { director, seen } = crossing;
  const isSender = ownsMac(director, out.packet.linkSrc ?? "");
  // It is for whom it came to: that proves something where the director itself sent the frame.
  if (row.field.startsWith("eth.")) return holds && isSender ? true : undefined;
  if (seen === "behind" && !isOuter) return row.isOfOut && !holds ? false : undefined;
  const routers = isOuter ? 0 : routersOn(network, crossing, out);
  if (row.field === "ip.ttl" && !isOuter) {
    // Nobody gives a packet a longer life, and the director had to take one.
    if (steps <= 0) return holds;
    if (routers === undefined) return undefined;
    if (steps === routers + 1) return true;
    // The director, or a router too many or too few in the setup.
    return row.rule === "GEN-TTL-01" ? "doubt" : undefined;
  }
  if (holds || row.isOfOut || (crossing.kind === "reply" ? ANSWERED : BALANCED).includes(row.field)) return holds;
  const isNext = isOuter ? isSender : routers === 0 && steps === 1;
  if (isNext) return false;
  return ROUTED.includes(row.field) ? undefined : "doubt";
}

/** Routers between both places, which change the packet itself; undefined where the setup does not tell. */
function routersOn(network: Network, { director, in: before, model }: Crossing, out: Sighting): number | undefined {
  const ends = model === "tun" ? [before] : [before, out];
  const each = ends.map(({ tap }) => routersTo(network, director, network.port(tap)?.nic));
  return each.reduce((sum, routers) => (sum === undefined || routers === undefined ? undefined : sum + routers), 0);
}

/** Routers between a NIC and the director: none, one that the setup knows, or nobody can say. */
function routersTo({ hosts }: Network, director: Host, nic: Nic | undefined): number | undefined {
  if (nic === undefined) return undefined;
  const isNextTo = (own: Nic) => director.nics.some((other) => shareSegment(other, own));
  if (isNextTo(nic)) return 0;
  const routers = hosts.filter(({ role }) => role === "router");
  return routers.some(({ nics }) => nics.some((own) => shareSegment(own, nic)) && nics.some(isNextTo)) ? 1 : undefined;
}
