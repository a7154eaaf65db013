/** Shares the reading of capture files among the cores. */

import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { CaptureError } from "../../capture/read-capture.js";
import { MOST_LEGS, type Seen } from "../../forwarding/screen/screen.js";
import type { Selection } from "../../forwarding/screen/select.js";
import type { Setup } from "../../forwarding/setup.js";
import type { Part } from "./part.js";
import { type Limits, type Picked, type Progress, type Screened, screenShare, selectShare } from "./share.js";

/** Bytes after which a thread tells how far it is. */
const TELL = 4 << 20;

type Work = { readonly setup: Setup; readonly parts: readonly Part[] } & (
  | { readonly limits: Limits }
  | { readonly selection: Pick<Selection, "chosen"> }
);

type Message =
  | { readonly progress: number }
  | { readonly screened: Screened[] }
  | { readonly frames: Picked[] }
  | { readonly refusal: string };

/**
 * What screens saw of the parts, in the order of these.
 * @param shares of each thread
 * @throws CaptureError
 */
export async function screenParts(
  setup: Setup,
  shares: readonly Part[][],
  limits: Omit<Limits, "legs">,
  progress: Progress,
): Promise<Screened[]> {
  const own = { ...limits, legs: Math.floor(MOST_LEGS / shares.flatMap(batches).length) };
  const all = await inThreads(
    shares,
    (parts) => screenBatches(setup, parts, own, meter(progress)),
    async (parts) => {
      const message = await ask({ setup, parts, limits: own }, progress);
      if ("screened" in message) return message.screened;
      throw new Error("a thread answered another question");
    },
  );
  return all.flat();
}

/** @throws CaptureError */
export async function selectFrames(
  setup: Setup,
  shares: readonly Part[][],
  selection: Pick<Selection, "chosen">,
  progress: Progress,
): Promise<Picked[]> {
  const { chosen } = selection;
  const all = await inThreads(
    shares,
    (parts) => selectShare(setup, parts, selection, meter(progress)),
    async (parts) => {
      const message = await ask({ setup, parts, selection: { chosen } }, progress);
      if ("frames" in message) return message.frames;
      throw new Error("a thread answered another question");
    },
  );
  return all.flat();
}

/** The first share is this thread's own. */
function inThreads<Result>(
  [own = [], ...others]: readonly Part[][],
  here: (parts: readonly Part[]) => Promise<Result>,
  there: (parts: readonly Part[]) => Promise<Result>,
): Promise<Result[]> {
  const elsewhere = others.map(there);
  return Promise.all([here(own), ...elsewhere]);
}

/** What may turn out not to be what it was taken for, the rest of a file, has a screen of its own. */
function batches(parts: readonly Part[]): Part[][] {
  const [first, ...rest] = parts;
  const all = first !== undefined && first.from.position > 0 ? [[first], rest] : [[...parts]];
  return all.filter((batch) => batch.length > 0);
}

async function screenBatches(
  setup: Setup,
  parts: readonly Part[],
  limits: Limits,
  progress: Progress,
): Promise<Screened[]> {
  const screened: Screened[] = [];
  for (const batch of batches(parts)) screened.push(await screenShare(setup, batch, limits, progress));
  return screened;
}

function ask(work: Work, progress: Progress): Promise<Exclude<Message, { progress: number }>> {
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

/** From bytes of each part to bytes in all, told now and then. */
function meter(progress: Progress): Progress {
  let [last, untold] = [0, 0];
  return (bytes) => {
    untold += bytes < last ? bytes : bytes - last;
    last = bytes;
    if (untold < TELL) return;
    progress(untold);
    untold = 0;
  };
}

async function work(asked: Work): Promise<void> {
  const tell = (message: Message, transfer: ArrayBufferLike[] = []) =>
    parentPort?.postMessage(message, transfer as ArrayBuffer[]);
  const progress = meter((bytes) => tell({ progress: bytes }));
  const { setup, parts } = asked;
  try {
    if ("limits" in asked) {
      const screened = await screenBatches(setup, parts, asked.limits, progress);
      tell(
        { screened },
        screened.flatMap(({ seen }) => buffersOf(seen)),
      );
    } else tell({ frames: await selectShare(setup, parts, asked.selection, progress) });
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
  return typeof data === "object" && data !== null && "setup" in data && "parts" in data;
}
