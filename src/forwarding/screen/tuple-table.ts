/** Entries that a table has room for before it grows. */
const FIRST = 4096;
/** 2^32 divided by the golden ratio. */
const FACTOR = 0x9e3779b1 | 0;

/**
 * A hash table from tuples of 32-bit integers to the numbers 0, 1, 2, … in the order of their first use, with open
 * addressing. Each entry has cells of its own behind its key. No object and no string is made for an entry.
 */
export class TupleTable {
  /** What is looked for: set it, then call `find` or `intern`. */
  readonly key: Int32Array;
  readonly stride: number;
  /** All entries, `stride` cells each, key first; another array after each growth. */
  cells: Int32Array;
  size = 0;
  readonly #limit: number;
  /** Number of an entry, plus 1. */
  #slots = new Int32Array(FIRST * 2);

  /**
   * @param width integers of a key
   * @param stride cells of an entry, its key included
   * @param limit entries beyond which no new one is made
   */
  constructor(width: number, stride: number, limit: number) {
    this.key = new Int32Array(width);
    this.stride = stride;
    this.#limit = limit;
    this.cells = new Int32Array(FIRST * stride);
  }

  /** The number of the entry with the key; -1 where there is none. */
  find(): number {
    return (this.#slots[this.#slot()] as number) - 1;
  }

  /** The same, and where there is none a new one with zeros behind its key; -1 where the table is full. */
  intern(): number {
    const slot = this.#slot();
    const found = (this.#slots[slot] as number) - 1;
    if (found >= 0) return found;
    if (this.size === this.#limit) return -1;
    const entry = this.size++;
    const at = entry * this.stride;
    if (at + this.stride > this.cells.length) this.#growCells();
    this.cells.set(this.key, at);
    this.#slots[slot] = entry + 1;
    if (this.size * 2 > this.#slots.length) this.#growSlots();
    return entry;
  }

  /** Where the key is, or would be. */
  #slot(): number {
    const { key, stride, cells } = this;
    const slots = this.#slots;
    const mask = slots.length - 1;
    const width = key.length;
    for (let slot = hashOf(key, 0, width) & mask; ; slot = (slot + 1) & mask) {
      const entry = (slots[slot] as number) - 1;
      if (entry < 0) return slot;
      let at = entry * stride;
      let index = 0;
      while (index < width && cells[at] === key[index]) {
        index++;
        at++;
      }
      if (index === width) return slot;
    }
  }

  #growCells(): void {
    const larger = new Int32Array(Math.min(this.cells.length * 2, this.#limit * this.stride));
    larger.set(this.cells);
    this.cells = larger;
  }

  #growSlots(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let entry = 0; entry < this.size; entry++) {
      let slot = hashOf(this.cells, entry * this.stride, this.key.length) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = entry + 1;
    }
    this.#slots = slots;
  }
}

function hashOf(cells: Int32Array, at: number, width: number): number {
  let hash = width;
  for (let index = 0; index < width; index++) hash = Math.imul(hash ^ (cells[at + index] as number), FACTOR);
  return spread(hash);
}

/** Every bit of the result depends on every bit of the input: the last step of MurmurHash3. */
export function spread(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b | 0);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35 | 0);
  return hash ^ (hash >>> 16);
}
