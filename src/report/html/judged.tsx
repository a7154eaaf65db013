import { count, STATUS_WORDS } from "../format.js";
import { frameKey, type Place } from "../link.js";
import type { FindingResult } from "../result.js";
import { STATUSES } from "../tally.js";
import { isUnkeptPromise } from "../verdict.js";
import { Badge } from "./badge.js";
import { RuleName } from "./broken.js";

/** Of a passing rule: enough to look at one. */
const MOST_FRAMES = 4;

interface JudgedProps {
  readonly findings: readonly FindingResult[];
  readonly places: ReadonlyMap<string, Place>;
  readonly hrefOf: (place: Place) => string;
}

/** Findings that a reader has to look at one by one; the rest go into the table. */
export function deservesRoom(finding: FindingResult): boolean {
  return ["fail", "inconclusive", "declared"].includes(finding.status) || isUnkeptPromise(finding);
}

/** All other rules that were judged. */
export function Judged({ findings, places, hrefOf }: JudgedProps) {
  const others = findings.filter((finding) => !deservesRoom(finding));
  return (
    <section class="judged" aria-labelledby="judged">
      <h2 id="judged">Other rules judged</h2>
      {STATUSES.map((status) => {
        const those = others.filter((finding) => finding.status === status);
        if (those.length === 0) return null;
        return (
          <details key={status} class="fold" open={status === "pass"}>
            <summary>
              <Badge status={status} word={`${count(those.length, "rule")} ${STATUS_WORDS[status].word}`} />
            </summary>
            <RuleTable findings={those} places={places} hrefOf={hrefOf} />
          </details>
        );
      })}
    </section>
  );
}

function RuleTable({ findings, places, hrefOf }: JudgedProps) {
  const isExercised = findings.some(({ count }) => count > 0);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
    <section class="scroll" tabIndex={0} aria-label="Rules">
      <table>
        <thead>
          <tr>
            <th scope="col">Rule</th>
            <th scope="col">Level</th>
            <th scope="col">Demand</th>
            {isExercised && (
              <th scope="col" class="number">
                Times
              </th>
            )}
            <th scope="col">{isExercised ? "Frames" : "Why not, or what would exercise it"}</th>
          </tr>
        </thead>
        <tbody>
          {findings.map(({ rule, level, title, statement, source, count, frames, reason, lookedFor }, index) => (
            <tr key={index}>
              <th scope="row">
                <RuleName rule={rule} />
              </th>
              <td class="level">{level}</td>
              <td class="title">
                {title}
                <span class="quiet">
                  {statement} ({source})
                </span>
              </td>
              {isExercised && <td class="number">{count}</td>}
              <td class="frames">
                {frames.slice(0, MOST_FRAMES).map((frame) => {
                  const place = places.get(frameKey(frame));
                  const text = `${frame.tap} #${frame.number}`;
                  return <span key={text}>{place ? <a href={hrefOf(place)}>{text}</a> : text}</span>;
                })}
                {frames.length > MOST_FRAMES && <span>and {frames.length - MOST_FRAMES} more</span>}
                {frames.length === 0 && (reason ?? lookedFor)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
