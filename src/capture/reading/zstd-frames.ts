import { Flaw } from "./record.js";

const FRAME = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
/** What RFC 8878 asks of every decoder, and all that zstd uses up to level 19. */
const LARGEST_WINDOW = 8 << 20;
const LARGEST_BLOCK = 128 << 10;
const RUN_LENGTH = 1;

/** Bytes of the stream that come next: to be looked at, or passed over. */
interface Wish {
  readonly bytes: number;
  readonly isPassed?: true;
  /** The stream may end here. */
  readonly isBoundary?: true;
}

/**
 * Follows the frames of a zstd stream by their headers alone. The decoder takes any size of window and block that a
 * file asks for, 2 GB of them: this refuses them before.
 * @see RFC 8878, section 3.1
 */
export class ZstdFrames {
  readonly #walk = walk();
  #wish: Wish = this.#walk.next().value;
  #seen: number[] = [];
  #passed = 0;

  /** Whether the stream may end where it was checked up to. */
  get areWhole(): boolean {
    return this.#wish.isBoundary === true && this.#seen.length === 0;
  }

  /** @throws Flaw */
  check(piece: Uint8Array): void {
    for (let at = 0; at < piece.length; ) {
      const taken = Math.min(this.#wish.bytes - this.#passed, piece.length - at);
      if (!this.#wish.isPassed) this.#seen.push(...piece.subarray(at, at + taken));
      at += taken;
      this.#passed += taken;
      while (this.#passed === this.#wish.bytes) {
        this.#wish = this.#walk.next(this.#seen).value;
        this.#passed = 0;
        this.#seen = [];
      }
    }
  }
}

function* walk(): Generator<Wish, never, readonly number[]> {
  for (;;) {
    const magic = numberOf(yield { bytes: 4, isBoundary: true });
    if (magic - (magic % 16) === SKIPPABLE) yield { bytes: numberOf(yield { bytes: 4 }), isPassed: true };
    else if (magic === FRAME) yield* walkFrame();
    else throw new Flaw("something other than zstd follows what zstd compressed");
  }
}

function* walkFrame(): Generator<Wish, void, readonly number[]> {
  const [descriptor = 0] = yield { bytes: 1 };
  const isOneSegment = (descriptor & 0x20) !== 0;
  const [exponent = 0] = isOneSegment ? [] : yield { bytes: 1 };
  yield { bytes: [0, 1, 2, 4][descriptor & 3] ?? 0, isPassed: true };
  const size = yield { bytes: [isOneSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0 };
  const window = isOneSegment ? numberOf(size) : 2 ** (10 + (exponent >> 3)) * (1 + (exponent & 7) / 8);
  if (window > LARGEST_WINDOW)
    throw new Flaw(
      `its zstd compression wants a window of ${Math.ceil(window / 2 ** 20)} MiB, and has at most ${LARGEST_WINDOW >> 20}`,
      "Decompress it first: zstd -d --long=31 FILE.",
    );
  for (let isLast = false; !isLast; ) {
    const header = numberOf(yield { bytes: 3 });
    isLast = (header & 1) === 1;
    const length = header >> 3;
    if (length > LARGEST_BLOCK) throw new Flaw(`the zstd compression does not hold: it has a block of ${length} bytes`);
    yield { bytes: ((header >> 1) & 3) === RUN_LENGTH ? 1 : length, isPassed: true };
  }
  yield { bytes: (descriptor & 4) === 0 ? 0 : 4, isPassed: true };
}

/** Little-endian. */
function numberOf(bytes: readonly number[]): number {
  return bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
}
