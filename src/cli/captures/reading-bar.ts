/** How much of the captures was read, on a terminal. */

const WIDTH = 30;

export class ReadingBar {
  readonly #total: number;
  readonly #isShown: boolean;
  #read = 0;
  #shown = -1;

  readonly #text: string;

  /**
   * @param size bytes to be read
   * @param text what stands behind the percentage
   */
  constructor(size: number, text: string, isShown = process.stderr.isTTY) {
    this.#total = size;
    this.#text = text;
    this.#isShown = isShown && this.#total > 0;
  }

  add(bytes: number): void {
    this.#read += bytes;
    const percent = Math.min(100, Math.floor((100 * this.#read) / this.#total));
    if (!this.#isShown || percent === this.#shown) return;
    this.#shown = percent;
    const full = Math.round((WIDTH * percent) / 100);
    process.stderr.write(`\r${"█".repeat(full)}${"░".repeat(WIDTH - full)} ${percent} % ${this.#text}`);
  }

  [Symbol.dispose](): void {
    if (this.#shown >= 0) process.stderr.write("\r\x1b[K");
  }
}
