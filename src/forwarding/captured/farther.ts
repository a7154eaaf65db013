/** Which of two captures of the same frames was taken farther from who answers: there answers are longer in coming. */

import { contentOf } from "../content.js";
import { groupBy } from "../group.js";
import type { CapturedFrame } from "./capture.js";

/** Negative where the first was taken nearer to the server, by the frames that both have once; 0 where they do not tell. */
export function farther(one: readonly CapturedFrame[], other: readonly CapturedFrame[], server: string): number {
  const times = singles(other);
  const both = [...singles(one).values()].flatMap((frame) => {
    const same = times.get(keyOf(frame) ?? "");
    return same === undefined ? [] : [{ frame, delay: frame.time - same.time }];
  });
  const answers = both.flatMap(({ frame, delay }, index) => {
    const asked = both[index - 1];
    const isAnswer = frame.packet.ip?.src === server && asked?.frame.packet.ip?.dst === server;
    return isAnswer ? [delay - asked.delay] : [];
  });
  const longer = answers.filter((delay) => delay > 0n).length;
  const shorter = answers.filter((delay) => delay < 0n).length;
  return longer - shorter;
}

function singles(frames: readonly CapturedFrame[]): Map<string, CapturedFrame> {
  const found = new Map<string, CapturedFrame>();
  for (const [key, same] of groupBy(frames, keyOf))
    if (same[0] !== undefined && same.length === 1) found.set(key, same[0]);
  return found;
}

function keyOf({ packet }: CapturedFrame): string | undefined {
  const found = contentOf(packet);
  return found && `${found.src} ${found.dst} ${found.content} ${packet.ip?.ttl}`;
}
