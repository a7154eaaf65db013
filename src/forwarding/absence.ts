/**
 * What did not happen, where captures are all that there is. A packet that is not in a capture may have been lost by it, may
 * have left by a NIC that nobody recorded, or may still be to come when the recording ends.
 */

import { contentOf } from "./content.js";
import { type Coverage, coveredUntil } from "./coverage.js";
import { core } from "./datagram.js";
import { groupBy } from "./group.js";
import type { Sighting } from "./journey.js";
import type { Host } from "./setup.js";
import { startOf } from "./sightings.js";
import type { View } from "./view.js";

/** `proven`: it did not happen; `likely`: nothing shows that it did, in time enough; `open`: nobody can know. */
export type Absence = "proven" | "likely" | "open";

/** Nanoseconds for which packets of several CPUs may overtake each other inside a host. */
const OVERTAKING = 10_000_000n;
/** Nanoseconds after which nobody would go on waiting. */
const LONG = 1_000_000_000n;

/** Whether a host sent nothing on account of a sighting, which it must not: what came later went through it and shows. */
export function nothingCame(view: View, coverage: Coverage, at: Sighting, host: Host): Absence {
  const time = startOf(at);
  const end = coveredUntil(coverage, host, time);
  if (end === undefined) return "open";
  const canary = canariesOf(view, host.name).find((later) => later > time && later <= end);
  return canary !== undefined && end - time >= OVERTAKING ? "proven" : "open";
}

/**
 * Whether a host did nothing about a sighting although it had to. One packet that is missing proves little: it takes
 * the asker, who asks again and is not heard again, or the host's own answer that it will not.
 */
export function nothingWasDone(view: View, coverage: Coverage, at: Sighting, host: Host): Absence {
  const time = startOf(at);
  const end = coveredUntil(coverage, host, time);
  if (end === undefined) return "open";
  const { same, back } = talkOf(view, at);
  const later = same.filter((other) => other.tap === at.tap && startOf(other) > time);
  const answers = back.filter((other) => startOf(other) > time);
  if (answers.some((answer) => answer.host === host.name && isRefusal(answer))) return "proven";
  if (answers.some((answer) => !isRefusal(answer))) return "open";
  const again = later.filter((other) => isRepetition(at, other));
  if (again.some((other) => isSentOn(view, other))) return "open";
  if (again.some((other) => end - startOf(other) >= OVERTAKING)) return "proven";
  if (core(at.packet).tcp !== undefined) return later.length > 0 || end - time < LONG ? "open" : "likely";
  if (nothingCame(view, coverage, at, host) === "proven") return isNeverHeard(view, at) ? "proven" : "likely";
  return end - time < LONG ? "open" : "likely";
}

interface Talk {
  readonly same: readonly Sighting[];
  readonly back: readonly Sighting[];
}

const talks = new WeakMap<View, ReadonlyMap<string, readonly Sighting[]>>();

/** All that was seen from and to the same ends, and the other way round. */
function talkOf(view: View, at: Sighting): Talk {
  let known = talks.get(view);
  if (known === undefined) {
    known = groupBy(view.sightings, (sighting) => endsOf(sighting)?.join(" "));
    talks.set(view, known);
  }
  const ends = endsOf(at);
  if (ends === undefined) return { same: [], back: [] };
  return { same: known.get(ends.join(" ")) ?? [], back: known.get(ends.toReversed().join(" ")) ?? [] };
}

/** Who a packet is from and whom it is for. */
function endsOf({ packet }: Sighting): [string, string] | undefined {
  const { arp } = packet;
  if (arp !== undefined) return [`arp ${arp.senderIp}`, `arp ${arp.targetIp}`];
  const content = contentOf(packet);
  return content && [`${packet.ip?.protocol} ${content.src}`, `${packet.ip?.protocol} ${content.dst}`];
}

/** The same question or segment once more, by what a sender keeps when it repeats itself. */
function isRepetition(before: Sighting, after: Sighting): boolean {
  const [first, next] = [core(before.packet), core(after.packet)];
  if (first.arp !== undefined) return next.arp?.opcode === first.arp.opcode;
  const [from, to] = [first.tcp, next.tcp];
  return (
    from !== undefined &&
    from.seq === to?.seq &&
    from.ack === to.ack &&
    from.flags === to.flags &&
    first.payload.length === next.payload.length
  );
}

/** A reset or an ICMP error: the host says itself that it did nothing. */
function isRefusal({ packet: { tcp, icmp } }: Sighting): boolean {
  return icmp?.isError === true || tcp?.flagsText.includes("R") === true;
}

function isSentOn(view: View, at: Sighting): boolean {
  return view.children.get(at)?.some(({ direction }) => direction === "out") === true;
}

/** Packets that are not all lost by chance. */
const MANY = 3;

/**
 * Whether others to the same address, or from it, came in as well, and not one was sent on: a single one may have been lost
 * by chance, or what became of it by the capture. Many of one protocol speak for themselves.
 */
function isNeverHeard(view: View, at: Sighting): boolean {
  const own = addressesOf(at);
  let alike = 0;
  let isAnyHeard = false;
  for (const other of view.sightings) {
    if (other === at || other.host !== at.host || other.direction !== "in" || !other.addressed) continue;
    const ends = addressesOf(other);
    if (ends?.src !== own?.src && ends?.dst !== own?.dst) continue;
    const isHeard = isSentOn(view, other);
    if (ends?.protocol !== own?.protocol) isAnyHeard ||= isHeard;
    else if (isHeard) return false;
    else alike += 1;
  }
  return alike >= MANY || (alike > 0 && !isAnyHeard);
}

/** Who a packet is from and whom it is for, whatever the port. */
function addressesOf({ packet }: Sighting) {
  const { arp } = packet;
  if (arp !== undefined) return { protocol: "arp", src: `arp ${arp.senderIp}`, dst: `arp ${arp.targetIp}` };
  const { ip } = core(packet);
  return ip && { protocol: ip.protocol, src: ip.src, dst: ip.dst };
}

const canaries = new WeakMap<View, Map<string, readonly bigint[]>>();

/** When something came into a host of which it is recorded what the host made of it: sent it on, or answered. */
function canariesOf(view: View, host: string): readonly bigint[] {
  const byHost = canaries.get(view) ?? new Map<string, readonly bigint[]>();
  canaries.set(view, byHost);
  const found = byHost.get(host) ?? findCanaries(view.sightings, host);
  byHost.set(host, found);
  return found;
}

function findCanaries(sightings: readonly Sighting[], host: string): bigint[] {
  const asked = new Map<string, bigint>();
  const found: bigint[] = [];
  for (const at of sightings) {
    if (at.host !== host) continue;
    const [src, dst] = endsOf(at) ?? [];
    if (at.direction === "in") {
      if (at.addressed && src !== undefined) asked.set(src, startOf(at));
      continue;
    }
    const cause = at.from?.host === host ? startOf(at.from) : asked.get(dst ?? "");
    if (cause !== undefined) found.push(cause);
  }
  return found.sort((left, right) => (left < right ? -1 : left > right ? 1 : 0));
}
