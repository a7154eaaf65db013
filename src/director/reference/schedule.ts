import type { RealServer, Service } from "../../forwarding/setup.js";

/**
 * Chooses the real server of a new connection.
 *
 * It is handed the service as configured at that moment, so that new weights and added or removed servers count from
 * the next connection on. A server of weight 0 is never chosen (ipvsadm(8), "quiescent").
 */
export interface Scheduler {
  /** The server for a new connection of this client address; undefined where none is available. */
  pick(service: Service, client: string): RealServer | undefined;
}

/**
 * `rr`: the next available server in the order of the service, weights above 0 counting alike (ip_vs_rr.c).
 * It remembers the server and not its position, so that one added in the middle neither skips nor repeats another.
 */
export class RoundRobin implements Scheduler {
  #last: string | undefined;

  pick({ realServers }: Service): RealServer | undefined {
    const start = realServers.findIndex((server) => serverKey(server) === this.#last) + 1;
    const inTurn = [...realServers.slice(start), ...realServers.slice(0, start)];
    const chosen = inTurn.find((server) => server.weight > 0);
    if (chosen !== undefined) this.#last = serverKey(chosen);
    return chosen;
  }
}

/**
 * `wrr`: in each cycle of Σweight/gcd connections a server of weight w is chosen w/gcd times (ip_vs_wrr.c).
 * Servers are walked in rounds; a round admits those whose weight reaches its level, and levels fall from the greatest
 * weight by the gcd. New weights count from the next connection on, at the place in the cycle where it stands.
 */
export class WeightedRoundRobin implements Scheduler {
  #index = -1;
  #level = 0;

  pick({ realServers }: Service): RealServer | undefined {
    const weights = realServers.map((server) => server.weight);
    const greatest = Math.max(0, ...weights);
    if (greatest === 0) return undefined;
    const step = weights.filter((weight) => weight > 0).reduce(greatestCommonDivisor);
    this.#level = Math.min(this.#level, greatest);
    // The heaviest server is admitted at every level, so that at most two rounds are walked.
    for (;;) {
      this.#index = (this.#index + 1) % realServers.length;
      if (this.#index === 0) this.#level = this.#level > step ? this.#level - step : greatest;
      const server = realServers[this.#index];
      if (server !== undefined && server.weight >= this.#level) return server;
    }
  }
}

/**
 * `sh`: a hash of the client's address alone, so that a client stays with one server while the set of servers stands
 * (ip_vs_sh.c without `sh-port`). A server holds as many places as its weight; the place of a server of weight 0
 * refuses its clients, as Linux does without `sh-fallback`.
 */
export class SourceHash implements Scheduler {
  pick({ realServers }: Service, client: string): RealServer | undefined {
    const places = realServers.reduce((sum, server) => sum + Math.max(1, server.weight), 0);
    if (places === 0) return undefined;
    let place = hashAddress(client) % places;
    const chosen = realServers.find((server) => {
      place -= Math.max(1, server.weight);
      return place < 0;
    });
    return chosen !== undefined && chosen.weight > 0 ? chosen : undefined;
  }
}

const SCHEDULERS: ReadonlyMap<string, () => Scheduler> = new Map([
  ["rr", () => new RoundRobin()],
  ["wrr", () => new WeightedRoundRobin()],
  ["sh", () => new SourceHash()],
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

/** What tells the servers of one service apart: IPVS keys them on address and port. */
export function serverKey(server: Pick<RealServer, "ip" | "port">): string {
  return `${server.ip}:${server.port}`;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** Knuth's multiplicative hash (hash_32 of linux/hash.h): its upper half spreads neighbouring addresses. */
function hashAddress(ip: string): number {
  const value = ip.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
  return Math.imul(value, 0x9e3779b1) >>> 16;
}
