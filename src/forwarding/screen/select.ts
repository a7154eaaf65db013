/** Which connections the rules judge: all that have anything of their own, and of each kind a few for all. */

import type { Endpoints } from "./endpoints.js";
import type { Flows } from "./flows.js";
import { type Entries, MOST_LEGS } from "./screen.js";
import { type Candidate, groupName, type Kind, REASON, sortFlows } from "./sort.js";
import { TupleTable } from "./tuple-table.js";

/** Packets that the rules are given: they take some kilobytes for each. */
export interface Budget {
  /** Of connections. */
  readonly packets: number;
  /** Of one kind whose members are alike. */
  readonly sample: number;
  /** Frames of no connection. */
  readonly others: number;
}

export const BUDGET: Budget = { packets: 14_000, sample: 200, others: 6_000 };

/** Connections and their packets. */
export interface Amount {
  readonly connections: number;
  readonly packets: number;
}

/** What a screen says about a kind of connections. */
export interface Tally extends Amount {
  /** `10.0.0.10:80/tcp` */
  readonly service: string;
  /** Of `REASON`; 0: all of them are alike. */
  readonly reasons: number;
  /** Alike but for what NICs cut or put together, and for what was not recorded. */
  readonly isOfStreams: boolean;
  /** What of them the rules get. */
  readonly judged: Amount;
}

export interface Selection {
  /** The chosen connections, each with the mask of hashes of which it is thinned out: 0 where it is whole. */
  readonly chosen: Entries;
  /** By segment: 1 where packets of the chosen connections may be in it. */
  readonly segments: Uint8Array;
  readonly tallies: readonly Tally[];
  /** Packets of connections that the screen had no place for. */
  readonly unscreened: number;
}

/**
 * Whether more can be said if NICs may have cut packets otherwise at one place than at another, or recordings left
 * something out.
 */
export function isForStreams({ tallies }: Selection): boolean {
  const mask = REASON.odd | REASON.differs;
  return tallies.some(({ reasons, connections, judged }) => (reasons & mask) !== 0 && judged.connections < connections);
}

export const CHOSEN_KEY = 2;
export const CHOSEN_CELLS = CHOSEN_KEY + 1;

export function select(flows: Flows, endpoints: Endpoints, budget: Budget = BUDGET): Selection {
  const chosen = new TupleTable(CHOSEN_KEY, CHOSEN_CELLS, MOST_LEGS);
  const kinds = sortFlows(flows, endpoints).toSorted((left, right) => left.packets - right.packets);
  const segments = new Uint8Array(flows.segments);
  const choose = (flow: number, mask: number) => {
    add(flows, flow, mask, chosen);
    flows.markSegments(flow, segments);
  };
  let left = budget.packets;
  const tallies = kinds.map((kind, index) => {
    const share = Math.floor(left / (kinds.length - index));
    const allowed = kind.reasons === 0 ? Math.min(share, budget.sample) : share;
    const { cost, ...judged } = fill(kind, allowed, share, choose);
    left -= cost;
    const { connections, packets } = kind;
    const reasons = kind.isOfStreams && judged.connections === 0 ? kind.reasons | REASON.long : kind.reasons;
    const service = groupName(endpoints, kind.group);
    return { service, reasons, isOfStreams: kind.isOfStreams, connections, packets, judged };
  });
  const { cells, size, stride } = chosen;
  return { chosen: { cells, size, stride }, segments, tallies, unscreened: flows.unscreened };
}

/** The first candidates that fit; where all are too long and alike, the shortest, thinned out if nothing of it is missed. */
function fill(
  kind: Kind,
  allowed: number,
  share: number,
  choose: (flow: number, mask: number) => void,
): Amount & { readonly cost: number } {
  let [connections, packets, cost] = [0, 0, 0];
  for (const candidate of kind.candidates) {
    if (cost + candidate.cost > allowed) continue;
    choose(candidate.flow, 0);
    connections++;
    packets += candidate.packets;
    cost += candidate.cost;
  }
  const shortest = kind.candidates.reduce<Candidate | undefined>(
    (best, next) => (best === undefined || next.cost < best.cost ? next : best),
    undefined,
  );
  const isEnough = connections > 0 || kind.reasons !== 0 || shortest === undefined;
  if (isEnough || (kind.isOfStreams && shortest.cost > share)) return { connections, packets, cost };
  const thinning = kind.isOfStreams ? 1 : 2 ** Math.ceil(Math.log2(shortest.cost / Math.max(allowed, 1)));
  choose(shortest.flow, thinning - 1);
  return { connections: 1, packets: Math.ceil(shortest.packets / thinning), cost: Math.ceil(shortest.cost / thinning) };
}

function add({ table: { cells, stride } }: Flows, flow: number, mask: number, chosen: TupleTable): void {
  const at = flow * stride;
  for (let cell = 0; cell < CHOSEN_KEY; cell++) chosen.key[cell] = cells[at + cell] as number;
  chosen.cells[chosen.intern() * CHOSEN_CELLS + CHOSEN_KEY] = mask;
}
