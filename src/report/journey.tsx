import { type FieldRow, fieldRows, headerOf, isUnchanged } from "./field-rows.js";
import { count, interval } from "./format.js";
import { HexDump } from "./hexdump.js";
import { hopId } from "./link.js";
import type { FindingResult, HopField, HopResult, JourneyResult } from "./result.js";

/** A finding with the id under which the page shows it. */
export type ShownFinding = FindingResult & { readonly id: string };

interface JourneyProps {
  readonly journey: JourneyResult;
  readonly id: string;
  readonly open: boolean;
  /** Those of the scenario: a violated field links to the rule that it breaks. */
  readonly findings: readonly ShownFinding[];
}

/** One datagram on its way: a column for each hop, a row for each header field that does not stay the same. */
export function Journey({ journey, id, open, findings }: JourneyProps) {
  const { hops } = journey;
  const rows = fieldRows(hops);
  const unchanged = rows.filter(isUnchanged);
  const path = runsOfHosts(hops).map(({ host }) => host);
  return (
    <details class="journey" id={id} open={open}>
      <summary>
        <h4>{journey.title}</h4>
        <span class="path quiet">
          {path.join(" → ")} · {describeChanges(hops)}
        </span>
      </summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
      <section class="scroll" tabIndex={0} aria-label={`Hops of ${journey.title}`}>
        <table class="walk">
          <caption>
            <span>
              One column for each hop; times are since the hop before. Fields that stay the same at every hop are folded
              below.
            </span>
          </caption>
          <HopHeads hops={hops} id={id} />
          {headers(rows.filter((row) => !isUnchanged(row))).map(({ header, fields }) => (
            <tbody key={header}>
              {fields.map((row) => (
                <tr key={row.name}>
                  <th scope="row" class="mono">
                    {row.name}
                  </th>
                  {row.cells.map((cell, at) => (
                    <Cell key={at} cell={cell} findings={cell ? blame(cell, hops[at], findings) : []} />
                  ))}
                </tr>
              ))}
            </tbody>
          ))}
        </table>
      </section>
      <p class="legend" aria-hidden="true">
        <span>
          <b class="allowed">Δ</b> changed, as it may
        </span>
        <span>
          <b class="violation">✗</b> breaks a rule
        </span>
      </p>
      {unchanged.length > 0 && <Unchanged rows={unchanged} />}
      <details class="bytes">
        <summary>Bytes</summary>
        <div class="dumps">
          {hops.map((hop, at) => (
            <HexDump key={at} hop={hop} />
          ))}
        </div>
      </details>
    </details>
  );
}

function HopHeads({ hops, id }: { readonly hops: readonly HopResult[]; readonly id: string }) {
  return (
    <thead>
      <tr>
        <td class="corner" />
        {runsOfHosts(hops).map(({ host, length }, index) => (
          <th key={index} scope="colgroup" colSpan={length} class="host">
            {host}
          </th>
        ))}
      </tr>
      <tr>
        <td class="corner" />
        {hops.map((hop, at) => {
          const origin = hop.from ?? at - 1;
          const before = hops[origin];
          return (
            <th key={at} scope="col" class={`hop ${stateOf(hop)}`} id={hopId(id, at)}>
              <span class="way">{hop.direction === "in" ? "→ in" : "out →"}</span>
              <span class="mono">{hop.tap}</span>
              <span>
                {hop.frames.length === 1 ? "frame" : "frames"} {hop.frames.map((number) => `#${number}`).join(", ")}
              </span>
              <span>{before ? `+${interval(hop.timeNs - before.timeNs)}` : `at ${interval(hop.timeNs)}`}</span>
              {before && origin !== at - 1 && <span>from column {origin + 1}</span>}
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

function Cell({ cell, findings }: { readonly cell: HopField | undefined; readonly findings: readonly ShownFinding[] }) {
  if (cell === undefined) {
    return (
      <td class="same mono">
        <span aria-hidden="true">·</span>
        <span class="hidden">no such field</span>
      </td>
    );
  }
  if (cell.change === undefined) {
    return <td class="same mono">{cell.value}</td>;
  }
  const violation = cell.change === "violation";
  return (
    <td class={`mono ${cell.change}`}>
      <span aria-hidden="true">{violation ? "✗ " : "Δ "}</span>
      <span class="hidden">{violation ? "breaks a rule: " : "changed, as it may: "}</span>
      {cell.value}
      {findings.map((finding) => (
        <a key={finding.id} href={`#${finding.id}`}>
          {finding.rule}
        </a>
      ))}
    </td>
  );
}

function Unchanged({ rows }: { readonly rows: readonly FieldRow[] }) {
  return (
    <details class="bytes">
      <summary>{count(rows.length, "field")} the same at every hop</summary>
      <dl>
        {rows.map(({ name, cells }) => (
          <>
            <dt class="mono">{name}</dt>
            <dd>{cells[0]?.value}</dd>
          </>
        ))}
      </dl>
    </details>
  );
}

/** The findings that object to a field of a hop. */
function blame(cell: HopField, hop: HopResult | undefined, findings: readonly ShownFinding[]): readonly ShownFinding[] {
  if (cell.change !== "violation" || hop === undefined) {
    return [];
  }
  const here = ({ tap, number }: { readonly tap: string; readonly number: number }) =>
    tap === hop.tap && hop.frames.includes(number);
  return findings.filter(({ status, field, frames }) => status === "fail" && field === cell.name && frames.some(here));
}

function stateOf(hop: HopResult): "" | "changed" | "broken" {
  if (hop.fields.some((field) => field.change === "violation")) {
    return "broken";
  }
  return hop.fields.some((field) => field.change === "allowed") ? "changed" : "";
}

function describeChanges(hops: readonly HopResult[]): string {
  const changes = hops.flatMap((hop) => hop.fields.flatMap((field) => field.change ?? []));
  const violations = changes.filter((change) => change === "violation").length;
  const allowed = count(changes.length - violations, "allowed change");
  return violations > 0 ? `${count(violations, "violation")}, ${allowed}` : allowed;
}

function runsOfHosts(hops: readonly HopResult[]): readonly { host: string; length: number }[] {
  const runs: { host: string; length: number }[] = [];
  for (const { host } of hops) {
    const last = runs.at(-1);
    if (last?.host === host) {
      last.length += 1;
    } else {
      runs.push({ host, length: 1 });
    }
  }
  return runs;
}

function headers(rows: readonly FieldRow[]): readonly { header: string; fields: readonly FieldRow[] }[] {
  const groups = new Map<string, FieldRow[]>();
  for (const row of rows) {
    const header = headerOf(row.name);
    groups.set(header, [...(groups.get(header) ?? []), row]);
  }
  return [...groups].map(([header, fields]) => ({ header, fields }));
}
