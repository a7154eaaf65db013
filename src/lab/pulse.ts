import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";

/**
 * Of all threads in a network namespace: how often each has gone to sleep or been put off; the same as before where all
 * have slept since. Undefined where one is awake, or waits for a disk.
 *
 * A thread that a packet wakes is runnable from the moment at which the packet is delivered (`sock_def_readable`,
 * `try_to_wake_up`), whether or not it has run yet.
 */
export function pulseOf(namespace: string): string | undefined {
  const wanted = `net:[${statSync(namespace).ino}]`;
  const beats: string[] = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    if (!isIn(pid, wanted)) continue;
    for (const thread of threadsOf(pid)) {
      const status = statusOf(thread);
      // It has ended meanwhile: that is no rest either.
      if (status === undefined || !SLEEPING.includes(status.state)) return undefined;
      beats.push(`${thread}:${status.switches}`);
    }
  }
  return beats.join(" ");
}

/** Asleep until something wakes it, stopped, or a process that has ended and waits to be reaped. */
const SLEEPING = ["S", "T", "t", "Z", "X"];

function isIn(pid: string, namespace: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`) === namespace;
  } catch {
    return false;
  }
}

function threadsOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((thread) => `${pid}/task/${thread}`);
  } catch {
    return [];
  }
}

function statusOf(thread: string): { state: string; switches: string } | undefined {
  try {
    const text = readFileSync(`/proc/${thread}/status`, "utf8");
    const state = /^State:\s+(\w)/m.exec(text)?.[1] ?? "";
    const switches = [...text.matchAll(/^(?:non)?voluntary_ctxt_switches:\s+(\d+)/gm)].map(([, count]) => count);
    return { state, switches: switches.join("+") };
  } catch {
    return undefined;
  }
}
