import type { FrameReference } from "../forwarding/rule.js";
import type { HopResult, JourneyResult } from "./result.js";

/**
 * The address of a capture beside the page; undefined for anything but a relative path.
 * A result may come from anywhere, and a link in it must not lead out of the report.
 */
export function captureLink(path: string): string | undefined {
  const steps = path.split("/");
  if (
    path === "" ||
    /^[a-z][a-z0-9+.-]*:/i.test(path) ||
    path.includes("\\") ||
    steps[0] === "" ||
    steps.includes("..")
  ) {
    return undefined;
  }
  return steps.map(encodeURIComponent).join("/");
}

/** A frame of a hop in the page. */
export interface Place {
  /** Indices. */
  readonly journey: number;
  readonly hop: number;
}

/** Where the frames of journeys are shown, by `frameKey`. */
export function placesOf(journeys: readonly JourneyResult[]): ReadonlyMap<string, Place> {
  return new Map(
    journeys.flatMap(({ hops }, journey) =>
      hops.flatMap((one, hop) => namesOfHop(one).map((name) => [frameKey(name), { journey, hop }] as const)),
    ),
  );
}

/** What the frames of a hop are called in findings. */
export function namesOfHop({ tap, file, frames }: HopResult): FrameReference[] {
  return frames.map((number) => nameOf({ tap, ...(file === undefined ? {} : { file }), number }));
}

/** What a frame is called in findings. */
export function nameOf({ tap, file, number }: FrameReference): FrameReference {
  return file === undefined ? { tap, number } : { tap, file, number };
}

/** Tells frames apart. */
export function frameKey({ tap, file, number }: FrameReference): string {
  return file === undefined ? `${number}@${tap}` : `${number}@${tap} ${file}`;
}
