import { count, interval } from "../format.js";
import type { CapturedResult } from "../result.js";

/** The captures that were judged, and what was taken for granted about them. */
export function Captured({ captured: { files, assumed } }: { readonly captured: CapturedResult }) {
  return (
    <section aria-labelledby="captured">
      <h2 id="captured">Captures judged</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
      <section class="scroll" tabIndex={0} aria-label="Captures">
        <table>
          <thead>
            <tr>
              <th scope="col">File</th>
              <th scope="col">Taps</th>
              <th scope="col" class="number">
                Frames
              </th>
              <th scope="col">Left out</th>
              <th scope="col">Clock</th>
            </tr>
          </thead>
          <tbody>
            {files.map(({ file, taps, frames, foreign, copies, clock }) => (
              <tr key={file}>
                <th scope="row">
                  <code>{file}</code>
                </th>
                <td>{taps.join(", ")}</td>
                <td class="number">{frames}</td>
                <td>
                  {foreign + copies === 0 && "nothing"}
                  {foreign > 0 && `${foreign} between other hosts`}
                  {foreign > 0 && copies > 0 && ", "}
                  {copies > 0 && `${copies} recorded twice`}
                </td>
                <td>{clock === undefined ? "the reference" : clockText(clock)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {assumed.length > 0 && (
        <>
          <h3>{count(assumed.length, "thing")} taken for granted</h3>
          <ul>
            {assumed.map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function clockText({ aheadNs, shared }: { readonly aheadNs: number; readonly shared: number }): string {
  if (shared === 0) return "shares no packet with the others";
  return `${interval(Math.abs(aheadNs))} ${aheadNs < 0 ? "behind" : "ahead"}, by ${count(shared, "shared frame")}`;
}
