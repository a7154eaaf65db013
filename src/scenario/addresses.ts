import type { Address } from "../forwarding/setup.js";
import {
  inPrefix,
  ip6FromString,
  ip6ToString,
  ipFromString,
  ipToNumber,
  isIp,
  isIp6,
  isMac,
  macFromString,
  macToString,
  networkOf,
} from "../packet/address.js";
import type { Place } from "./source.js";
import { quoted } from "./suggest.js";

/** What prefix lengths a segment can have. The longest of IPv4 still has room for two hosts. */
export const PREFIXES = {
  4: { usual: 24, shortest: 8, longest: 30, longestOfAll: 32, example: "10.0.0.1/24" },
  6: { usual: 64, shortest: 16, longest: 126, longestOfAll: 128, example: "fd00::1/64" },
} as const;

function familyOf(ip: string): 4 | 6 {
  return isIp6(ip) ? 6 : 4;
}

/** `10.0.0.1/24`, `10.0.0.1` or `fd00::1/64`, as the address of a NIC; undefined where it is none, which is noted. */
export function nicAddress(text: string, place: Place): Address | undefined {
  const [written = "", prefixText, ...rest] = text.split("/");
  const { usual, shortest, longest, longestOfAll, example } = PREFIXES[familyOf(written)];
  const prefix = prefixText === undefined ? usual : Number(prefixText);
  if (rest.length > 0 || (prefixText !== undefined && !/^\d{1,3}$/.test(prefixText)) || prefix > longestOfAll) {
    place.complain(`${quoted(text)} has no prefix length that IPv${familyOf(written)} knows; write it as ${example}`);
    return undefined;
  }
  const ip = hostAddress(written, place);
  if (ip === undefined) return undefined;
  if (prefix < shortest || prefix > longest) {
    place.complain(`a segment of /${prefix} cannot be built; use a prefix length from ${shortest} to ${longest}`);
    return undefined;
  }
  const taken = isIp6(ip) ? undefined : reservedIn(ip, prefix);
  if (taken === undefined) return { ip, prefix };
  place.complain(`${quoted(ip)} is ${taken} (/${prefix}); a host needs another one`);
  return undefined;
}

/** What an IPv4 address is that no host of its segment can have. */
function reservedIn(ip: string, prefix: number): string | undefined {
  const hostBits = 2 ** (32 - prefix);
  const inSegment = ipToNumber(ip) % hostBits;
  if (inSegment === 0) return "the address of the segment itself";
  return inSegment === hostBits - 1 ? "the segment's broadcast address" : undefined;
}

/** An address that a host can have, in its canonical spelling; undefined where it is none, which is noted. */
export function hostAddress(text: string, place: Place): string | undefined {
  if (!isIp(text) && !isIp6(text)) {
    const why = text.includes("/") ? "; leave the prefix length out here" : "";
    place.complain(`${quoted(text)} is not an IP address${why}`);
    return undefined;
  }
  const ip = isIp6(text) ? ip6ToString(ip6FromString(text)) : text;
  const reserved = isIp6(ip) ? reserved6(ip) : reserved4(ip);
  if (reserved === undefined) return ip;
  place.complain(`${quoted(text)} cannot be the address of a host: ${reserved}`);
  return undefined;
}

function reserved4(ip: string): string | undefined {
  const first = Number(ip.split(".")[0]);
  const isReserved = first === 0 || first === 127 || first >= 224;
  return isReserved ? "0/8, 127/8 and all from 224 on are reserved" : undefined;
}

/** Link-local addresses are made by the hosts themselves. */
function reserved6(ip: string): string | undefined {
  const isReserved = inPrefix(ip, "::", 8) || inPrefix(ip, "fe80::", 10) || inPrefix(ip, "ff00::", 8);
  return isReserved ? "::/8, fe80::/10 and ff00::/8 are reserved" : undefined;
}

/** A MAC in lower case with colons, of one NIC and no group. */
export function nicMac(text: string, place: Place): string | undefined {
  if (!isMac(text)) {
    place.complain(`${quoted(text)} is not a MAC address; write six pairs of hex digits, such as 02:00:0a:00:00:0b`);
    return undefined;
  }
  const bytes = macFromString(text);
  const first = bytes[0] ?? 0;
  if ((first & 1) === 1 || bytes.every((byte) => byte === 0)) {
    const what = (first & 1) === 1 ? "a group of NICs (its first byte is odd)" : "no NIC";
    place.complain(`${quoted(text)} is the address of ${what}; a NIC needs one of its own`);
    return undefined;
  }
  return macToString(bytes);
}

/** Bytes of an IPv6 address that tell the hosts of small networks such as fd01::/64 apart. */
const TELLING = [1, 7, 14, 15];

/** The MAC of a NIC for which the setup names none: 02:00 and its IPv4 address, or 02:06 and bytes of its IPv6 one. */
export function defaultMac(ip: string): string {
  if (!isIp6(ip)) return macToString(Uint8Array.of(2, 0, ...ipFromString(ip)));
  const bytes = ip6FromString(ip);
  return macToString(Uint8Array.of(2, 6, ...TELLING.map((at) => bytes[at] ?? 0)));
}

/** Whether both lie in one network. */
export function sameNetwork(a: Address, b: Address): boolean {
  return a.prefix === b.prefix && inPrefix(a.ip, b.ip, b.prefix);
}

/** `10.0.0.0/24` */
export function segmentOf({ ip, prefix }: Address): string {
  return networkOf(ip, prefix);
}
