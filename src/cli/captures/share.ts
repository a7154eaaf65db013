/** What one thread does with its share of the capture files. */

import { type CapturedFrame, copied, type Mark, readCapture } from "../../capture/read-capture.js";
import { Endpoints } from "../../forwarding/screen/endpoints.js";
import { Others } from "../../forwarding/screen/others.js";
import { Screen, type Seen } from "../../forwarding/screen/screen.js";
import type { Selection } from "../../forwarding/screen/select.js";
import { Selector } from "../../forwarding/screen/selector.js";
import type { Setup } from "../../forwarding/setup.js";
import { type CaptureSeen, Extents } from "./extents.js";
import { type Part, Segments } from "./part.js";

/** Tells how many bytes of a part were read. */
export type Progress = (bytes: number) => void;

/** A frame as it goes from thread to thread: not yet taken apart. */
export type Picked = CapturedFrame & { readonly file: number };

/** Why the rest of a file could not be read, in whole sentences. */
export interface Flawed {
  readonly file: number;
  readonly flaw: string;
}

export interface Screened {
  readonly seen: Seen;
  readonly captures: readonly CaptureSeen[];
  readonly flaws: readonly Flawed[];
  /** By the numbers that the screen knows them by. */
  readonly segments: readonly Part[];
  /** Of no connection, and kept. */
  readonly others: readonly Picked[];
  /** Frames of no connection that were not kept: about the setup's hosts, and of others. */
  readonly leftOut: number;
  readonly leftOutForeign: number;
  /** Where the last part ended, if it ended where it was to and not with its file. */
  readonly reached?: Mark;
}

export interface Limits {
  readonly legs: number;
  /** Frames of no connection, in each file. */
  readonly others: number;
  /** Bytes of a segment, at least. */
  readonly segment: number;
  /** Whether what cutting leaves as it is is looked for. */
  readonly isOfStreams: boolean;
}

/**
 * Reads parts of files through a screen.
 * @throws CaptureError
 */
export async function screenShare(
  setup: Setup,
  parts: readonly Part[],
  limits: Limits,
  progress: Progress,
): Promise<Screened> {
  const screen = new Screen(new Endpoints(setup), limits.legs, limits.isOfStreams);
  const extents = new Extents();
  const segments = new Segments(limits.segment);
  const flaws: Flawed[] = [];
  const others: Picked[] = [];
  let [leftOut, leftOutForeign] = [0, 0];
  let reached: Mark | undefined;
  for (const part of parts) {
    const ofFile = new Others(screen.located, limits.others);
    extents.begin(part.number);
    segments.all.push(part);
    screen.beginSegment();
    const summary = await readCapture(
      part.path,
      (record) => {
        if (!screen.add(extents.add(record), record) && ofFile.wants(record))
          others.push({ file: part.number, ...copied(record) });
      },
      {
        ...part,
        progress,
        mark: (mark) => {
          if (segments.add(mark)) screen.beginSegment();
        },
      },
    );
    if (summary.flaw !== undefined) flaws.push({ file: part.number, flaw: summary.flaw });
    leftOut += ofFile.leftOut;
    leftOutForeign += ofFile.leftOutForeign;
    reached = summary.reached;
  }
  const seen = screen.seen();
  const found = { seen, captures: extents.seen, flaws, segments: segments.all, others, leftOut, leftOutForeign };
  return reached === undefined ? found : { ...found, reached };
}

/**
 * Reads parts of files once more, for the frames of the connections that the rules are given.
 * @throws CaptureError
 */
export async function selectShare(
  setup: Setup,
  parts: readonly Part[],
  selection: Pick<Selection, "chosen">,
  progress: Progress,
): Promise<Picked[]> {
  const frames: Picked[] = [];
  const selector = new Selector(new Endpoints(setup), selection);
  for (const part of parts) {
    const { number: file } = part;
    await readCapture(
      part.path,
      (record) => {
        if (selector.wants(record)) frames.push({ file, ...copied(record) });
      },
      { ...part, progress },
    );
  }
  return frames;
}
