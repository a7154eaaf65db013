import { BROADCAST } from "../packet/ethernet.js";
import type { Frame } from "../packet/frame.js";
import { SLL_PACKET_TYPE } from "../packet/sll.js";
import {
  addressesOf,
  gatewayFor,
  type Host,
  hasAddress,
  hasMac,
  isOnLink,
  type Nic,
  type RealServer,
  type Service,
  type Setup,
  shareSegment,
  tapName,
} from "./setup.js";

/** A NIC together with its host. */
export interface Port {
  readonly host: Host;
  readonly nic: Nic;
  readonly tap: string;
}

/** Where a packet leaves a host, and whose MAC its frame is sent to. */
export interface NextHop {
  readonly nic: Nic;
  readonly ip: string;
  /** Empty where the setup does not know the owner of the address or its MAC. */
  readonly mac: string;
}

/** The setup turned around: who owns an address, a MAC, a tap, and where packets go from there. */
export class Network {
  readonly hosts: readonly Host[];
  readonly directors: readonly Host[];
  readonly realServers: readonly Host[];
  readonly #ports = new Map<string, Port>();
  readonly #byMac = new Map<string, Port>();
  readonly #byIp = new Map<string, Port>();
  readonly #hosts = new Map<string, Host>();
  readonly #nextHops = new Map<string, NextHop | undefined>();

  constructor(setup: Setup) {
    for (const host of setup.hosts) {
      this.#hosts.set(host.name, host);
      for (const nic of host.nics) {
        const port = { host, nic, tap: tapName(host, nic) };
        this.#ports.set(port.tap, port);
        for (const mac of [nic.mac, ...(nic.virtualMacs ?? [])]) if (mac !== "") this.#byMac.set(mac, port);
        for (const { ip } of addressesOf(nic)) this.#byIp.set(ip, port);
      }
    }
    this.hosts = setup.hosts;
    this.directors = setup.hosts.filter((host) => host.role === "director");
    this.realServers = setup.hosts.filter((host) => host.role === "real-server");
  }

  host(name: string): Host | undefined {
    return this.#hosts.get(name);
  }

  isDirector(name: string): boolean {
    return this.#hosts.get(name)?.role === "director";
  }

  port(tap: string): Port | undefined {
    return this.#ports.get(tap);
  }

  byMac(mac: string | undefined): Port | undefined {
    return mac === undefined ? undefined : this.#byMac.get(mac);
  }

  byIp(ip: string): Port | undefined {
    return this.#byIp.get(ip);
  }

  /** The name that stands for a MAC in a message: the MAC itself with its owner, where it is known. */
  macText(mac: string): string {
    const port = this.#byMac.get(mac);
    return port === undefined ? mac : `${mac} (${port.tap})`;
  }

  /** True for every frame that the NIC's host takes in: to its MAC, to a group, or where the setup knows no MAC. */
  isAddressed(frame: Frame): boolean {
    const nic = this.#ports.get(frame.tap)?.nic;
    const { linkDst: dst, sll } = frame.packet;
    if (sll?.packetType === SLL_PACKET_TYPE.toOther) return false;
    if (frame.direction === "out" || !nic?.mac || dst === undefined || hasMac(nic, dst)) return true;
    return (Number.parseInt(dst.slice(0, 2), 16) & 1) === 1;
  }

  /** On-link by the longest prefix, else the default gateway (RFC 1812 §5.2.4.3). */
  nextHop(host: Host, ip: string): NextHop | undefined {
    const key = `${host.name} ${ip}`;
    if (!this.#nextHops.has(key)) this.#nextHops.set(key, this.#route(host, ip));
    return this.#nextHops.get(key);
  }

  /** Routers on the way to an address, as far as the setup knows them. */
  routersTo(from: Host, ip: string): number {
    let at = from;
    for (let routers = 0; routers < this.#hosts.size; routers++) {
      const via = this.nextHop(at, ip)?.ip;
      const next = via === undefined || via === ip ? undefined : this.#byIp.get(via)?.host;
      if (next === undefined) return routers + (via === undefined || via === ip ? 0 : 1);
      at = next;
    }
    // A loop: no TTL would do.
    return 0;
  }

  /** The network that a tap's NIC sits on: taps with the same text share a segment. */
  segment(tap: string): string {
    const nic = this.#ports.get(tap)?.nic;
    if (nic === undefined) return tap;
    const first = [...this.#ports.values()].find((port) => shareSegment(port.nic, nic));
    return first?.tap ?? tap;
  }

  #route(host: Host, ip: string): NextHop | undefined {
    const onLink = (address: string) =>
      host.nics
        .filter((nic) => isOnLink(nic, address))
        .reduce<Nic | undefined>(
          (best, nic) => (best !== undefined && best.prefix >= nic.prefix ? best : nic),
          undefined,
        );
    const direct = onLink(ip);
    const via = direct === undefined ? gatewayFor(host, ip) : ip;
    const nic = direct ?? (via === undefined ? undefined : onLink(via));
    if (nic === undefined || via === undefined) return undefined;
    return { nic, ip: via, mac: this.#byIp.get(via)?.nic.mac ?? "" };
  }
}

export function isBroadcast(mac: string): boolean {
  return mac === BROADCAST;
}

export function ownsIp(host: Host, ip: string): boolean {
  return host.nics.some((nic) => hasAddress(nic, ip));
}

export function ownsMac(host: Host, mac: string): boolean {
  return host.nics.some((nic) => hasMac(nic, mac));
}

/** The servers that new connections may go to. */
export function available(service: Service): readonly RealServer[] {
  return service.realServers.filter((server) => server.weight > 0);
}
