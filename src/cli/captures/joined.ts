/** Puts together what several threads saw, as if one had. */

import { type Mark, readCapture } from "../../capture/read-capture.js";
import type { Whole } from "../../forwarding/captured/capture.js";
import { groupBy } from "../../forwarding/group.js";
import type { Endpoints } from "../../forwarding/screen/endpoints.js";
import { Located } from "../../forwarding/screen/located.js";
import { Others } from "../../forwarding/screen/others.js";
import { renumberCaptures } from "../../forwarding/screen/screen.js";
import type { CaptureSeen } from "./extents.js";
import type { Part } from "./part.js";
import type { Flawed, Picked, Screened } from "./share.js";

export interface Joined extends Omit<Screened, "seen" | "reached"> {
  readonly seen: readonly Screened["seen"][];
}

/**
 * Leaves out what was read from a seam at which the part before did not arrive, which then was read on to the end of the
 * file, and gives packets and captures the numbers that they have in the whole.
 * @param screened in the order of the files
 * @param most frames of no connection in each file
 * @throws CaptureError
 */
export async function joined(screened: readonly Screened[], endpoints: Endpoints, most: number): Promise<Joined> {
  const kept: Screened[] = [];
  for (const one of screened) {
    const isRest = (one.segments[0]?.from.position ?? 0) > 0;
    const before = kept.at(-1)?.reached;
    if (!isRest) kept.push(one);
    else if (before !== undefined) kept.push(await numbered(one, before.number));
  }
  const captures = new Map<string, CaptureSeen>();
  for (const one of kept)
    renumberCaptures(
      one.seen,
      one.captures.map((capture) => merge(capture, captures)),
    );
  const others = limited(
    kept.flatMap((one) => one.others),
    endpoints,
    most,
  );
  return {
    seen: kept.map(({ seen }) => seen),
    captures: [...captures.values()],
    flaws: kept.flatMap(({ flaws }) => flaws),
    segments: kept.flatMap(({ segments }) => segments),
    others: others.kept,
    leftOut: kept.reduce((sum, one) => sum + one.leftOut, others.leftOut),
    leftOutForeign: kept.reduce((sum, one) => sum + one.leftOutForeign, others.leftOutForeign),
  };
}

/** The rest of a file behind this many packets. */
async function numbered(one: Screened, before: number): Promise<Screened> {
  const moved = (mark: Mark): Mark => ({ ...mark, number: mark.number + before });
  const segments = one.segments.map(({ until, ...part }): Part => {
    const own = { ...part, from: moved(part.from) };
    return until === undefined ? own : { ...own, until: moved(until) };
  });
  return {
    ...one,
    segments,
    others: one.others.map((frame) => ({ ...frame, number: frame.number + before })),
    flaws: one.flaws.length === 0 ? [] : await flawsOf(segments.at(-1)),
    ...(one.reached === undefined ? {} : { reached: moved(one.reached) }),
  };
}

/** What is wrong with the last segment of a file, told again, since its sentence has the number of a packet in it. */
async function flawsOf(segment: Part | undefined): Promise<Flawed[]> {
  if (segment === undefined) return [];
  const { flaw } = await readCapture(segment.path, () => {}, segment);
  return flaw === undefined ? [] : [{ file: segment.number, flaw }];
}

/** @returns the number that the capture has among all */
function merge(capture: CaptureSeen, all: Map<string, CaptureSeen>): number {
  const name = `${capture.file} ${capture.interfaceName}`;
  const known = all.get(name) ?? { ...capture, key: all.size, whole: undefined };
  all.set(name, { ...known, whole: known.whole === undefined ? capture.whole : both(known.whole, capture.whole) });
  return known.key;
}

function both(one: Whole, other: Whole): Whole {
  return {
    frames: one.frames + other.frames,
    from: (other.from < one.from ? other : one).from,
    to: (other.to > one.to ? other : one).to,
  };
}

/** As many as would have been kept had each file been read by one thread. */
function limited(frames: readonly Picked[], endpoints: Endpoints, most: number) {
  const located = new Located(endpoints);
  const kept: Picked[] = [];
  let [leftOut, leftOutForeign] = [0, 0];
  for (const own of groupBy(frames, ({ file }) => file).values()) {
    const others = new Others(located, most);
    for (const frame of own) {
      const { bytes, linkType, wireLength } = frame;
      const raw = { bytes, start: 0, captured: bytes.length, original: wireLength, direction: 0, source: { linkType } };
      located.locate(raw);
      if (others.wants(raw)) kept.push(frame);
    }
    leftOut += others.leftOut;
    leftOutForeign += others.leftOutForeign;
  }
  return { kept, leftOut, leftOutForeign };
}
