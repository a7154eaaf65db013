/** Which of several directors has the VIPs when, as their VRRP advertisements tell. */

import type { Vrrp } from "../packet/vrrp.js";
import type { Sighting } from "./journey.js";
import type { Host } from "./setup.js";
import { startOf } from "./sightings.js";
import type { View } from "./view.js";

/** One VRRP advertisement, where it was first seen. */
interface Advertisement {
  readonly at: Sighting;
  readonly time: bigint;
  readonly host: Host;
  readonly vrrp: Vrrp;
}

/** A director that was not the master before, and is now. */
export interface Accession {
  /** Its first advertisement. */
  readonly at: Sighting;
  readonly time: bigint;
  readonly host: Host;
  readonly addresses: readonly string[];
}

const known = new WeakMap<View, readonly Advertisement[]>();

/**
 * Who advertised an address last, up to a capture time, or was the first to do so after it; undefined where nobody did, or
 * the last one resigned by it.
 */
export function masterAt(view: View, ip: string, time: bigint): Host | undefined {
  const own = advertisementsOf(view).filter(({ vrrp }) => vrrp.addresses.includes(ip));
  const last = own.findLast((one) => one.time <= time) ?? own[0];
  return last === undefined || last.vrrp.priority === 0 ? undefined : last.host;
}

/** In the order of their times. Who is the master when the evidence begins may have been it for long. */
export function accessionsOf(view: View): Accession[] {
  const accessions: Accession[] = [];
  /** When each director advertised last, and who did for each virtual router. */
  const reigning = new Map<string, bigint>();
  const masters = new Map<string, Host>();
  for (const { at, time, host, vrrp } of advertisementsOf(view)) {
    const router = `${vrrp.ipVersion} ${vrrp.routerId}`;
    const own = `${router} ${host.name}`;
    const last = reigning.get(own);
    if (vrrp.priority === 0) reigning.delete(own);
    else {
      const before = masters.get(router);
      const isNew = last === undefined || time - last > silence(vrrp);
      if (isNew && before !== undefined && before !== host)
        accessions.push({ at, time, host, addresses: vrrp.addresses });
      reigning.set(own, time);
      masters.set(router, host);
    }
  }
  return accessions;
}

function advertisementsOf(view: View): readonly Advertisement[] {
  let found = known.get(view);
  if (found === undefined) {
    found = view.evidence.journeys.flatMap(({ sightings: [at] }) => {
      const { ip, vrrp } = at?.packet ?? {};
      const host = view.network.byIp(ip?.src ?? "")?.host;
      return at && vrrp && host ? [{ at, time: startOf(at), host, vrrp }] : [];
    });
    known.set(view, found);
  }
  return found;
}

/** Nanoseconds without advertisements after which others take a master for gone (RFC 5798 §6.1, Master_Down_Interval). */
function silence({ interval, version }: Vrrp): bigint {
  return 4n * BigInt(interval) * (version === 2 ? 1_000_000_000n : 10_000_000n);
}
