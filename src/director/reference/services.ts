import { type Protocol, type RealServer, type Service, serviceName } from "../../forwarding/setup.js";
import { IP_PROTOCOL } from "../../packet/ip.js";
import type { Connection, Tuple } from "./connections.js";
import { createScheduler, type Scheduler, serverKey } from "./schedule.js";

const PROTOCOLS: ReadonlyMap<Protocol, number> = new Map([
  ["tcp", IP_PROTOCOL.tcp],
  ["udp", IP_PROTOCOL.udp],
]);

interface Entry {
  readonly service: Service;
  readonly scheduler: Scheduler;
}

/** What has become of a connection's server: `unserved` where not even its service is left. */
export type Standing = "available" | "removed" | "unserved";

/** The virtual services, keyed on protocol, address and port (`__ip_vs_service_find`). */
export class ServiceTable {
  #entries = new Map<string, Entry>();

  /**
   * Replaces the table. A service that stays keeps its scheduler's place in the cycle.
   * Throws on a protocol or a scheduler that is not known and on a service listed twice, and then leaves the table as
   * it was.
   */
  configure(services: readonly Service[]): void {
    const entries = new Map<string, Entry>();
    for (const service of services) {
      const key = keyOf(service);
      if (entries.has(key)) throw new Error(`The service ${serviceName(service)} is configured twice.`);
      const previous = this.#entries.get(key);
      const keeps = previous !== undefined && previous.service.scheduler === service.scheduler;
      entries.set(key, { service, scheduler: keeps ? previous.scheduler : createScheduler(service.scheduler) });
    }
    this.#entries = entries;
  }

  /** In the order in which they were configured. */
  all(): Service[] {
    return [...this.#entries.values()].map((entry) => entry.service);
  }

  /** The service that a client's tuple addresses. */
  find({ protocol, dst, dstPort }: Tuple): Service | undefined {
    return this.#entries.get(serviceKey(protocol, dst, dstPort))?.service;
  }

  /** The real server for a new connection; undefined where the service has none available. */
  schedule(service: Service, client: string): RealServer | undefined {
    const key = keyOf(service);
    return this.#entries.get(key)?.scheduler.pick(service, client);
  }

  standing({ request, server }: Connection): Standing {
    const service = this.find(request);
    if (service === undefined) return "unserved";
    return service.realServers.some((other) => serverKey(other) === serverKey(server)) ? "available" : "removed";
  }
}

function keyOf(service: Service): string {
  const protocol = PROTOCOLS.get(service.protocol);
  if (protocol === undefined) {
    throw new Error(
      `The reference director does not carry ${service.protocol} (${serviceName(service)}); it carries ${[...PROTOCOLS.keys()].join(", ")}.`,
    );
  }
  return serviceKey(protocol, service.vip, service.port);
}

function serviceKey(protocol: number, address: string, port: number): string {
  return `${protocol} ${address}:${port}`;
}
