import { headerOf } from "../align.js";
import { isBroken } from "../choose.js";
import { type FieldRow, fieldRows, isUnchanged, namesOf } from "../field-rows.js";
import { count, interval } from "../format.js";
import { type HopField, journeyFields } from "../hop-fields.js";
import { frameKey, namesOfHop } from "../link.js";
import type { FindingResult, HopResult, JourneyResult } from "../result.js";
import { shortened } from "../visible.js";
import { RuleName } from "./broken.js";
import { HexDump } from "./hexdump.js";
import type { Spot } from "./route.js";

/** Of a value in a cell: options and payload may be long, and the bytes below have them whole. */
const MOST_CHARACTERS = 40;

interface JourneyProps {
  readonly journey: JourneyResult;
  /** The hop and the field that are looked at. */
  readonly spot: Pick<Spot, "hop" | "field">;
  /** The address of a hop, and of a field there. */
  readonly hrefOf: (hop: number, field?: string) => string;
  /** Those of the scenario: a violated field leads to the rule that it breaks. */
  readonly findings: readonly FindingResult[];
}

/** One datagram on its way: a column for each hop, a row for each header field that does not stay the same. */
export function Journey({ journey, spot, hrefOf, findings }: JourneyProps) {
  const { hops } = journey;
  const fields = journeyFields(hops);
  const rows = fieldRows(fields);
  const isNested = rows.some(({ row }) => /^tunnel |#/.test(row));
  const hasTunnel = rows.some(({ row }) => row.startsWith("tunnel "));
  const selected = selection(fields, spot);
  const unchanged = rows.filter(isUnchanged);
  const lookedAt = rows.filter((row) => !isUnchanged(row) || row.cells[selected.hop]?.name === selected.field?.name);
  const columns = { hops, selected, hrefOf, findings };
  return (
    <div class="walk-box">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
      <section class="scroll" tabIndex={0} aria-label={`Hops of ${journey.title}`}>
        <table class="walk">
          <caption class="hidden">One column for each hop; times are since the hop before.</caption>
          <HopHeads hops={hops} selected={selected.hop} hrefOf={hrefOf} />
          {headers(lookedAt).map(({ header, fields }) => (
            <tbody key={header}>
              {isNested && (
                <tr>
                  <th scope="rowgroup" colSpan={hops.length + 1} class="header">
                    <span>{headerTitle(header, hasTunnel)}</span>
                  </th>
                </tr>
              )}
              {fields.map((row) => (
                <Row key={row.row} row={row} {...columns} />
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

interface Selection {
  readonly hop: number;
  readonly field: HopField | undefined;
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

function HopHeads({
  hops,
  selected,
  hrefOf,
}: Pick<JourneyProps, "hrefOf"> & { hops: readonly HopResult[]; selected: number }) {
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
            <th key={at} scope="col" class={`hop ${stateOf(hop)} ${at === selected ? "selected" : ""}`}>
              <a href={hrefOf(at)} aria-current={at === selected ? "true" : undefined}>
                <span class="way">
                  <span class="ordinal">{at + 1}</span> {hop.direction === "in" ? "→ in" : "out →"}
                </span>
                <span class="mono">{hop.tap}</span>
              </a>
              <span>
                {hop.frames.length === 1 ? "frame" : "frames"} {hop.frames.map((number) => `#${number}`).join(", ")}
              </span>
              <span class="number">
                {before ? `+${interval(hop.timeNs - before.timeNs)}` : `at ${interval(hop.timeNs)}`}
              </span>
              {before && origin !== at - 1 && <span>from hop {origin + 1}</span>}
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

interface RowProps extends Pick<JourneyProps, "hrefOf" | "findings"> {
  readonly row: FieldRow;
  readonly hops: readonly HopResult[];
  readonly selected: Selection;
}

function Row({ row, hops, selected, hrefOf, findings }: RowProps) {
  return (
    <tr>
      <th scope="row">
        <Name text={namesOf(row)} />
      </th>
      {row.cells.map((cell, at) => (
        <Cell
          key={at}
          cell={cell}
          isSelected={at === selected.hop && cell?.name === selected.field?.name}
          href={hrefOf(at, cell?.name)}
          findings={cell ? blame(cell, hops[at], findings) : []}
        />
      ))}
    </tr>
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

interface CellProps {
  readonly cell: HopField | undefined;
  readonly isSelected: boolean;
  readonly href: string;
  readonly findings: readonly FindingResult[];
}

function Cell({ cell, isSelected, href, findings }: CellProps) {
  if (cell === undefined) {
    return (
      <td class="same">
        <span aria-hidden="true">·</span>
        <span class="hidden">no such field</span>
      </td>
    );
  }
  const change = cell.change === undefined ? undefined : CHANGES[cell.change];
  return (
    <td class={`${cell.change ?? "same"} ${isSelected ? "selected" : ""}`}>
      {change && (
        <>
          <span aria-hidden="true">{change.sign} </span>
          <span class="hidden">{change.words}: </span>
        </>
      )}
      <a href={href} aria-current={isSelected ? "true" : undefined}>
        {cell.value === "" ? "?" : shortened(cell.value, MOST_CHARACTERS)}
      </a>
      {findings.map(({ rule }) => (
        <RuleName key={rule} rule={rule} />
      ))}
    </td>
  );
}

/** The findings that object to a field of a hop. */
function blame(
  cell: HopField,
  hop: HopResult | undefined,
  findings: readonly FindingResult[],
): readonly FindingResult[] {
  if (cell.change !== "violation" || hop === undefined) return [];
  const here = new Set(namesOfHop(hop).map(frameKey));
  return findings.filter(
    ({ status, field, frames }) =>
      status === "fail" && field === cell.name && frames.some((frame) => here.has(frameKey(frame))),
  );
}

function stateOf(hop: HopResult): "" | "changed" | "broken" {
  if (isBroken(hop)) return "broken";
  return (hop.changed ?? []).length > 0 ? "changed" : "";
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
