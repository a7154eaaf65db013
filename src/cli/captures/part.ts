/** Pieces of capture files, which are read each by itself. */

import { statSync } from "node:fs";
import type { Mark } from "../../capture/read-capture.js";

/** A capture file, numbered in the order in which the user named them. */
export interface NumberedFile {
  readonly number: number;
  readonly path: string;
  /** What errors call it where nobody wrote the path. */
  readonly name?: string;
}

/** A file, or what of it is between two marks. */
export interface Part extends NumberedFile {
  readonly from: Mark;
  /** Left out: it goes to the end of the file. */
  readonly until?: Mark;
}

/** Bytes of a file, as it lies compressed; of one that cannot be read, and of a pipe, 0. */
export function sizeOf({ path }: NumberedFile): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

export function lengthOf(part: Part): number {
  return (part.until?.position ?? sizeOf(part)) - part.from.position;
}

/** Interfaces that marks may remember, all together: a file may describe new ones all the time. */
const MOST_REMEMBERED = 1 << 14;

/** Divides what is being read into segments: parts that can be read again by themselves. */
export class Segments {
  readonly all: Part[] = [];
  readonly #least: number;
  #remembered = 0;

  /** @param least bytes of a segment */
  constructor(least: number) {
    this.#least = least;
  }

  /** @returns whether a segment begins there */
  add(mark: Mark): boolean {
    const last = this.all.at(-1);
    if (last === undefined || mark.position - last.from.position < this.#least) return false;
    if (mark.state !== last.from.state) {
      const interfaces = mark.state?.format === "blocks" ? mark.state.interfaces.length : 1;
      if (this.#remembered + interfaces > MOST_REMEMBERED) return false;
      this.#remembered += interfaces;
    }
    this.all[this.all.length - 1] = { ...last, until: mark };
    this.all.push({ ...last, from: mark });
    return true;
  }
}
