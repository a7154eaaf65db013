import { isBroken } from "../choose.js";
import { count } from "../format.js";
import type { FindingResult, HopResult } from "../result.js";
import type { ScenarioEvidence } from "./data.js";
import { baseName, JourneyDownload } from "./downloads.js";
import { Journey, pathOf } from "./journey.js";
import { Ladder } from "./ladder.js";
import { Network } from "./network.js";
import type { Spot } from "./route.js";

interface PacketsProps {
  readonly evidence: ScenarioEvidence;
  readonly findings: readonly FindingResult[];
  /** Index of the journey that is looked at. */
  readonly journey: number;
  readonly spot: Spot;
  /** The scenario's file: what downloads are called after. */
  readonly name: string;
  readonly hrefOf: (journey: number, hop?: number, field?: string) => string;
}

/** The packets: all of them by time, and one on its way through the network. */
export function Packets({ evidence, findings, journey, spot, name, hrefOf }: PacketsProps) {
  const { journeys, hosts, services, frames, journeysLeftOut = 0 } = evidence;
  const selected = journeys[journey];
  return (
    <section class="packets" aria-labelledby="packets">
      <h2 id="packets" tabIndex={-1}>
        Packets
      </h2>
      <div class="map">
        <nav class="journeys scroll" aria-label="Packets">
          <ol>
            {journeys.map(({ title, hops }, at) => (
              <li key={at}>
                <a href={hrefOf(at)} aria-current={at === journey ? "true" : undefined}>
                  <span class="mono">{title}</span>
                  <span class="quiet">
                    {pathOf(hops)} · <Changes hops={hops} />
                  </span>
                </a>
              </li>
            ))}
          </ol>
          {journeysLeftOut > 0 && <p class="quiet">{journeysLeftOut} more in the capture.</p>}
        </nav>
        <Network hosts={hosts} {...(services && { services })} journeys={journeys} selected={selected} hop={spot.hop} />
      </div>
      {selected && (
        <section aria-labelledby="walk">
          <header class="walk-head">
            <h3 id="walk" class="mono">
              {selected.title}
            </h3>
            {frames && (
              <JourneyDownload journey={selected} frames={frames} name={`${baseName(name)}-packet-${journey + 1}`} />
            )}
          </header>
          <Journey
            journey={selected}
            spot={spot}
            findings={findings}
            hrefOf={(hop, field) => hrefOf(journey, hop, field)}
          />
        </section>
      )}
      <details class="fold" open={journeys.length > 1}>
        <summary>
          <h3>All frames by tap and time</h3>
        </summary>
        <Ladder hosts={hosts} journeys={journeys} selected={journey} hrefOf={hrefOf} />
      </details>
    </section>
  );
}

function Changes({ hops }: { readonly hops: readonly HopResult[] }) {
  const changes = hops.flatMap((hop) => hop.changed ?? []);
  const violations = changes.filter(({ verdict }) => verdict === "violation").length;
  const allowed = changes.length - violations;
  return (
    <>
      {hops.some(isBroken) && <span class="fail">✗ {count(violations, "violation")}</span>}
      {violations > 0 && allowed > 0 && ", "}
      {allowed > 0 && count(allowed, "allowed change")}
      {changes.length === 0 && "nothing changed"}
    </>
  );
}
