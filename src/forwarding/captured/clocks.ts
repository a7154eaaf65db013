/**
 * One clock for captures of several machines: what left one host and came to another is the same packet by its content,
 * and it came after it left. Both directions between two hosts bound from both sides how much their clocks differ.
 */

import { contentOf } from "../content.js";
import { core } from "../datagram.js";
import { groupBy } from "../group.js";
import { earliest, latest } from "../times.js";
import type { Placed } from "./place.js";

/** How far the clock of a file is from that of the file which all others are compared with. */
export interface Clock extends Timed {
  /** Nanoseconds that it is ahead, at the first frame that it shares with others. */
  readonly ahead: bigint;
  /** Nanoseconds by which it has gained in the time of the capture. */
  readonly drift: bigint;
  /** Half of what remains undecided, in nanoseconds; left out where packets went one way only. */
  readonly uncertainty?: bigint;
  /** Frames that it shares with others; 0: nothing says what its clock shows. */
  readonly shared: number;
}

/** One packet that went from one capture to another: out of one host and into another, or through a host. */
export interface Pair {
  readonly before: Placed;
  readonly after: Placed;
}

/** So many parts of a capture may each have a difference of their own: clocks drift. */
const MOST_PARTS = 32;
/** Nanoseconds: shorter parts would show the jitter of the network, not the drift of the clock. */
const SHORTEST_PART = 10_000_000_000n;

/**
 * Packets of which exactly one is in a capture in a direction: no time is needed to tell which. By the sender's end and
 * content, which NAT leaves alone on the way to a server, and by the receiver's, on the way back.
 */
export function uniquePairs(frames: readonly Placed[]): Pair[] {
  const groups = new Map<string, Placed[]>();
  for (const placed of frames) {
    for (const key of keysOf(placed)) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [placed]);
      else group.push(placed);
    }
  }
  const pairs = new Map<Placed, Set<Placed>>();
  for (const group of groups.values()) {
    if (group.length < 2) continue;
    const single = singles(group);
    for (const before of single) for (const after of single) if (mayFollow(before, after)) add(pairs, before, after);
  }
  return [...pairs].flatMap(([after, causes]) => [...causes].map((before) => ({ before, after })));
}

function keysOf(placed: Placed): string[] {
  const { packet } = placed.frame;
  const { arp, ip } = packet;
  if (arp !== undefined) return [`arp ${arp.opcode} ${arp.senderMac} ${arp.senderIp} ${arp.targetMac} ${arp.targetIp}`];
  const found = contentOf(packet);
  if (found === undefined) return [];
  const { src, dst, content } = found;
  // A packet that goes in circles comes by again with another TTL.
  return [`from ${src} ${content}`, `to ${dst} ${content}`, `${src} ${dst} ${content} ${ip?.ttl} ${ttlOf(placed)}`];
}

function add(pairs: Map<Placed, Set<Placed>>, before: Placed, after: Placed): void {
  const known = pairs.get(after);
  if (known === undefined) pairs.set(after, new Set([before]));
  else known.add(before);
}

/** Of each capture the one frame in a direction; of captures that have several none. */
function singles(group: readonly Placed[]): Placed[] {
  const byPlace = groupBy(group, ({ capture, direction }) => `${capture.file} ${direction}`);
  return [...byPlace.values()].flatMap((same) => (same.length === 1 ? same : []));
}

/** The TTL only falls on the way. */
function mayFollow(before: Placed, after: Placed): boolean {
  if (before.capture.file === after.capture.file) return false;
  // A host between them sent it on, whose other NIC was not recorded.
  if (before.direction === after.direction) return before.host !== after.host && ttlOf(after) < ttlOf(before);
  const isThrough = before.direction === "in";
  if (isThrough && before.frame.packet.arp !== undefined) return false;
  if (isThrough !== (before.host === after.host)) return false;
  const [from, to] = [ttlOf(before), ttlOf(after)];
  return isThrough ? to < from : to <= from;
}

/** Of the packet in the tunnel: what is around it has one of its own. */
function ttlOf({ frame: { packet } }: Placed): number {
  return core(packet).ip?.ttl ?? 0;
}

/** A capture file, and the host that it was taken on. */
export interface Timed {
  readonly file: string;
  readonly host: string;
}

/** Reads times as the reference's clock shows them. */
export class Clocks {
  readonly clocks: Clock[] = [];
  readonly #offsets = new Map<string, Offset>();

  /** @param files those whose clock stays as it is first */
  constructor(files: readonly Timed[], pairs: readonly Pair[]) {
    const [reference, ...others] = files;
    if (reference === undefined) return;
    this.#offsets.set(reference.file, new Offset([]));
    const open = new Set(others);
    while (open.size > 0) {
      const next = [...open].map((timed) => ({ timed, own: this.#comparable(timed.file, pairs) }));
      const best = next.reduce((left, right) => (right.own.length > left.own.length ? right : left));
      const { file, host } = best.timed;
      open.delete(best.timed);
      // What shares nothing with the others may have been recorded by the same machine, which has one clock.
      const same = files.find((other) => other.host === host && this.#offsets.has(other.file));
      const offset = (best.own.length === 0 && same && this.#offsets.get(same.file)) || new Offset(best.own);
      this.#offsets.set(file, offset);
      this.clocks.push({ file, host, ...offset.described(), shared: best.own.length });
    }
  }

  /** A time in a file, in nanoseconds, as the reference's clock would have shown it. */
  read(file: string, time: bigint): bigint {
    return time - (this.#offsets.get(file)?.at(time) ?? 0n);
  }

  timeOf({ capture, frame }: Placed): bigint {
    return this.read(capture.file, frame.time);
  }

  /** What the packets that a file shares with files whose clock is known say about its own. */
  #comparable(file: string, pairs: readonly Pair[]): Bound[] {
    const bounds: Bound[] = [];
    for (const { before, after } of pairs) {
      if (after.capture.file === file && this.#offsets.has(before.capture.file)) {
        const { time } = after.frame;
        bounds.push({ time, most: time - this.timeOf(before) });
      } else if (before.capture.file === file && this.#offsets.has(after.capture.file)) {
        const { time } = before.frame;
        bounds.push({ time, least: time - this.timeOf(after) });
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
