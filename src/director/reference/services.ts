import { balancedAs, type Protocol, type RealServer, type Service, serviceName } from "../../forwarding/setup.js";
import { isIp6, networkOf } from "../../packet/address.js";
import { IP_PROTOCOL } from "../../packet/ip.js";
import { Balancer } from "./balancer.js";
import type { Connection, ConnectionTable, Tuple } from "./connections.js";
import { destinationOf } from "./destination.js";

const PROTOCOLS: Readonly<Record<Protocol, number>> = {
  tcp: IP_PROTOCOL.tcp,
  udp: IP_PROTOCOL.udp,
  sctp: IP_PROTOCOL.sctp,
};

/** What has become of a connection's server: `unserved` where not even its service is left. */
export type Standing = "available" | "removed" | "unserved";

/** The virtual services, keyed on protocol, address and port (`__ip_vs_service_find`). */
export class ServiceTable {
  #services = new Map<string, Service>();
  /** By the name of the service, or by the mark of several. */
  #balancers = new Map<string, Balancer>();

  /**
   * Replaces the table. A service that stays keeps its scheduler's place in the cycle.
   * Throws on a service listed twice, a scheduler that is not known, a prefix that addresses do not have and a real
   * server of the other family where the model is no tunnel, and then leaves the table as it was.
   */
  configure(services: readonly Service[]): void {
    const table = new Map<string, Service>();
    const balancers = new Map<string, Balancer>();
    for (const service of services) {
      const key = serviceKey(PROTOCOLS[service.protocol], service.vip, service.port);
      checkFamilies(service);
      if (table.has(key)) throw new Error(`The service ${serviceName(service)} is configured twice.`);
      table.set(key, service);
      if (service.persistence !== undefined) networkOf(service.vip, service.persistence.prefix);
      const name = balancedAs(service);
      if (!balancers.has(name)) balancers.set(name, new Balancer(service.scheduler, this.#balancers.get(name)));
    }
    this.#services = table;
    this.#balancers = balancers;
  }

  /** In the order in which they were configured. */
  all(): Service[] {
    return [...this.#services.values()];
  }

  /** The service that a client's tuple addresses. */
  find({ protocol, dst, dstPort }: Tuple): Service | undefined {
    return this.#services.get(serviceKey(protocol, dst, dstPort));
  }

  /** The real server for a new connection; undefined where the service has none available. */
  schedule(service: Service, tuple: Tuple, connections: ConnectionTable): RealServer | undefined {
    return this.#balancers.get(balancedAs(service))?.choose(service, tuple, connections);
  }

  standing({ request, server }: Connection): Standing {
    const service = this.find(request);
    if (service === undefined) return "unserved";
    const destination = destinationOf(service, server);
    return service.realServers.some((other) => destinationOf(service, other) === destination) ? "available" : "removed";
  }
}

/** Only a tunnel gets a packet to a real server of the other family. */
function checkFamilies(service: Service): void {
  const stranger = service.realServers.find(({ ip }) => isIp6(ip) !== isIp6(service.vip));
  if (stranger === undefined || service.model === "tun") return;
  throw new Error(
    `The service ${serviceName(service)} cannot reach ${stranger.name} at ${stranger.ip} without a tunnel.`,
  );
}

function serviceKey(protocol: number, address: string, port: number): string {
  return `${protocol} ${address}:${port}`;
}
