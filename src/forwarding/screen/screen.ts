/**
 * A screen in front of the rules: it counts and hashes the packets of each connection at each place where they were
 * recorded, in constant time and without an object for any. What shows the same packets at all places needs no closer look than
 * a few of its kind do; see `sort.ts`.
 */

import { ETHERNET_HEADER_LENGTH } from "../../packet/ethernet.js";
import { IP_PROTOCOL } from "../../packet/ip.js";
import { TCP_FLAG } from "../../packet/tcp.js";
import { CHECKSUM, Digest } from "./digest.js";
import type { Endpoints } from "./endpoints.js";
import { LONGEST_LINK_HEADER } from "./link-header.js";
import { Located, type RawFrame } from "./located.js";
import { Stream } from "./stream.js";
import { TupleTable } from "./tuple-table.js";

/** What a leg's packets have of: bits. */
export const TRAIT = {
  odd: 1,
  /** A connection that began before the capture did. */
  lateStart: 2,
  opened: 4,
  /** On the addresses and ports of an older connection, or once more because nobody answered. */
  openedAgain: 8,
  reset: 16,
  wrongChecksum: 32,
  unfilledChecksum: 64,
  noChecksum: 128,
} as const;

/** Cells of a leg: its key, and what its packets add up to. */
export const LEG = {
  client: 0,
  portAndGroup: 1,
  /** The number of its link, and below it its form. */
  linkAndForm: 2,
  packets: 3,
  first: 4,
  second: 5,
  /** The first hash times the TTL. */
  times: 6,
  /** Length class of the longest packet, traits, the least TTL, the greatest TTL: 8 bits each. */
  traits: 7,
  /** The first and the last segment that it has packets in: 16 bits each. */
  segments: 8,
} as const;
const LEG_KEY = 3;
const LEG_CELLS = 9;

/** Cells of a leg behind these, where a screen looks for what cutting leaves as it is. */
export const STREAM = {
  headers: 9,
  payload: 10,
  ids: 11,
  /** Of all packets, modulo 2^32. */
  bytes: 12,
  /** Packets that were not recorded as a whole. */
  cut: 13,
} as const;
const STREAM_CELLS = 14;

/** IP lengths, the greatest of each class but the last: what nobody refuses, what a tunnel has room for, Ethernet's, … */
export const LENGTHS = [1280, 1480, 1500, 2048, 8192, 16_384, 32_768] as const;

/** A capture's frames between two MACs: the capture, the direction and length, the bytes in front of IP. */
export const LINK_KEY = 2 + LONGEST_LINK_HEADER / 4;
/** Links that are looked through before the table is, each with its header, its place and its number. */
const RECENT = 4;
const RECENT_CELLS = 7;
export const MOST_LINKS = 1 << 15;
export const MOST_PEERS = 1 << 16;

/** The entries of a table. */
export type Entries = Pick<TupleTable, "cells" | "size" | "stride">;

/** What a screen has seen: plain data, to be handed from thread to thread. */
export interface Seen {
  readonly legs: Entries;
  readonly links: Entries;
  readonly tunnels: Entries;
  readonly peers: Entries;
  /** Whether there was no place left for some peers. */
  readonly isPeerLost: boolean;
  /** Packets of connections for which there was no place left. */
  readonly unscreened: number;
  /** Pieces of captures that were told apart. */
  readonly segments: number;
}

/** Pieces of captures, of all screens together, that can be told apart. */
export const MOST_SEGMENTS = 1 << 16;

/** Gives captures other numbers. @param numbers by the old ones */
export function renumberCaptures({ links: { cells, size, stride } }: Seen, numbers: readonly number[]): void {
  for (let at = 0; at < size * stride; at += stride) cells[at] = numbers[cells[at] as number] as number;
}

/** Legs that fit into the memory that verify may take. */
export const MOST_LEGS = 2_500_000;

