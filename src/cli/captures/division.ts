/** Which thread reads what. */

import { availableParallelism } from "node:os";
import { BEGINNING, findSeam, type Mark } from "../../capture/read-capture.js";
import { lengthOf, type NumberedFile, type Part, sizeOf } from "./part.js";

/** More threads read no faster than memory does, and each has a memory of its own. */
const MOST_THREADS = 4;

export interface Threads {
  readonly most: number;
  /** Bytes that are worth a thread of their own. */
  readonly least: number;
}

export const THREADS: Threads = { most: Math.min(MOST_THREADS, availableParallelism()), least: 32 << 20 };

/** A place in all files, one behind the other: within a file, or in front of it. */
interface Cut {
  readonly index: number;
  readonly mark: Mark;
}

/**
 * Shares of about the same length, in the order of the files. A file is cut where one of its packets seems to begin:
 * who reads what is in front of it has to arrive there.
 */
export async function divideFiles(files: readonly NumberedFile[], threads = THREADS): Promise<Part[][]> {
  const total = files.reduce((sum, file) => sum + sizeOf(file), 0);
  const count = sharesOf(total, threads);
  const cuts: Cut[] = [{ index: 0, mark: BEGINNING }];
  for (let share = 1; share < count; share++) {
    const cut = await cutAt(files, Math.floor((total * share) / count), threads.least);
    const last = cuts.at(-1) as Cut;
    const isBehind = cut.index > last.index || cut.mark.position > last.mark.position;
    if (isBehind && cut.index < files.length) cuts.push(cut);
  }
  return cuts.map((cut, share) => between(files, cut, cuts[share + 1] ?? { index: files.length, mark: BEGINNING }));
}

function sharesOf(total: number, { most, least }: Threads): number {
  return Math.max(1, Math.min(most, Math.floor(total / least)));
}

async function cutAt(files: readonly NumberedFile[], position: number, least: number): Promise<Cut> {
  let before = 0;
  for (const [index, file] of files.entries()) {
    const size = sizeOf(file);
    const within = position - before;
    before += size;
    if (within >= size) continue;
    const isWorthIt = within >= least / 2 && size - within >= least / 2;
    const mark = isWorthIt ? await findSeam(file.path, within) : undefined;
    if (mark !== undefined) return { index, mark };
    return { index: within < size / 2 ? index : index + 1, mark: BEGINNING };
  }
  return { index: files.length, mark: BEGINNING };
}

function between(files: readonly NumberedFile[], cut: Cut, next: Cut): Part[] {
  const isCut = next.mark.position > 0;
  return files.slice(cut.index, isCut ? next.index + 1 : next.index).map((file, offset): Part => {
    const part = { ...file, from: offset === 0 ? cut.mark : BEGINNING };
    return isCut && cut.index + offset === next.index ? { ...part, until: next.mark } : part;
  });
}

/** The same with parts that are known to be ones. */
export function divideParts(parts: readonly Part[], threads = THREADS): Part[][] {
  const total = parts.reduce((sum, part) => sum + lengthOf(part), 0);
  const shares: Part[][] = Array.from({ length: sharesOf(total, threads) }, () => []);
  let before = 0;
  for (const part of parts) {
    const share = shares[Math.min(shares.length - 1, Math.floor((before * shares.length) / total))];
    const last = share?.at(-1);
    const isNext = last?.number === part.number && last.until?.position === part.from.position;
    if (isNext) share?.splice(-1, 1, { ...part, from: last.from });
    else share?.push(part);
    before += lengthOf(part);
  }
  return shares;
}
