import { type Address, addressesOf, type HostOptions, type Model, type Nic, type Role } from "../forwarding/setup.js";
import { isIp6 } from "../packet/address.js";
import { defaultMac, hostAddress, nicAddress, nicMac } from "./addresses.js";
import { FOR_ROLES, readOptions } from "./host-options.js";
import type { OneOrMore, RawHost, RawInterface, RawRealServer, RawService, RawSetup } from "./raw.js";
import type { Place } from "./source.js";
import { quoted, suggestion } from "./suggest.js";

/** A host on its way from file to setup: where it is named, and what its gateway still has to be. */
export interface HostDraft {
  readonly name: string;
  readonly role: Role;
  readonly place: Place;
  readonly nics: NicDraft[];
  readonly options: HostOptions;
  /** As written, one for each family at the most; the default is a matter of the topology. */
  readonly gateways: readonly { readonly ip: string; readonly place: Place }[];
  /** The models of the services that it serves. */
  readonly models: Set<Model>;
}

export interface NicDraft extends Nic {
  readonly place: Place;
}

/** What a setup is for: a lab must be complete, captures teach the rest. */
export type Purpose = "lab" | "captures";

/** Words that a file uses for something else than a real server. */
const RESERVED = ["client", "router", "director", "standby", "network", "vip", "broadcast"];
/** Beside captures an MTU that nobody wrote is not known. */
const DEFAULT_MTU = { lab: 1500, captures: 0 } as const;

/** The hosts of a setup, in the order client, router, director, standby, real servers. */
export function readHosts(raw: RawSetup, place: Place, purpose: Purpose): HostDraft[] {
  const reader = new HostReader(raw, place, purpose);
  const { client, router, director, standby } = raw;
  if (client)
    reader.add("client", "client", [[client, place.at("client")]], [client.gateway, place.at("client", "gateway")]);
  else if (purpose === "lab")
    place.complain("`client` is missing: the host that sends the requests, such as { ip: 10.0.0.100/24 }");
  for (const [name, role, host] of [
    ["router", "router", router],
    ["director", "director", director],
    ["standby", "director", standby],
  ] as const) {
    if (host === undefined) continue;
    const nics = host.interfaces.map((nic, index) => [nic, place.at(name, "interfaces", index)] as const);
    reader.add(name, role, nics, [host.gateway, place.at(name, "gateway")]);
  }
  for (const [index, service] of raw.services.entries()) {
    for (const [position, server] of service.realServers.entries()) {
      reader.addRealServer(server, service, place.at("services", index, "realServers", position));
    }
  }
  reader.checkOverrides();
  return [...reader.hosts.values()].map((host) => withVipDevice(host, reader.overrideOf(host.name), raw.services));
}

class HostReader {
  readonly hosts = new Map<string, HostDraft>();
  readonly #overrides: Readonly<Record<string, RawHost>>;
  readonly #place: Place;
  readonly #purpose: Purpose;
  readonly #realServers: readonly RawRealServer[];

  constructor(raw: RawSetup, place: Place, purpose: Purpose) {
    this.#overrides = raw.hosts ?? {};
    this.#place = place.at("hosts");
    this.#purpose = purpose;
    this.#realServers = raw.services.flatMap((service) => service.realServers);
  }

