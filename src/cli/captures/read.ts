/** Capture files, as the rules are given them: all of their frames, or of very many those that matter. */

import { captureFrames } from "../../capture/read-capture.js";
import type { Capture, CapturedFrame } from "../../forwarding/captured/capture.js";
import { groupBy } from "../../forwarding/group.js";
import { Endpoints } from "../../forwarding/screen/endpoints.js";
import { Flows } from "../../forwarding/screen/flows.js";
import { BUDGET, isForStreams, type Selection, select } from "../../forwarding/screen/select.js";
import type { Setup } from "../../forwarding/setup.js";
import { decodeLink } from "../../packet/link.js";
import { shown } from "../paths.js";
import { divideFiles, divideParts, THREADS, type Threads } from "./division.js";
import type { CaptureSeen } from "./extents.js";
import { type Joined, joined } from "./joined.js";
import { lengthOf, type NumberedFile, type Part, sizeOf } from "./part.js";
import { ReadingBar } from "./reading-bar.js";
import type { Picked } from "./share.js";
import { rereadable } from "./spool.js";
import { alikeLines, unjudged } from "./tallies.js";
import { screenParts, selectFrames } from "./threads.js";

/** Tap and path of a capture file. */
export type TapFile = readonly [tap: string, path: string];

export interface ReadCaptures {
  readonly captures: readonly Capture[];
  /** Whole sentences: what keeps the rest of a file from being read. */
  readonly flaws: readonly string[];
  /** Lines about what was not judged one by one. */
  readonly notes: readonly string[];
  /** Whole sentences: what was not judged, so that nobody can say that it is right. */
  readonly problem?: string;
}

/** Captures up to this size, together, are judged as a whole: a screen is one more thing to be wrong. */
export interface Small {
  readonly frames: number;
  readonly bytes: number;
}

/** Bytes of a segment at least, and segments at most, which take some memory. */
const LEAST_SEGMENT = 1 << 20;
const MOST_SEGMENTS = 1 << 14;

const SMALL: Small = { frames: 20_000, bytes: 40 << 20 };

/**
 * The captures of a setup's taps.
 * @throws CaptureError
 */
export async function readCaptures(
  files: readonly TapFile[],
  setup: Setup,
  small = SMALL,
  threads = THREADS,
): Promise<ReadCaptures> {
  const [paths, names] = await opened(files);
  return (await readWhole(paths, names, small)) ?? (await readScreened(paths, names, setup, threads));
}

/**
 * What tells whose captures these are: all frames, or of very many the first of each file.
 * @throws CaptureError
 */
export async function readHeads(
  files: readonly TapFile[],
  small = SMALL,
): Promise<ReadCaptures & { readonly isWhole: boolean }> {
  const [paths, names] = await opened(files);
  const whole = await readWhole(paths, names, small);
  if (whole !== undefined) return { ...whole, isWhole: true };
  const share = { frames: Math.floor(small.frames / files.length), bytes: Math.floor(small.bytes / files.length) };
  const captures = await Promise.all(paths.map(async (path) => (await readFrames([path], share)).read));
  return { captures: captures.flat().map((one) => captureOf(one, names)), flaws: [], notes: [], isWhole: false };
}

async function opened(files: readonly TapFile[]): Promise<[NumberedFile[], Name[]]> {
  const opened = files.map(async ([, path], number): Promise<NumberedFile> => {
    return path === "-" ? { number, path: await rereadable(), name: "standard input" } : { number, path };
  });
  const names = files.map(([tap, path]) => ({ tap, file: path === "-" ? path : shown(path) }));
  return [await Promise.all(opened), names];
}

interface Name {
  readonly tap: string;
  readonly file: string;
}

class Enough extends Error {}

interface ReadFile {
  readonly file: number;
  readonly frames: readonly Raw[];
}

/** All frames; undefined where they are too many. */
async function readWhole(
  files: readonly NumberedFile[],
  names: readonly Name[],
  small: Small,
): Promise<ReadCaptures | undefined> {
  if (files.reduce((sum, file) => sum + sizeOf(file), 0) > small.bytes) return undefined;
  const { read, flaws, isWhole } = await readFrames(files, small);
  return isWhole ? { captures: read.map((one) => captureOf(one, names)), flaws, notes: [] } : undefined;
}

