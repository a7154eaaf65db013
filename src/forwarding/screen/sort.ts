/**
 * Sorts connections into kinds whose members the rules cannot tell apart: the same places, MACs and headers around the
 * packet, the same difference of TTLs, and at every place the same packets. Of such a kind a few are judged for all.
 * Whatever has anything of its own is to be judged itself.
 */

import { type Persistence, type Service, serviceName } from "../setup.js";
import type { Endpoints } from "./endpoints.js";
import type { Flows, Leg } from "./flows.js";
import { LENGTHS, TRAIT } from "./screen.js";
import { spread, TupleTable } from "./tuple-table.js";

/** Why a connection has to be judged itself: bits. */
export const REASON = {
  odd: 1,
  openedAgain: 4,
  wrongChecksum: 8,
  /** The captures have not the same packets of it. */
  differs: 16,
  /** Errors about it, fragments, or what its client did besides. */
  peer: 32,
  /** A service whose packets the screen does not understand. */
  unsuited: 64,
  /** At more places than are compared. */
  many: 128,
  /** Its client's connections go to several places although they should not. */
  affinity: 256,
  /** Others, of which there are more, were seen at further places. */
  partial: 512,
  /** Too long for a whole one to be judged, of which nothing may be left out. */
  long: 1024,
} as const;

const MOST_KINDS = 4096;
const MOST_LEGS_OF_FLOW = 16;
const KIND_HEAD = 3;
const CUT = 0x80;
const KIND_KEY = KIND_HEAD + 2 * MOST_LEGS_OF_FLOW;
/** Connections of a kind among which those are chosen that are judged. */
const CANDIDATES = 4096;

/** Connections that the rules cannot tell apart; with reasons: that have the same reasons to be judged themselves. */
export interface Kind {
  readonly group: number;
  reasons: number;
  connections: number;
  packets: number;
  /** Links and forms, in order. */
  readonly places: readonly number[];
  /** Of the first by a hash of their keys, which spreads them over all the capture. */
  readonly candidates: Candidate[];
  /** Its members have not the very same packets at all places: none of them may be left out. */
  readonly isOfStreams: boolean;
}

export interface Candidate {
  readonly flow: number;
  readonly order: number;
  readonly packets: number;
  /** Packets, of which long ones count several times: what it costs to judge them. */
  readonly cost: number;
}

const ETHERNET_MTU = 1500;

/** Bytes of a packet that count as one. */
export const COST = 2048;

export function sortFlows(flows: Flows, endpoints: Endpoints): Kind[] {
  const unsuited = endpoints.services.map((services) => services.some(isUnsuited));
  const wandering = wanderersOf(flows, endpoints);
  const table = new TupleTable(KIND_KEY, KIND_KEY, MOST_KINDS);
  const kinds: Kind[] = [];
  // What has no place in the table is of a kind of its own, of which nothing is known.
  const rest: Kind = {
    group: 0,
    reasons: REASON.many,
    connections: 0,
    packets: 0,
    places: [],
    candidates: [],
    isOfStreams: false,
  };
  const legs: Leg[] = [];
  for (let flow = 0; flow < flows.table.size; flow++) {
    const count = flows.legsOf(flow, legs);
    const group = flows.group(flow);
    let reasons = reasonsOf(legs, count);
    if (flows.isPeerLost || flows.isPeer(flow)) reasons |= REASON.peer;
    if (unsuited[group]) reasons |= REASON.unsuited;
    if (wandering.has(flow)) reasons |= REASON.affinity;
    setKey(table.key, group, reasons, legs, count);
    const number = table.intern();
    const kind = number < 0 ? rest : (kinds[number] ?? newKind(group, reasons, legs, count));
    if (number >= 0) kinds[number] = kind;
    let [packets, cost] = [0, 0];
    for (let leg = 0; leg < count; leg++) {
      const { packets: own, length, stream } = legs[leg] as Leg;
      packets += own;
      cost += stream === undefined ? own * Math.ceil((LENGTHS[length] ?? 65_536) / COST) : own + stream.bytes / COST;
    }
    kind.connections++;
    kind.packets += packets;
    addCandidate(kind, { flow, order: orderOf(flows, flow), packets, cost });
  }
  if (rest.connections > 0) kinds.push(rest);
  for (const kind of kinds) if (kind.reasons === 0 && isPart(kind, kinds)) kind.reasons = REASON.partial;
  for (const { candidates } of kinds) candidates.sort((left, right) => left.order - right.order);
  return kinds;
}

