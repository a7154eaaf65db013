import type { HostOptions, Model, Nic, Role } from "../forwarding/setup.js";
import { type Address, defaultMac, hostAddress, nicAddress, nicMac } from "./addresses.js";
import type { RawHost, RawInterface, RawRealServer, RawSetup } from "./raw.js";
import type { Place } from "./source.js";
import { quoted, suggestion } from "./suggest.js";

/** A host on its way from file to setup: where it is named, and what its gateway still has to be. */
export interface HostDraft {
  readonly name: string;
  readonly role: Role;
  readonly place: Place;
  readonly nics: NicDraft[];
  readonly options: HostOptions;
  /** As written; the default is a matter of the topology. */
  readonly gateway?: { readonly ip: string; readonly place: Place };
  /** The models of the services that it serves. */
  readonly models: Set<Model>;
}

export interface NicDraft extends Nic {
  readonly place: Place;
}

/** What a setup is for: a lab must be complete, captures teach the rest. */
export type Purpose = "lab" | "captures";

/** Words that a file uses for something else than a real server. */
const RESERVED = ["client", "router", "director", "network", "vip", "broadcast"];
const DEFAULT_MTU = 1500;
/** Kernel settings outside `net.` are not those of a namespace, but those of the machine. */
const SYSCTL = /^net(\.[A-Za-z0-9_-]+)+$/;
const VIP_DEVICE: Readonly<Record<Model, string>> = { nat: "none", dr: "lo", tun: "tunl0" };

