import { fieldRows, isUnchanged, namesOf } from "../field-rows.js";
import { count } from "../format.js";
import { type HopField, journeyFields } from "../hop-fields.js";
import type { FindingResult, HopResult, JourneyResult } from "../result.js";
import { HexDump } from "./hexdump.js";
import type { Spot } from "./route.js";
import { type Selection, Walk } from "./walk.js";

interface JourneyProps {
  readonly journey: JourneyResult;
  /** The hop and the field that are looked at. */
  readonly spot: Pick<Spot, "hop" | "field">;
  /** The address of a hop, and of a field there. */
  readonly hrefOf: (hop: number, field?: string) => string;
  /** Those of the scenario: a violated field leads to the rule that it breaks. */
  readonly findings: readonly FindingResult[];
}

/** One datagram on its way: its headers at each hop, and the bytes of the field that is looked at. */
export function Journey({ journey, spot, hrefOf, findings }: JourneyProps) {
  const { hops } = journey;
  const fields = journeyFields(hops);
  const rows = fieldRows(fields);
  const hasTunnel = rows.some(({ row }) => row.startsWith("tunnel "));
  const selected = selection(fields, spot);
  const unchanged = rows.filter(isUnchanged);
  const lookedAt = rows.filter((row) => !isUnchanged(row) || row.cells[selected.hop]?.name === selected.field?.name);
  return (
    <div class="walk-box">
      <Walk
        title={journey.title}
        hops={hops}
        rows={lookedAt}
        hasTunnel={hasTunnel}
        selected={selected}
        hrefOf={hrefOf}
        findings={findings}
      />
      <p class="legend" aria-hidden="true">
        <span>
          <b class="allowed">Δ</b> changed, as it may
        </span>
        {hasTunnel && (
          <span>
            <b class="added">+</b> header put around the packet
          </span>
        )}
        <span>
          <b class="violation">✗</b> breaks a rule
        </span>
        <span>Choose a value to see its bytes.</span>
      </p>
      <div class="dumps">
        {dumped(hops, selected.hop).map((at) => (
          <HexDump
            key={at}
            hop={hops[at] as HopResult}
            fields={fields[at] ?? []}
            selected={fields[at]?.find(({ row }) => row === selected.field?.row)}
          />
        ))}
      </div>
      {unchanged.length > 0 && (
        <details class="fold">
          <summary>{count(unchanged.length, "field")} the same at every hop</summary>
          <dl class="unchanged">
            {unchanged.map((row) => (
              <div key={row.row}>
                <dt>{namesOf(row)}</dt>
                <dd>
                  <a href={hrefOf(selected.hop, row.cells[selected.hop]?.name)}>{row.cells[0]?.value}</a>
                </dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </div>
  );
}

/** What the address names, or else the first field that breaks a rule, or else the first hop that changes something. */
function selection(hops: readonly (readonly HopField[])[], { hop, field }: Pick<Spot, "hop" | "field">): Selection {
  const violated = hops.findIndex((fields) => fields.some(({ change }) => change === "violation"));
  const changed = hops.findIndex((fields) => fields.some(({ change }) => change !== undefined));
  const at = Math.min(hop ?? Math.max(violated >= 0 ? violated : changed, 0), hops.length - 1);
  const fields = hops[at] ?? [];
  const named = fields.find(({ name }) => name === field);
  return { hop: at, field: named ?? fields.find(({ change }) => change === "violation") };
}

/** The hop before the one that is looked at, and that one. */
function dumped(hops: readonly HopResult[], hop: number): readonly number[] {
  const before = hops[hop]?.from ?? hop - 1;
  return [before, hop].filter((at) => hops[at] !== undefined);
}

/** `client → router → rs1, rs2`: a comma where a copy goes another way, as a broadcast does. */
export function pathOf(hops: readonly HopResult[]): string {
  return hops
    .map(({ host, from }, at) => {
      if (at === 0) return host;
      if (from !== undefined) return `, ${host}`;
      return host === hops[at - 1]?.host ? "" : ` → ${host}`;
    })
    .join("");
}
