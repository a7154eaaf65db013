/** Turns what a lab recorded into files as engineers have them. */

import { gzipSync } from "node:zlib";
import { pcapFile, type Recorded } from "../capture/pcap.js";
import { pcapngBytes } from "../capture/pcapng.js";
import type { Frame } from "../packet/frame.js";
import { LINK_TYPE } from "../packet/link.js";
import { cookedBytes } from "./cooked.js";
import { offloaded } from "./offload.js";
import type { FileOptions } from "./recording.js";

/** A Monday in summer: what is recorded anew differs as little as can be from what it takes the place of. */
const EPOCH = 1_717_401_600_000_000_000n;
/** Nanoseconds after which a mirror port delivers a frame for the second time. */
const MIRRORED_AFTER = 4_000n;
const GZIP = { level: 9 } as const;

/** The bytes of one capture file; `frames` are those of all taps of the lab. Nothing may have come to its own. */
export function captureFile(name: string, options: FileOptions, frames: readonly Frame[]): Uint8Array {
  const tap = options.tap ?? name.replace(/\..*$/, "");
  const own = frames.filter((frame) => frame.tap === tap || frame.host === tap).slice(options.after ?? 0);
  const seen = options.offload ? offloaded(own) : own;
  const start = frames[0]?.time ?? 0n;
  const timed = seen.map((frame) => ({ frame, time: clock(frame.time - start, options) }));
  const all = options.mirrored ? timed.flatMap((one) => [one, { ...one, time: one.time + MIRRORED_AFTER }]) : timed;
  const inOrder = all.toSorted((one, other) => Number(one.time - other.time));
  const bytes = name.includes(".pcapng") ? pcapng(inOrder, options) : classic(inOrder, options);
  return name.endsWith(".gz") ? gzipSync(bytes, GZIP) : bytes;
}

interface Timed {
  readonly frame: Frame;
  readonly time: bigint;
}

/** @param elapsed nanoseconds since the first frame of the lab */
function clock(elapsed: bigint, { ahead = 0, drift = 0 }: FileOptions): bigint {
  return EPOCH + elapsed + BigInt(Math.round(ahead * 1e9 + (Number(elapsed) * drift) / 1e6));
}

function pcapng(timed: readonly Timed[], { snap = Number.POSITIVE_INFINITY }: FileOptions): Uint8Array {
  const frames = timed.map(
    ({ frame: { number, tap, host, direction, wireLength, checksumReady, packet, bytes }, time }) => ({
      number,
      tap: tap.replace(/^.*\//, ""),
      host,
      direction,
      time,
      bytes: bytes.subarray(0, snap),
      wireLength,
      checksumReady,
      packet,
    }),
  );
  return pcapngBytes(frames, "hopcheck");
}

function classic(timed: readonly Timed[], { cooked, snap, nanoseconds }: FileOptions): Uint8Array {
  const taps = [...new Set(timed.map(({ frame }) => frame.tap))];
  const recorded = timed.map(({ frame, time }): Recorded => {
    if (cooked === undefined) return { time, bytes: frame.bytes, wireLength: frame.wireLength };
    const bytes = cookedBytes(frame, cooked === "sll" ? 1 : 2, taps.indexOf(frame.tap) + 2);
    return { time, bytes, wireLength: frame.wireLength + bytes.length - frame.bytes.length };
  });
  return pcapFile(recorded, {
    nanoseconds: nanoseconds ?? false,
    ...(cooked === undefined ? {} : { linkType: LINK_TYPE[cooked] }),
    ...(snap === undefined ? {} : { snapLength: snap }),
  });
}