export class Screen {
  /** What tells whose packet the last one was. */
  readonly located: Located;
  readonly #digest = new Digest();
  readonly #stream: Stream | undefined;
  readonly #legs: TupleTable;
  readonly #links = new TupleTable(LINK_KEY, LINK_KEY, MOST_LINKS);
  readonly #peers = new TupleTable(2, 2, MOST_PEERS);
  readonly #recent = new Int32Array(RECENT * RECENT_CELLS);
  #oldest = 0;
  #isPeerLost = false;
  #unscreened = 0;
  #segments = 0;

  /** @param isOfStreams whether packets may be cut otherwise, or recorded less of, at one place than at another */
  constructor(endpoints: Endpoints, mostLegs = MOST_LEGS, isOfStreams = false) {
    this.located = new Located(endpoints);
    this.#stream = isOfStreams ? new Stream() : undefined;
    this.#legs = new TupleTable(LEG_KEY, isOfStreams ? STREAM_CELLS : LEG_CELLS, mostLegs);
  }

  /** What is added from now on is of another segment: of a piece of a capture that may be read again by itself. */
  beginSegment(): void {
    this.#segments++;
  }

  /**
   * @param capture the number of the capture: of a file, or of an interface in it
   * @returns whether the packet is one of a connection of the services
   */
  add(capture: number, frame: RawFrame): boolean {
    const { located } = this;
    const isOfConnection = located.locate(frame);
    if (isOfConnection) this.#addToLeg(capture, frame);
    else if (located.hasPeer) this.#addPeer(located);
    return isOfConnection;
  }

