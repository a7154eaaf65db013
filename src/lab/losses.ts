import { readFileSync } from "node:fs";
import { allowedCpus } from "./cpus.js";
import type { Link } from "./links.js";
import type { Recorder } from "./recorder.js";

/** What has been counted at one moment, all of it from the start of the machine, the guest or the run. */
interface Counts {
  readonly unrecorded: number;
  /** By tap. */
  readonly dropped: ReadonlyMap<string, number>;
  readonly overflowed: number;
  /** In User-Mode Linux; a text says why it cannot be told. */
  readonly unsent: number | string;
}

/** The frames of a lab that are missing in its record. */
export class Losses {
  readonly #recorder: Recorder;
  readonly #links: readonly Link[];
  readonly #droppedInGuest: () => Promise<number>;
  #before: Counts | undefined;

  /** @param links filled while the lab is built. */
  constructor(recorder: Recorder, links: readonly Link[], droppedInGuest: () => Promise<number>) {
    this.#recorder = recorder;
    this.#links = links;
    this.#droppedInGuest = droppedInGuest;
  }

  /** Counts from now on. */
  async begin(): Promise<void> {
    this.#before = await this.#count();
  }

  /** What happened to frames since `begin` that are missing; undefined where none is. */
  async told(): Promise<string | undefined> {
    const [before, now] = [this.#before, await this.#count()];
    if (before === undefined) return undefined;
    const overflowed = now.overflowed - before.overflowed;
    const unrecorded = now.unrecorded - before.unrecorded;
    const unsent = known(now.unsent) - known(before.unsent);
    const dropped = [...now.dropped].flatMap(([tap, count]) => {
      const more = count - (before.dropped.get(tap) ?? 0);
      return more > 0 ? [`${more} were dropped on the way into ${tap}`] : [];
    });
    const reasons = [
      ...(overflowed > 0 ? [`${overflowed} were dropped between hosts, where a CPU's queue was full`] : []),
      ...(typeof now.unsent === "string" ? [`how many in User-Mode Linux, nobody can say: ${now.unsent}`] : []),
      ...(unsent > 0 ? [`${unsent} were dropped by User-Mode Linux`] : []),
      ...(unrecorded > 0 ? [`${unrecorded} passed a tap unrecorded`] : []),
      ...dropped,
    ];
    return reasons.length > 0 ? `frames were lost: ${reasons.join(", ")}` : undefined;
  }

  async #count(): Promise<Counts> {
    return {
      unsent: await this.#droppedInGuest().catch((error: Error) => error.message),
      unrecorded: this.#recorder.lost,
      dropped: droppedAt(this.#links),
      overflowed: droppedBetween(allowedCpus()),
    };
  }
}

function known(count: number | string): number {
  return typeof count === "number" ? count : 0;
}

/** Columns of /proc/net/dev behind the interface's name. */
const DROPPED_ON_RECEIPT = 3;
const DROPPED_ON_SENDING = 11;

/** What these links have dropped, by tap, as the kernel counts it. */
function droppedAt(links: readonly Link[]): Map<string, number> {
  const byPort = new Map(links.map((link) => [link.port, link]));
  const dropped = new Map<string, number>();
  for (const line of readFileSync("/proc/net/dev", "utf8").split("\n").slice(2)) {
    const [name, counters = ""] = line.split(":");
    const link = byPort.get((name ?? "").trim());
    if (!link) continue;
    const columns = counters.trim().split(/\s+/);
    const atPort = Number(columns[DROPPED_ON_RECEIPT]) + Number(columns[DROPPED_ON_SENDING]);
    dropped.set(link.tap, atPort + (link.lost?.() ?? 0));
  }
  return dropped;
}

/** Columns of /proc/net/softnet_stat, in hexadecimal. */
const BACKLOG_DROPPED = 1;
const CPU = 12;

/**
 * Frames that the kernel has dropped between namespaces on these CPUs, because the queue of a CPU was full
 * (net.core.netdev_max_backlog). The count is that of the whole machine: another's loss makes us careful, never wrong.
 */
function droppedBetween(cpus: readonly number[]): number {
  return readFileSync("/proc/net/softnet_stat", "utf8")
    .trim()
    .split("\n")
    .map((line) =>
      line
        .trim()
        .split(/\s+/)
        .map((column) => Number.parseInt(column, 16)),
    )
    .filter((columns, line) => cpus.includes(columns[CPU] ?? line))
    .reduce((sum, columns) => sum + (columns[BACKLOG_DROPPED] ?? 0), 0);
}
