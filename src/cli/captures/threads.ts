/** Shares the reading of capture files among the cores: each file is read by one thread. */

import { statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { CaptureError } from "../../capture/read-capture.js";
import { MOST_LEGS, type Seen } from "../../forwarding/screen/screen.js";
import type { Selection } from "../../forwarding/screen/select.js";
import type { Setup } from "../../forwarding/setup.js";
import { type NumberedFile, type Screened, type Selected, screenShare, selectShare } from "./share.js";

/** More threads read no faster than memory does, and each has a memory of its own. */
const MOST_THREADS = 4;
/** Bytes after which a thread tells how far it is. */
const TELL = 4 << 20;

export interface Work {
  readonly setup: Setup;
  readonly files: readonly NumberedFile[];
  readonly mostLegs: number;
  /** Given where frames are to be picked; else they are screened. */
  readonly selection?: Pick<Selection, "chosen">;
  readonly others: number;
}

type Message =
  | { readonly progress: number }
  | { readonly screened: Screened }
  | { readonly selected: Selected }
  | { readonly refusal: string };

/** Tells how many more bytes were read. */
export type Progress = (bytes: number) => void;

/** Bytes of all files, as they lie compressed; those that cannot be read count nothing. */
export function sizeOf(files: readonly NumberedFile[]): number {
  return files.reduce((sum, { path }) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0);
}

/** Whole files, the largest first, each to who has least. */
export function shares(files: readonly NumberedFile[], threads = availableParallelism()): NumberedFile[][] {
  const sized = files.map((file) => ({ file, size: sizeOf([file]) }));
  const all = Array.from({ length: Math.max(1, Math.min(threads, MOST_THREADS, files.length)) }, () => ({
    files: [] as NumberedFile[],
    size: 0,
  }));
  for (const { file, size } of sized.toSorted((left, right) => right.size - left.size)) {
    const least = all.reduce((best, next) => (next.size < best.size ? next : best));
    least.files.push(file);
    least.size += size;
  }
  return all.map((share) => share.files.toSorted((left, right) => left.number - right.number));
}

/** @throws CaptureError */
export async function screenFiles(
  setup: Setup,
  parts: readonly NumberedFile[][],
  progress: Progress,
): Promise<Screened[]> {
  const mostLegs = Math.floor(MOST_LEGS / parts.length);
  return inThreads(parts, async (files, isOwn) => {
    if (isOwn) return screenShare(setup, files, mostLegs, meter(progress));
    const message = await other({ setup, files, mostLegs, others: 0 }, progress);
    if ("screened" in message) return message.screened;
    throw new Error("a thread answered another question");
  });
}

/** @throws CaptureError */
export async function selectFrames(
  setup: Setup,
  parts: readonly NumberedFile[][],
  selection: Pick<Selection, "chosen">,
  others: number,
  progress: Progress,
): Promise<Selected[]> {
  const files = parts.flat().length;
  return inThreads(parts, async (own, isOwn) => {
    const share = Math.floor((others * own.length) / files);
    if (isOwn) return selectShare(setup, own, selection, share, meter(progress));
    const message = await other({ setup, files: own, mostLegs: 0, selection, others: share }, progress);
    if ("selected" in message) return message.selected;
    throw new Error("a thread answered another question");
  });
}

/** The first part is this thread's own. */
function inThreads<Result>(
  parts: readonly NumberedFile[][],
  read: (files: readonly NumberedFile[], isOwn: boolean) => Promise<Result>,
): Promise<Result[]> {
  const others = parts.slice(1).map((files) => read(files, false));
  return Promise.all([read(parts[0] ?? [], true), ...others]);
}

function other(work: Work, progress: Progress): Promise<Exclude<Message, { progress: number }>> {
  const worker = new Worker(new URL(import.meta.url), { workerData: work });
  return new Promise((resolve, reject) => {
    worker.on("error", reject);
    worker.on("exit", () => reject(new Error("a thread ended without an answer")));
    worker.on("message", (message: Message) => {
      if ("progress" in message) progress(message.progress);
      else if ("refusal" in message) reject(new CaptureError(message.refusal));
      else resolve(message);
    });
  });
}

/** From bytes of each file to bytes in all, told now and then. */
function meter(progress: Progress): (bytes: number) => void {
  let [last, untold] = [0, 0];
  return (bytes) => {
    untold += bytes < last ? bytes : bytes - last;
    last = bytes;
    if (untold < TELL) return;
    progress(untold);
    untold = 0;
  };
}

async function work({ setup, files, mostLegs, selection, others }: Work): Promise<void> {
  const tell = (message: Message, transfer: ArrayBufferLike[] = []) =>
    parentPort?.postMessage(message, transfer as ArrayBuffer[]);
  const progress = meter((bytes) => tell({ progress: bytes }));
  try {
    if (selection === undefined) {
      const screened = await screenShare(setup, files, mostLegs, progress);
      tell({ screened }, buffersOf(screened.seen));
    } else tell({ selected: await selectShare(setup, files, selection, others, progress) });
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    tell({ refusal: error.message });
  }
}

function buffersOf({ legs, links, tunnels, peers }: Seen): ArrayBufferLike[] {
  return [legs, links, tunnels, peers].map(({ cells }) => cells.buffer);
}

if (!isMainThread && isWork(workerData)) await work(workerData);

function isWork(data: unknown): data is Work {
  return typeof data === "object" && data !== null && "files" in data && "mostLegs" in data;
}
