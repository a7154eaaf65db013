import { useEffect } from "preact/hooks";
import { firstJourney } from "../choose.js";
import { duration, models, problemTitle, VERDICT_WORDS } from "../format.js";
import { captureLink, placesOf } from "../link.js";
import type { FindingResult, LogResult, ScenarioResult } from "../result.js";
import { bySeverity } from "../tally.js";
import { Badge } from "./badge.js";
import { Captured } from "./captured.js";
import { Command } from "./copy.js";
import type { PageData, PageScenario, ScenarioEvidence } from "./data.js";
import { Downloads } from "./downloads.js";
import { Finding } from "./finding.js";
import { deservesRoom, Judged } from "./judged.js";
import { Packets } from "./packets.js";
import { href, type Spot } from "./route.js";

interface ScenarioProps {
  readonly data: PageData;
  readonly index: number;
  readonly evidence: ScenarioEvidence;
  readonly spot: Spot;
}

/** One scenario: what was found, the packets it was found in, and how to run it again. */
export function Scenario({ data, index, evidence, spot }: ScenarioProps) {
  const scenario = data.scenarios[index] as PageScenario;
  const findings = findingsOf(data, evidence);
  const { journeys } = evidence;
  const journey = Math.min(spot.journey ?? firstJourney(journeys, findings), journeys.length - 1);
  const hrefOf = (place: Spot) => href({ view: "scenario", scenario: index, ...place });
  const places = placesOf(journeys);
  useEffect(() => {
    if (spot.finding !== undefined) reveal(`finding-${spot.finding + 1}`);
    else if (spot.journey !== undefined) reveal("packets");
  }, [index, spot.finding, spot.journey]);
  return (
    <article class="scenario">
      <Title data={data} index={index} />
      <Command label="Run it again" command={evidence.reproduce} />
      <Troubles evidence={evidence} />
      {evidence.log && <Log log={evidence.log} />}
      {findings.length === 0 && <p>No rule was exercised, and no traffic never passes.</p>}
      {bySeverity(findings)
        .filter(deservesRoom)
        .map((finding) => (
          <Finding
            key={findings.indexOf(finding)}
            finding={finding}
            id={`finding-${findings.indexOf(finding) + 1}`}
            places={places}
            frameHref={(place, field) => hrefOf({ ...place, ...(field === undefined ? {} : { field }) })}
          />
        ))}
      {journeys.length > 0 && (
        <Packets
          evidence={evidence}
          findings={findings}
          journey={journey}
          spot={spot}
          name={scenario.file}
          hrefOf={(at, hop, field) =>
            hrefOf({ journey: at, ...(hop === undefined ? {} : { hop }), ...(field === undefined ? {} : { field }) })
          }
        />
      )}
      <Judged findings={findings} places={places} hrefOf={hrefOf} />
      {evidence.captured && <Captured captured={evidence.captured} />}
      <section aria-labelledby="downloads">
        <h2 id="downloads">Downloads</h2>
        <Downloads scenario={scenario} evidence={evidence} />
      </section>
    </article>
  );
}

function Title({ data, index }: { readonly data: PageData; readonly index: number }) {
  const { title, file, verdict, durationMs, models: seen } = data.scenarios[index] as PageScenario;
  return (
    <header>
      <p class="verdict-line">
        <Badge status={verdict} word={VERDICT_WORDS[verdict]} />
        <span class="quiet">
          scenario {index + 1} of {data.scenarios.length}
        </span>
      </p>
      <h1 tabIndex={-1}>{title}</h1>
      <p class="quiet">
        <code>{file}</code> · {models(seen)} · {duration(durationMs)}
      </p>
    </header>
  );
}

/** What kept a scenario from ending, or from being run. */
export function Troubles({
  evidence: { problem, reason, captured },
}: {
  readonly evidence: Pick<ScenarioResult, "problem" | "reason" | "captured">;
}) {
  return (
    <>
      {problem !== undefined && (
        <p class="problem">
          <strong>{problemTitle(captured)}.</strong> <span class="lines">{problem}</span>
        </p>
      )}
      {reason !== undefined && (
        <p class="problem">
          <strong>Not run: the director does not support what it asks for.</strong> <span class="lines">{reason}</span>
        </p>
      )}
    </>
  );
}

/** What the director's program said last. */
function Log({ log: { file, end } }: { readonly log: LogResult }) {
  const link = captureLink(file);
  return (
    <details class="fold">
      <summary>What the director said last</summary>
      <pre class="log">{end}</pre>
      <p class="quiet">All of it: {link ? <a href={link}>{file}</a> : <code>{file}</code>}</p>
    </details>
  );
}

/** Findings with the texts of their rules. */
function findingsOf({ rules }: PageData, { findings }: ScenarioEvidence): FindingResult[] {
  const byId = new Map(rules.map((rule) => [rule.id, rule]));
  return findings.map((finding) => {
    const rule = byId.get(finding.rule);
    if (rule === undefined) return finding as FindingResult;
    const { title, level, profile, statement, source } = rule;
    return { title, level, profile, statement, source, ...finding };
  });
}

function reveal(id: string): void {
  const element = document.getElementById(id);
  element?.scrollIntoView({ block: "start" });
  element?.focus({ preventScroll: true });
}