function newKind(group: number, reasons: number, legs: readonly Leg[], count: number): Kind {
  const places = legs.slice(0, count).map(({ linkAndForm }) => linkAndForm);
  const isOfStreams = legs.slice(0, count).some((leg) => leg.stream !== undefined && (leg.stream.isCut || isLong(leg)));
  return { group, reasons, connections: 0, packets: 0, places, candidates: [], isOfStreams };
}

function setKey(key: Int32Array, group: number, reasons: number, legs: readonly Leg[], count: number): void {
  key.fill(0);
  key[0] = group;
  key[1] = reasons;
  key[2] = count;
  if (count > MOST_LEGS_OF_FLOW) return;
  const [request, reply] = [firstOf(legs, count, false), firstOf(legs, count, true)];
  for (let leg = 0; leg < count; leg++) {
    const { linkAndForm, isReply, traits, leastTtl, length, stream } = legs[leg] as Leg;
    const hops = reasons === 0 ? (leastTtl - ((isReply ? reply : request)?.leastTtl ?? 0)) & 0xff : 0;
    key[KIND_HEAD + 2 * leg] = linkAndForm;
    // How much a NIC puts together is chance.
    const longest = stream === undefined ? length : Math.min(length, LENGTHS.indexOf(ETHERNET_MTU) + 1);
    const cut = stream?.isCut ? CUT : 0;
    key[KIND_HEAD + 2 * leg + 1] = (traits << 16) | (hops << 8) | cut | longest;
  }
}

function reasonsOf(legs: readonly Leg[], count: number): number {
  let reasons = count > MOST_LEGS_OF_FLOW ? REASON.many : 0;
  for (let leg = 0; leg < count; leg++) {
    const { traits } = legs[leg] as Leg;
    if (traits & TRAIT.odd) reasons |= REASON.odd;
    if (traits & TRAIT.openedAgain) reasons |= REASON.openedAgain;
    if (traits & TRAIT.wrongChecksum) reasons |= REASON.wrongChecksum;
  }
  if ([false, true].some((way) => !isSame(legs, count, way) && !isSameStream(legs, count, way)))
    reasons |= REASON.differs;
  return reasons;
}

/**
 * Whether all places have the same packets one way, but for one difference of TTLs that all packets share: with the
 * hashes h of the packets at one place, Σ h (TTL + d) is Σ h TTL + d Σ h.
 */
function isSame(legs: readonly Leg[], count: number, isReply: boolean): boolean {
  const first = firstOf(legs, count, isReply);
  if (first === undefined) return true;
  for (let index = 0; index < count; index++) {
    const leg = legs[index] as Leg;
    if (leg.isReply === isReply && !isExact(first, leg)) return false;
  }
  return true;
}

function isExact(one: Leg, other: Leg): boolean {
  const hops = other.leastTtl - one.leastTtl;
  if (other.packets !== one.packets || other.first !== one.first || other.second !== one.second) return false;
  if (other.greatestTtl - one.greatestTtl !== hops) return false;
  return ((one.times + Math.imul(one.first, hops)) | 0) === other.times;
}

/** Whether any two places have the same one way, but for what a NIC cuts or puts together, and what was not recorded. */
function isSameStream(legs: readonly Leg[], count: number, isReply: boolean): boolean {
  const own = legs.slice(0, count).filter((leg) => leg.isReply === isReply);
  return own.every((one, index) => own.slice(index + 1).every((other) => isExact(one, other) || isAlike(one, other)));
}

function isAlike(one: Leg, other: Leg): boolean {
  const [left, right] = [one.stream, other.stream];
  if (left === undefined || right === undefined || left.headers !== right.headers) return false;
  if (one.leastTtl !== one.greatestTtl || other.leastTtl !== other.greatestTtl) return false;
  const isCut = left.isCut || right.isCut;
  if (!isCut && left.payload !== right.payload) return false;
  if (isLong(one) || isLong(other)) return true;
  return isCut && one.packets === other.packets && left.ids === right.ids;
}

