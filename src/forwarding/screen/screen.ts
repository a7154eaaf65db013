/**
 * A screen in front of the rules: it counts and hashes the packets of each connection at each place where they were
 * recorded, in constant time and without an object for any. What shows the same packets at all places needs no closer look than
 * a few of its kind do; see `sort.ts`.
 */

import { IP_PROTOCOL } from "../../packet/ip.js";
import { TCP_FLAG } from "../../packet/tcp.js";
import { CHECKSUM, Digest } from "./digest.js";
import type { Endpoints } from "./endpoints.js";
import { LONGEST_LINK_HEADER, Located, type RawFrame } from "./located.js";
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
  clientA: 0,
  clientB: 1,
  portAndGroup: 2,
  /** The number of its link, and below it its form. */
  linkAndForm: 3,
  packets: 4,
  first: 5,
  second: 6,
  /** The first hash times the TTL. */
  times: 7,
  /** Traits, the least TTL, the greatest TTL. */
  traits: 8,
  longest: 9,
} as const;
const LEG_KEY = 4;
const LEG_CELLS = 10;

/** A capture's frames between two MACs: the capture, the direction and length, the bytes in front of IP. */
export const LINK_KEY = 2 + LONGEST_LINK_HEADER / 4;
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
  /** All other packets. */
  readonly others: number;
}

/** Legs that fit into the memory that verify may take. */
export const MOST_LEGS = 2_000_000;

export class Screen {
  readonly #located: Located;
  readonly #digest = new Digest();
  readonly #legs: TupleTable;
  readonly #links = new TupleTable(LINK_KEY, LINK_KEY, MOST_LINKS);
  readonly #peers = new TupleTable(3, 3, MOST_PEERS);
  #isPeerLost = false;
  #unscreened = 0;
  #others = 0;

  constructor(endpoints: Endpoints, mostLegs = MOST_LEGS) {
    this.#located = new Located(endpoints);
    this.#legs = new TupleTable(LEG_KEY, LEG_CELLS, mostLegs);
  }

  /** @param capture the number of the capture: of a file, or of an interface in it */
  add(capture: number, frame: RawFrame): void {
    const located = this.#located;
    if (located.locate(frame)) this.#addToLeg(capture, frame);
    else {
      this.#others++;
      if (located.hasPeer) this.#addPeer(located);
    }
  }

  /** All that was seen; the screen is not to be used after it. */
  seen(): Seen {
    const entries = ({ cells, size, stride }: TupleTable) => ({ cells, size, stride });
    return {
      legs: entries(this.#legs),
      links: entries(this.#links),
      tunnels: entries(this.#located.tunnels),
      peers: entries(this.#peers),
      isPeerLost: this.#isPeerLost,
      unscreened: this.#unscreened,
      others: this.#others,
    };
  }

  #addToLeg(capture: number, frame: RawFrame): void {
    const located = this.#located;
    const digest = this.#digest;
    const legs = this.#legs;
    const link = this.#link(capture, frame);
    const { key } = legs;
    key[LEG.clientA] = located.clientA;
    key[LEG.clientB] = located.clientB;
    key[LEG.portAndGroup] = located.portAndGroup;
    key[LEG.linkAndForm] = (link << 16) | located.form;
    const leg = link < 0 ? -1 : legs.intern();
    if (leg < 0) {
      this.#unscreened++;
      return;
    }
    digest.take(located);
    const { cells } = legs;
    const at = leg * LEG_CELLS;
    const { ttl } = located;
    const before = cells[at + LEG.traits] as number;
    const isFirst = cells[at + LEG.packets] === 0;
    const least = isFirst ? ttl : Math.min((before >>> 8) & 0xff, ttl);
    const greatest = Math.max(before & 0xff, ttl);
    cells[at + LEG.traits] = (((before >>> 16) | this.#traits(before >>> 16, isFirst)) << 16) | (least << 8) | greatest;
    cells[at + LEG.packets] = (cells[at + LEG.packets] as number) + 1;
    cells[at + LEG.longest] = Math.max(cells[at + LEG.longest] as number, located.end - located.ip);
    if (digest.isOdd) return;
    cells[at + LEG.first] = (cells[at + LEG.first] as number) + digest.first;
    cells[at + LEG.second] = (cells[at + LEG.second] as number) + digest.second;
    cells[at + LEG.times] = (cells[at + LEG.times] as number) + Math.imul(digest.first, ttl);
  }

  #traits(before: number, isFirst: boolean): number {
    const { protocol, view, l4, isReply, isOdd } = this.#located;
    const { checksum, isOdd: isDigestOdd } = this.#digest;
    let traits = isOdd || isDigestOdd ? TRAIT.odd : 0;
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

  #link(capture: number, { start, direction }: RawFrame): number {
    const { view, network } = this.#located;
    const { key } = this.#links;
    key[0] = capture;
    key[1] = (direction << 16) | (network - start);
    let at = start;
    for (let word = 2; word < LINK_KEY; word++, at += 4) {
      const rest = network - at;
      // IP is behind it: a whole word can be read.
      const whole = rest > 0 ? view.getInt32(at, true) : 0;
      key[word] = rest >= 4 || rest <= 0 ? whole : whole & ((1 << (rest * 8)) - 1);
    }
    return this.#links.intern();
  }

  #addPeer({ clientA, clientB, port }: Located): void {
    const { key } = this.#peers;
    key[0] = clientA;
    key[1] = clientB;
    key[2] = port;
    if (this.#peers.intern() < 0) this.#isPeerLost = true;
  }
}
