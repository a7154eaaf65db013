import { Blocks, SECTION_HEADER } from "./blocks.js";
import { CLASSIC_HEADER, Classic, classicOrder } from "./classic.js";
import { Flaw, type Format, type Mark, type Visit } from "./record.js";
import { refusalOf } from "./refusal.js";

/** Bytes of a record that two pieces share, for which there is room at once. */
const LEAST_HELD = 64 << 10;

export const BEGINNING: Mark = { position: 0, number: 0 };

/**
 * Finds the records of a capture in the pieces of its file, wherever these were cut. Packets stay where they lie; only a
 * record that two pieces share is put together in a buffer of its own.
 */
export class RecordReader {
  readonly #visit: Visit;
  #format: Format | undefined;
  /** Of the file: where the piece that is expected begins. */
  #position: number;
  /** Bytes still to be passed over. */
  #skip = 0;
  #held = Buffer.alloc(0);
  #heldLength = 0;

  /** @param from where the first piece begins */
  constructor(visit: Visit, { position, number, state }: Mark = BEGINNING) {
    this.#visit = visit;
    this.#position = position;
    if (state?.format === "classic") this.#format = new Classic(state.header, visit, number);
    if (state?.format === "blocks") this.#format = new Blocks(visit, state, number);
  }

  /** The first record that was not visited. */
  get mark(): Mark {
    const format = this.#format;
    if (format === undefined) return BEGINNING;
    const position = this.#position - this.#heldLength + this.#skip;
    return { position, number: format.number, state: format.state };
  }

  /** @throws Flaw; Refusal; what the visitor throws */
  push(piece: Buffer): void {
    this.#position += piece.length;
    let at = 0;
    for (;;) {
      const skipped = Math.min(this.#skip, piece.length - at);
      this.#skip -= skipped;
      at += skipped;
      if (at === piece.length) return;
      if (this.#heldLength === 0) {
        const next = this.#read(piece, at);
        this.#skip = Math.max(next - piece.length, 0);
        this.#hold(piece.subarray(next));
        return;
      }
      const missing = this.#need - this.#heldLength;
      const taken = piece.subarray(at, at + missing);
      this.#hold(taken);
      at += taken.length;
      if (taken.length < missing) return;
      // What is needed is known exactly: a record that is whole ends where the buffer does.
      const next = this.#read(this.#held.subarray(0, this.#heldLength), 0);
      if (next === 0) continue;
      this.#skip = next - this.#heldLength;
      this.#heldLength = 0;
    }
  }

  /** @throws Flaw where the file ends within a record; Refusal */
  end(): void {
    if (this.#format === undefined) throw refusalOf(this.#held.subarray(0, this.#heldLength));
    if (this.#heldLength > 0 || this.#skip > 0) throw new Flaw();
  }

  get #need(): number {
    return this.#format?.need ?? CLASSIC_HEADER;
  }

  #read(bytes: Buffer, at: number): number {
    if (this.#format !== undefined) return this.#format.read(bytes, at);
    if (bytes.length - at < CLASSIC_HEADER) return at;
    const head = bytes.subarray(at, at + CLASSIC_HEADER);
    if (head.readUInt32LE(0) === SECTION_HEADER) {
      this.#format = new Blocks(this.#visit);
      return this.#format.read(bytes, at);
    }
    if (classicOrder(head) === undefined) throw refusalOf(head);
    this.#format = new Classic(head, this.#visit);
    return this.#format.read(bytes, at + CLASSIC_HEADER);
  }

  #hold(bytes: Buffer): void {
    const length = this.#heldLength + bytes.length;
    if (length > this.#held.length) {
      const larger = Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(Math.max(length, LEAST_HELD))));
      this.#held.copy(larger, 0, 0, this.#heldLength);
      this.#held = larger;
    }
    this.#held.set(bytes, this.#heldLength);
    this.#heldLength = length;
  }
}
