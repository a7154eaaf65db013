import type { Cause } from "../forwarding/rule.js";
import { STATUS_WORDS } from "./format.js";
import { type Anchors, frameKey } from "./link.js";
import type { FindingResult } from "./result.js";

/** At most so many frames are listed; a broken director may break a rule ten thousand times. */
const MOST_FRAMES = 12;

interface FailureProps {
  readonly finding: FindingResult;
  readonly id: string;
  readonly anchors: Anchors;
}

/** A finding that is not a plain pass: what was demanded, what came, who is at fault, and what mends it. */
export function Failure({ finding, id, anchors }: FailureProps) {
  const { word, sign } = STATUS_WORDS[finding.status];
  return (
    <details class={`finding ${finding.status}`} id={id} open={finding.status !== "declared"}>
      <summary>
        <h4>
          <span class="sign" aria-hidden="true">
            {sign}
          </span>{" "}
          <span class="rule mono">{finding.rule}</span>
          <span class="title">{finding.title}</span> · {word}
          {finding.count > 1 && `, ${finding.count} times`}
        </h4>
      </summary>
      <div class="body">
        <p class="demand">
          <strong>{finding.level}</strong> {finding.statement}
          <span class="source">
            {finding.source} · {finding.profile} profile{finding.covered && " · covered by this scenario"}
          </span>
        </p>
        <Outcome finding={finding} />
        <Where finding={finding} anchors={anchors} />
        <Causes causes={finding.causes} />
      </div>
    </details>
  );
}

function Outcome({ finding: { expected, observed, lookedFor, reason } }: { readonly finding: FindingResult }) {
  const parts = [
    { label: "Expected", text: expected },
    { label: "Observed", text: observed },
    { label: "Looked for, not found", text: lookedFor },
    { label: "Reason, by the director's file", text: reason },
  ].filter(({ text }) => text !== undefined);
  if (parts.length === 0) {
    return null;
  }
  return (
    <dl class="outcome">
      {parts.map(({ label, text }) => (
        <div key={label} class={label.toLowerCase().split(/\W/, 1)[0]}>
          <dt>{label}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

function Where({ finding, anchors }: { readonly finding: FindingResult; readonly anchors: Anchors }) {
  const { suspect, tap, field, frames } = finding;
  if (suspect === undefined && tap === undefined && field === undefined && frames.length === 0) {
    return null;
  }
  return (
    <dl class="where">
      {suspect !== undefined && (
        <div class="suspect">
          <dt>At fault</dt>
          <dd>{suspect}</dd>
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
          <dd class="mono">
            {frames.slice(0, MOST_FRAMES).map((frame, index) => {
              const anchor = anchors.get(frameKey(frame));
              const text = `${frame.tap} #${frame.number}`;
              return [index > 0 && ", ", anchor ? <a href={`#${anchor}`}>{text}</a> : text];
            })}
            {frames.length > MOST_FRAMES && ` and ${frames.length - MOST_FRAMES} more`}
          </dd>
        </div>
      )}
    </dl>
  );
}

function Causes({ causes }: { readonly causes: readonly Cause[] }) {
  if (causes.length === 0) {
    return null;
  }
  return (
    <>
      <h5>{causes.length === 1 ? "Likely cause" : "Likely causes, most likely first"}</h5>
      <ol class="causes">
        {causes.map((cause) => (
          <li key={cause.id}>
            {cause.text}
            <Command label="Confirm" command={cause.confirm} on={cause.on} />
            <Command label="Mend" command={cause.fix} on={cause.on} />
          </li>
        ))}
      </ol>
    </>
  );
}

interface CommandProps {
  readonly label: string;
  readonly command: string | undefined;
  readonly on: string | undefined;
}

function Command({ label, command, on }: CommandProps) {
  if (command === undefined) {
    return null;
  }
  return (
    <div class="typed">
      <p>
        {label}
        {on && ` on ${on}`}
      </p>
      <pre class="command">
        <code>{command}</code>
      </pre>
    </div>
  );
}
