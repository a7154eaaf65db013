/** How much of the captures was read, on a terminal. */

/** Captures are read through the screen, and once more for the frames to be judged. */
const PASSES = 2;
const WIDTH = 30;

export class ReadingBar {
  readonly #total: number;
  readonly #isShown: boolean;
  #read = 0;
  #shown = -1;

  /** @param size of all files, in bytes */
  constructor(size: number, isShown = process.stderr.isTTY) {
    this.#total = PASSES * size;
    this.#isShown = isShown && this.#total > 0;
  }

  add(bytes: number): void {
    this.#read += bytes;
    const percent = Math.min(100, Math.floor((100 * this.#read) / this.#total));
    if (!this.#isShown || percent === this.#shown) return;
    this.#shown = percent;
    const full = Math.round((WIDTH * percent) / 100);
    process.stderr.write(`\r${"█".repeat(full)}${"░".repeat(WIDTH - full)} ${percent} % of the captures read`);
  }

  [Symbol.dispose](): void {
    if (this.#shown >= 0) process.stderr.write("\r\x1b[K");
  }
}
