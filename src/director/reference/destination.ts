import { balancedAs, type RealServer, type Service } from "../../forwarding/setup.js";

/** The name of a real server in a service's table; with a mark it has no port (`struct ip_vs_dest`). */
export function destinationOf(service: Service, { ip, port }: Pick<RealServer, "ip" | "port">): string {
  return `${balancedAs(service)} → ${service.mark === undefined ? `${ip}:${port}` : ip}`;
}
