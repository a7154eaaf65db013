import type { RealServer, Service } from "../../forwarding/setup.js";
import type { Tuple } from "./connections.js";
import { destinationOf } from "./destination.js";

/** Who wants a server. */
export type Client = Pick<Tuple, "src" | "srcPort">;

/** Whether a server may get a new connection: it has a weight, and room. */
export type IsAvailable = (server: RealServer) => boolean;

/**
 * Chooses the real server of a new connection.
 *
 * It is handed the service as configured at that moment, so that new weights and added or removed servers count from
 * the next connection on.
 */
export interface Scheduler {
  /** An available server; undefined where there is none for this client. */
  pick(service: Service, client: Client, isAvailable: IsAvailable): RealServer | undefined;
}

/**
 * `rr`: the next available server in the order of the service, weights above 0 counting alike (ip_vs_rr.c).
 * It remembers the server and not its position, so that one added in the middle neither skips nor repeats another.
 */
export class RoundRobin implements Scheduler {
  #last: string | undefined;

  pick(service: Service, _: Client, isAvailable: IsAvailable): RealServer | undefined {
    const { realServers } = service;
    const start = realServers.findIndex((server) => destinationOf(service, server) === this.#last) + 1;
    const inTurn = [...realServers.slice(start), ...realServers.slice(0, start)];
    const chosen = inTurn.find(isAvailable);
    if (chosen !== undefined) this.#last = destinationOf(service, chosen);
    return chosen;
  }
}

/**
 * `wrr`: in each cycle of Σweight/gcd connections a server of weight w is chosen w/gcd times (ip_vs_wrr.c).
 * Servers are walked in rounds; a round admits those whose weight reaches its level, and levels fall from the greatest
 * weight by the gcd. New weights count from the next connection on, at the place in the cycle where it stands; a server
 * that is not available counts as one of weight 0.
 */
export class WeightedRoundRobin implements Scheduler {
  #index = -1;
  #level = 0;

  pick({ realServers }: Service, _: Client, isAvailable: IsAvailable): RealServer | undefined {
    const weights = realServers.map((server) => (isAvailable(server) ? server.weight : 0));
    const greatest = Math.max(0, ...weights);
    if (greatest === 0) return undefined;
    const step = weights.reduce(greatestCommonDivisor);
    this.#level = Math.min(this.#level, greatest);
    // The heaviest server is admitted at every level, so that at most two rounds are walked.
    for (;;) {
      this.#index = (this.#index + 1) % realServers.length;
      if (this.#index === 0) this.#level = this.#level > step ? this.#level - step : greatest;
      if ((weights[this.#index] ?? 0) >= this.#level) return realServers[this.#index];
    }
  }
}

export function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
