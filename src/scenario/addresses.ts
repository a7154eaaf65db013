import {
  inPrefix,
  ipFromString,
  ipToNumber,
  isIp,
  isMac,
  macFromString,
  macToString,
  networkOf,
} from "../packet/address.js";
import type { Place } from "./source.js";
import { quoted } from "./suggest.js";

export interface Address {
  readonly ip: string;
  readonly prefix: number;
}

const DEFAULT_PREFIX = 24;
/** A /31 or /32 leaves no room for the hosts of a segment. */
const LONGEST_PREFIX = 30;

/** `10.0.0.1/24` or `10.0.0.1`, as the address of a NIC; undefined where it is none, which is noted. */
export function nicAddress(text: string, place: Place): Address | undefined {
  const [ip = "", prefixText, ...rest] = text.split("/");
  const prefix = prefixText === undefined ? DEFAULT_PREFIX : Number(prefixText);
  if (rest.length > 0 || (prefixText !== undefined && !/^\d{1,2}$/.test(prefixText)) || prefix > 32) {
    place.complain(`${quoted(text)} has no prefix length that IPv4 knows; write it as 10.0.0.1/24`);
    return undefined;
  }
  if (hostAddress(ip, place) === undefined) return undefined;
  if (prefix < 8 || prefix > LONGEST_PREFIX) {
    place.complain(`a segment of /${prefix} cannot be built; use a prefix length from 8 to ${LONGEST_PREFIX}`);
    return undefined;
  }
  const hostBits = 2 ** (32 - prefix);
  const inSegment = ipToNumber(ip) % hostBits;
  if (inSegment === 0 || inSegment === hostBits - 1) {
    const what = inSegment === 0 ? "the address of the segment itself" : "the segment's broadcast address";
    place.complain(`${quoted(ip)} is ${what} (/${prefix}); a host needs another one`);
    return undefined;
  }
  return { ip, prefix };
}

/** An IPv4 address that a host can have. */
export function hostAddress(text: string, place: Place): string | undefined {
  if (!isIp(text)) {
    place.complain(`${quoted(text)} is not an IPv4 address${why(text)}`);
    return undefined;
  }
  const first = Number(text.split(".")[0]);
  if (first === 0 || first === 127 || first >= 224) {
    place.complain(`${quoted(text)} cannot be the address of a host: 0/8, 127/8 and all from 224 on are reserved`);
    return undefined;
  }
  return text;
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

/** The MAC of a NIC for which the setup names none: 02:00 and the four bytes of its address. */
export function defaultMac(ip: string): string {
  return macToString(Uint8Array.of(2, 0, ...ipFromString(ip)));
}

/** Whether both sit on one segment. */
export function shareSegment(a: Address, b: Address): boolean {
  return a.prefix === b.prefix && inPrefix(a.ip, b.ip, b.prefix);
}

/** `10.0.0.0/24` */
export function segmentOf({ ip, prefix }: Address): string {
  return networkOf(ip, prefix);
}

function why(text: string): string {
  if (text.includes(":")) return "; setups know IPv4 only";
  if (text.includes("/")) return "; leave the prefix length out here";
  return "";
}
