import { pipeline } from "node:stream/promises";
import { createGunzip, type ZlibOptions } from "node:zlib";
import { Decompress } from "fzstd";
import { PIECE } from "./pieces.js";
import { Flaw } from "./record.js";
import { ZstdFrames } from "./zstd-frames.js";

/** @param isPacked whether these are other bytes than those of the file */
type Push = (piece: Buffer, isPacked: boolean) => void;

const GZIP = "1f8b";
const ZSTD = /^(?:28b52ffd|5.2a4d18)$/;

/**
 * Hands on the pieces of a file, unpacked where they begin as gzip (RFC 1952) or zstd (RFC 8878) does, whatever the
 * file's name. Members and frames that follow each other are one file.
 * @throws Flaw where the compression is damaged, some hundred KiB before which may be missing from what was handed on;
 * what `push` throws
 */
export async function unpack(pieces: AsyncIterable<Buffer>, push: Push): Promise<void> {
  const iterator = pieces[Symbol.asyncIterator]();
  const first = await atLeast(4, iterator);
  const all = resumed(first, iterator);
  const magic = first.toString("hex", 0, 4);
  if (magic.startsWith(GZIP)) return gunzip(all, push);
  if (ZSTD.test(magic)) return unzstd(all, push);
  for await (const piece of all) push(piece, false);
}

/** The first pieces as one, which is longer than this unless the file is not. */
async function atLeast(length: number, iterator: AsyncIterator<Buffer>): Promise<Buffer> {
  let first: Buffer = Buffer.alloc(0);
  while (first.length < length) {
    const { value, done } = await iterator.next();
    if (done) break;
    first = first.length === 0 ? value : Buffer.concat([first, value]);
  }
  return first;
}

async function* resumed(first: Buffer, iterator: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield first;
    for (;;) {
      const { value, done } = await iterator.next();
      if (done) return;
      yield value;
    }
  } finally {
    await iterator.return?.();
  }
}

async function gunzip(pieces: AsyncIterable<Buffer>, push: Push): Promise<void> {
  // One piece at a time on both sides: pieces are reused, and what waits unread is lost where damage is found behind it.
  const options: ZlibOptions & { highWaterMark: number } = { chunkSize: PIECE, highWaterMark: 1 };
  const unzip = createGunzip(options);
  try {
    await pipeline(pieces, unzip, async (unzipped: AsyncIterable<Buffer>) => {
      for await (const piece of unzipped) push(piece, true);
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "Z_BUF_ERROR") throw new Flaw();
    if (code?.startsWith("Z_")) throw new Flaw(`the gzip compression does not hold: ${message}`);
    throw error;
  }
}

async function unzstd(pieces: AsyncIterable<Buffer>, push: Push): Promise<void> {
  const frames = new ZstdFrames();
  let failure: { readonly error: unknown } | undefined;
  const decoder = new Decompress((piece) => {
    try {
      push(Buffer.from(piece.buffer, piece.byteOffset, piece.length), true);
    } catch (error) {
      failure = { error };
      throw error;
    }
  });
  const feed = (piece: Uint8Array, isLast: boolean) => {
    try {
      decoder.push(piece, isLast);
    } catch (error) {
      if (failure !== undefined) throw failure.error;
      throw new Flaw(`the zstd compression does not hold: ${(error as Error).message}`);
    }
  };
  for await (const piece of pieces) {
    frames.check(piece);
    // The decoder keeps what it cannot use yet.
    feed(Uint8Array.from(piece), false);
  }
  if (!frames.areWhole) throw new Flaw();
  feed(new Uint8Array(), true);
}
