import { isBroken } from "../choose.js";
import { count } from "../format.js";
import type { HopResult, JourneyResult, ScenarioResult } from "../result.js";
import { shortened } from "../visible.js";
import { type Drawing, type DrawnNic, HOST_HEIGHT, layOut } from "./network-layout.js";

interface NetworkProps extends Pick<ScenarioResult, "hosts" | "services"> {
  readonly journeys: readonly JourneyResult[];
  /** The one whose path is drawn. */
  readonly selected: JourneyResult | undefined;
  readonly hop: number | undefined;
}

/** Characters that fit beside a wire and into a host's box. */
const FITS = 24;

/** The network, and on it the path that a packet took. */
export function Network({ hosts, services = [], journeys, selected, hop }: NetworkProps) {
  if (hosts.length === 0) return null;
  const drawing = layOut(hosts);
  const { width, height, segments, nics } = drawing;
  const used = new Set(journeys.flatMap(({ hops }) => hops.map(({ tap }) => tap)));
  const vips = [...new Set(services.map(({ vip }) => vip))];
  return (
    <figure class="network">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
      <section class="scroll" tabIndex={0} aria-label="The network">
        <svg
          viewBox={`0 0 ${width} ${height}`}
          width={width}
          height={height}
          role="img"
          aria-labelledby="network-title"
        >
          <title id="network-title">{describe(hosts.length, selected)}</title>
          {segments.map(({ name, y, from, to }) => (
            <g key={name} class="segment">
              <line x1={from} x2={to} y1={y} y2={y} />
            </g>
          ))}
          {[...nics.values()].map((nic) => (
            <Wire key={nic.nic.tap} drawn={nic} isUsed={used.has(nic.nic.tap)} />
          ))}
          {selected && <Path hops={selected.hops} drawing={drawing} />}
          {segments.map(({ name, y, to }) => (
            <text key={name} x={to + 6} y={y + 4} class="segment-name">
              {name}
            </text>
          ))}
          {drawing.hosts.map(({ host, x, y, width }) => (
            <g key={host.name} class={`host ${host.role}`}>
              <rect x={x} y={y} width={width} height={HOST_HEIGHT} rx={6} />
              <text x={x + 12} y={y + 22} class="name">
                {shortened(host.name, 18)}
              </text>
              <text x={x + 12} y={y + 40} class="role">
                {shortened(
                  host.role === "director" && vips.length > 0 ? `VIP ${vips.join(", ")}` : host.role.replace("-", " "),
                  FITS,
                )}
              </text>
            </g>
          ))}
          {selected && <Stops hops={selected.hops} nics={nics} selected={hop} />}
        </svg>
      </section>
      {selected && (
        <figcaption>
          Path of <code>{selected.title}</code>. Thin wires carried none of the packets shown.
        </figcaption>
      )}
    </figure>
  );
}

function describe(hosts: number, selected: JourneyResult | undefined): string {
  const stops = selected?.hops.map(({ tap, direction }) => `${direction} at ${tap}`).join(", ");
  return `${count(hosts, "host")} and the segments between them${stops ? `; the packet was seen ${stops}` : ""}`;
}

function Wire({ drawn: { nic, x, hostY, segmentY }, isUsed }: { readonly drawn: DrawnNic; readonly isUsed: boolean }) {
  const middle = (hostY + segmentY) / 2;
  return (
    <g class={`wire ${isUsed ? "used" : ""}`}>
      <line x1={x} x2={x} y1={hostY} y2={segmentY} />
      <text x={x + 27} y={middle - 3}>
        <tspan class="nic">{nic.name} </tspan>
        {shortened(nic.ip, FITS)}
      </text>
      <text x={x + 27} y={middle + 12} class="mac">
        {nic.mac || "MAC not known"}
      </text>
    </g>
  );
}

/** How far what comes in is drawn from what goes out, where both take one wire. */
const LANE = 4;

function laneOf({ direction }: HopResult, x: number): number {
  return direction === "in" ? x - LANE : x + LANE;
}

/** Lines between hops: along the segment from one host to the next, through a host from NIC to NIC. */
function Path({ hops, drawing: { nics } }: { readonly hops: readonly HopResult[]; readonly drawing: Drawing }) {
  return (
    <g class="path">
      <defs>
        <marker
          id="arrow"
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerUnits="userSpaceOnUse"
          markerWidth="9"
          markerHeight="9"
          orient="auto-start-reverse"
        >
          <path d="M0 0 8 4 0 8z" />
        </marker>
      </defs>
      {hops.map((hop, at) => {
        const before = hops[hop.from ?? at - 1];
        const from = before && nics.get(before.tap);
        const to = nics.get(hop.tap);
        if (before === undefined || from === undefined || to === undefined) return null;
        const [start, end] = [laneOf(before, from.x), laneOf(hop, to.x)];
        const isInside = before.host === hop.host;
        const line = isInside
          ? `M${start} ${from.hostY} L${end} ${to.hostY}`
          : `M${start} ${from.hostY} V${from.segmentY + lift(at)} H${end} V${to.hostY}`;
        return (
          <path
            key={at}
            d={line}
            class={`${isInside ? "inside" : ""} ${isBroken(hop) || (!isInside && isBroken(before)) ? "broken" : ""}`}
            marker-end={isInside ? undefined : "url(#arrow)"}
          />
        );
      })}
    </g>
  );
}

/** Ways along one segment lie beside each other. */
function lift(step: number): number {
  return ((step % 3) - 1) * LANE;
}

function Stops({
  hops,
  nics,
  selected,
}: {
  readonly hops: readonly HopResult[];
  readonly nics: Drawing["nics"];
  readonly selected: number | undefined;
}) {
  return (
    <g class="stops">
      {hops.map((hop, at) => {
        const nic = nics.get(hop.tap);
        if (nic === undefined) return null;
        const x = nic.x + (hop.direction === "in" ? -13 : 13);
        const y = nic.hostY + (nic.segmentY > nic.hostY ? 1 : -1) * 21;
        return (
          <g key={at} class={`stop ${isBroken(hop) ? "broken" : ""} ${at === selected ? "selected" : ""}`}>
            <circle cx={x} cy={y} r={8} />
            <text x={x} y={y + 3.5} text-anchor="middle">
              {at + 1}
            </text>
          </g>
        );
      })}
    </g>
  );
}