  overrideOf(name: string): RawHost {
    return Object.hasOwn(this.#overrides, name) ? (this.#overrides[name] ?? {}) : {};
  }

  add(
    name: string,
    role: Role,
    interfaces: readonly (readonly [RawInterface, Place])[],
    [gateway, gatewayPlace]: readonly [OneOrMore<string> | undefined, Place],
  ): void {
    const override = this.overrideOf(name);
    const at = this.#place.at(name);
    for (const key of ["mac", "mtu"] as const) {
      if (override[key] === undefined || interfaces.length === 1) continue;
      at.at(key).complain(`${quoted(name)} has ${interfaces.length} NICs; put ${quoted(key)} into its \`interfaces\``);
    }
    const further = (override.interfaces ?? []).map((nic, index) => [nic, at.at("interfaces", index)] as const);
    const nics = [...interfaces, ...further].flatMap(([nic, place], index) =>
      this.#nic(nic, place, index, interfaces.length === 1 && index === 0 ? name : ""),
    );
    const place = interfaces[0]?.[1] ?? at;
    const gateways =
      override.gateway === undefined
        ? readGateways(gateway, gatewayPlace)
        : readGateways(override.gateway, at.at("gateway"));
    const options = readOptions(override, at, nics[0]);
    this.hosts.set(name, { name, role, place, nics, options, models: new Set(), gateways });
  }

  addRealServer(server: RawRealServer, service: RawService, place: Place): void {
    const { name } = server;
    if (RESERVED.includes(name)) {
      place
        .at("name")
        .complain(`${quoted(name)} has a meaning of its own; call the real server otherwise, such as rs1`);
      return;
    }
    // Only its address is in the services' tables: there is nothing to build.
    if ((server.answers ?? service.answers) === "absent") return;
    const known = this.hosts.get(name);
    if (known) this.#addAddress(server, known, place);
    else this.add(name, "real-server", [[this.#withMac(server), place]], [undefined, place]);
    if (service.model !== undefined) this.hosts.get(name)?.models.add(service.model);
  }

  /** Overrides must be of hosts that there are. */
  checkOverrides(): void {
    for (const [name, override] of Object.entries(this.#overrides)) {
      const host = this.hosts.get(name);
      if (host === undefined) {
        this.#place.at(name).complainOfKey(`unknown host ${quoted(name)}${suggestion(name, [...this.hosts.keys()])}`);
      }
      const { vipDevice } = override;
      if (host && vipDevice?.startsWith("eth") && !host.nics.some((nic) => nic.name === vipDevice)) {
        const nics = host.nics.map((nic) => nic.name);
        this.#place
          .at(name, "vipDevice")
          .complain(`${quoted(name)} has no NIC ${quoted(vipDevice)}${suggestion("", nics)}`);
      }
      for (const [key, roles] of Object.entries(FOR_ROLES) as [keyof typeof FOR_ROLES, readonly Role[]][]) {
        if (override[key] === undefined || host === undefined || roles.includes(host.role)) continue;
        const whose = roles.map((role) => `${role}s`.replace("-", " ")).join(" and ");
        this.#place.at(name, key).complainOfKey(`${quoted(key)} is for ${whose}; ${quoted(name)} is none`);
      }
      for (const taken of Object.values(override.neighbours ?? {})) {
        if (this.hosts.has(taken)) continue;
        const at = this.#place.at(name, "neighbours");
        at.complain(`unknown host ${quoted(taken)}${suggestion(taken, [...this.hosts.keys()])}`);
      }
    }
  }

  /** The MAC of a real server may stand in any of the services that name it. */
  #withMac(server: RawRealServer): RawRealServer {
    const mac = this.#realServers.find((other) => other.name === server.name && other.mac !== undefined)?.mac;
    return mac === undefined ? server : { ...server, mac };
  }

  /** A real server may serve several services, but it has one address of each family and one MAC. */
  #addAddress(server: RawRealServer, known: HostDraft, place: Place): void {
    const nic = known.nics[0];
    const address = nicAddress(server.ip, place.at("ip"));
    if (nic === undefined || address === undefined) return;
    const { line } = nic.place.position;
    const same = addressesOf(nic).find((own) => isIp6(own.ip) === isIp6(address.ip));
    if (same === undefined) known.nics[0] = { ...nic, others: [...nic.others, address] };
    else if (address.ip !== same.ip || address.prefix !== same.prefix) {
      const has = `${same.ip}/${same.prefix} in line ${line}`;
      place.at("ip").complain(`${quoted(server.name)} has the address ${has}; a host has one of a family`);
    }
    if (server.mac === undefined) return;
    const mac = nicMac(server.mac, place.at("mac"));
    if (mac === undefined || mac === nic.mac) return;
    place.at("mac").complain(`${quoted(server.name)} has the MAC ${nic.mac} in line ${line}; a NIC has one`);
  }

  #nic(raw: RawInterface, place: Place, index: number, single: string): NicDraft[] {
    const texts = typeof raw.ip === "string" ? [raw.ip] : raw.ip;
    const addresses = texts.flatMap((text, at) => {
      return nicAddress(text, typeof raw.ip === "string" ? place.at("ip") : place.at("ip", at)) ?? [];
    });
    const override = single === "" ? {} : this.overrideOf(single);
    const [macText, macPlace] =
      override.mac === undefined ? [raw.mac, place.at("mac")] : [override.mac, this.#place.at(single, "mac")];
    const mac = macText === undefined ? undefined : nicMac(macText, macPlace);
    if (this.#purpose === "lab" && mac?.startsWith("02:ff:"))
      macPlace.complain(`${quoted(mac)} begins with 02:ff, as the lab's own canaries do; take another one`);
    const [first, ...others] = addresses;
    if (first === undefined) return [];
    if (new Set(addresses.map(({ ip }) => isIp6(ip))).size < addresses.length)
      place.at("ip").complain("a NIC has one address of IPv4 and one of IPv6 at the most");
    const mtu = override.mtu ?? raw.mtu ?? DEFAULT_MTU[this.#purpose];
    return [{ name: `eth${index}`, ...first, others, mac: mac ?? this.#unknownMac(first), mtu, place }];
  }

  /** In captures an unknown MAC is to be learnt: a made-up one would only be wrong. */
  #unknownMac({ ip }: Address): string {
    return this.#purpose === "lab" ? defaultMac(ip) : "";
  }
}

function readGateways(written: OneOrMore<string> | undefined, place: Place): HostDraft["gateways"] {
  if (written === undefined) return [];
  if (typeof written === "string") {
    const ip = hostAddress(written, place);
    return ip === undefined ? [] : [{ ip, place }];
  }
  return written.flatMap((text, index) => readGateways(text, place.at(index)));
}

/** The device for the VIPs, by the most demanding of the models that the real server serves. */
function withVipDevice(host: HostDraft, override: RawHost, services: readonly RawService[]): HostDraft {
  if (host.role === "director" && override.vipDevice !== undefined)
    return { ...host, options: { ...host.options, vipDevice: override.vipDevice } };
  if (host.role !== "real-server") return host;
  const own = services.filter(({ realServers }) => realServers.some(({ name }) => name === host.name));
  const vipDevice = override.vipDevice ?? (own.some(usesTunl0) ? "tunl0" : own.some(holdsVip) ? "lo" : "none");
  return { ...host, options: { ...host.options, vipDevice } };
}

function holdsVip({ model }: RawService): boolean {
  return model === "dr" || model === "tun";
}

/** tunl0 takes IPv4 out of IPv4 and nothing else. */
function usesTunl0({ model, vip, tunnel, realServers }: RawService): boolean {
  const isIpv4 = !isIp6(vip) && realServers.every(({ ip }) => !ip.includes(":"));
  return model === "tun" && isIpv4 && (tunnel?.kind ?? "ipip") === "ipip";
}
