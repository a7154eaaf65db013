/** Where hosts, NICs and segments stand in the picture of a network; pixels, from the top left. */

import { isAnyIp, isIp6, networkOf } from "../../packet/address.js";
import type { HostResult, NicResult } from "../result.js";

export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly hosts: readonly DrawnHost[];
  readonly segments: readonly DrawnSegment[];
  /** By tap. */
  readonly nics: ReadonlyMap<string, DrawnNic>;
}

export interface DrawnHost {
  readonly host: HostResult;
  readonly x: number;
  readonly y: number;
}

export interface DrawnSegment {
  readonly name: string;
  readonly y: number;
  readonly from: number;
  readonly to: number;
}

/** A NIC's wire, from its host's edge to its segment. */
export interface DrawnNic {
  readonly nic: NicResult;
  readonly x: number;
  readonly hostY: number;
  readonly segmentY: number;
}

export const HOST = { width: 176, height: 52 } as const;
const GAP = 20;
/** From a host's edge to a segment: two lines of text have room beside the wire. */
const WIRE = 58;
const MARGIN = 12;

interface Placed {
  readonly host: HostResult;
  /** Its NICs with the number of their segments, from the top. */
  readonly nics: readonly { readonly nic: NicResult; readonly segment: number }[];
}

/**
 * Segments lie one below the other, the clients' on top. A host stands below the uppermost segment that it has a NIC
 * on; those of the first segment alone stand above it.
 */
export function layOut(hosts: readonly HostResult[]): Drawing {
  const names = segmentsFromClients(hosts);
  const placed = hosts.map((host): Placed => {
    const nics = host.nics.map((nic) => ({ nic, segment: names.indexOf(segmentOf(nic)) }));
    return { host, nics: nics.toSorted((one, other) => one.segment - other.segment) };
  });
  const rows = Array.from({ length: names.length + 1 }, (_, row) => placed.filter((one) => rowOf(one) === row));
  const widest = Math.max(...rows.map((row) => row.length), 1);
  const width = 2 * MARGIN + widest * (HOST.width + GAP) - GAP + WIRE;
  const segmentY = (segment: number) => MARGIN + segment * (HOST.height + 2 * WIRE) + HOST.height + WIRE;
  const drawn = rows.flatMap((row, at) => {
    const indent = (width - row.length * (HOST.width + GAP) + GAP) / 2;
    const y = at === 0 ? MARGIN : segmentY(at - 1) + WIRE;
    return row.map((one, index) => ({ ...one, x: indent + index * (HOST.width + GAP), y }));
  });
  const nics = new Map(drawn.flatMap((one) => wires(one, segmentY)));
  const lowest = Math.max(...drawn.map(({ y }) => y + HOST.height), ...names.map((_, at) => segmentY(at)));
  const segments = names.map((name, at) => {
    const ends = [...nics.values()].filter(({ segmentY: y }) => y === segmentY(at)).map(({ x }) => x);
    return { name, y: segmentY(at), from: Math.min(...ends) - 16, to: Math.max(...ends) + 16 };
  });
  return { width, height: lowest + MARGIN, hosts: drawn, segments, nics };
}

function rowOf({ host, nics }: Placed): number {
  const first = nics[0]?.segment ?? 0;
  const isAlone = nics.every(({ segment }) => segment === first);
  return first === 0 && isAlone && host.role === "client" ? 0 : first + 1;
}

/** The NICs of a host share the edge that looks at their segment. */
function wires(
  { nics, x, y }: Placed & { readonly x: number; readonly y: number },
  segmentY: (segment: number) => number,
): [string, DrawnNic][] {
  const up = nics.filter(({ segment }) => segmentY(segment) < y);
  const down = nics.filter(({ segment }) => segmentY(segment) >= y);
  return [up, down].flatMap((side) =>
    side.map(({ nic, segment }, index): [string, DrawnNic] => {
      const at = x + ((index + 0.5) * HOST.width) / side.length - (side.length === 1 ? HOST.width / 4 : 0);
      const hostY = side === up ? y : y + HOST.height;
      return [nic.tap, { nic, x: at, hostY, segmentY: segmentY(segment) }];
    }),
  );
}

/** Names of all segments, those of the clients first, then by how far away they are. */
function segmentsFromClients(hosts: readonly HostResult[]): string[] {
  const first = hosts.toSorted((one, other) => Number(other.role === "client") - Number(one.role === "client"));
  const found = new Set<string>();
  const reach = (host: HostResult | undefined) => {
    for (const nic of host?.nics ?? []) found.add(segmentOf(nic));
  };
  const waiting = [...first];
  while (waiting.length > 0) {
    const next = waiting.findIndex(({ nics }) => nics.some((nic) => found.has(segmentOf(nic))));
    reach(waiting.splice(Math.max(next, 0), 1)[0]);
  }
  return [...found];
}

/** The network of an address: `10.0.0.0/24`. Earlier results have no length of the prefix. */
function segmentOf({ ip, prefix }: NicResult): string {
  if (!isAnyIp(ip)) return ip;
  const [usual, longest] = isIp6(ip) ? [64, 128] : [24, 32];
  return networkOf(ip, Math.min(prefix ?? usual, longest));
}
