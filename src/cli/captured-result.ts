import type { CapturedEvidence } from "../forwarding/captured/evidence.js";
import type { CapturedFileResult, CapturedResult } from "../report/result.js";

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
export function tell({ files }: CapturedResult): void {
  const first = files.find(({ clock }) => clock === undefined);
  const reference = first?.taps[0] ?? "";
  for (const { file, taps, frames, foreign, copies, clock } of files) {
    const left = [
      ...(foreign > 0 ? [`${foreign} between other hosts`] : []),
      ...(copies > 0 ? [`${copies} recorded twice`] : []),
    ];
    const without = left.length === 0 ? "" : `, left out: ${left.join(", ")}`;
    const aside = clock === undefined ? "" : `; ${aboutClock(clock, reference)}`;
    process.stderr.write(`${file}: ${frames} frames at ${taps.join(" and ")}${without}${aside}\n`);
  }
}

/** Nanoseconds below which nobody cares how far clocks are apart: no more than what a network takes. */
const NEGLIGIBLE = 100_000;
const MILLISECOND = 1e6;
const SECOND = 1e9;

/** How far a clock is from that of the reference, in a clause. */
export function aboutClock(clock: NonNullable<CapturedFileResult["clock"]>, reference: string): string {
  const { aheadNs, driftNs, shared, uncertaintyNs = 0 } = clock;
  if (shared === 0) return "shares no packet with the others, so its clock cannot be compared with theirs";
  const [ahead, drift] = [Math.abs(aheadNs), Math.abs(driftNs)];
  const doubt = Math.max(uncertaintyNs, NEGLIGIBLE);
  const gained = drift <= doubt ? "" : `, and ${driftNs < 0 ? "loses" : "gains"} ${spoken(drift)} while it records`;
  if (ahead <= doubt) {
    const least = Math.max(Math.ceil((ahead + uncertaintyNs) / NEGLIGIBLE), 1) * NEGLIGIBLE;
    return `its clock agrees with that of ${reference} to within ${spoken(least)}${gained}`;
  }
  return `its clock is ${spoken(ahead)} ${aheadNs < 0 ? "behind" : "ahead of"} that of ${reference}${gained}`;
}

/** `0.1 ms`, `0.7 s`: with two digits, as one would say it. */
function spoken(nanoseconds: number): string {
  const [unit, name] = nanoseconds < SECOND / 10 ? [MILLISECOND, "ms"] : [SECOND, "s"];
  const value = nanoseconds / unit;
  return `${value < 100 ? Number(value.toPrecision(2)) : Math.round(value)} ${name}`;
}