  /** All that was seen; the screen is not to be used after it. */
  seen(): Seen {
    const entries = ({ cells, size, stride }: TupleTable) => ({ cells, size, stride });
    return {
      legs: entries(this.#legs),
      links: entries(this.#links),
      tunnels: entries(this.located.tunnels),
      peers: entries(this.#peers),
      isPeerLost: this.#isPeerLost,
      unscreened: this.#unscreened,
      segments: this.#segments,
    };
  }

  #addToLeg(capture: number, frame: RawFrame): void {
    const { located } = this;
    const digest = this.#digest;
    const legs = this.#legs;
    const link = this.#link(capture, frame);
    const { key } = legs;
    key[LEG.client] = located.client;
    key[LEG.portAndGroup] = located.portAndGroup;
    key[LEG.linkAndForm] = (link << 16) | located.form;
    const leg = link < 0 ? -1 : legs.intern();
    if (leg < 0) {
      this.#unscreened++;
      return;
    }
    digest.take(located);
    const { cells } = legs;
    const at = leg * legs.stride;
    const { ttl } = located;
    const before = cells[at + LEG.traits] as number;
    const isFirst = cells[at + LEG.packets] === 0;
    const length = Math.max(before >>> 24, lengthClass(located.wireEnd - located.ip));
    const traits = ((before >>> 16) & 0xff) | this.#traits(before >>> 16, isFirst);
    const least = isFirst ? ttl : Math.min((before >>> 8) & 0xff, ttl);
    const greatest = Math.max(before & 0xff, ttl);
    cells[at + LEG.traits] = (length << 24) | (traits << 16) | (least << 8) | greatest;
    cells[at + LEG.packets] = (cells[at + LEG.packets] as number) + 1;
    const segment = (this.#segments - 1) & (MOST_SEGMENTS - 1);
    const firstSegment = isFirst ? segment : (cells[at + LEG.segments] as number) >>> 16;
    cells[at + LEG.segments] = (firstSegment << 16) | segment;
    if (digest.isOdd) return;
    cells[at + LEG.first] = (cells[at + LEG.first] as number) + digest.first;
    cells[at + LEG.second] = (cells[at + LEG.second] as number) + digest.second;
    cells[at + LEG.times] = (cells[at + LEG.times] as number) + Math.imul(digest.first, ttl);
    if (this.#stream !== undefined) this.#addToStream(this.#stream, cells, at);
  }

  #addToStream(stream: Stream, cells: Int32Array, at: number): void {
    const { located } = this;
    stream.take(located, this.#digest.first);
    cells[at + STREAM.headers] = (cells[at + STREAM.headers] as number) + stream.headers;
    cells[at + STREAM.payload] = (cells[at + STREAM.payload] as number) + stream.payload;
    cells[at + STREAM.ids] = (cells[at + STREAM.ids] as number) + stream.ids;
    cells[at + STREAM.bytes] = (cells[at + STREAM.bytes] as number) + located.end - located.ip;
    cells[at + STREAM.cut] = (cells[at + STREAM.cut] as number) + (located.isCut ? 1 : 0);
  }

  #traits(before: number, isFirst: boolean): number {
    const { protocol, view, l4, isReply, isOdd, isCut } = this.located;
    const { checksum, isOdd: isDigestOdd } = this.#digest;
    let traits = isOdd || isDigestOdd || (isCut && this.#stream === undefined) ? TRAIT.odd : 0;
    if (checksum === CHECKSUM.wrong) traits |= TRAIT.wrongChecksum;
    if (checksum === CHECKSUM.unfilled) traits |= TRAIT.unfilledChecksum;
    if (checksum === CHECKSUM.none) traits |= TRAIT.noChecksum;
    if (protocol !== IP_PROTOCOL.tcp || isDigestOdd) return traits;
    const flags = view.getUint8(l4 + 13);
    if ((flags & TCP_FLAG.rst) !== 0) traits |= TRAIT.reset;
    if ((flags & TCP_FLAG.syn) !== 0) traits |= (before & TRAIT.opened) === 0 ? TRAIT.opened : TRAIT.openedAgain;
    else if (isFirst && !isReply) traits |= TRAIT.lateStart;
    return traits;
  }

  /** The number of the packet's link; -1 where there is no place for it. */
  #link(capture: number, { start, direction }: RawFrame): number {
    const { view, network } = this.located;
    const length = network - start;
    const place = (direction << 16) | length;
    if (length !== ETHERNET_HEADER_LENGTH) return this.#internLink(capture, place, start);
    // Of the few links of a capture the last ones are mostly the next.
    const recent = this.#recent;
    const first = view.getInt32(start, true);
    const second = view.getInt32(start + 4, true);
    const third = view.getInt32(start + 8, true);
    for (let at = 0; at < recent.length; at += RECENT_CELLS)
      if (
        recent[at] === first &&
        recent[at + 1] === second &&
        recent[at + 2] === third &&
        recent[at + 3] === place &&
        recent[at + 4] === capture &&
        recent[at + 5] === view.getUint16(start + 12)
      )
        return recent[at + 6] as number;
    const link = this.#internLink(capture, place, start);
    recent.set([first, second, third, place, capture, view.getUint16(start + 12), link], this.#oldest);
    this.#oldest = (this.#oldest + RECENT_CELLS) % recent.length;
    return link;
  }

  #internLink(capture: number, place: number, start: number): number {
    const { view, network } = this.located;
    const { key } = this.#links;
    key[0] = capture;
    key[1] = place;
    let word = 2;
    for (let at = start; at < network; at += 4) {
      const rest = network - at;
      // IP is behind it: a whole word can be read.
      const whole = view.getInt32(at, true);
      key[word++] = rest >= 4 ? whole : whole & ((1 << (rest * 8)) - 1);
    }
    key.fill(0, word);
    return this.#links.intern();
  }

  #addPeer({ client, port }: Located): void {
    const { key } = this.#peers;
    key[0] = client;
    key[1] = port;
    if (this.#peers.intern() < 0) this.#isPeerLost = true;
  }
}

function lengthClass(length: number): number {
  if (length <= LENGTHS[0]) return 0;
  const found = LENGTHS.findIndex((most) => length <= most);
  return found < 0 ? LENGTHS.length : found;
}
