/** Mutations of bytes that a printed number repeats, for fuzzing whatever reads untrusted input. */

/** A generator of whole numbers (xorshift32): the same ones for the same seed, which must not be 0. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0 || 1;
  }

  /** 0 to `limit` - 1; 0 where `limit` is 0. */
  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return limit === 0 ? 0 : (this.#state >>> 0) % limit;
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}

/** What lengths, offsets and counts are most likely mishandled at. */
const EXTREMES = [0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 19, 20, 39, 40, 41, 0x7f, 0x80, 0xfe, 0xff];
const EXTREMES_16 = [0, 1, 8, 0x13, 0x14, 0xff, 0x100, 0x1fff, 0x2000, 0x3fff, 0x4000, 0x7fff, 0x8000, 0xfff8, 0xffff];
const MOST_REPEATS = 100;
const LONGEST = 4096;

type Mutation = (bytes: Uint8Array, random: Random, others: readonly Uint8Array[]) => Uint8Array;

const inPlace =
  (change: (bytes: Uint8Array, random: Random) => void): Mutation =>
  (bytes, random) => {
    if (bytes.length > 0) change(bytes, random);
    return bytes;
  };

const MUTATIONS: readonly Mutation[] = [
  inPlace((bytes, random) => {
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
  }),
  inPlace((bytes, random) => {
    bytes[random.below(bytes.length)] = random.of(EXTREMES);
  }),
  inPlace((bytes, random) => {
    const at = random.below(bytes.length);
    const value = random.below(4) === 0 ? bytes.length - random.below(64) : random.of(EXTREMES_16);
    bytes[at] = value >> 8;
    if (at + 1 < bytes.length) bytes[at + 1] = value;
  }),
  (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  // The end of another input behind the beginning of this one.
  (bytes, random, others) => {
    const other = random.of(others);
    return joined(bytes.subarray(0, random.below(bytes.length + 1)), other.subarray(random.below(other.length + 1)));
  },
  // A piece again and again: options, extension headers, tags and whole headers of tunnels come a hundred times over.
  (bytes, random) => {
    const from = random.below(bytes.length);
    const to = Math.min(bytes.length, from + random.of([1, 2, 4, 8, 12, 14, 20, 24, 28, 36, 40, 44, 48]));
    const piece = bytes.subarray(from, to);
    const times = 1 + random.below(random.below(4) === 0 ? MOST_REPEATS : 3);
    return joined(bytes.subarray(0, to), ...Array<Uint8Array>(times).fill(piece), bytes.subarray(to));
  },
];

/** One to four mutations of a copy of one of the seeds. */
export function mutated(seeds: readonly Uint8Array[], random: Random): Uint8Array {
  let bytes = Uint8Array.from(random.of(seeds));
  for (let left = 1 + random.below(4); left > 0; left--) {
    bytes = random.of(MUTATIONS)(bytes, random, seeds).subarray(0, LONGEST) as Uint8Array<ArrayBuffer>;
  }
  return bytes;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
