import type { Status } from "../forwarding/rule.js";
import { Badge } from "./badge.js";
import { chooseJourneys, openJourneys } from "./choose.js";
import { Failure } from "./finding.js";
import { count, duration, frameList, models, STATUS_WORDS, VERDICT_WORDS } from "./format.js";
import { Journey } from "./journey.js";
import { captureLink, frameAnchors } from "./link.js";
import type { FindingResult, HostResult, ScenarioResult } from "./result.js";
import { bySeverity } from "./tally.js";
import { isUnkeptPromise } from "./verdict.js";

interface ScenarioProps {
  readonly scenario: ScenarioResult;
  /** What the ids of everything inside begin with; made of counters only, never of text from a file. */
  readonly id: string;
  readonly open: boolean;
}

/** One scenario: what was found, the packets it was found in, and how to run it again. */
export function Scenario({ scenario, id, open }: ScenarioProps) {
  const journeys = chooseJourneys(scenario);
  const anchors = frameAnchors(journeys, id);
  const opened = openJourneys(journeys, scenario.findings);
  const shown = scenario.findings.map((finding, index) => ({ ...finding, id: `${id}-f${index + 1}` }));
  return (
    <section class="scenario" id={id} aria-labelledby={`${id}-title`}>
      <details open={open}>
        <summary>
          <h2 id={`${id}-title`}>
            <Badge status={scenario.verdict} word={VERDICT_WORDS[scenario.verdict]} /> {scenario.title}
          </h2>
          <span class="meta">
            <code>{scenario.file}</code> · {models(scenario.models)} · {duration(scenario.durationMs)}
          </span>
        </summary>
        {scenario.problem !== undefined && (
          <p class="problem">
            <strong>The scenario did not end as it should.</strong> <span class="lines">{scenario.problem}</span>
          </p>
        )}
        {scenario.reason !== undefined && (
          <p class="problem">
            <strong>Not run: the director does not support what it asks for.</strong>{" "}
            <span class="lines">{scenario.reason}</span>
          </p>
        )}
        <h3>Findings</h3>
        {shown.length === 0 && <p>None: no rule was exercised, and no traffic never passes.</p>}
        {bySeverity(shown)
          .filter(deservesRoom)
          .map((finding) => (
            <Failure key={finding.id} finding={finding} id={finding.id} anchors={anchors} />
          ))}
        {(["pass", "not-supported", "not-exercised"] as const).map((status) => (
          <Others
            key={status}
            status={status}
            findings={shown.filter((one) => one.status === status && !deservesRoom(one))}
          />
        ))}
        {journeys.length > 0 && <h3>Packets, hop by hop</h3>}
        {journeys.map((journey, index) => (
          <Journey
            key={index}
            journey={journey}
            id={`${id}-j${index + 1}`}
            open={opened.has(journey)}
            findings={shown}
          />
        ))}
        <More hidden={scenario.journeys.length - journeys.length} leftOut={scenario.journeysLeftOut ?? 0} />
        <h3>Network and capture</h3>
        <Hosts hosts={scenario.hosts} />
        <Again scenario={scenario} />
      </details>
    </section>
  );
}

/** Where the journeys are that the page has no room for. */
function More({ hidden, leftOut }: { readonly hidden: number; readonly leftOut: number }) {
  if (hidden + leftOut === 0) {
    return null;
  }
  return (
    <p class="fold quiet">
      {hidden > 0 && (
        <>
          {count(hidden, "more journey")} in <code>results.json</code>
          {leftOut > 0 ? "; " : "."}
        </>
      )}
      {leftOut > 0 && `${leftOut} more in the capture.`}
    </p>
  );
}

/** Findings that a reader has to look at one by one; the rest go into tables. */
function deservesRoom(finding: FindingResult): boolean {
  return ["fail", "inconclusive", "declared"].includes(finding.status) || isUnkeptPromise(finding);
}

function Others({ status, findings }: { readonly status: Status; readonly findings: readonly FindingResult[] }) {
  if (findings.length === 0) {
    return null;
  }
  const { word } = STATUS_WORDS[status];
  return (
    <details class="fold">
      <summary>
        <Badge status={status} word={`${count(findings.length, "rule")} ${word}`} />
      </summary>
      <div class="scroll">
        <table>
          <caption>Rules {word}</caption>
          <thead>
            <tr>
              <th scope="col">Rule</th>
              <th scope="col">Level</th>
              <th scope="col">Demand</th>
              <th scope="col">Times</th>
              <th scope="col">Frames</th>
            </tr>
          </thead>
          <tbody>
            {findings.map((finding, index) => (
              <tr key={index}>
                <th scope="row" class="mono">
                  {finding.rule}
                </th>
                <td>{finding.level}</td>
                <td class="title">{finding.title}</td>
                <td>{finding.count}</td>
                <td>
                  {finding.frames.length > 0 ? frameList(finding.frames, 4) : (finding.reason ?? finding.lookedFor)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function Hosts({ hosts }: { readonly hosts: readonly HostResult[] }) {
  if (hosts.length === 0) {
    return null;
  }
  return (
    <details class="fold">
      <summary>{count(hosts.length, "host")}</summary>
      <div class="scroll">
        <table>
          <caption>Hosts and their interfaces</caption>
          <thead>
            <tr>
              <th scope="col">Host</th>
              <th scope="col">Role</th>
              <th scope="col">Tap</th>
              <th scope="col">Address</th>
              <th scope="col">MAC</th>
            </tr>
          </thead>
          <tbody>
            {hosts.flatMap(({ name, role, nics }) =>
              nics.map((nic) => (
                <tr key={nic.tap}>
                  <th scope="row">{name}</th>
                  <td>{role}</td>
                  <td class="mono">{nic.tap}</td>
                  <td class="mono">{nic.ip}</td>
                  <td class="mono">{nic.mac}</td>
                </tr>
              )),
            )}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function Again({ scenario }: { readonly scenario: ScenarioResult }) {
  const href = scenario.capture === undefined ? undefined : captureLink(scenario.capture);
  return (
    <div class="again fold">
      {scenario.capture !== undefined && (
        <p>
          All frames, for Wireshark: {href ? <a href={href}>{scenario.capture}</a> : <code>{scenario.capture}</code>}
        </p>
      )}
      <p>Run it again:</p>
      <pre class="command">
        <code>{scenario.reproduce}</code>
      </pre>
    </div>
  );
}
