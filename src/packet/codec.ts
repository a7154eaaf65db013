/**
 * How a field's value is shown and read: the text that Wireshark shows, and everything a person may write for it.
 */

import {
  ip6FromString,
  ip6ToString,
  ipFromString,
  ipToString,
  isIp,
  isIp6,
  isMac,
  macFromString,
  macToString,
} from "./address.js";

export interface Codec<T> {
  /** What a value may be, as error texts and documentation say it: `0 to 255`. */
  readonly allowed: string;
  format(value: T): string;
  /** Undefined where the input is not a value of the field. */
  parse(input: unknown): T | undefined;
}

const NUMBER = /^(0x[0-9a-f]+|\d+)$/i;

function wholeNumber(max: number, step: number, format: (value: number) => string): Codec<number> {
  return {
    allowed: `${format(0)} to ${format(max)}${step > 1 ? ` in steps of ${step}` : ""}`,
    format,
    parse(input) {
      const value = typeof input === "string" && NUMBER.test(input) ? Number(input) : input;
      if (typeof value !== "number" || !Number.isInteger(value)) return undefined;
      return value >= 0 && value <= max && value % step === 0 ? value : undefined;
    },
  };
}

export function decimal(max: number, step = 1): Codec<number> {
  return wholeNumber(max, step, String);
}

export function hexadecimal(digits: number): Codec<number> {
  return wholeNumber(16 ** digits - 1, 1, (value) => `0x${value.toString(16).padStart(digits, "0")}`);
}

const FLAG_WORDS = new Map<unknown, boolean>([
  [true, true],
  [1, true],
  ["1", true],
  ["true", true],
  [false, false],
  [0, false],
  ["0", false],
  ["false", false],
]);

export const flag: Codec<boolean> = {
  allowed: "true or false",
  format: (value) => (value ? "1" : "0"),
  parse: (input) => FLAG_WORDS.get(typeof input === "string" ? input.toLowerCase() : input),
};

function address(
  allowed: string,
  accepts: (text: string) => boolean,
  canonical: (text: string) => string,
): Codec<string> {
  return {
    allowed,
    format: (value) => value,
    parse: (input) => (typeof input === "string" && accepts(input) ? canonical(input) : undefined),
  };
}

export const mac = address("a MAC address (02:00:00:00:00:01)", isMac, (text) => macToString(macFromString(text)));
export const ipv4 = address("an IPv4 address (10.0.0.1)", isIp, (text) => ipToString(ipFromString(text)));
export const ipv6 = address("an IPv6 address (fd00::1)", isIp6, (text) => ip6ToString(ip6FromString(text)));

/** The most values that one list can have: a header counts them in a byte. */
const MAX_LIST = 255;

/** Several values in one, with commas between them. */
export function listOf<T>(codec: Codec<T>): Codec<readonly T[]> {
  return {
    allowed: `${codec.allowed}, or several with commas between them`,
    format: (values) => values.map((value) => codec.format(value)).join(","),
    parse(input) {
      if (typeof input !== "string") return undefined;
      const texts = input.trim() === "" ? [] : input.split(",", MAX_LIST + 1);
      const values = texts.map((text) => codec.parse(text.trim())).filter((value) => value !== undefined);
      return values.length === texts.length && values.length <= MAX_LIST ? values : undefined;
    },
  };
}

const HEX_STRING = /^([0-9a-f]{2}([: ]?[0-9a-f]{2})*)?$/i;

/** Bytes as hex digits, in pairs that a colon or a space may part. */
export function octets(max: number): Codec<Uint8Array> {
  return {
    allowed: `0 to ${max} bytes as hex digits (020405b4)`,
    // The report's page shows fields in a browser, where there is no Buffer.
    format: (value) => Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join(""),
    parse(input) {
      const text = typeof input === "string" && HEX_STRING.test(input) ? input.replace(/[: ]/g, "") : undefined;
      const value = text === undefined ? input : Uint8Array.from(Buffer.from(text, "hex"));
      return value instanceof Uint8Array && value.length <= max ? value : undefined;
    },
  };
}
