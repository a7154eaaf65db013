import type { CapturedEvidence } from "../forwarding/captured/evidence.js";
import { interval } from "../report/format.js";
import type { CapturedResult } from "../report/result.js";

/** What was found out about the captures, as results have it. */
export function capturedResult({ files, clocks }: CapturedEvidence, assumed: readonly string[]): CapturedResult {
  return {
    files: files.map((file) => {
      const clock = clocks.find((one) => one.file === file.file);
      if (clock === undefined) return file;
      const { ahead, drift, uncertainty, shared } = clock;
      const common = { aheadNs: Number(ahead), driftNs: Number(drift), shared };
      return { ...file, clock: uncertainty === undefined ? common : { ...common, uncertaintyNs: Number(uncertainty) } };
    }),
    assumed,
  };
}

/** The same on stderr: what of each file was judged, and how far its clock is from the others'. */
export function tell({ files, clocks, reference }: CapturedEvidence): void {
  for (const { file, taps, frames, foreign, copies } of files) {
    const left = [
      ...(foreign > 0 ? [`${foreign} between other hosts`] : []),
      ...(copies > 0 ? [`${copies} recorded twice`] : []),
    ];
    const without = left.length === 0 ? "" : `, left out: ${left.join(", ")}`;
    process.stderr.write(`${file}: ${frames} frames at ${taps.join(" and ")}${without}\n`);
  }
  for (const { file, ahead, drift, uncertainty, shared } of clocks) {
    if (shared === 0) {
      process.stderr.write(`${file}: shares no packet with the others, so its clock cannot be compared with theirs\n`);
      continue;
    }
    const [by, way] = [interval(Math.abs(Number(ahead))), ahead < 0n ? "behind" : "ahead of"];
    const known = uncertainty === undefined ? "" : ` ± ${interval(Number(uncertainty))}`;
    const gained = drift === 0n ? "" : `, and ${drift < 0n ? "lost" : "gained"} ${interval(Math.abs(Number(drift)))}`;
    process.stderr.write(
      `${file}: its clock is ${by}${known} ${way} that of ${reference}${gained}, by ${shared} packets\n`,
    );
  }
}
