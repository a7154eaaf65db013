import { headerOf } from "./align.js";
import { type FieldRow, fieldRows, isUnchanged, namesOf } from "./field-rows.js";
import { count, interval } from "./format.js";
import { HexDump } from "./hexdump.js";
import { type HopField, journeyFields } from "./hop-fields.js";
import { hopId } from "./link.js";
import type { FindingResult, HopResult, JourneyResult } from "./result.js";
import { shortened } from "./visible.js";

/** Of a value in a cell: options and payload may be long, and the bytes below have them whole. */
const MOST_CHARACTERS = 40;

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
  const fields = journeyFields(hops);
  const rows = fieldRows(fields);
  const groups = headers(rows.filter((row) => !isUnchanged(row)));
  const isNested = rows.some(({ row }) => /^tunnel |#/.test(row));
  const hasTunnel = rows.some(({ row }) => row.startsWith("tunnel "));
  const unchanged = rows.filter(isUnchanged);
  return (
    <details class="journey" id={id} open={open}>
      <summary>
        <h4>{journey.title}</h4>
        <span class="path quiet">
          {pathOf(hops)} · {describeChanges(hops)}
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
          {groups.map(({ header, fields }) => (
            <tbody key={header}>
              {isNested && (
                <tr>
                  <th scope="rowgroup" colSpan={hops.length + 1} class="header">
                    <span>{headerTitle(header, hasTunnel)}</span>
                  </th>
                </tr>
              )}
              {fields.map((row) => (
                <tr key={row.row}>
                  <th scope="row" class="mono">
                    <Name text={namesOf(row)} />
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
        {hasTunnel && (
          <span>
            <b class="added">+</b> header put around the packet
          </span>
        )}
        <span>
          <b class="violation">✗</b> breaks a rule
        </span>
      </p>
      {unchanged.length > 0 && <Unchanged rows={unchanged} />}
      <details class="bytes">
        <summary>Bytes</summary>
        <div class="dumps">
          {hops.map((hop, at) => (
            <HexDump key={at} hop={hop} fields={fields[at] ?? []} />
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

/** A field's name, which breaks at its dots where a screen is narrow. */
function Name({ text }: { readonly text: string }) {
  const [first, ...others] = text.split(".");
  return (
    <>
      {first}
      {others.map((part) => [".", <wbr key={part} />, part])}
    </>
  );
}

const CHANGES = {
  allowed: { sign: "Δ", words: "changed, as it may" },
  added: { sign: "+", words: "put around the packet" },
  violation: { sign: "✗", words: "breaks a rule" },
} as const;

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
    return <td class="same mono">{shortened(cell.value, MOST_CHARACTERS)}</td>;
  }
  const { sign, words } = CHANGES[cell.change];
  return (
    <td class={`mono ${cell.change}`}>
      <span aria-hidden="true">{sign} </span>
      <span class="hidden">{words}: </span>
      {shortened(cell.value, MOST_CHARACTERS)}
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
        {rows.map((row) => (
          <>
            <dt class="mono">{namesOf(row)}</dt>
            <dd>{row.cells[0]?.value}</dd>
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

function stateOf({ changed = [] }: HopResult): "" | "changed" | "broken" {
  if (changed.some(({ verdict }) => verdict === "violation")) {
    return "broken";
  }
  return changed.length > 0 ? "changed" : "";
}

function describeChanges(hops: readonly HopResult[]): string {
  const changes = hops.flatMap((hop) => hop.changed ?? []);
  const violations = changes.filter(({ verdict }) => verdict === "violation").length;
  const allowed = changes.length - violations;
  const parts = [
    ...(violations > 0 ? [count(violations, "violation")] : []),
    ...(allowed > 0 ? [count(allowed, "allowed change")] : []),
  ];
  return parts.length > 0 ? parts.join(", ") : "nothing changed";
}

/** `client → router → rs1, rs2`: a comma where a copy goes another way, as a broadcast does. */
function pathOf(hops: readonly HopResult[]): string {
  return hops
    .map(({ host, from }, at) => {
      if (at === 0) {
        return host;
      }
      if (from !== undefined) {
        return `, ${host}`;
      }
      return host === hops[at - 1]?.host ? "" : ` → ${host}`;
    })
    .join("");
}

/** What a header is, in words: in a tunnel the same names stand for two of them. */
function headerTitle(header: string, hasTunnel: boolean): string {
  const [protocol = header, nth] = header.split("#", 2);
  if (protocol.startsWith("tunnel ")) {
    return nth === undefined ? "Outer IP header: the tunnel's" : `Outer IP header: that of tunnel ${nth}`;
  }
  const name = HEADERS[protocol] ?? protocol;
  if (nth !== undefined) {
    return `${name}, quoted by the ICMP error`;
  }
  return hasTunnel && protocol.startsWith("ip")
    ? `Inner ${name}: the packet itself; in the tunnel, Wireshark writes its fields with #2`
    : name;
}

const HEADERS: Readonly<Record<string, string>> = {
  eth: "Ethernet",
  arp: "ARP",
  ip: "IP header",
  ipv6: "IPv6 header",
  tcp: "TCP",
  udp: "UDP",
  icmp: "ICMP",
  data: "Payload",
};

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
    const header = headerOf(row.row);
    groups.set(header, [...(groups.get(header) ?? []), row]);
  }
  return [...groups].map(([header, fields]) => ({ header, fields }));
}
