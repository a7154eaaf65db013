import { headerOf } from "../align.js";
import { isBroken } from "../choose.js";
import { type FieldRow, namesOf } from "../field-rows.js";
import { interval } from "../format.js";
import type { HopField } from "../hop-fields.js";
import { frameKey, namesOfHop } from "../link.js";
import type { FindingResult, HopResult } from "../result.js";
import { shortened } from "../visible.js";
import { RuleName } from "./broken.js";

/** Of a value in a cell: options and payload may be long, and the bytes below have them whole. */
const MOST_CHARACTERS = 40;

/** The hop and the field that are looked at. */
export interface Selection {
  readonly hop: number;
  readonly field: HopField | undefined;
}

interface WalkProps {
  readonly title: string;
  readonly hops: readonly HopResult[];
  readonly rows: readonly FieldRow[];
  readonly hasTunnel: boolean;
  readonly selected: Selection;
  /** The address of a hop, and of a field there. */
  readonly hrefOf: (hop: number, field?: string) => string;
  /** Those of the scenario: a violated field leads to the rule that it breaks. */
  readonly findings: readonly FindingResult[];
}

/** A column for each hop, a row for each header field. */
export function Walk({ title, hops, rows, hasTunnel, selected, hrefOf, findings }: WalkProps) {
  const isNested = rows.some(({ row }) => /^tunnel |#/.test(row));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
    <section class="scroll" tabIndex={0} aria-label={`Hops of ${title}`}>
      <table class="walk">
        <caption class="hidden">One column for each hop; times are since the hop before.</caption>
        <HopHeads hops={hops} selected={selected.hop} hrefOf={hrefOf} />
        {headers(rows).map(({ header, fields }) => (
          <tbody key={header}>
            {isNested && (
              <tr>
                <th scope="rowgroup" colSpan={hops.length + 1} class="header">
                  <span>{headerTitle(header, hasTunnel)}</span>
                </th>
              </tr>
            )}
            {fields.map((row) => (
              <Row key={row.row} row={row} hops={hops} selected={selected} hrefOf={hrefOf} findings={findings} />
            ))}
          </tbody>
        ))}
      </table>
    </section>
  );
}

function HopHeads({ hops, selected, hrefOf }: Pick<WalkProps, "hops" | "hrefOf"> & { selected: number }) {
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

interface RowProps extends Pick<WalkProps, "hops" | "selected" | "hrefOf" | "findings"> {
  readonly row: FieldRow;
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
