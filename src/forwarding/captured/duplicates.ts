/** Mirror ports copy a frame where it comes in and again where it goes out: the same bytes twice at one tap. */

import { hash } from "../datagram.js";
import type { Placed } from "./place.js";

/** Nanoseconds within which a copy follows: far less than any retransmission takes. */
const SOON = 5_000_000n;
/** The share of frames that must come twice for the capture, not the network, to be what doubles them. */
const MOST = 0.5;
/** Frames from which on a share says something. */
const ENOUGH = 4;

/** @returns the frames without the copies that the capture made, and how many those were */
export function withoutCopies(frames: readonly Placed[]): { frames: readonly Placed[]; copies: number } {
  const copies = new Set<Placed>();
  const open = new Map<string, Placed>();
  let candidates = 0;
  for (const placed of frames) {
    const { frame, direction, tap } = placed;
    if (frame.packet.ip === undefined) continue;
    candidates++;
    const key = `${tap} ${direction} ${frame.bytes.length} ${hash(frame.bytes)}`;
    const first = open.get(key);
    if (first !== undefined && frame.time - first.frame.time <= SOON) {
      copies.add(placed);
      open.delete(key);
    } else open.set(key, placed);
  }
  const originals = candidates - copies.size;
  if (candidates < ENOUGH || copies.size < originals * MOST) return { frames, copies: 0 };
  return { frames: frames.filter((placed) => !isCopy(placed)), copies: copies.size };

  function isCopy(placed: Placed): boolean {
    return copies.has(placed);
  }
}
