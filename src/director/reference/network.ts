import type { Nic, Service } from "../../forwarding/setup.js";
import { inPrefix, ipToNumber } from "../../packet/address.js";

/** RFC 791 §3.2, in bytes. */
const LEAST_MTU = 68;

/** Where a packet leaves: the NIC, and the address whose MAC the frame is sent to. */
export interface Route {
  readonly nic: Nic;
  readonly nextHop: string;
}

/** The director's own addresses and its two kinds of routes: on-link by a NIC's prefix, else the default gateway. */
export class Network {
  readonly nics: readonly Nic[];
  readonly #gateway: string | undefined;
  readonly #vips = new Set<string>();

  /** Throws on an MTU that IP does not allow, and where the gateway is on none of the NICs' links. */
  constructor(nics: readonly Nic[], gateway: string | undefined) {
    this.nics = nics;
    this.#gateway = gateway;
    const narrow = nics.find((nic) => nic.mtu < LEAST_MTU);
    if (narrow !== undefined) {
      throw new Error(`The MTU of ${describe(narrow)} is ${narrow.mtu} bytes; IPv4 needs ${LEAST_MTU}.`);
    }
    if (gateway !== undefined && this.#onLink(gateway) === undefined) {
      throw new Error(`The gateway ${gateway} is on the link of no NIC: ${nics.map(describe).join(", ")}.`);
    }
  }

  /** Owns the VIPs of these services too; an address that once was a VIP stays, as it does on a NIC after `ipvsadm -C`. */
  configure(services: readonly Service[]): void {
    for (const { vip } of services) this.#vips.add(vip);
  }

  get vips(): ReadonlySet<string> {
    return this.#vips;
  }

  /** The route by the default gateway; undefined without one. */
  get defaultRoute(): Route | undefined {
    const nic = this.#gateway === undefined ? undefined : this.#onLink(this.#gateway);
    return nic === undefined || this.#gateway === undefined ? undefined : { nic, nextHop: this.#gateway };
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
    return this.#vips.has(ip) || this.nics.some((nic) => nic.ip === ip);
  }

  /** Whether this is the broadcast address of a NIC's network (RFC 919), to which nothing is forwarded. */
  isBroadcast(ip: string): boolean {
    return this.nics.some(({ ip: own, prefix }) => {
      const hosts = prefix > 30 ? 0 : 2 ** (32 - prefix) - 1;
      return hosts > 0 && inPrefix(ip, own, prefix) && (ipToNumber(ip) & hosts) >>> 0 === hosts;
    });
  }

  /** The route to an address; undefined where there is none (RFC 1812 §5.2.4.3, longest prefix first). */
  route(ip: string): Route | undefined {
    const direct = this.#onLink(ip);
    return direct === undefined ? this.defaultRoute : { nic: direct, nextHop: ip };
  }

  #onLink(ip: string): Nic | undefined {
    return this.nics
      .filter((nic) => inPrefix(ip, nic.ip, nic.prefix))
      .reduce<Nic | undefined>(
        (best, nic) => (best !== undefined && best.prefix >= nic.prefix ? best : nic),
        undefined,
      );
  }
}

function describe(nic: Nic): string {
  return `${nic.name} ${nic.ip}/${nic.prefix}`;
}

/** Whether one host can have this address: not 0/8, loopback, multicast, reserved or broadcast (RFC 1122 §3.2.1.3). */
export function isHostAddress(ip: string): boolean {
  const first = Number.parseInt(ip, 10);
  return first > 0 && first < 224 && first !== 127;
}
