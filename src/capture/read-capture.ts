import { isDeepStrictEqual } from "node:util";
import type { Direction } from "../packet/frame.js";
import { openPieces, STDIN } from "./reading/pieces.js";
import { DIRECTION, Flaw, type Interface, type Mark, type Recorded, Refusal, type Visit } from "./reading/record.js";
import { BEGINNING, RecordReader } from "./reading/record-reader.js";
import { findSeam } from "./reading/seam.js";
import { unpack } from "./reading/unpack.js";

export type { Interface, Mark, Recorded, Visit };
export { BEGINNING, DIRECTION, findSeam };

/** A packet of a capture file, for whom a copy of each is not too slow. */
export interface CapturedFrame {
  /** Position, from 1, in the file: the number that Wireshark shows. */
  readonly number: number;
  /** Nanoseconds since the epoch; 0 where the file has no times. */
  readonly time: bigint;
  /** LINKTYPE_ value: what the bytes begin with. */
  readonly linkType: number;
  /** May be fewer than were on the wire. */
  readonly bytes: Uint8Array;
  readonly wireLength: number;
  /** As the recording host saw it, where the file tells. */
  readonly direction?: Direction;
  /** As the file gives it: may hold anything. */
  readonly interfaceName?: string;
}

export interface CaptureSummary {
  /** That were visited. */
  readonly frames: number;
  /** Bytes of the file, as it lies compressed, that were read. */
  readonly bytes: number;
  /** `until`, with the right number, where that is where reading ended. */
  readonly reached?: Mark;
  /** Whole sentences: what keeps the rest of the file from being read, behind which frame, and what to do. */
  readonly flaw?: string;
}

export interface ReadOptions {
  /** Told some hundred KiB apart; the total is unknown for a pipe. */
  progress?(bytesRead: number, totalBytes: number | undefined): void;
  /** What errors call the file; left out: its path. */
  readonly name?: string;
  /** Where to begin, of the same file, which is not compressed. */
  readonly from?: Mark;
  /** Where to end, whatever the number of its packet. Where no record begins there, the file is read to its end. */
  readonly until?: Mark;
  /** Told where the next record begins, some hundred KiB apart; never of a pipe or a compressed file. */
  mark?(mark: Mark): void;
}

/** The file is no capture, or cannot be opened or read; the message is a whole sentence. */
export class CaptureError extends Error {}

/**
 * Reads a capture file (pcap or pcapng, also in gzip or zstd; `-`: standard input) and visits its packets in order. Memory
 * is bounded, whatever the file says. Where it is cut off or damaged, the packets before are visited and the summary
 * has the flaw: reading does not go on behind it, since where the next packet begins would be a guess, and a guess is
 * no evidence.
 * @throws CaptureError; what the visitor throws
 */
export async function readCapture(path: string, visit: Visit, options: ReadOptions = {}): Promise<CaptureSummary> {
  const name = options.name ?? (path === STDIN ? "standard input" : path);
  const { from = BEGINNING, until } = options;
  let frames = 0;
  let last = from.number;
  let bytes = 0;
  let reached: Mark | undefined;
  let isPlain = true;
  const reader = new RecordReader((record) => {
    frames++;
    last = record.number;
    visit(record);
  }, from);
  const summary = () => ({ frames, bytes, ...(reached === undefined ? {} : { reached }) });
  const push = (piece: Buffer, isPacked = false) => {
    reader.push(piece);
    isPlain = !isPacked;
  };
  try {
    const { pieces, size } = await openPieces(path, from.position, until?.position);
    const read = async function* () {
      for await (const piece of pieces) {
        bytes += piece.length;
        yield piece;
        options.progress?.(bytes, size);
        if (!isPlain || size === undefined) continue;
        const { mark } = reader;
        if (until !== undefined && isSame(until, mark)) {
          reached = mark;
          return;
        }
        if (mark.state !== undefined) options.mark?.(mark);
      }
    };
    // What begins in the middle of a file is not compressed, even if it looks so.
    if (from.position > 0) for await (const piece of read()) push(piece);
    else await unpack(read(), push);
    if (reached === undefined) reader.end();
    return summary();
  } catch (error) {
    if (error instanceof Flaw) return { ...summary(), flaw: sentences(name, last, error) };
    if (error instanceof Refusal) throw new CaptureError(`${name} ${error.message}.`);
    throw error;
  }
}

function isSame(one: Mark, other: Mark): boolean {
  return one.position === other.position && isDeepStrictEqual(one.state, other.state);
}

/**
 * The same with a copy of every packet, which stays valid.
 * @throws CaptureError; what the visitor throws
 */
export async function captureFrames(
  path: string,
  visit: (frame: CapturedFrame) => void,
  options: ReadOptions = {},
): Promise<CaptureSummary> {
  return readCapture(path, (record) => visit(copied(record)), options);
}

/** A copy, which stays valid. */
export function copied(record: Recorded): CapturedFrame {
  const { number, bytes, start, captured, original, seconds, nanoseconds, direction, source } = record;
  return {
    number,
    time: BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds),
    linkType: source.linkType,
    bytes: Uint8Array.from(bytes.subarray(start, start + captured)),
    wireLength: original,
    ...(direction === DIRECTION.unknown
      ? {}
      : { direction: direction === DIRECTION.in ? ("in" as const) : ("out" as const) }),
    ...(source.name === undefined ? {} : { interfaceName: source.name }),
  };
}

function sentences(name: string, last: number, { clause, advice }: Flaw): string {
  const read = last === 0 ? "" : " What stands before was read.";
  if (clause === undefined)
    return `${name} is cut off behind frame ${last}.${read} Copy the file again, once its recording has ended.`;
  const where = last === 0 ? "from its start" : `beyond frame ${last}`;
  return `${name} cannot be read ${where}: ${clause}.${read} ${advice}`;
}
