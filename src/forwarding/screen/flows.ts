/** The legs of all screens, put together by connection. */

import { FIRST_TUNNEL, MOST_TUNNELS, TUNNEL_KEY } from "./located.js";
import {
  type Entries,
  LEG,
  LINK_KEY,
  MOST_LEGS,
  MOST_LINKS,
  MOST_PEERS,
  MOST_SEGMENTS,
  type Seen,
  STREAM,
  TRAIT,
} from "./screen.js";
import { TupleTable } from "./tuple-table.js";

const FLOW_KEY = 2;
const PEER_KEY = 2;

/** A connection's packets at one place. One object serves all. */
export interface Leg {
  linkAndForm: number;
  isReply: boolean;
  packets: number;
  first: number;
  second: number;
  times: number;
  traits: number;
  leastTtl: number;
  greatestTtl: number;
  /** Class of the longest packet's length, by `LENGTHS`. */
  length: number;
  /** What cutting leaves as it is, where a screen looked for it. */
  stream: LegStream | undefined;
}

/** Cells of `STREAM`. */
interface LegStream {
  readonly headers: number;
  readonly payload: number;
  readonly ids: number;
  readonly bytes: number;
  readonly isCut: boolean;
}

/** All connections that screens have seen, and their legs. */
export class Flows {
  /** By client's address and port, and group of services. */
  readonly table = new TupleTable(FLOW_KEY, FLOW_KEY + 1, MOST_LEGS);
  readonly isPeerLost: boolean;
  readonly unscreened: number;
  /** Segments of all screens, one screen's behind the other's. */
  readonly segments: number;
  readonly #links: TupleTable;
  readonly #tunnels: TupleTable;
  readonly #peers: TupleTable;
  readonly #parts: { readonly legs: Entries; readonly offset: number }[] = [];
  /** By leg: the next one of the same connection, plus 1. */
  readonly #next: Int32Array;

