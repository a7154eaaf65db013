/** A lab's client ports, each given out once: directors remember flows for minutes. */
export class Ports {
  readonly #first: number;
  readonly #last: number;
  #next: number;

  constructor({ first, last }: { readonly first: number; readonly last: number }) {
    this.#first = first;
    this.#last = last;
    this.#next = first;
  }

  take(): number {
    if (this.#next <= this.#last) return this.#next++;
    const count = this.#last - this.#first + 1;
    throw new Error(
      `this lab has used up its ${count} client ports of ${this.#first} to ${this.#last}; run fewer repetitions at once (--repeat), split the run into several (--shard 1/2), or send smaller bursts`,
    );
  }
}
