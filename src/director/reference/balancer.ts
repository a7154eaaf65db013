import type { RealServer, Service } from "../../forwarding/setup.js";
import { networkOf } from "../../packet/address.js";
import type { ConnectionTable } from "./connections.js";
import { destinationOf } from "./destination.js";
import type { Client, Scheduler } from "./schedule.js";
import { createScheduler } from "./schedulers.js";

/** Clients that persistence remembers; beyond it the one that was first seen makes room. */
const MOST_TEMPLATES = 65_536;

/** Chooses real servers for one service, or for all that share a mark: what it remembers is common to them. */
export class Balancer {
  readonly #name: string;
  readonly #scheduler: Scheduler;
  /** The destination of each persistent client (`IP_VS_CONN_F_TEMPLATE`). */
  readonly #templates: Map<string, string>;

  /**
   * @param scheduler its IPVS name; throws on one that is not known
   * @param before what chose until now: a scheduler that stays keeps its place in the cycle, and clients their servers
   */
  constructor(scheduler: string, before?: Balancer) {
    this.#name = scheduler;
    const stays = before !== undefined && before.#name === scheduler;
    this.#scheduler = stays ? before.#scheduler : createScheduler(scheduler);
    this.#templates = before === undefined ? new Map() : before.#templates;
  }

  /** The server of a service for a new connection; undefined where none is available. */
  choose(service: Service, client: Client, connections: ConnectionTable): RealServer | undefined {
    const known = this.#ofTemplate(service, client);
    if (known !== undefined) return known;
    const chosen = this.#scheduler.pick(service, client, (server) => isAvailable(service, server, connections));
    if (chosen !== undefined) this.#remember(service, client, chosen);
    return chosen;
  }

  /** Where a persistent client went before, be that server drained or full by now (`ip_vs_sched_persist`). */
  #ofTemplate(service: Service, client: Client): RealServer | undefined {
    const destination = this.#templates.get(templateKey(service, client) ?? "");
    return destination === undefined
      ? undefined
      : service.realServers.find((server) => destinationOf(service, server) === destination);
  }

  #remember(service: Service, client: Client, server: RealServer): void {
    const key = templateKey(service, client);
    if (key === undefined) return;
    const [oldest] = this.#templates.keys();
    if (oldest !== undefined && this.#templates.size >= MOST_TEMPLATES) this.#templates.delete(oldest);
    this.#templates.set(key, destinationOf(service, server));
  }
}

/** A server of weight 0 gets nothing new (ipvsadm(8), "quiescent"), and one at its limit neither (`IP_VS_DEST_F_OVERLOAD`). */
function isAvailable(service: Service, server: RealServer, connections: ConnectionTable): boolean {
  const { weight, limit } = server;
  if (weight === 0) return false;
  return limit === undefined || connections.openTo(destinationOf(service, server)) < limit;
}

/** There is no clock: a template lives until it has to make room. */
function templateKey({ persistence }: Service, { src }: Client): string | undefined {
  return persistence && networkOf(src, persistence.prefix);
}
