import { catalogue } from "../catalogue.js";
import type { Evidence } from "../evidence.js";
import { groupBy } from "../group.js";
import type { PaperLab } from "../testing/paper-lab.js";
import type { Capture } from "./capture.js";
import { conclude } from "./conclude.js";
import { evidenceOf } from "./evidence.js";

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

/** What captures of these taps show to be wrong, or leave open: `DR-REQ-04 fail director tcp.seq_raw`. */
export function wrongOf(lab: PaperLab, taps: RegExp, edit = (captures: readonly Capture[]) => captures): string[] {
  const captures = capturesOf(lab.evidence()).filter(({ tap }) => taps.test(tap));
  const { findings } = conclude(evidenceOf(lab.setup, edit(captures)).evidence, catalogue);
  return findings
    .filter(({ status }) => status === "fail" || status === "inconclusive")
    .map(({ rule, status, suspect, field }) => `${rule} ${status} ${suspect} ${field}`);
}
