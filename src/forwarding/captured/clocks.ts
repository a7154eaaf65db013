/**
 * One clock for captures of several machines: what left one host and came to another is the same packet by its content,
 * and it came after it left. Both directions between two hosts bound from both sides how much their clocks differ.
 */

import { l4Content } from "../content.js";
import { earliest, latest } from "../times.js";
import type { Placed } from "./place.js";

/** How far a host's clock is from that of the host which all others are compared with. */
export interface Clock {
  readonly host: string;
  /** Nanoseconds that it is ahead, at the first frame that it shares with others. */
  readonly ahead: bigint;
  /** Nanoseconds by which it has gained in the time of the capture. */
  readonly drift: bigint;
  /** Half of what remains undecided, in nanoseconds; left out where packets went one way only. */
  readonly uncertainty?: bigint;
  /** Frames that it shares with others; 0: nothing says what its clock shows. */
  readonly shared: number;
}

/** One packet that left a host and came to another one. */
export interface Pair {
  readonly out: Placed;
  readonly in: Placed;
}

/** So many parts of a capture may each have a difference of their own: clocks drift. */
const MOST_PARTS = 32;
/** Nanoseconds: shorter parts would show the jitter of the network, not the drift of the clock. */
const SHORTEST_PART = 10_000_000_000n;

/** Packets of which exactly one left a host and exactly one came to another: no time is needed to tell which. */
export function uniquePairs(frames: readonly Placed[]): Pair[] {
  const byContent = new Map<string, Placed[]>();
  for (const placed of frames) {
    const key = l4Content(placed.frame.packet);
    if (key === undefined) continue;
    const group = byContent.get(key);
    if (group === undefined) byContent.set(key, [placed]);
    else group.push(placed);
  }
  const pairs: Pair[] = [];
  for (const group of byContent.values()) {
    if (group.length < 2) continue;
    const outs = singles(group, "out");
    const ins = singles(group, "in");
    for (const out of outs) for (const into of ins) if (mayFollow(out, into)) pairs.push({ out, in: into });
  }
  return pairs;
}

/** Of each host the one frame in a direction; of hosts that have several none. */
function singles(group: readonly Placed[], direction: Placed["direction"]): Placed[] {
  const byHost = new Map<string, Placed | undefined>();
  for (const placed of group)
    if (placed.direction === direction) byHost.set(placed.host, byHost.has(placed.host) ? undefined : placed);
  return [...byHost.values()].filter((placed) => placed !== undefined);
}

/** The TTL only falls on the way. */
function mayFollow(out: Placed, into: Placed): boolean {
  const [from, to] = [out.frame.packet, into.frame.packet];
  return out.host !== into.host && (to.inner ?? to).ip !== undefined && ttlOf(to) <= ttlOf(from);
}

function ttlOf(packet: Placed["frame"]["packet"]): number {
  return (packet.inner?.ip ?? packet.ip)?.ttl ?? 0;
}

/** Reads times as the reference's clock shows them. */
export class Clocks {
  readonly clocks: Clock[] = [];
  readonly #offsets = new Map<string, Offset>();

  /** @param reference the host whose clock stays as it is */
  constructor(reference: string, hosts: readonly string[], pairs: readonly Pair[]) {
    this.#offsets.set(reference, new Offset([]));
    const open = new Set(hosts.filter((host) => host !== reference));
    while (open.size > 0) {
      const next = [...open].map((host) => ({ host, own: this.#comparable(host, pairs) }));
      const best = next.reduce((left, right) => (right.own.length > left.own.length ? right : left));
      open.delete(best.host);
      const offset = new Offset(best.own);
      this.#offsets.set(best.host, offset);
      this.clocks.push({ host: best.host, ...offset.described(), shared: best.own.length });
    }
  }

  /** A host's time, in nanoseconds, as the reference's clock would have shown it. */
  read(host: string, time: bigint): bigint {
    return time - (this.#offsets.get(host)?.at(time) ?? 0n);
  }

  /** What the packets that a host shares with hosts whose clock is known say about its own. */
  #comparable(host: string, pairs: readonly Pair[]): Bound[] {
    const bounds: Bound[] = [];
    for (const pair of pairs) {
      const { out, in: into } = pair;
      if (into.host === host && this.#offsets.has(out.host)) {
        const time = into.frame.time;
        bounds.push({ time, most: time - this.read(out.host, out.frame.time) });
      } else if (out.host === host && this.#offsets.has(into.host)) {
        const time = out.frame.time;
        bounds.push({ time, least: time - this.read(into.host, into.frame.time) });
      }
    }
    return bounds;
  }
}

/** How far ahead the clock is at the most, or at the least, at a time that it shows. */
interface Bound {
  readonly time: bigint;
  readonly most?: bigint;
  readonly least?: bigint;
}

interface Knot {
  readonly time: bigint;
  readonly ahead: bigint;
  readonly uncertainty?: bigint;
}

/** How far ahead a clock is, as it changes. */
class Offset {
  readonly #knots: readonly Knot[];

  constructor(bounds: readonly Bound[]) {
    const times = bounds.map(({ time }) => time);
    const [first = 0n, last = 0n] = [earliest(times), latest(times)];
    const parts = Math.max(1, Math.min(MOST_PARTS, Number((last - first) / SHORTEST_PART)));
    const width = (last - first) / BigInt(parts) + 1n;
    const grouped: Bound[][] = Array.from({ length: parts }, () => []);
    for (const bound of bounds) grouped[Number((bound.time - first) / width)]?.push(bound);
    const knots = grouped.flatMap((part) => knotOf(part) ?? []);
    const both = knots.filter(({ uncertainty }) => uncertainty !== undefined);
    this.#knots = both.length > 0 ? both : knots;
  }

  at(time: bigint): bigint {
    const after = this.#knots.findIndex((knot) => knot.time >= time);
    const right = this.#knots[after];
    if (right === undefined) return this.#knots.at(-1)?.ahead ?? 0n;
    const left = this.#knots[after - 1];
    if (left === undefined) return right.ahead;
    return left.ahead + ((right.ahead - left.ahead) * (time - left.time)) / (right.time - left.time);
  }

  described(): Pick<Clock, "ahead" | "drift" | "uncertainty"> {
    const [first, last] = [this.#knots[0], this.#knots.at(-1)];
    if (first === undefined || last === undefined) return { ahead: 0n, drift: 0n };
    const { ahead, uncertainty } = first;
    return { ahead, drift: last.ahead - ahead, ...(uncertainty === undefined ? {} : { uncertainty }) };
  }
}

function knotOf(bounds: readonly Bound[]): Knot | undefined {
  if (bounds.length === 0) return undefined;
  const most = earliest(bounds.flatMap((bound) => bound.most ?? []));
  const least = latest(bounds.flatMap((bound) => bound.least ?? []));
  const time = bounds.reduce((sum, bound) => sum + bound.time, 0n) / BigInt(bounds.length);
  if (most !== undefined && least !== undefined) {
    const half = (most - least) / 2n;
    return { time, ahead: least + half, uncertainty: half < 0n ? -half : half };
  }
  // One way only: the quickest packet is taken to have needed no time.
  const ahead = most ?? least;
  return ahead === undefined ? undefined : { time, ahead };
}
