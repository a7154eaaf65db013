import type { FrameReference } from "../forwarding/rule.js";
import type { JourneyResult } from "./result.js";

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

/** Where in the page a frame is shown, by tap and number. */
export type Anchors = ReadonlyMap<string, string>;

/** The anchors of all frames in the journeys that the page shows of a scenario. */
export function frameAnchors(journeys: readonly JourneyResult[], id: string): Anchors {
  const anchors = new Map<string, string>();
  for (const [index, journey] of journeys.entries()) {
    for (const [at, hop] of journey.hops.entries()) {
      for (const number of hop.frames) {
        anchors.set(frameKey({ ...hop, number }), hopId(`${id}-j${index + 1}`, at));
      }
    }
  }
  return anchors;
}

/** The key of a frame in `Anchors`. */
export function frameKey({ tap, file, number }: FrameReference): string {
  return file === undefined ? `${number}@${tap}` : `${number}@${tap} ${file}`;
}

/** The id of a hop's column. */
export function hopId(journeyId: string, hop: number): string {
  return `${journeyId}-h${hop + 1}`;
}