/** Whether a NIC has put packets together, or is to cut them. */
function isLong({ length }: Leg): boolean {
  return length > LENGTHS.indexOf(ETHERNET_MTU);
}

function firstOf(legs: readonly Leg[], count: number, isReply: boolean): Leg | undefined {
  for (let leg = 0; leg < count; leg++) if (legs[leg]?.isReply === isReply) return legs[leg];
  return undefined;
}

/** Whether all places of a kind are also those of another one, which has more and of which there are more. */
function isPart({ group, places, connections }: Kind, kinds: readonly Kind[]): boolean {
  return kinds.some((other) => {
    if (other.group !== group || other.reasons !== 0 || other.places.length <= places.length) return false;
    return other.connections > connections && places.every((place) => other.places.includes(place));
  });
}

function addCandidate({ candidates }: Kind, candidate: Candidate): void {
  candidates.push(candidate);
  if (candidates.length < CANDIDATES * 2) return;
  candidates.sort((left, right) => left.order - right.order);
  candidates.length = CANDIDATES;
}

function orderOf({ table: { cells, stride } }: Flows, flow: number): number {
  const at = flow * stride;
  return spread(spread(cells[at] as number) ^ (cells[at + 1] as number)) >>> 0;
}

function isUnsuited({ protocol, model, tunnel, mark, persistence, vip }: Service): boolean {
  if (protocol === "sctp" || mark !== undefined) return true;
  if (model === "tun" && tunnel.kind !== "ipip") return true;
  // Of IPv6 the screen has hashes, whose prefixes say nothing.
  return persistence !== undefined && vip.includes(":") && persistence.prefix < 128;
}

/** Connections of clients that are not at one place, where the service keeps a client at one. */
function wanderersOf(flows: Flows, endpoints: Endpoints): ReadonlySet<number> {
  const masks = endpoints.services.map((services) => services.map(clientMask).find((mask) => mask !== undefined));
  const wanderers = new Set<number>();
  if (masks.every((mask) => mask === undefined)) return wanderers;
  const clients = new TupleTable(2, 2, flows.table.size);
  const first: number[] = [];
  const conflicts = new Set<number>();
  const [legs, firstLegs]: [Leg[], Leg[]] = [[], []];
  const clientOf = (flow: number, mask: number) => {
    const at = flow * flows.table.stride;
    clients.key[0] = (flows.table.cells[at] as number) & mask;
    clients.key[1] = flows.group(flow);
    return clients.intern();
  };
  for (let flow = 0; flow < flows.table.size; flow++) {
    const mask = masks[flows.group(flow)];
    if (mask === undefined) continue;
    const client = clientOf(flow, mask);
    const other = first[client];
    if (other === undefined) first[client] = flow;
    else if (!isAtSamePlaces(flows, flow, other, legs, firstLegs)) conflicts.add(client);
  }
  if (conflicts.size === 0) return wanderers;
  for (let flow = 0; flow < flows.table.size; flow++) {
    const mask = masks[flows.group(flow)];
    if (mask !== undefined && conflicts.has(clientOf(flow, mask))) wanderers.add(flow);
  }
  return wanderers;
}

function isAtSamePlaces(flows: Flows, one: number, other: number, legs: Leg[], others: Leg[]): boolean {
  const count = flows.legsOf(one, legs);
  if (flows.legsOf(other, others) !== count) return false;
  for (let leg = 0; leg < count; leg++) if (legs[leg]?.linkAndForm !== others[leg]?.linkAndForm) return false;
  return true;
}

/** Which bits of an IPv4 address, as its bytes lie, tell one client from another; undefined where clients are free to go anywhere. */
function clientMask({ scheduler, persistence }: Service): number | undefined {
  if (persistence === undefined) return scheduler === "sh" || scheduler === "mh" ? -1 : undefined;
  return littleEndianMask(persistence);
}

function littleEndianMask({ prefix }: Persistence): number {
  if (prefix >= 32) return -1;
  const mask = new DataView(new ArrayBuffer(4));
  mask.setUint32(0, prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0);
  return mask.getInt32(0, true);
}

/** The services of a group, as messages name them. */
export function groupName(endpoints: Endpoints, group: number): string {
  return (endpoints.services[group] ?? []).map(serviceName).join(" and ");
}
