import type { RealServer, Service } from "../../forwarding/setup.js";
import { destinationOf } from "./destination.js";
import { hashOf } from "./hash.js";
import { type Client, greatestCommonDivisor, type IsAvailable, type Scheduler } from "./schedule.js";

/** A server as it takes places. */
interface Taker {
  readonly name: string;
  readonly weight: number;
}

/** Who has each place, by index; a client's hash says at which of them it is. */
type Table = readonly number[];

/**
 * `sh` and `mh`: a hash of the client's address, so that a client stays with one server while the set of servers stands;
 * with the flag `-port` its port counts too. A client whose server is not available is refused, as Linux does it without
 * the flag `-fallback`, with which its hash is taken again until it finds another one (ip_vs_sh.c, ip_vs_mh.c).
 */
export class Hashing implements Scheduler {
  readonly #fill: (takers: readonly Taker[]) => Table;
  #table: Table = [];
  /** What the table was filled with. */
  #filled = "";

  /** @param fill gives servers their places */
  constructor(fill: (takers: readonly Taker[]) => Table) {
    this.#fill = fill;
  }

  pick(service: Service, { src, srcPort }: Client, isAvailable: IsAvailable): RealServer | undefined {
    const { scheduler, schedulerFlags, realServers } = service;
    if (!realServers.some(isAvailable)) return undefined;
    const client = schedulerFlags.includes(`${scheduler}-port`) ? `${src} ${srcPort}` : src;
    const table = this.#tableOf(service);
    const attempts = schedulerFlags.includes(`${scheduler}-fallback`) ? table.length : 1;
    for (let attempt = 0; attempt < attempts; attempt++) {
      const server = realServers[table[hashOf(`${attempt} ${client}`) % table.length] ?? -1];
      if (server !== undefined && isAvailable(server)) return server;
    }
    return undefined;
  }

  #tableOf(service: Service): Table {
    const takers = service.realServers.map((server) => {
      return { name: destinationOf(service, server), weight: server.weight };
    });
    const filling = JSON.stringify(takers);
    if (filling !== this.#filled) this.#table = this.#fill(takers);
    this.#filled = filling;
    return this.#table;
  }
}

/** IP_VS_SH_TAB_SIZE. */
const SOURCE_PLACES = 256;

/** One server after the other takes as many places as its weight, in rounds; one of weight 0 takes one (`ip_vs_sh_reassign`). */
export function sourceTable(takers: readonly Taker[]): Table {
  const round = takers.flatMap(({ weight }, index) => Array<number>(Math.max(1, weight)).fill(index));
  return Array.from({ length: SOURCE_PLACES }, (_, place) => round[place % round.length] ?? -1);
}

/** A prime: whatever step a server takes, it comes to every place. */
const MAGLEV_PLACES = 4093;
/** Places in a row that one server may take, at the most: no weight keeps the others out. */
const MAGLEV_TURNS = 63;

/**
 * Maglev hashing: each server walks the places in an order of its own, and in turn they take the next free one on it.
 * When one leaves, nearly all places of the others stay theirs (Maglev, NSDI 2016, §3.4; `ip_vs_mh_populate`).
 *
 * A drained server keeps its places, as it was last of weight (`last_weight`): draining it moves no client of others.
 */
export function maglevTable(): (takers: readonly Taker[]) => Table {
  let weights = new Map<string, number>();
  return (takers) => {
    const before = weights;
    weights = new Map(takers.map(({ name, weight }) => [name, weight || (before.get(name) ?? 0)]));
    const greatest = Math.max(0, ...weights.values());
    if (greatest === 0) return [];
    const unit = Math.max([...weights.values()].reduce(greatestCommonDivisor), greatest / MAGLEV_TURNS);
    const walkers = takers.map(({ name }, index) => new Walker(index, name, (weights.get(name) ?? 0) / unit));
    const table = new Array<number>(MAGLEV_PLACES);
    let free = MAGLEV_PLACES;
    while (free > 0) for (const walker of walkers) free -= walker.take(table, free);
    return table;
  };
}

/** One server on its way over the places. */
class Walker {
  readonly #index: number;
  readonly #turns: number;
  readonly #step: number;
  #place: number;

  constructor(index: number, name: string, share: number) {
    this.#index = index;
    this.#turns = share > 0 ? Math.max(1, Math.floor(share)) : 0;
    this.#place = hashOf(`place ${name}`) % MAGLEV_PLACES;
    this.#step = (hashOf(`step ${name}`) % (MAGLEV_PLACES - 1)) + 1;
  }

  /** Takes its places of one round, of `free` that are left in the table; returns their number. */
  take(table: number[], free: number): number {
    const places = Math.min(this.#turns, free);
    for (let taken = 0; taken < places; taken++) {
      while (table[this.#place] !== undefined) this.#place = (this.#place + this.#step) % MAGLEV_PLACES;
      table[this.#place] = this.#index;
    }
    return places;
  }
}
