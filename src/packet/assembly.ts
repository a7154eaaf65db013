import { isCopy, type Piece, pieceOf, reassemble } from "./fragment.js";
import type { Packet } from "./packet.js";

/**
 * The fragments of one datagram (see `datagramKey`) as they come, in any order. Work and memory are bounded: copies are
 * not kept, what cannot become whole any more keeps nothing, and the datagram is put together no more than once.
 */
export class Assembly {
  /** By where they belong; undefined once they contradict each other. */
  #pieces: Map<number, Piece> | undefined = new Map();
  #bytes = 0;
  #total = Number.POSITIVE_INFINITY;

  /** @returns the whole datagram with the fragment that completes it, as `reassemble` does */
  add(packet: Packet): Packet | undefined {
    const pieces = this.#pieces;
    const piece = pieceOf(packet);
    if (!pieces || !piece || !this.#fits(pieces, piece)) {
      this.#pieces = undefined;
      return undefined;
    }
    if (pieces.has(piece.start)) return undefined;
    pieces.set(piece.start, piece);
    this.#bytes += piece.length;
    if (!piece.mf) this.#total = piece.start + piece.length;
    if (this.#bytes < this.#total) return undefined;
    // With more bytes than belong in it some overlap, and further ones would not mend that.
    this.#pieces = undefined;
    return this.#bytes === this.#total ? reassemble([...pieces.values()].map((one) => one.packet)) : undefined;
  }

  /** Whether it is a copy of one that is there, or does not reach behind the end that another one says. */
  #fits(pieces: ReadonlyMap<number, Piece>, piece: Piece): boolean {
    const earlier = pieces.get(piece.start);
    if (earlier) return isCopy(earlier, piece);
    const end = piece.start + piece.length;
    return end <= this.#total && (piece.mf || this.#total === Number.POSITIVE_INFINITY);
  }
}
