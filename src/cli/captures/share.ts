/** What one thread does with its share of the capture files. */

import { readCapture } from "../../capture/read-capture.js";
import { DIRECTION, type Recorded } from "../../capture/reading/record.js";
import type { CapturedFrame, Whole } from "../../forwarding/captured/capture.js";
import { Endpoints } from "../../forwarding/screen/endpoints.js";
import { Screen, type Seen } from "../../forwarding/screen/screen.js";
import type { Selection } from "../../forwarding/screen/select.js";
import { Selector } from "../../forwarding/screen/selector.js";
import type { Setup } from "../../forwarding/setup.js";

/** A capture file, numbered in the order in which the user named them. */
export interface NumberedFile {
  readonly number: number;
  readonly path: string;
  /** What errors call it where nobody wrote the path. */
  readonly name?: string;
}

/** The frames of one interface of a file. */
export interface CaptureSeen {
  /** Different for each interface of each file. */
  readonly key: number;
  readonly file: number;
  readonly interfaceName: string;
  readonly whole: Whole;
}

export interface Screened {
  readonly seen: Seen;
  readonly captures: readonly CaptureSeen[];
  readonly flaws: readonly Flawed[];
}

/** Why the rest of a file could not be read, in whole sentences. */
export interface Flawed {
  readonly file: number;
  readonly flaw: string;
}

/** A frame as it goes from thread to thread: not yet taken apart. */
export type Picked = Omit<CapturedFrame, "packet"> & { readonly capture: number; readonly linkType: number };

export interface Selected {
  readonly frames: readonly Picked[];
  readonly leftOut: number;
  readonly leftOutForeign: number;
}

type Progress = (bytes: number) => void;

const MOST_INTERFACES = 4096;

/** Tells the captures of one file apart, by the names of the interfaces. */
class Interfaces {
  readonly #names = new Map<string, number>();
  readonly #first: number;
  #last: Recorded["source"] | undefined;
  #lastKey = 0;

  constructor({ number }: NumberedFile) {
    this.#first = number * MOST_INTERFACES;
  }

  keyOf(source: Recorded["source"]): number {
    if (source === this.#last) return this.#lastKey;
    const name = source.name ?? "";
    const known = this.#names.get(name) ?? this.#first + this.#names.size;
    this.#names.set(name, known);
    [this.#last, this.#lastKey] = [source, known];
    return known;
  }
}

/** Frames and times of one capture. */
class Extent {
  frames = 0;
  #from = [Number.POSITIVE_INFINITY, 0];
  #to = [Number.NEGATIVE_INFINITY, 0];
  readonly interfaceName: string;

  constructor(interfaceName: string) {
    this.interfaceName = interfaceName;
  }

  add({ seconds, nanoseconds }: Recorded): void {
    this.frames++;
    const [from, to] = [this.#from, this.#to] as [[number, number], [number, number]];
    if (seconds < from[0] || (seconds === from[0] && nanoseconds < from[1]))
      [from[0], from[1]] = [seconds, nanoseconds];
    if (seconds > to[0] || (seconds === to[0] && nanoseconds > to[1])) [to[0], to[1]] = [seconds, nanoseconds];
  }

  get whole(): Whole {
    const [from, to] = [this.#from, this.#to].map(([seconds, nanoseconds]) => {
      return BigInt(seconds ?? 0) * 1_000_000_000n + BigInt(nanoseconds ?? 0);
    }) as [bigint, bigint];
    return { frames: this.frames, from, to };
  }
}

/**
 * Reads the files through a screen.
 * @throws CaptureError
 */
export async function screenShare(
  setup: Setup,
  files: readonly NumberedFile[],
  mostLegs: number,
  progress: Progress,
): Promise<Screened> {
  const screen = new Screen(new Endpoints(setup), mostLegs);
  const extents = new Map<number, Extent>();
  const flaws: Flawed[] = [];
  const captures: CaptureSeen[] = [];
  for (const file of files) {
    const interfaces = new Interfaces(file);
    const visit = (record: Recorded) => {
      const key = interfaces.keyOf(record.source);
      let extent = extents.get(key);
      if (extent === undefined) {
        extent = new Extent(record.source.name ?? "");
        extents.set(key, extent);
      }
      extent.add(record);
      screen.add(key, record);
    };
    const { flaw } = await readCapture(file.path, visit, { ...file, progress });
    if (flaw !== undefined) flaws.push({ file: file.number, flaw });
    for (const [key, { whole, interfaceName }] of extents)
      if (Math.floor(key / MOST_INTERFACES) === file.number)
        captures.push({ key, file: file.number, interfaceName, whole });
  }
  return { seen: screen.seen(), captures, flaws };
}

/**
 * Reads the files once more, for the frames that the rules are given.
 * @param others how many frames of no connection there may be among them
 * @throws CaptureError
 */
export async function selectShare(
  setup: Setup,
  files: readonly NumberedFile[],
  selection: Pick<Selection, "chosen">,
  others: number,
  progress: Progress,
): Promise<Selected> {
  const frames: Picked[] = [];
  let [leftOut, leftOutForeign] = [0, 0];
  for (const file of files) {
    const selector = new Selector(new Endpoints(setup), selection, Math.floor(others / files.length));
    const interfaces = new Interfaces(file);
    const visit = (record: Recorded) => {
      const key = interfaces.keyOf(record.source);
      if (selector.wants(record)) frames.push(picked(key, record));
    };
    await readCapture(file.path, visit, { ...file, progress });
    leftOut += selector.leftOut;
    leftOutForeign += selector.leftOutForeign;
  }
  return { frames, leftOut, leftOutForeign };
}

function picked(capture: number, record: Recorded): Picked {
  const { number, bytes, start, captured, original, seconds, nanoseconds, direction, source } = record;
  return {
    capture,
    linkType: source.linkType,
    number,
    time: BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds),
    bytes: Uint8Array.from(bytes.subarray(start, start + captured)),
    wireLength: original,
    ...(direction === DIRECTION.unknown
      ? {}
      : { direction: direction === DIRECTION.in ? ("in" as const) : ("out" as const) }),
  };
}
