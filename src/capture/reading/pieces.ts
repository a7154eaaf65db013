import { type FileHandle, open } from "node:fs/promises";
import { Refusal } from "./record.js";

/** Large enough that calls do not count, small enough for a core's cache. */
export const PIECE = 256 << 10;

export const STDIN = "-";

export interface Opened {
  /** Pieces of a file, each valid until the next is asked for. */
  readonly pieces: AsyncIterable<Buffer>;
  /** In bytes; undefined where a pipe does not tell. */
  readonly size: number | undefined;
}

/**
 * Opens a file, or standard input for `-`; it is closed when the iteration ends, however it ends.
 * @param from bytes to leave out at the beginning of a file
 * @param border bytes behind which, whatever their length, a new piece begins
 * @throws Refusal, also while the pieces are read
 */
export async function openPieces(path: string, from = 0, border = from): Promise<Opened> {
  if (path === STDIN) return { pieces: process.stdin, size: undefined };
  const file = await open(path).catch(refuse);
  const status = await file.stat();
  // By position where there is one: what /dev/fd opens may share another reader's.
  return status.isFile()
    ? { pieces: piecesOf(file, from, border), size: status.size }
    : { pieces: piecesOf(file), size: undefined };
}

/** Two buffers in turn: one is filled while the other is worked on. */
async function* piecesOf(file: FileHandle, from?: number, border = 0): AsyncGenerator<Buffer> {
  let [current, next] = [Buffer.allocUnsafeSlow(PIECE), Buffer.allocUnsafeSlow(PIECE)];
  let position = from;
  const read = (into: Buffer) => {
    const length = position === undefined || position >= border ? PIECE : Math.min(PIECE, border - position);
    return file.read(into, 0, length, position ?? null);
  };
  let reading = read(current);
  try {
    for (;;) {
      const { bytesRead } = await reading.catch(refuse);
      if (bytesRead === 0) return;
      if (position !== undefined) position += bytesRead;
      reading = read(next);
      // Its failure is told by the next turn, which may never come.
      reading.catch(() => {});
      yield current.subarray(0, bytesRead);
      [current, next] = [next, current];
    }
  } finally {
    await reading.catch(() => {});
    await file.close();
  }
}

function refuse(error: Error): never {
  throw new Refusal(`cannot be read: ${error.message}`);
}