  /** @param seen whose legs are taken over; of parts of one file in the order of the file */
  constructor(seen: readonly Seen[]) {
    this.isPeerLost = seen.some((one) => one.isPeerLost);
    this.unscreened = seen.reduce((sum, one) => sum + one.unscreened, 0);
    this.segments = seen.reduce((sum, one) => sum + one.segments, 0);
    this.#next = new Int32Array(seen.reduce((sum, { legs }) => sum + legs.size, 0));
    this.#links = new TupleTable(LINK_KEY, LINK_KEY, MOST_LINKS * seen.length);
    this.#tunnels = new TupleTable(TUNNEL_KEY, TUNNEL_KEY, MOST_TUNNELS * seen.length);
    this.#peers = new TupleTable(PEER_KEY, PEER_KEY, MOST_PEERS * seen.length);
    let [offset, segment] = [0, 0];
    for (const { legs, links, tunnels, peers, segments } of seen) {
      const [link, tunnel] = [taken(links, this.#links), taken(tunnels, this.#tunnels)];
      taken(peers, this.#peers);
      this.#parts.push({ legs, offset });
      for (let leg = 0; leg < legs.size; leg++) {
        const at = leg * legs.stride + LEG.linkAndForm;
        const own = legs.cells[at] as number;
        const form = own & 0xffff;
        const common = form < FIRST_TUNNEL ? form : FIRST_TUNNEL + (tunnel[form - FIRST_TUNNEL] as number);
        legs.cells[at] = ((link[own >>> 16] as number) << 16) | common;
        legs.cells[at + LEG.segments - LEG.linkAndForm] =
          (legs.cells[at + LEG.segments - LEG.linkAndForm] as number) + ((segment << 16) | segment);
        this.#chain(legs, leg, offset);
      }
      offset += legs.size;
      segment += segments;
    }
  }

  /** Whether something out of the way was seen of the client, or of its port. */
  isPeer(flow: number): boolean {
    const at = flow * this.table.stride;
    const { cells } = this.table;
    const { key } = this.#peers;
    key[0] = cells[at] as number;
    key[1] = (cells[at + 1] as number) >>> 16;
    if (this.#peers.find() >= 0) return true;
    key[1] = -1;
    return this.#peers.find() >= 0;
  }

  group(flow: number): number {
    return (this.table.cells[flow * this.table.stride + 1] as number) & 0xffff;
  }

  /** Fills in a connection's legs, in the order of their links and forms. @returns how many there are */
  legsOf(flow: number, into: Leg[]): number {
    let count = 0;
    let leg = (this.table.cells[flow * this.table.stride + FLOW_KEY] as number) - 1;
    for (; leg >= 0; leg = (this.#next[leg] as number) - 1) {
      const slot = into[count] ?? emptyLeg();
      this.#read(leg, slot);
      let place = count++;
      for (; place > 0 && (into[place - 1] as Leg).linkAndForm > slot.linkAndForm; place--)
        into[place] = into[place - 1] as Leg;
      into[place] = slot;
    }
    return count;
  }

  /**
   * Marks the segments between a connection's first and last packets at each place; all where nobody knows: packets that
   * there was no place for may be its own.
   * @param into by segment
   */
  markSegments(flow: number, into: Uint8Array): void {
    if (this.unscreened > 0 || this.segments > MOST_SEGMENTS) {
      into.fill(1);
      return;
    }
    let leg = (this.table.cells[flow * this.table.stride + FLOW_KEY] as number) - 1;
    for (; leg >= 0; leg = (this.#next[leg] as number) - 1) {
      const [cells, at] = this.#place(leg);
      const segments = cells[at + LEG.segments] as number;
      into.fill(1, segments >>> 16, (segments & 0xffff) + 1);
    }
  }

  #chain(legs: Entries, leg: number, offset: number): void {
    const { table } = this;
    const at = leg * legs.stride;
    for (let cell = 0; cell < FLOW_KEY; cell++) table.key[cell] = legs.cells[at + cell] as number;
    const head = table.intern() * table.stride + FLOW_KEY;
    for (let other = (table.cells[head] as number) - 1; other >= 0; other = (this.#next[other] as number) - 1) {
      const [known, knownAt] = this.#place(other);
      if (known[knownAt + LEG.linkAndForm] !== legs.cells[at + LEG.linkAndForm]) continue;
      join(known, knownAt, legs, at);
      return;
    }
    this.#next[offset + leg] = table.cells[head] as number;
    table.cells[head] = offset + leg + 1;
  }

  #place(leg: number): [cells: Int32Array, at: number, stride: number] {
    let index = this.#parts.length - 1;
    while ((this.#parts[index]?.offset ?? 0) > leg) index--;
    const { legs, offset } = this.#parts[index] as { legs: Entries; offset: number };
    return [legs.cells, (leg - offset) * legs.stride, legs.stride];
  }

  #read(leg: number, into: Leg): void {
    const [cells, at, stride] = this.#place(leg);
    const traits = cells[at + LEG.traits] as number;
    const form = (cells[at + LEG.linkAndForm] as number) & 0xffff;
    into.linkAndForm = cells[at + LEG.linkAndForm] as number;
    into.isReply = ((form < FIRST_TUNNEL ? form : this.#inner(form - FIRST_TUNNEL)) & 1) === 1;
    into.packets = cells[at + LEG.packets] as number;
    into.first = cells[at + LEG.first] as number;
    into.second = cells[at + LEG.second] as number;
    into.times = cells[at + LEG.times] as number;
    into.traits = (traits >>> 16) & 0xff;
    into.leastTtl = (traits >>> 8) & 0xff;
    into.greatestTtl = traits & 0xff;
    into.length = traits >>> 24;
    into.stream = stride > STREAM.headers ? streamOf(cells, at) : undefined;
  }

  #inner(tunnel: number): number {
    return this.#tunnels.cells[tunnel * TUNNEL_KEY + TUNNEL_KEY - 1] as number;
  }
}

function emptyLeg(): Leg {
  return {
    linkAndForm: 0,
    isReply: false,
    packets: 0,
    first: 0,
    second: 0,
    times: 0,
    traits: 0,
    leastTtl: 0,
    greatestTtl: 0,
    length: 0,
    stream: undefined,
  };
}

function streamOf(cells: Int32Array, at: number): LegStream {
  return {
    headers: cells[at + STREAM.headers] as number,
    payload: cells[at + STREAM.payload] as number,
    ids: cells[at + STREAM.ids] as number,
    bytes: (cells[at + STREAM.bytes] as number) >>> 0,
    isCut: cells[at + STREAM.cut] !== 0,
  };
}

/** The numbers in a common table of the entries of one screen's. */
function taken({ cells, size, stride }: Entries, common: TupleTable): Int32Array {
  const numbers = new Int32Array(size);
  for (let entry = 0; entry < size; entry++) {
    const at = entry * stride;
    common.key.set(cells.subarray(at, at + common.key.length));
    numbers[entry] = common.intern();
  }
  return numbers;
}

/** The rest of a leg, where one file was read by two. */
function join(cells: Int32Array, at: number, { cells: later, stride }: Entries, from: number): void {
  for (let cell = STREAM.headers; cell < stride; cell++)
    cells[at + cell] = (cells[at + cell] as number) + (later[from + cell] as number);
  for (const cell of [LEG.packets, LEG.first, LEG.second, LEG.times])
    cells[at + cell] = (cells[at + cell] as number) + (later[from + cell] as number);
  const [before, behind] = [cells[at + LEG.traits] as number, later[from + LEG.traits] as number];
  const length = Math.max(before >>> 24, behind >>> 24);
  let traits = ((before >>> 16) & 0xff) | ((behind >>> 16) & 0xff & ~TRAIT.lateStart);
  if (((before & behind) >>> 16) & TRAIT.opened) traits |= TRAIT.openedAgain;
  const firstSegment = (cells[at + LEG.segments] as number) & 0xffff0000;
  cells[at + LEG.segments] = firstSegment | ((later[from + LEG.segments] as number) & 0xffff);
  const least = Math.min((before >>> 8) & 0xff, (behind >>> 8) & 0xff);
  const greatest = Math.max(before & 0xff, behind & 0xff);
  cells[at + LEG.traits] = (length << 24) | (traits << 16) | (least << 8) | greatest;
}
