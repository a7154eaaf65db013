import { deflateRawSync } from "node:zlib";
import type { FrameReference } from "../../forwarding/rule.js";
import { frameKey, namesOfHop } from "../link.js";
import type { ScenarioResult } from "../result.js";
import type { PackedFrames, ScenarioEvidence } from "./data.js";
import { takeFrames, tapsOf } from "./pcapng-blocks.js";

/** Bytes of a capture that a page holds as a whole; of a longer one it has the frames of the journeys that it shows. */
const WHOLE_CAPTURE = 2_000_000;

/** Compressed, in base64: a scenario's evidence says the same over and over, and no text of it can end a script. */
export function pack(evidence: ScenarioEvidence): string {
  return deflateRawSync(JSON.stringify(evidence)).toString("base64");
}

/** The frames of a scenario's capture as the page takes them; undefined where it is no capture of ours. */
export function packFrames(
  scenario: ScenarioResult,
  capture: Uint8Array,
  most = WHOLE_CAPTURE,
): PackedFrames | undefined {
  const taps = tapsOf(capture);
  if (taps === undefined) return undefined;
  // A lab's frames are numbered as its one capture has them.
  const numbered = taps.map((tap, index): FrameReference => ({ tap, number: index + 1 }));
  const names = scenario.captureFrames ?? numbered;
  if (capture.length <= most) return { pcapng: base64(capture), names };
  const shown = new Set(scenario.journeys.flatMap(({ hops }) => hops.flatMap((hop) => namesOfHop(hop).map(frameKey))));
  const isShown = (name?: FrameReference) => name !== undefined && shown.has(frameKey(name));
  return {
    pcapng: base64(takeFrames(capture, (index) => isShown(names[index]))),
    names: names.filter((name) => isShown(name)),
    of: names.length,
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
