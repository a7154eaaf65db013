/** What was recorded where and when; and whether what was not recorded did not happen. */

import { endpoint } from "../packet/address.js";
import { core, portsOf } from "./datagram.js";
import type { Evidence } from "./evidence.js";
import type { Sighting } from "./journey.js";
import { type Host, tapName } from "./setup.js";
import { startOf } from "./sightings.js";
import { earliest } from "./times.js";

/** A stretch of time in which a tap was recorded, ends included. */
export interface Window {
  readonly from: bigint;
  readonly to: bigint;
}

/** By tap, in the order of time; a tap that is not in it was not recorded at all. */
export type Coverage = ReadonlyMap<string, readonly Window[]>;

/** `closed`: it did not happen; `waiting`: time enough has passed, and nothing proves it; `open`: it may be still to come. */
export type Absence = "closed" | "waiting" | "open";

/** Nanoseconds for which packets of several CPUs may overtake each other inside a host. */
const OVERTAKING = 10_000_000n;
/** Nanoseconds after which nobody would go on waiting. */
const LONG = 1_000_000_000n;

/** Taps of a host that were recorded at no time. */
export function missingTaps({ coverage }: Pick<Evidence, "coverage">, host: Host): string[] {
  return coverage === undefined ? [] : host.nics.map((nic) => tapName(host, nic)).filter((tap) => !coverage.has(tap));
}

/**
 * Whether what a host did not send after a time was not sent: all of its NICs were recorded, and something that came in
 * later, and went the same way through the host, shows in what it sent.
 */
export function absenceAt(coverage: Coverage, sightings: readonly Sighting[], host: Host, time: bigint): Absence {
  const windows = host.nics.map((nic) =>
    coverage.get(tapName(host, nic))?.find(({ from, to }) => from <= time && time <= to),
  );
  const ends = windows.flatMap((window) => window?.to ?? []);
  const end = earliest(ends);
  if (end === undefined || ends.length < windows.length) return "open";
  const canary = canariesOf(sightings, host.name).find((at) => at > time && at <= end);
  if (canary !== undefined && end - time >= OVERTAKING) return "closed";
  return end - time >= LONG ? "waiting" : "open";
}

const canaries = new WeakMap<readonly Sighting[], Map<string, readonly bigint[]>>();

/** When something came into a host of which it is recorded what the host made of it: sent it on, or answered. */
function canariesOf(sightings: readonly Sighting[], host: string): readonly bigint[] {
  const byHost = canaries.get(sightings) ?? new Map<string, readonly bigint[]>();
  canaries.set(sightings, byHost);
  let known = byHost.get(host);
  if (known === undefined) {
    known = findCanaries(sightings, host);
    byHost.set(host, known);
  }
  return known;
}

function findCanaries(sightings: readonly Sighting[], host: string): bigint[] {
  const asked = new Map<string, bigint>();
  const found: bigint[] = [];
  for (const at of sightings) {
    if (at.host !== host) continue;
    if (at.direction === "in") {
      const sender = endOf(at, "src");
      if (at.addressed && sender !== undefined) asked.set(sender, startOf(at));
      continue;
    }
    const cause = at.from?.host === host ? startOf(at.from) : asked.get(endOf(at, "dst") ?? "");
    if (cause !== undefined) found.push(cause);
  }
  return found.sort((left, right) => (left < right ? -1 : left > right ? 1 : 0));
}

/** Whom a packet is from or for. */
function endOf({ packet: outer }: Sighting, side: "src" | "dst"): string | undefined {
  const { arp } = outer;
  if (arp !== undefined) return `arp ${side === "src" ? arp.senderIp : arp.targetIp}`;
  const packet = core(outer);
  const ports = portsOf(packet);
  return packet.ip && endpoint(packet.ip[side], ports?.[side] ?? 0);
}
