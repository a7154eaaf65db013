import type { Direction } from "../packet/frame.js";
import { type Opened, openPieces, STDIN } from "./reading/pieces.js";
import { DIRECTION, Flaw, type Interface, type Recorded, Refusal, type Visit } from "./reading/record.js";
import { RecordReader } from "./reading/record-reader.js";
import { unpack } from "./reading/unpack.js";

export type { Interface, Recorded, Visit };
export { DIRECTION };

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
  /** Whole sentences: what keeps the rest of the file from being read, behind which frame, and what to do. */
  readonly flaw?: string;
}

export interface ReadOptions {
  /** Told some hundred KiB apart; the total is unknown for a pipe. */
  progress?(bytesRead: number, totalBytes: number | undefined): void;
  /** What errors call the file; left out: its path. */
  readonly name?: string;
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
  let frames = 0;
  let last = 0;
  let bytes = 0;
  const reader = new RecordReader((record) => {
    frames++;
    last = record.number;
    visit(record);
  });
  const summary = () => ({ frames, bytes });
  async function* counted({ pieces, size }: Opened) {
    for await (const piece of pieces) {
      bytes += piece.length;
      yield piece;
      options.progress?.(bytes, size);
    }
  }
  try {
    await unpack(counted(await openPieces(path)), (piece) => reader.push(piece));
    reader.end();
    return summary();
  } catch (error) {
    if (error instanceof Flaw) return { ...summary(), flaw: sentences(name, last, error) };
    if (error instanceof Refusal) throw new CaptureError(`${name} ${error.message}.`);
    throw error;
  }
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

function copied({ number, bytes, start, captured, original, seconds, nanoseconds, direction, source }: Recorded) {
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
