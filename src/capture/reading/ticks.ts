const MICROSECONDS = 6;
const POWER_OF_TWO = 0x80;

/** The clock of a pcapng interface: turns its ticks into seconds and nanoseconds since the epoch. */
export class Ticks {
  seconds = 0;
  nanoseconds = 0;
  readonly #unitsPerSecond: bigint;
  /** The same, where the quick way is exact; otherwise undefined. */
  readonly #units: number | undefined;
  readonly #offset: number;

  /**
   * @param resolution if_tsresol: a negative power of ten, or of two where its highest bit is set
   * @param offset if_tsoffset: seconds to add
   */
  constructor(resolution = MICROSECONDS, offset = 0n) {
    const power = BigInt(resolution & ~POWER_OF_TWO);
    this.#unitsPerSecond = (resolution & POWER_OF_TWO ? 2n : 10n) ** power;
    this.#units = this.#unitsPerSecond <= 1_000_000_000n ? Number(this.#unitsPerSecond) : undefined;
    this.#offset = Number(offset);
  }

  /** Sets `seconds` and `nanoseconds`, rounded down. */
  set(high: number, low: number): void {
    const units = this.#units;
    if (units === undefined) {
      const ticks = (BigInt(high) << 32n) | BigInt(low);
      this.seconds = Number(ticks / this.#unitsPerSecond) + this.#offset;
      this.nanoseconds = Number(((ticks % this.#unitsPerSecond) * 1_000_000_000n) / this.#unitsPerSecond);
      return;
    }
    // Long division in digits of 16 bits: ticks have 64 bits, of which a number holds 53. BigInt is ten times slower.
    const middle = (high % units) * 0x10000 + (low >>> 16);
    const last = (middle % units) * 0x10000 + (low & 0xffff);
    this.seconds =
      Math.floor(high / units) * 0x100000000 +
      Math.floor(middle / units) * 0x10000 +
      Math.floor(last / units) +
      this.#offset;
    // Exact: a remainder below 2^30, and a scale of at most 21 significant bits.
    this.nanoseconds = Math.floor((last % units) * (1e9 / units));
  }
}
