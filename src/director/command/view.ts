import {
  addressesOf,
  gatewayFor,
  type Host,
  isOnLink,
  type Nic,
  type Service,
  type Setup,
} from "../../forwarding/setup.js";
import { nicTowards } from "../../lab/segments.js";
import { directorHost } from "../director.js";

/**
 * What a director is told of the network it stands in: the JSON file `${setup}`, and what its template sees.
 * All that a program needs that has no kernel to ask: names of NICs, MACs, next hops.
 */
export interface DirectorView {
  readonly interfaces: readonly InterfaceView[];
  readonly services: readonly ServiceView[];
  /** Everybody on the director's segments. */
  readonly neighbours: readonly NeighbourView[];
  readonly gateways: readonly string[];
}

export interface InterfaceView {
  readonly name: string;
  readonly ip: string;
  readonly prefix: number;
  readonly mac: string;
  readonly mtu: number;
}

export interface NeighbourView {
  readonly name: string;
  readonly role: string;
  readonly ip: string;
  readonly mac: string;
  /** The director's NIC on that segment. */
  readonly interface: string;
}

export interface ServiceView {
  readonly vip: string;
  readonly port: number;
  readonly protocol: string;
  readonly model: string;
  readonly scheduler: string;
  readonly realServers: readonly RealServerView[];
}

export interface RealServerView {
  readonly name: string;
  readonly ip: string;
  readonly port: number;
  readonly weight: number;
  /** The director's NIC towards it, or towards the next hop to it. */
  readonly interface: string;
  /** Of the real server where it is on the director's segment, else of the next hop to it; left out where nobody has it. */
  readonly mac?: string;
}

/** @param services the service table as it is now */
export function viewOf(setup: Setup, services: readonly Service[]): DirectorView {
  const director = directorHost(setup);
  const neighbours = neighboursOf(setup, director);
  return {
    interfaces: director.nics.map(({ name, ip, prefix, mac, mtu }) => ({ name, ip, prefix, mac, mtu })),
    services: services.map(({ vip, port, protocol, model, scheduler, realServers }) => ({
      vip,
      port,
      protocol,
      model,
      scheduler,
      realServers: realServers.map(({ name, ip, port, weight }) => {
        const hop = nextHop(director, ip);
        const mac = neighbours.find((neighbour) => neighbour.ip === hop)?.mac;
        return {
          name,
          ip,
          port,
          weight,
          interface: nicTowards(director, hop ?? ip).name,
          ...(mac === undefined ? {} : { mac }),
        };
      }),
    })),
    neighbours,
    gateways: director.gateways,
  };
}

function nextHop(director: Host, ip: string): string | undefined {
  return director.nics.some((nic) => isOnLink(nic, ip)) ? ip : gatewayFor(director, ip);
}

function neighboursOf({ hosts }: Setup, director: Host): NeighbourView[] {
  const own = (ip: string): Nic | undefined => director.nics.find((nic) => isOnLink(nic, ip));
  return hosts
    .filter((host) => host !== director)
    .flatMap(({ name, role, nics }) =>
      nics.flatMap((nic) =>
        addressesOf(nic).flatMap(({ ip }) => {
          const through = own(ip);
          return through === undefined ? [] : [{ name, role, ip, mac: nic.mac, interface: through.name }];
        }),
      ),
    );
}