/** The hosts of a setup, in the order client, router, director, real servers. */
export function readHosts(raw: RawSetup, place: Place, purpose: Purpose): HostDraft[] {
  const reader = new HostReader(raw, place, purpose);
  const { client, router, director } = raw;
  if (client)
    reader.add("client", "client", [[client, place.at("client")]], [client.gateway, place.at("client", "gateway")]);
  else if (purpose === "lab")
    place.complain("`client` is missing: the host that sends the requests, such as { ip: 10.0.0.100/24 }");
  for (const [role, host] of [
    ["router", router],
    ["director", director],
  ] as const) {
    if (host === undefined) continue;
    const nics = host.interfaces.map((nic, index) => [nic, place.at(role, "interfaces", index)] as const);
    reader.add(role, role, nics, [host.gateway, place.at(role, "gateway")]);
  }
  for (const [index, service] of raw.services.entries()) {
    for (const [position, server] of service.realServers.entries()) {
      reader.addRealServer(server, service.model, place.at("services", index, "realServers", position));
    }
  }
  reader.checkOverrides();
  return [...reader.hosts.values()].map((host) => withVipDevice(host, reader.overrideOf(host.name)));
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
    [gatewayText, gatewayPlace]: readonly [string | undefined, Place],
  ): void {
    const override = this.overrideOf(name);
    const at = this.#place.at(name);
    for (const key of ["mac", "mtu"] as const) {
      if (override[key] === undefined || interfaces.length === 1) continue;
      at.at(key).complain(`${quoted(name)} has ${interfaces.length} NICs; put ${quoted(key)} into its \`interfaces\``);
    }
    const nics = interfaces.flatMap(([nic, place], index) =>
      this.#nic(nic, place, index, interfaces.length === 1 ? name : ""),
    );
    const place = interfaces[0]?.[1] ?? at;
    const written = override.gateway ?? gatewayText;
    const writtenAt = override.gateway === undefined ? gatewayPlace : at.at("gateway");
    const ip = written === undefined ? undefined : hostAddress(written, writtenAt);
    const gateway = ip === undefined ? {} : { gateway: { ip, place: writtenAt } };
    const options = { sysctl: this.#sysctl(override, at), vipPrefix: override.vipPrefix ?? 32 };
    this.hosts.set(name, { name, role, place, nics, options, models: new Set(), ...gateway });
  }

  addRealServer(server: RawRealServer, model: Model | undefined, place: Place): void {
    const { name } = server;
    if (RESERVED.includes(name)) {
      place
        .at("name")
        .complain(`${quoted(name)} has a meaning of its own; call the real server otherwise, such as rs1`);
      return;
    }
    const known = this.hosts.get(name);
    if (known) this.#compare(server, known, place);
    else this.add(name, "real-server", [[this.#withMac(server), place]], [undefined, place]);
    if (model !== undefined) this.hosts.get(name)?.models.add(model);
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
      for (const key of ["vipDevice", "vipPrefix"] as const) {
        if (override[key] === undefined || host === undefined || host.role === "real-server") continue;
        this.#place.at(name, key).complainOfKey(`${quoted(key)} is for real servers; ${quoted(name)} is none`);
      }
    }
  }

  /** The MAC of a real server may stand in any of the services that name it. */
  #withMac(server: RawRealServer): RawRealServer {
    const mac = this.#realServers.find((other) => other.name === server.name && other.mac !== undefined)?.mac;
    return mac === undefined ? server : { ...server, mac };
  }

  /** A real server may serve several services, but it has one address and one MAC. */
  #compare(server: RawRealServer, known: HostDraft, place: Place): void {
    const nic = known.nics[0];
    const address = nicAddress(server.ip, place.at("ip"));
    if (nic === undefined || address === undefined) return;
    const line = nic.place.position.line;
    if (address.ip !== nic.ip || address.prefix !== nic.prefix) {
      place
        .at("ip")
        .complain(`${quoted(server.name)} has the address ${nic.ip}/${nic.prefix} in line ${line}; a host has one`);
    }
    if (server.mac === undefined) return;
    const mac = nicMac(server.mac, place.at("mac"));
    if (mac === undefined || mac === nic.mac) return;
    place.at("mac").complain(`${quoted(server.name)} has the MAC ${nic.mac} in line ${line}; a NIC has one`);
  }

  #nic(raw: RawInterface, place: Place, index: number, single: string): NicDraft[] {
    const address = nicAddress(raw.ip, place.at("ip"));
    const override = single === "" ? {} : this.overrideOf(single);
    const [macText, macPlace] =
      override.mac === undefined ? [raw.mac, place.at("mac")] : [override.mac, this.#place.at(single, "mac")];
    const mac = macText === undefined ? undefined : nicMac(macText, macPlace);
    if (this.#purpose === "lab" && mac?.startsWith("02:ff:"))
      macPlace.complain(`${quoted(mac)} begins with 02:ff, as the lab's own canaries do; take another one`);
    if (address === undefined) return [];
    const mtu = override.mtu ?? raw.mtu ?? DEFAULT_MTU;
    return [{ name: `eth${index}`, ...address, mac: mac ?? this.#unknownMac(address), mtu, place }];
  }

  /** In captures an unknown MAC is to be learnt: a made-up one would only be wrong. */
  #unknownMac({ ip }: Address): string {
    return this.#purpose === "lab" ? defaultMac(ip) : "";
  }

  #sysctl(override: RawHost, place: Place): Record<string, string> {
    const settings: Record<string, string> = {};
    for (const [name, value] of Object.entries(override.sysctl ?? {})) {
      const at = place.at("sysctl", name);
      if (!SYSCTL.test(name)) {
        at.complainOfKey(
          `${quoted(name)} is not a setting of a network namespace; write it as net.ipv4.conf.all.arp_ignore`,
        );
      } else if (typeof value === "string" && !/^[A-Za-z0-9 _.,-]{1,64}$/.test(value)) {
        at.complain(`${quoted(value)} is not a value of a kernel setting`);
      }
      settings[name] = String(value);
    }
    return settings;
  }
}

/** The device for the VIPs, by the most demanding of the models that the real server serves. */
function withVipDevice(host: HostDraft, override: RawHost): HostDraft {
  if (host.role !== "real-server") return host;
  const model = (["tun", "dr"] as const).find((candidate) => host.models.has(candidate)) ?? "nat";
  const vipDevice = override.vipDevice ?? VIP_DEVICE[model];
  return { ...host, options: { ...host.options, vipDevice } };
}
