import { Hashing, maglevTable, sourceTable } from "./hashing.js";
import { RoundRobin, type Scheduler, WeightedRoundRobin } from "./schedule.js";

const SCHEDULERS: ReadonlyMap<string, () => Scheduler> = new Map<string, () => Scheduler>([
  ["rr", () => new RoundRobin()],
  ["wrr", () => new WeightedRoundRobin()],
  ["sh", () => new Hashing(sourceTable)],
  ["mh", () => new Hashing(maglevTable())],
]);

/** A fresh scheduler by its IPVS name; throws on a name that the reference director does not know. */
export function createScheduler(name: string): Scheduler {
  const create = SCHEDULERS.get(name);
  if (create === undefined) {
    throw new Error(
      `The reference director does not know the scheduler "${name}"; it knows ${[...SCHEDULERS.keys()].join(", ")}.`,
    );
  }
  return create();
}
