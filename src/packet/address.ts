/**
 * Addresses between bytes, numbers and text.
 *
 * Text is canonical: lower-case MACs with colons, dotted quads without leading zeros, IPv6 as RFC 5952 has it.
 * What cannot be read as an address throws a RangeError that quotes it.
 */

import { isIPv4, isIPv6 } from "node:net";

const MAC = /^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i;

const IP6_BYTES = 16;

/** The digit; the dot comes before it. */
const ZERO = 0x30;

const HEX_BYTES = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, "0"));

export function isMac(text: string): boolean {
  return MAC.test(text);
}

export function isIp(text: string): boolean {
  return isIPv4(text);
}

export function isIp6(text: string): boolean {
  // Most addresses are of the other family, and the expression behind isIPv6 is long.
  return text.includes(":") && isIPv6(text) && !text.includes("%");
}

/** An address of either family. */
export function isAnyIp(text: string): boolean {
  return isIp(text) || isIp6(text);
}

export function macToString(bytes: Uint8Array, offset = 0): string {
  let text = HEX_BYTES[bytes[offset] ?? 0] as string;
  for (let at = offset + 1; at < offset + 6; at++) text += `:${HEX_BYTES[bytes[at] ?? 0]}`;
  return text;
}

/** Accepts colons or dashes, upper or lower case. */
export function macFromString(text: string): Uint8Array {
  if (!isMac(text)) throw new RangeError(`"${text}" is not a MAC address`);
  return Uint8Array.from(text.split(/[:-]/), (octet) => Number.parseInt(octet, 16));
}

export function ipToString(bytes: Uint8Array, offset = 0): string {
  return `${bytes[offset] ?? 0}.${bytes[offset + 1] ?? 0}.${bytes[offset + 2] ?? 0}.${bytes[offset + 3] ?? 0}`;
}

export function ipFromString(text: string): Uint8Array {
  if (!isIp(text)) throw new RangeError(`"${text}" is not an IPv4 address`);
  return octets(text);
}

function octets(text: string): Uint8Array {
  const bytes = new Uint8Array(4);
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - ZERO;
    if (digit < 0) at++;
    else bytes[at] = (bytes[at] as number) * 10 + digit;
  }
  return bytes;
}

/** The address as an unsigned 32-bit number. */
export function ipToNumber(text: string): number {
  return ipFromString(text).reduce((value, octet) => value * 256 + octet, 0);
}

/** The inverse of `ipToNumber`; takes the low 32 bits. */
export function ipFromNumber(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join(".");
}

/** RFC 5952: the longest run of two or more zero groups is shortened, the first one among equals. */
export function ip6ToString(bytes: Uint8Array, offset = 0): string {
  const groups = Array.from({ length: 8 }, (_, index) => {
    const at = offset + index * 2;
    return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  });
  let start = -1;
  let length = 1;
  for (let first = 0; first < 8; first++) {
    let behind = first;
    while (behind < 8 && groups[behind] === 0) behind++;
    if (behind - first > length) {
      start = first;
      length = behind - first;
    }
  }
  const text = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
  return start < 0 ? text(groups) : `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}

export function ip6FromString(text: string): Uint8Array {
  if (!isIp6(text)) throw new RangeError(`"${text}" is not an IPv6 address`);
  const hexOnly = text.replace(/[\d.]+$/, (tail) => {
    if (!tail.includes(".")) return tail;
    const [a = 0, b = 0, c = 0, d = 0] = ipFromString(tail);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [head = [], tail = []] = hexOnly.split("::").map((part) => part.split(":").filter((group) => group !== ""));
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill("0"), ...tail];
  return Uint8Array.from(
    groups.flatMap((group) => {
      const value = Number.parseInt(group, 16);
      return [value >> 8, value & 0xff];
    }),
  );
}

/** 4 bytes or 16. */
export function anyIpFromString(text: string): Uint8Array {
  if (isIp(text)) return octets(text);
  if (!isIp6(text)) throw new RangeError(`"${text}" is not an IP address`);
  return ip6FromString(text);
}

/** The inverse of `anyIpFromString`: the number of bytes tells the family. */
function anyIpToString(bytes: Uint8Array): string {
  return bytes.length === IP6_BYTES ? ip6ToString(bytes) : ipToString(bytes);
}

/** The one text that an address of either family has here: `fd00::1` for `FD00:0::1`. */
export function canonicalIp(text: string): string {
  return anyIpToString(anyIpFromString(text));
}

/** `10.0.0.10:80`, `[fd00::10]:80`: in brackets, an address ends before the port (RFC 3986 §3.2.2). */
export function endpoint(ip: string, port: number): string {
  return isIp6(ip) ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/**
 * Whether an address lies in `network/prefixLength`; bits of the network behind the prefix do not matter.
 * An address of the other family never does. A RangeError where the network has no such prefix length.
 */
export function inPrefix(ip: string, network: string, prefixLength: number): boolean {
  const [bytes, of] = [anyIpFromString(ip), anyIpFromString(network)];
  checkPrefix(of, prefixLength);
  return (
    bytes.length === of.length && bytes.every((byte, at) => ((byte ^ (of[at] ?? 0)) & maskAt(at, prefixLength)) === 0)
  );
}

/** The network that an address lies in: `10.0.0.0/24`, `fd00::/64`. A RangeError as with `inPrefix`. */
export function networkOf(ip: string, prefixLength: number): string {
  const bytes = anyIpFromString(ip);
  checkPrefix(bytes, prefixLength);
  return `${anyIpToString(bytes.map((byte, at) => byte & maskAt(at, prefixLength)))}/${prefixLength}`;
}

function checkPrefix({ length }: Uint8Array, prefixLength: number): void {
  const longest = length * 8;
  if (Number.isInteger(prefixLength) && prefixLength >= 0 && prefixLength <= longest) return;
  const family = length === IP6_BYTES ? "IPv6" : "IPv4";
  throw new RangeError(`${prefixLength} is not an ${family} prefix length (0 to ${longest})`);
}

/** The bits of byte `at` that belong to the prefix. */
function maskAt(at: number, prefixLength: number): number {
  const bits = Math.min(8, Math.max(0, prefixLength - at * 8));
  return (0xff << (8 - bits)) & 0xff;
}
