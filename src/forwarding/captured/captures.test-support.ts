import type { Evidence } from "../evidence.js";
import { groupBy } from "../group.js";
import type { Capture } from "./capture.js";

/** What a lab on paper recorded, as files of machines whose clocks are so many nanoseconds ahead; none says which way frames went. */
export function capturesOf({ frames }: Evidence, ahead: Readonly<Record<string, bigint>> = {}): Capture[] {
  return [...groupBy(frames, ({ tap }) => tap)].map(([tap, own]) => ({
    tap,
    file: `${tap}.pcap`,
    frames: own.map(({ number, time, bytes, wireLength, packet, host }) => {
      return { number, time: time + (ahead[host] ?? 0n), bytes, wireLength, packet };
    }),
  }));
}
