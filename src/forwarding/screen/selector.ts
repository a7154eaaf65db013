/** Picks the frames of the chosen connections out of all that are in the captures. */

import { IP_PROTOCOL } from "../../packet/ip.js";
import { TCP_FLAG } from "../../packet/tcp.js";
import { Digest } from "./digest.js";
import type { Endpoints } from "./endpoints.js";
import { Located, type RawFrame } from "./located.js";
import { CHOSEN_CELLS, CHOSEN_KEY, type Selection } from "./select.js";
import { TupleTable } from "./tuple-table.js";

/** Flags of the segments without which nobody knows what became of a connection. */
const CHANGING = TCP_FLAG.syn | TCP_FLAG.fin | TCP_FLAG.rst;

export class Selector {
  readonly #located: Located;
  readonly #digest = new Digest();
  readonly #chosen = new TupleTable(CHOSEN_KEY, CHOSEN_CELLS, Number.MAX_SAFE_INTEGER);

  constructor(endpoints: Endpoints, { chosen: { cells, size, stride } }: Pick<Selection, "chosen">) {
    this.#located = new Located(endpoints);
    for (let at = 0; at < size * stride; at += stride) {
      this.#chosen.key.set(cells.subarray(at, at + CHOSEN_KEY));
      const entry = this.#chosen.intern();
      this.#chosen.cells[entry * CHOSEN_CELLS + CHOSEN_KEY] = cells[at + CHOSEN_KEY] as number;
    }
  }

  wants(frame: RawFrame): boolean {
    const located = this.#located;
    if (!located.locate(frame)) return false;
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
}
