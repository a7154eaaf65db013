import { type Host, type Nic, type Setup, tapName } from "../forwarding/setup.js";
import type { Place } from "./source.js";
import { quoted, suggestion } from "./suggest.js";
import { adjacent } from "./topology.js";

/** Names that are neither a host nor a NIC, but stand for an address all the same. */
const SPECIAL = ["vip", "broadcast"];

/** The hosts and NICs of a setup by the names that a scenario gives them. */
export class Names {
  readonly setup: Setup;
  readonly #hosts: ReadonlyMap<string, Host>;

  constructor(setup: Setup) {
    this.setup = setup;
    this.#hosts = new Map(setup.hosts.map((host) => [host.name, host]));
  }

  /** The host of that name; where there is none, that is noted. */
  host(name: string, place: Place): Host | undefined {
    const host = this.#hosts.get(name);
    if (host === undefined) place.complain(`unknown host ${quoted(name)}${suggestion(name, [...this.#hosts.keys()])}`);
    return host;
  }

  realServer(name: string, place: Place): Host | undefined {
    const host = this.#hosts.get(name);
    if (host?.role === "real-server") return host;
    const servers = this.setup.hosts.filter(({ role }) => role === "real-server").map((server) => server.name);
    const what = host === undefined ? "unknown real server" : "a real server is wanted here, not";
    place.complain(`${what} ${quoted(name)}${suggestion(name, servers)}`);
    return undefined;
  }

  /** `vip`, `broadcast`, `rs1`, `router/eth1`: whether it is one; where not, that is noted. */
  checkAddress(name: string, place: Place, allowed: string): void {
    if (SPECIAL.includes(name) || this.#nic(name) !== undefined) return;
    const known = [...SPECIAL, ...this.#hosts.keys(), ...this.taps()];
    place.complain(`${quoted(name)} is neither ${allowed} nor a name of the setup${suggestion(name, known)}`);
  }

  /** The address of a host or NIC; of several NICs the one that shares a segment with a neighbour, else the first. */
  ipOf(name: string, neighbour?: Host): string | undefined {
    if (name === "vip") return this.setup.services[0]?.vip;
    const nic = this.#nic(name);
    const host = this.#hosts.get(name);
    if (host === undefined || neighbour === undefined) return nic?.ip;
    return (host.nics.find((candidate) => adjacent({ nics: [candidate] }, neighbour)) ?? nic)?.ip;
  }

  /** The tap at a host's only NIC, or at the NIC that stands behind the host's name; where there is none, that is noted. */
  tap(name: string, place: Place): string {
    const host = this.#hosts.get(name);
    if (host && host.nics.length > 1) {
      const taps = host.nics.map((nic) => `${quoted(tapName(host, nic))} (${nic.ip})`).join(" or ");
      place.complain(`${quoted(name)} has ${host.nics.length} NICs; say which: ${taps}`);
      return name;
    }
    const [hostName = ""] = name.split("/");
    const owner = this.#hosts.get(hostName);
    const nic = this.#nic(name);
    if (owner && nic) return tapName(owner, nic);
    place.complain(`unknown tap ${quoted(name)}${suggestion(name, this.taps())}`);
    return name;
  }

  taps(): string[] {
    return this.setup.hosts.flatMap((host) => host.nics.map((nic) => tapName(host, nic)));
  }

  #nic(name: string): Nic | undefined {
    const [hostName = "", nicName, ...rest] = name.split("/");
    const host = this.#hosts.get(hostName);
    if (rest.length > 0) return undefined;
    return nicName === undefined ? host?.nics[0] : host?.nics.find((nic) => nic.name === nicName);
  }
}