async function readFrames(files: readonly NumberedFile[], small: Small) {
  const read: ReadFile[] = [];
  const flaws: string[] = [];
  let [frames, bytes, isWhole] = [0, 0, true];
  for (const source of files) {
    const { path, number } = source;
    const byInterface = new Map<string, Raw[]>();
    try {
      const { flaw } = await captureFrames(
        path,
        ({ interfaceName = "", ...frame }) => {
          frames++;
          bytes += frame.bytes.length;
          if (frames > small.frames || bytes > small.bytes) throw new Enough();
          const known = byInterface.get(interfaceName) ?? [];
          byInterface.set(interfaceName, known);
          known.push(frame);
        },
        source,
      );
      if (flaw !== undefined) flaws.push(flaw);
    } catch (error) {
      if (!(error instanceof Enough)) throw error;
      isWhole = false;
    }
    // Nothing recorded is a capture as well.
    for (const own of byInterface.size === 0 ? [[]] : byInterface.values()) read.push({ file: number, frames: own });
    if (!isWhole) break;
  }
  return { read, flaws, isWhole };
}

function captureOf({ file, frames }: ReadFile, names: readonly Name[]): Capture {
  return { ...(names[file] as Name), frames: frames.map(decoded) };
}

/** A frame that was not yet taken apart. */
type Raw = Omit<CapturedFrame, "packet"> & { readonly linkType: number };

function decoded({ linkType, ...frame }: Raw): CapturedFrame {
  return { ...frame, packet: decodeLink(linkType, frame.bytes, frame.wireLength) };
}

async function readScreened(
  files: readonly NumberedFile[],
  names: readonly Name[],
  setup: Setup,
  threads: Threads,
): Promise<ReadCaptures> {
  const endpoints = new Endpoints(setup);
  const total = files.reduce((sum, file) => sum + sizeOf(file), 0);
  const others = Math.floor(BUDGET.others / files.length);
  const limits = { others, segment: Math.max(LEAST_SEGMENT, Math.ceil(total / MOST_SEGMENTS)) };
  const shares = await divideFiles(files, threads);
  let [seen, selection] = await screenAll(false);
  // Rarely, and twice as slow as all the rest: most NICs of a network and its captures leave packets as they are.
  if (isForStreams(selection)) [seen, selection] = await screenAll(true);
  const chosen = seen.segments.filter((_, number) => selection.segments[number] === 1);
  const selected = await selectAll(divideParts(chosen, threads));
  const frames = groupBy(
    [...seen.others, ...selected].toSorted((left, right) => left.number - right.number),
    captureName,
  );
  const captures = files.flatMap(({ number }): Capture[] => {
    const own = seen.captures.filter(({ file }) => file === number);
    const name = names[number] as Name;
    return own.length === 0 ? [{ ...name, frames: [] }] : own.map((capture) => ({ ...name, ...of(capture) }));
  });
  const problem = unjudged(selection, seen.leftOut);
  const foreign = seen.leftOutForeign > 0 ? [`${seen.leftOutForeign} packets of other hosts were left out`] : [];
  const notes = [...alikeLines(selection), ...foreign];
  const flaws = seen.flaws.map(({ flaw }) => flaw);
  return { captures, flaws, notes, ...(problem === undefined ? {} : { problem }) };

  async function screenAll(isOfStreams: boolean): Promise<[Joined, Selection]> {
    using bar = new ReadingBar(total, isOfStreams ? "of the captures read once more" : "of the captures read");
    const screened = await screenParts(setup, shares, { ...limits, isOfStreams }, (bytes) => bar.add(bytes));
    const all = await joined(screened, endpoints, others);
    return [all, select(new Flows(all.seen), endpoints)];
  }

  async function selectAll(shares: readonly Part[][]): Promise<Picked[]> {
    const length = shares.flat().reduce((sum, part) => sum + lengthOf(part), 0);
    using bar = new ReadingBar(length, "of the packets to be judged found");
    return await selectFrames(setup, shares, selection, (bytes) => bar.add(bytes));
  }

  function of(capture: CaptureSeen): Pick<Capture, "frames" | "whole"> {
    const own = (frames.get(captureName(capture)) ?? []).map(({ file: _, interfaceName: __, ...frame }) =>
      decoded(frame),
    );
    return { frames: own, whole: capture.whole };
  }
}

function captureName({ file, interfaceName = "" }: Pick<Picked, "file" | "interfaceName">): string {
  return `${file} ${interfaceName}`;
}
