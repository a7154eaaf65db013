import type { Address, HostOptions, Role } from "../forwarding/setup.js";
import { hostAddress, nicAddress } from "./addresses.js";
import type { RawHost } from "./raw.js";
import type { Place } from "./source.js";
import { quoted } from "./suggest.js";

/** Kernel settings outside `net.` are not those of a namespace, but those of the machine. */
const SYSCTL = /^net(\.[A-Za-z0-9_-]+)+$/;

/** What only hosts of some roles can be told. */
export const FOR_ROLES = {
  vipDevice: ["real-server", "director"],
  vipPrefix: ["real-server"],
  wildcard: ["real-server"],
  tunnelFrom: ["real-server"],
  tunnelChecksum: ["real-server"],
  gatewayInTunnel: ["real-server"],
  backup: ["real-server"],
  announces: ["director"],
} as const satisfies Partial<Record<keyof RawHost, readonly Role[]>>;

/** What a host has otherwise than its role and the models would have it. */
export function readOptions(raw: RawHost, place: Place, nic: Address | undefined): HostOptions {
  const { forwarding, wildcard, tunnelFrom, tunnelChecksum, gatewayInTunnel, backup, announces, vipPrefix = 32 } = raw;
  const actualIp = raw.ip === undefined ? undefined : actualAddress(raw.ip, place.at("ip"), nic);
  const neighbours = raw.neighbours === undefined ? undefined : readNeighbours(raw.neighbours, place.at("neighbours"));
  return {
    sysctl: readSysctl(raw, place),
    vipPrefix,
    ...(forwarding === undefined ? {} : { forwards: forwarding }),
    ...(actualIp === undefined ? {} : { actualIp }),
    ...(wildcard === undefined ? {} : { wildcard }),
    ...(tunnelFrom === undefined ? {} : { tunnelFrom }),
    ...(tunnelChecksum === undefined ? {} : { tunnelChecksum }),
    ...(gatewayInTunnel === undefined ? {} : { gatewayInTunnel }),
    ...(backup === undefined ? {} : { backup }),
    ...(announces === undefined ? {} : { announces }),
    ...(neighbours === undefined ? {} : { neighbours }),
  };
}

/** It lies on the segment of the address that the host should have. */
function actualAddress(text: string, place: Place, nic: Address | undefined): string | undefined {
  if (nic === undefined) return undefined;
  return nicAddress(text.includes("/") ? text : `${text}/${nic.prefix}`, place)?.ip;
}

function readNeighbours(raw: Readonly<Record<string, string>>, place: Place): Record<string, string> {
  const entries = Object.entries(raw).flatMap(([text, name]) => {
    const ip = hostAddress(text, place.at(text));
    return ip === undefined ? [] : [[ip, name]];
  });
  return Object.fromEntries(entries);
}

function readSysctl(raw: RawHost, place: Place): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const [name, value] of Object.entries(raw.sysctl ?? {})) {
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
