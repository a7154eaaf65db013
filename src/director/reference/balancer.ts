import type { RealServer, Service } from "../../forwarding/setup.js";
import { networkOf } from "../../packet/address.js";
import type { ConnectionTable } from "./connections.js";
import { destinationOf } from "./destination.js";
import type { Client, Scheduler } from "./schedule.js";
import { createScheduler } from "./schedulers.js";

/** Clients that persistence remembers; beyond it the one that was first seen makes room. */
const MOST_TEMPLATES = 65_536;

/** Chooses real servers for one service, or for all that share a mark. */
export class Balancer {
  readonly #service: Service;
  readonly #scheduler: Scheduler;
  /** The destination of each persistent client (`IP_VS_CONN_F_TEMPLATE`). */
  readonly #templates: Map<string, string>;

  /**
   * @param service of those with one mark the first
   * @param before the service as it was: a scheduler that stays keeps its place in the cycle, and clients their servers
   * Throws on a scheduler that is not known, and on a prefix that addresses do not have.
   */
  constructor(service: Service, before?: Balancer) {
    if (service.persistence !== undefined) networkOf(service.vip, service.persistence.prefix);
    const keeps = before !== undefined && before.#service.scheduler === service.scheduler;
    this.#service = service;
    this.#scheduler = keeps ? before.#scheduler : createScheduler(service.scheduler);
    this.#templates = before === undefined ? new Map() : before.#templates;
  }

  /** The server for a new connection; undefined where none is available. */
  choose(client: Client, connections: ConnectionTable): RealServer | undefined {
    const known = this.#ofTemplate(client);
    if (known !== undefined) return known;
    const chosen = this.#scheduler.pick(this.#service, client, (server) => this.#isAvailable(server, connections));
    if (chosen !== undefined) this.#remember(client, chosen);
    return chosen;
  }

  /** A server of weight 0 gets nothing new (ipvsadm(8), "quiescent"), and one at its limit neither (`IP_VS_DEST_F_OVERLOAD`). */
  #isAvailable(server: RealServer, connections: ConnectionTable): boolean {
    const { weight, limit } = server;
    if (weight === 0) return false;
    return limit === undefined || connections.openTo(destinationOf(this.#service, server)) < limit;
  }

  /** Where a persistent client went before, be that server drained or full by now (`ip_vs_sched_persist`). */
  #ofTemplate(client: Client): RealServer | undefined {
    const destination = this.#templates.get(this.#templateKey(client) ?? "");
    return this.#service.realServers.find((server) => destinationOf(this.#service, server) === destination);
  }

  #remember(client: Client, server: RealServer): void {
    const key = this.#templateKey(client);
    if (key === undefined) return;
    const [oldest] = this.#templates.keys();
    if (oldest !== undefined && this.#templates.size >= MOST_TEMPLATES) this.#templates.delete(oldest);
    this.#templates.set(key, destinationOf(this.#service, server));
  }

  /** There is no clock: a template lives until it has to make room. */
  #templateKey({ src }: Client): string | undefined {
    const { persistence } = this.#service;
    return persistence && networkOf(src, persistence.prefix);
  }
}
