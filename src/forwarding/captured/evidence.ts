/** From capture files to evidence: who sent what when, on one clock, and where nobody looked. */

import type { Frame } from "../../packet/frame.js";
import type { Coverage, Window } from "../coverage.js";
import type { Evidence } from "../evidence.js";
import { groupBy } from "../group.js";
import { followJourneys } from "../journey.js";
import { modelled } from "../observed.js";
import type { Service, Setup } from "../setup.js";
import { earliest, latest } from "../times.js";
import type { Capture } from "./capture.js";
import { type Clock, Clocks, uniquePairs } from "./clocks.js";
import { withoutCopies } from "./duplicates.js";
import { learnMacs } from "./learn.js";
import { inOrder, type Ordered } from "./order.js";
import { type PlacedCapture, placeFrames } from "./place.js";

/** Evidence out of captures, and what had to be found out for it. */
export interface CapturedEvidence {
  readonly evidence: Evidence;
  /** In whole sentences: where the captures contradict the setup. */
  readonly contradictions: readonly string[];
  /** One of each file but that whose clock the others are compared with. */
  readonly clocks: readonly Clock[];
  /** The file whose clock the evidence's times are of. */
  readonly reference: string;
  readonly files: readonly CapturedFile[];
}

/** What was made of a capture. */
export interface CapturedFile {
  readonly file: string;
  /** The taps that its frames were recorded at. */
  readonly taps: readonly string[];
  readonly frames: number;
  /** Frames between other hosts, which were left out. */
  readonly foreign: number;
  /** Copies that the capture made of its own frames, which were left out. */
  readonly copies: number;
}

/**
 * @param setup MACs, and MTUs of 0, need not be known
 * @param withoutModel the services whose model is to be read off the frames: that which the setup has is none
 */
export function evidenceOf(
  setup: Setup,
  captures: readonly Capture[],
  withoutModel: readonly Service[] = [],
): CapturedEvidence {
  const learnt = learnMacs(setup, captures);
  const placed = captures.flatMap(
    (capture) => placeFrames(learnt.setup, capture, learnt.taps.get(capture) ?? "") ?? [],
  );
  const cleaned = placed.map((one) => ({ ...one, ...withoutCopies(one.frames) }));
  const timed = placed.map(({ capture: { file }, host }) => ({ file, host: host.name }));
  const isDirector = ({ host }: PlacedCapture) => host.role === "director";
  const first = timed[Math.max(0, placed.findIndex(isDirector))];
  const pairs = uniquePairs(cleaned.flatMap(({ frames }) => frames));
  const files = new Map([...(first ? [first] : []), ...timed].map((one) => [one.file, one]));
  const clocks = new Clocks([...files.values()], pairs);
  const merged = inOrder(
    cleaned.map(({ frames }) => frames),
    clocks,
    pairs,
  );
  const frames = framesOf(merged, cleaned);
  const known = modelled(learnt.setup, frames, withoutModel);
  const evidence: Evidence = {
    setup: known,
    frames,
    journeys: followJourneys(frames, known, true),
    settled: false,
    coverage: coverageOf(placed, clocks),
  };
  const made = cleaned.map(({ capture, taps, foreign, copies }) => {
    return { file: capture.file, taps, frames: capture.frames.length, foreign, copies };
  });
  return {
    evidence,
    contradictions: learnt.contradictions,
    clocks: clocks.clocks,
    reference: first?.file ?? "",
    files: made,
  };
}

function framesOf(merged: readonly Ordered[], captures: readonly PlacedCapture[]): Frame[] {
  const filesOf = new Map<string, Set<string>>();
  for (const { capture, taps } of captures)
    for (const tap of taps) filesOf.set(tap, (filesOf.get(tap) ?? new Set()).add(capture.file));
  return merged.map(({ placed: { frame, host, tap, direction, capture }, time }) => {
    const { number, bytes, wireLength, packet } = frame;
    const isOneOfSeveral = (filesOf.get(tap)?.size ?? 0) > 1;
    const common = { number, tap, host, direction, time, bytes, wireLength, checksumReady: undefined, packet };
    return isOneOfSeveral ? { ...common, file: capture.file } : common;
  });
}

/** Nanoseconds between the pieces of a rotated capture in which nothing can have been lost. */
const SEAMLESS = 100_000_000n;

function coverageOf(captures: readonly PlacedCapture[], clocks: Clocks): Coverage {
  const windows = captures.flatMap(({ capture: { file, frames }, taps }) => {
    const times = frames.map(({ time }) => clocks.read(file, time));
    const [from, to] = [earliest(times), latest(times)];
    if (from === undefined || to === undefined) return [];
    return taps.map((tap) => ({ tap, window: { from, to } }));
  });
  const byTap = groupBy(windows, ({ tap }) => tap);
  return new Map([...byTap].map(([tap, own]) => [tap, joined(own.map(({ window }) => window))]));
}

function joined(windows: readonly Window[]): Window[] {
  const joint: Window[] = [];
  for (const next of windows.toSorted((left, right) => Number(left.from - right.from))) {
    const last = joint.at(-1);
    if (last !== undefined && next.from - last.to <= SEAMLESS) {
      joint[joint.length - 1] = { from: last.from, to: latest([last.to, next.to]) ?? next.to };
    } else joint.push(next);
  }
  return joint;
}
