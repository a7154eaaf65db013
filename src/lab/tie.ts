import { readdirSync } from "node:fs";
import { currentCpu, SystemError, setAffinity } from "../capture/libc.js";

/**
 * Ties this thread to the CPU that it is on, and with it all that it starts from now on.
 *
 * Frames handed from one network namespace to another wait in a queue of the sending CPU; on a single CPU that queue is
 * one for the whole lab, and frames cannot overtake each other: the order that every proof of absence rests on
 * (net/core/dev.c, enqueue_to_backlog). Threads that send no frame may run where they like.
 */
export function tieToCpu(): void {
  const here = currentCpu();
  setAffinity(THIS_THREAD, (cpu) => cpu === here);
}

const THIS_THREAD = 0;

/** Ties all other processes of these namespaces to the CPU of this thread. */
export function tieOthers(): void {
  const here = currentCpu();
  const tied = new Set<string>();
  // Who was started meanwhile has what its parent had.
  for (let fresh = threads(); fresh.length > 0; fresh = threads().filter((thread) => !tied.has(thread)))
    for (const thread of fresh) {
      tied.add(thread);
      ifItIsThere(() => setAffinity(Number(thread), (cpu) => cpu === here));
    }
}

function threads(): string[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && name !== `${process.pid}`);
  return pids.flatMap((pid) => ifItIsThere(() => readdirSync(`/proc/${pid}/task`)) ?? []);
}

const ESRCH = 3;

function isGone({ code }: NodeJS.ErrnoException): boolean {
  return code === "ENOENT" || code === "ESRCH";
}

/** The thread may have ended. */
function ifItIsThere<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    const hasEnded = error instanceof SystemError ? error.errno === ESRCH : isGone(error as NodeJS.ErrnoException);
    if (hasEnded) return undefined;
    throw error;
  }
}
