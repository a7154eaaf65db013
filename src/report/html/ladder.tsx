import { isBroken } from "../choose.js";
import { interval } from "../format.js";
import type { HopResult, HostResult, JourneyResult } from "../result.js";
import { shortened } from "../visible.js";
import { layOut } from "./network-layout.js";

interface LadderProps {
  readonly hosts: readonly HostResult[];
  readonly journeys: readonly JourneyResult[];
  readonly selected: number;
  readonly hrefOf: (journey: number, hop: number) => string;
}

const TIME = 92;
const COLUMN = 118;
const ROW = 24;
const HEAD = 44;

/** A frame on its way from tap to tap, or at the only tap that saw it. */
interface Rung {
  readonly journey: number;
  readonly hop: number;
  readonly timeNs: number;
  readonly from: string | undefined;
  readonly to: string;
  readonly isInside: boolean;
  readonly isBroken: boolean;
  readonly label: string;
}

/** All frames by time, downwards, and by tap, from left to right. */
export function Ladder({ hosts, journeys, selected, hrefOf }: LadderProps) {
  const rungs = rungsOf(journeys);
  const seen = new Set(rungs.flatMap(({ from, to }) => [to, ...(from === undefined ? [] : [from])]));
  const nics = hosts.flatMap((host) => host.nics.map((nic) => ({ host: host.name, nic: nic.name, tap: nic.tap })));
  const known = nics.filter(({ tap }) => seen.has(tap)).toSorted(fromClients(hosts));
  const others = [...seen].filter((tap) => nics.every((nic) => nic.tap !== tap));
  const taps = [...known, ...others.map((tap) => ({ host: tap, nic: "", tap }))];
  const xOf = new Map(taps.map(({ tap }, index) => [tap, TIME + (index + 0.5) * COLUMN]));
  const width = TIME + taps.length * COLUMN;
  const height = HEAD + rungs.length * ROW + 8;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
    <section class="ladder scroll" tabIndex={0} aria-label="Frames by tap and time">
      <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height}>
        <title>Frames by tap and time</title>
        <defs>
          <marker
            id="tip"
            viewBox="0 0 8 8"
            refX="8"
            refY="4"
            markerUnits="userSpaceOnUse"
            markerWidth="8"
            markerHeight="8"
            orient="auto-start-reverse"
          >
            <path d="M0 0 8 4 0 8z" />
          </marker>
        </defs>
        {taps.map(({ tap, host, nic }) => (
          <g key={tap} class="tap">
            <text x={xOf.get(tap)} y={16} text-anchor="middle" class="name">
              {shortened(host, 15)}
            </text>
            <text x={xOf.get(tap)} y={31} text-anchor="middle" class="nic">
              {nic}
            </text>
            <line x1={xOf.get(tap)} x2={xOf.get(tap)} y1={HEAD - 6} y2={height} />
          </g>
        ))}
        {rungs.map((rung, index) => (
          <RungLine
            key={index}
            rung={rung}
            y={HEAD + index * ROW + ROW / 2}
            xOf={xOf}
            width={width}
            isSelected={rung.journey === selected}
            href={hrefOf(rung.journey, rung.hop)}
          />
        ))}
      </svg>
    </section>
  );
}

/** The order in which a request passes taps: segment by segment, as the network is drawn. */
function fromClients(hosts: readonly HostResult[]): (one: { tap: string }, other: { tap: string }) => number {
  const { nics } = layOut(hosts);
  const place = ({ tap }: { tap: string }) => {
    const { segmentY = 0, hostY = 0, x = 0 } = nics.get(tap) ?? {};
    return [segmentY, hostY, x] as const;
  };
  return (one, other) => {
    const [left, right] = [place(one), place(other)];
    return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
  };
}

interface RungProps {
  readonly rung: Rung;
  readonly y: number;
  readonly xOf: ReadonlyMap<string, number>;
  readonly width: number;
  readonly isSelected: boolean;
  readonly href: string;
}

function RungLine({ rung, y, xOf, width, isSelected, href }: RungProps) {
  const to = xOf.get(rung.to) ?? 0;
  const from = rung.from === undefined ? undefined : xOf.get(rung.from);
  const isHere = from === undefined || from === to;
  const middle = isHere ? to + 12 : (from + to) / 2;
  return (
    <a href={href} tabIndex={-1} class={`rung ${isSelected ? "selected" : ""} ${rung.isBroken ? "broken" : ""}`}>
      <rect x={0} y={y - ROW / 2} width={width} height={ROW} class="band" />
      <text x={TIME - 16} y={y + 4} text-anchor="end" class="time">
        {interval(rung.timeNs)}
      </text>
      {isHere ? (
        <circle cx={to} cy={y} r={4} />
      ) : (
        <line x1={from} x2={to} y1={y} y2={y} class={rung.isInside ? "inside" : ""} marker-end="url(#tip)" />
      )}
      <text x={middle} y={isHere ? y + 4 : y - 3} text-anchor={isHere ? "start" : "middle"} class="label">
        {rung.isBroken ? `✗ ${rung.label}`.trim() : rung.label}
      </text>
    </a>
  );
}

/** One for each hop but those that a packet was sent at, which the next hop's line begins with. */
function rungsOf(journeys: readonly JourneyResult[]): Rung[] {
  const rungs = journeys.flatMap(({ title, hops }, journey) => {
    const goesOn = new Set(hops.map((hop, at) => hop.from ?? at - 1));
    return hops.flatMap((hop, at): Rung[] => {
      const before = hops[hop.from ?? at - 1];
      if (before === undefined && goesOn.has(at)) return [];
      const place = { journey, hop: at, timeNs: hop.timeNs, to: hop.tap, from: before?.tap };
      const isInside = before?.host === hop.host;
      const isWrong = isBroken(hop) || (!isInside && before !== undefined && isBroken(before));
      return [{ ...place, isInside, isBroken: isWrong, label: isInside ? "" : labelOf(title, hop) }];
    });
  });
  return rungs.toSorted((one, other) => one.timeNs - other.timeNs);
}

/** `SYN #4`: what kind of packet it is, and the frame's number. */
function labelOf(title: string, { frames }: HopResult): string {
  const [protocol = "", ...words] = title.split(" ");
  const last = words.at(-1) ?? "";
  const kind =
    protocol === "tcp" ? last : protocol === "arp" ? (words.includes("who-has") ? "who-has" : "is-at") : protocol;
  return `${shortened(kind, 12)} #${frames[0]}${frames.length > 1 ? "…" : ""}`;
}
