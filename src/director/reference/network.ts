import { addressesOf, type Nic, type Service } from "../../forwarding/setup.js";
import { inPrefix, ipToNumber, isIp6 } from "../../packet/address.js";

/** Least MTU of a link, in bytes (RFC 791 §3.2, RFC 8200 §5). */
const LEAST_MTU = { 4: 68, 6: 1280 } as const;

/** What a report of a smaller MTU is believed down to, in bytes (net.ipv4.route.min_pmtu; RFC 8201 §4). */
const LEAST_PATH_MTU = { 4: 552, 6: 1280 } as const;

/** Ways whose MTU was reported; beyond it the oldest is forgotten. */
const MOST_PATHS = 1024;

/** The least MTU of a link for packets to or from an address, in bytes. */
export function leastMtu(ip: string): number {
  return LEAST_MTU[familyOf(ip)];
}

/** Where a packet leaves. */
export interface Route {
  readonly nic: Nic;
  /** The address whose MAC the frame is sent to. */
  readonly nextHop: string;
  /** The NIC's own address on this link: never a VIP. */
  readonly src: string;
  /** Largest packet in bytes that gets to the destination, as far as anybody has said. */
  readonly mtu: number;
}

/** An address of a NIC. */
interface Link {
  readonly nic: Nic;
  readonly ip: string;
  readonly prefix: number;
}

/** The director's own addresses and its two kinds of routes: on-link by a NIC's prefix, else the family's default gateway. */
export class Network {
  readonly nics: readonly Nic[];
  /** Whether it routes what is none of its services' requests. */
  forwards: boolean;
  /** Those with the longest prefix first. */
  readonly #links: readonly Link[];
  readonly #gateways: readonly string[];
  readonly #vips = new Set<string>();
  readonly #pathMtus = new Map<string, number>();

  /** Throws on an MTU that IP does not allow, and where a gateway is on none of the NICs' links. */
  constructor(nics: readonly Nic[], gateways: readonly string[], forwards = true) {
    this.nics = nics;
    this.forwards = forwards;
    this.#links = nics
      .flatMap((nic) => addressesOf(nic).map(({ ip, prefix }) => ({ nic, ip, prefix })))
      .sort((one, other) => other.prefix - one.prefix);
    this.#gateways = gateways;
    const narrow = this.#links.find(({ nic, ip }) => nic.mtu < leastMtu(ip));
    if (narrow !== undefined) {
      const needs = `IPv${familyOf(narrow.ip)} needs ${leastMtu(narrow.ip)}`;
      throw new Error(`The MTU of ${describe(narrow)} is ${narrow.nic.mtu} bytes; ${needs}.`);
    }
    const lost = gateways.find((gateway) => this.#linkOf(gateway) === undefined);
    if (lost !== undefined) {
      throw new Error(`The gateway ${lost} is on the link of no NIC: ${this.#links.map(describe).join(", ")}.`);
    }
  }

  /** Owns the VIPs of these services too; an address that once was a VIP stays, as it does on a NIC after `ipvsadm -C`. */
  configure(services: readonly Service[]): void {
    for (const { vip } of services) this.#vips.add(vip);
  }

  get vips(): ReadonlySet<string> {
    return this.#vips;
  }

  /** Throws where the director has no such NIC. */
  nic(name: string): Nic {
    const found = this.nics.find((nic) => nic.name === name);
    if (found === undefined) {
      throw new Error(`The director has no NIC "${name}"; it has ${this.nics.map((nic) => nic.name).join(", ")}.`);
    }
    return found;
  }

  /** Whether a packet to this address is for the director itself: an address of a NIC or a VIP. */
  owns(ip: string): boolean {
    return this.#vips.has(ip) || this.#links.some((link) => link.ip === ip);
  }

  /** Whether this is the broadcast address of a NIC's network (RFC 919), to which nothing is forwarded. */
  isBroadcast(ip: string): boolean {
    if (isIp6(ip)) return false;
    return this.#links.some(({ ip: own, prefix }) => {
      const hosts = prefix > 30 ? 0 : 2 ** (32 - prefix) - 1;
      return hosts > 0 && inPrefix(ip, own, prefix) && (ipToNumber(ip) & hosts) >>> 0 === hosts;
    });
  }

  /** The route to an address; undefined where there is none (RFC 1812 §5.2.4.3, longest prefix first). */
  route(ip: string): Route | undefined {
    const link = this.#linkOf(ip);
    return link === undefined ? this.defaultRoute(ip) : this.#routeBy(link, ip, ip);
  }

  /** The route by the default gateway of an address's family; undefined without one. */
  defaultRoute(ip: string): Route | undefined {
    const gateway = this.#gateways.find((one) => familyOf(one) === familyOf(ip));
    const link = gateway === undefined ? undefined : this.#linkOf(gateway);
    return link && gateway !== undefined ? this.#routeBy(link, gateway, ip) : undefined;
  }

  /**
   * Somebody on the way to an address has reported that packets of `mtu` bytes pass there and larger ones do not.
   * @returns what its route has for an MTU from now on: as there is no clock, for good
   */
  learnMtu(ip: string, mtu: number): number {
    const known = this.route(ip)?.mtu ?? Number.POSITIVE_INFINITY;
    const learnt = Math.min(known, Math.max(mtu, LEAST_PATH_MTU[familyOf(ip)]));
    const [oldest] = this.#pathMtus.keys();
    if (oldest !== undefined && !this.#pathMtus.has(ip) && this.#pathMtus.size >= MOST_PATHS) {
      this.#pathMtus.delete(oldest);
    }
    this.#pathMtus.set(ip, learnt);
    return learnt;
  }

  /** Forgets what `learnMtu` was told. */
  forgetMtus(): void {
    this.#pathMtus.clear();
  }

  #routeBy({ nic, ip: src }: Link, nextHop: string, ip: string): Route {
    return { nic, nextHop, src, mtu: this.#pathMtus.get(ip) ?? nic.mtu };
  }

  #linkOf(ip: string): Link | undefined {
    return this.#links.find((link) => inPrefix(ip, link.ip, link.prefix));
  }
}

function familyOf(ip: string): 4 | 6 {
  return isIp6(ip) ? 6 : 4;
}

function describe({ nic, ip, prefix }: Link): string {
  return `${nic.name} ${ip}/${prefix}`;
}

/** ff00::/8, and fe80::/10 that no router passes on (RFC 4291 §2.5.6). */
const MULTICAST = /^ff[0-9a-f]{2}:/;
const LINK_LOCAL = /^fe[89ab][0-9a-f]:/;

/**
 * Whether a packet that is routed can be from or to this address: not 0/8, loopback, multicast, reserved or broadcast
 * (RFC 1122 §3.2.1.3); not unspecified, loopback, multicast or of one link alone (RFC 4291 §2.5).
 */
export function isHostAddress(ip: string): boolean {
  if (isIp6(ip)) return ip !== "::" && ip !== "::1" && !MULTICAST.test(ip) && !LINK_LOCAL.test(ip);
  const first = Number.parseInt(ip, 10);
  return first > 0 && first < 224 && first !== 127;
}
