/** The addresses and ports of the setup's services, for packets to be looked up by where they lie. */

import { anyIpFromString } from "../../packet/address.js";
import { IP_PROTOCOL } from "../../packet/ip.js";
import { addressesOf, type Protocol, type Service, type Setup } from "../setup.js";
import { spread, TupleTable } from "./tuple-table.js";

/** Endpoints, and addresses, that a setup may have for its captures to be screened. */
export const MOST_ENDPOINTS = 1 << 12;

const PROTOCOLS: Readonly<Record<Protocol, number>> = {
  tcp: IP_PROTOCOL.tcp,
  udp: IP_PROTOCOL.udp,
  sctp: IP_PROTOCOL.sctp,
};

/** An address in two integers: IPv4 as its bytes lie, and 0; of IPv6 two hashes, of which the second is odd. */
export type Folded = readonly [number, number];

/** The words of an address as a little-endian view reads them. */
export function fold6(first: number, second: number, third: number, fourth: number): number {
  return spread(spread(spread(spread(first) ^ second) ^ third) ^ fourth);
}

export function foldIp(ip: string): Folded {
  const bytes = anyIpFromString(ip);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const word = (index: number) => view.getInt32(index * 4, true);
  if (bytes.length === 4) return [word(0), 0];
  return [fold6(word(0), word(1), word(2), word(3)), fold6(word(3), word(2), word(1), word(0)) | 1];
}

/**
 * `VIP:port` and `RIP:port` of all services. Services that share a real server's port, which NAT maps both of them to, are
 * one group: of a packet there nobody can say whose it is.
 */
export class Endpoints {
  /** By endpoint: its group. */
  readonly groups: number[] = [];
  /** The services of each group. */
  readonly services: Service[][] = [];
  readonly #endpoints = new TupleTable(3, 3, MOST_ENDPOINTS);
  /** By port: whether an endpoint has it; spares most packets a search. */
  readonly #ports = new Uint8Array(1 << 16);
  readonly #addresses = new TupleTable(2, 2, MOST_ENDPOINTS);

  constructor({ services, hosts }: Setup) {
    for (const service of services) this.#add(service);
    const all = [
      ...services.flatMap(({ vip, realServers }) => [vip, ...realServers.map(({ ip }) => ip)]),
      ...hosts
        .filter(({ role }) => role === "director")
        .flatMap(({ nics }) => nics.flatMap(addressesOf).map(({ ip }) => ip)),
    ];
    for (const ip of all) {
      this.#addresses.key.set(foldIp(ip));
      this.#addresses.intern();
    }
  }

  /** The number of an endpoint of the setup; -1 where it is none. */
  find(addressA: number, addressB: number, protocolAndPort: number): number {
    if (this.#ports[protocolAndPort & 0xffff] === 0) return -1;
    const { key } = this.#endpoints;
    key[0] = addressA;
    key[1] = addressB;
    key[2] = protocolAndPort;
    return this.#endpoints.find();
  }

  /** Whether an address is a VIP, or one of a real server or director. */
  isServing(addressA: number, addressB: number): boolean {
    const { key } = this.#addresses;
    key[0] = addressA;
    key[1] = addressB;
    return this.#addresses.find() >= 0;
  }

  #add(service: Service): void {
    const { vip, port, protocol, realServers } = service;
    const ends = [[vip, port] as const, ...realServers.map((server) => [server.ip, server.port] as const)];
    const numbers = ends.map(([ip, itsPort]) => {
      this.#ports[itsPort] = 1;
      this.#endpoints.key.set([...foldIp(ip), (PROTOCOLS[protocol] << 16) | itsPort]);
      return this.#endpoints.intern();
    });
    const joined = [...new Set(numbers.flatMap((number) => this.groups[number] ?? []))];
    const group = joined[0] ?? this.services.length;
    this.services[group] = [...joined.flatMap((one) => this.services[one] ?? []), service];
    for (const other of joined.slice(1)) this.services[other] = [];
    for (const [number, known] of this.groups.entries()) if (joined.includes(known)) this.groups[number] = group;
    for (const number of numbers) this.groups[number] = group;
  }
}
