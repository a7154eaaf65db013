import type { Cause } from "../../forwarding/rule.js";
import { count, STATUS_WORDS } from "../format.js";
import { frameKey, type Place } from "../link.js";
import type { FindingResult } from "../result.js";
import { Sign } from "./badge.js";
import { RuleName } from "./broken.js";
import { Command } from "./copy.js";

/** At most so many frames are listed; a broken director may break a rule ten thousand times. */
const MOST_FRAMES = 12;

interface FindingProps {
  readonly finding: FindingResult;
  readonly id: string;
  /** The address of a frame in the page; undefined where it is not shown. */
  readonly frameHref: (place: Place, field: string | undefined) => string;
  readonly places: ReadonlyMap<string, Place>;
}

/** A finding that is not a plain pass: what was demanded, what came, who is at fault, and what mends it. */
export function Finding({ finding, id, frameHref, places }: FindingProps) {
  const { word } = STATUS_WORDS[finding.status];
  return (
    <article class={`finding ${finding.status}`} id={id} tabIndex={-1} aria-labelledby={`${id}-title`}>
      <h3 id={`${id}-title`}>
        <Sign status={finding.status} /> <RuleName rule={finding.rule} /> <span class="title">{finding.title}</span>{" "}
        <span class={`word ${finding.status}`}>
          {word}
          {finding.count > 1 && `, ${finding.count} times`}
        </span>
      </h3>
      <p class="demand">
        <b class="level">{finding.level}</b> {finding.statement}{" "}
        <span class="quiet">
          {finding.source} · {finding.profile} profile{finding.covered && " · covered by this scenario"}
        </span>
      </p>
      <Outcome finding={finding} />
      <Where finding={finding} frameHref={frameHref} places={places} />
      <Causes causes={finding.causes} />
    </article>
  );
}

/** The most likely cause at once, the others for those whom it does not help. */
function Causes({ causes: [first, ...others] }: Pick<FindingResult, "causes">) {
  if (first === undefined) return null;
  return (
    <>
      <h4>Likely cause</h4>
      <ol class="causes">
        <CauseItem cause={first} />
      </ol>
      {others.length > 0 && (
        <details>
          <summary>{count(others.length, "less likely cause")}</summary>
          <ol class="causes" start={2}>
            {others.map((cause) => (
              <CauseItem key={cause.id} cause={cause} />
            ))}
          </ol>
        </details>
      )}
    </>
  );
}

function CauseItem({ cause: { text, confirm, fix, on } }: { readonly cause: Cause }) {
  return (
    <li>
      {text}
      {confirm !== undefined && <Command label="Confirm" command={confirm} on={on} />}
      {fix !== undefined && <Command label="Mend" command={fix} on={on} />}
    </li>
  );
}

function Outcome({ finding: { expected, observed, lookedFor, reason } }: { readonly finding: FindingResult }) {
  const parts = [
    { label: "Expected", text: expected },
    { label: "Observed", text: observed },
    { label: "Looked for, not found", text: lookedFor },
    { label: "Reason", text: reason },
  ].filter(({ text }) => text !== undefined);
  return (
    <dl class="versus">
      {parts.map(({ label, text }) => (
        <div key={label} class={label === "Observed" ? "observed" : ""}>
          <dt>{label}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

function Where({ finding, frameHref, places }: Omit<FindingProps, "id">) {
  const { suspect, tap, field, frames } = finding;
  return (
    <dl class="where">
      {suspect !== undefined && (
        <div>
          <dt>At fault</dt>
          <dd>
            <strong>{suspect}</strong>
          </dd>
        </div>
      )}
      {tap !== undefined && (
        <div>
          <dt>Seen at tap</dt>
          <dd class="mono">{tap}</dd>
        </div>
      )}
      {field !== undefined && (
        <div>
          <dt>Field</dt>
          <dd class="mono">{field}</dd>
        </div>
      )}
      {frames.length > 0 && (
        <div>
          <dt>Frames</dt>
          <dd class="mono frames">
            {frames.slice(0, MOST_FRAMES).map((frame) => {
              const place = places.get(frameKey(frame));
              const text = `${frame.tap} #${frame.number}`;
              return (
                <span key={text}>
                  {place ? <a href={frameHref(place, frame.tap === tap ? field : undefined)}>{text}</a> : text}
                </span>
              );
            })}
            {frames.length > MOST_FRAMES && <span>and {frames.length - MOST_FRAMES} more</span>}
          </dd>
        </div>
      )}
    </dl>
  );
}
