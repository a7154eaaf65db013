/** Picks the frames that the rules are given out of all that are in the captures. */

import { IP_PROTOCOL } from "../../packet/ip.js";
import { TCP_FLAG } from "../../packet/tcp.js";
import { Digest } from "./digest.js";
import type { Endpoints } from "./endpoints.js";
import { Located, type RawFrame } from "./located.js";
import { CHOSEN_CELLS, CHOSEN_KEY, type Selection } from "./select.js";
import { COST } from "./sort.js";
import { TupleTable } from "./tuple-table.js";

/** Frames of one conversation beside the services that are judged. */
const MOST_OF_CONVERSATION = 200;
const MOST_CONVERSATIONS = 1 << 14;
const CONVERSATION_KEY = 6;
/** Flags of the segments without which nobody knows what became of a connection. */
const CHANGING = TCP_FLAG.syn | TCP_FLAG.fin | TCP_FLAG.rst;

export class Selector {
  readonly #located: Located;
  readonly #digest = new Digest();
  readonly #chosen = new TupleTable(CHOSEN_KEY, CHOSEN_CELLS, Number.MAX_SAFE_INTEGER);
  readonly #conversations = new TupleTable(CONVERSATION_KEY, CONVERSATION_KEY + 1, MOST_CONVERSATIONS);
  readonly #most: number;
  #others = 0;
  /** Frames of no connection that were left out although they are about the setup's hosts; and of all others. */
  leftOut = 0;
  leftOutForeign = 0;

  /** @param others frames of no connection that may be picked */
  constructor(endpoints: Endpoints, { chosen: { cells, size, stride } }: Pick<Selection, "chosen">, others: number) {
    this.#located = new Located(endpoints);
    this.#most = others;
    for (let at = 0; at < size * stride; at += stride) {
      this.#chosen.key.set(cells.subarray(at, at + CHOSEN_KEY));
      const entry = this.#chosen.intern();
      this.#chosen.cells[entry * CHOSEN_CELLS + CHOSEN_KEY] = cells[at + CHOSEN_KEY] as number;
    }
  }

  wants(frame: RawFrame): boolean {
    const located = this.#located;
    if (!located.locate(frame)) return this.#wantsOther(frame);
    const { key } = this.#chosen;
    key[0] = located.client;
    key[1] = located.portAndGroup;
    const entry = this.#chosen.find();
    if (entry < 0) return false;
    const mask = this.#chosen.cells[entry * CHOSEN_CELLS + CHOSEN_KEY] as number;
    return mask === 0 || this.#isKept(mask);
  }

  /** Of what is alike at all places the same packets at all places. */
  #isKept(mask: number): boolean {
    const { protocol, view, l4, end } = this.#located;
    if (protocol === IP_PROTOCOL.tcp && l4 + 13 < end && (view.getUint8(l4 + 13) & CHANGING) !== 0) return true;
    this.#digest.take(this.#located);
    return (this.#digest.first & mask) === 0;
  }

  #wantsOther(frame: RawFrame): boolean {
    const conversations = this.#conversations;
    const isAboutSetup = this.#located.describe(frame, conversations.key);
    const entry = conversations.intern();
    const at = entry * conversations.stride + CONVERSATION_KEY;
    const count = entry < 0 ? MOST_OF_CONVERSATION : (conversations.cells[at] as number);
    if (count < MOST_OF_CONVERSATION && this.#others < this.#most) {
      conversations.cells[at] = count + 1;
      this.#others += Math.ceil(frame.captured / COST);
      return true;
    }
    if (isAboutSetup) this.leftOut++;
    else this.leftOutForeign++;
    return false;
  }
}
