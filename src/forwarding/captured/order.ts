/** One sequence out of several captures: each in the order of its file, and no packet before it was sent. */

import { groupBy } from "../group.js";
import { latest } from "../times.js";
import type { Clocks, Pair } from "./clocks.js";
import type { Placed } from "./place.js";

/** A frame with its time on the common clock. */
export interface Ordered {
  readonly placed: Placed;
  readonly time: bigint;
}

/** Merges the frames of all hosts. Where clocks say that a packet arrived before it left, it arrives just after. */
export function inOrder(captures: readonly (readonly Placed[])[], clocks: Clocks, pairs: readonly Pair[]): Ordered[] {
  const causes = groupBy(
    pairs.filter((pair) => isPlausible(pair, clocks)),
    (pair) => pair.after,
  );
  const done = new Map<Placed, bigint>();
  const queues = captures.map((frames) => monotonous(frames, clocks)).filter((queue) => queue.length > 0);
  const next = queues.map(() => 0);
  const merged: Ordered[] = [];
  for (;;) {
    const heads = queues.flatMap((queue, index) => {
      const head = queue[next[index] ?? 0];
      return head === undefined ? [] : [{ head, index }];
    });
    if (heads.length === 0) return merged;
    const ready = heads.filter(({ head }) => isReady(head.placed));
    // In a circle, which no order of events makes, the clock decides.
    const candidates = ready.length > 0 ? ready : heads;
    const { head, index } = candidates.reduce((left, right) => (right.head.time < left.head.time ? right : left));
    next[index] = (next[index] ?? 0) + 1;
    const after = (causes.get(head.placed) ?? []).map((pair) => (done.get(pair.before) ?? head.time - 1n) + 1n);
    // No two at once: of what came in and what was made of it a coarse clock may show the same time.
    const last = merged.at(-1);
    const time = latest([head.time, ...(last === undefined ? [] : [last.time + 1n]), ...after]) ?? head.time;
    done.set(head.placed, time);
    merged.push({ placed: head.placed, time });
  }

  function isReady(placed: Placed): boolean {
    return causes.get(placed)?.every((pair) => done.has(pair.before)) !== false;
  }
}

/** Nanoseconds that clocks may still be apart; what is further apart is another packet with the same content. */
const APART = 1_000_000_000n;

function isPlausible({ before, after }: Pair, clocks: Clocks): boolean {
  return clocks.timeOf(before) - clocks.timeOf(after) < APART;
}

/** On the common clock, and never going back within a file. */
function monotonous(frames: readonly Placed[], clocks: Clocks): Ordered[] {
  let last: bigint | undefined;
  return frames.map((placed) => {
    const time = clocks.timeOf(placed);
    last = last === undefined || time > last ? time : last;
    return { placed, time: last };
  });
}
