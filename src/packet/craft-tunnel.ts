/** Crafts the headers of tunnels, GRE and GUE, around what they carry. */

import { type Given, numberOf, payloadOf, write } from "./craft-spec.js";
import { ETHERTYPE } from "./ethernet.js";
import { GRE_CHECKSUM_OFFSET, GRE_FIELDS, GRE_FLAG, GRE_HEADER_LENGTH, Gre } from "./gre.js";
import { GUE_FIELDS, GUE_HEADER_LENGTH, Gue } from "./gue.js";
import { internetChecksum } from "./internet-checksum.js";
import { IP_PROTOCOL } from "./ip.js";
import { write16 } from "./view.js";

/** RFC 3692's first protocol number for experiments: a packet that says nothing about what it carries. */
const EXPERIMENTAL_PROTOCOL = 253;
/** IEEE 802's first type for local experiments: likewise for a frame, or GRE. */
export const EXPERIMENTAL_ETHERTYPE = 0x88b5;

/** A packet, from its first header on, and the type that a frame or GRE gives it. */
export interface Crafted {
  readonly bytes: Uint8Array;
  readonly ethertype: number;
}

/** What an IP header or GUE carries, and the number that they give it. */
export interface Carried {
  readonly bytes: Uint8Array;
  readonly protocol: number;
}

/** The packet inside; without one the payload. */
export function craftInner(given: Given, inner: Crafted | undefined): Carried {
  if (!inner) return { bytes: payloadOf(given), protocol: EXPERIMENTAL_PROTOCOL };
  return { bytes: inner.bytes, protocol: inner.ethertype === ETHERTYPE.ipv6 ? IP_PROTOCOL.ipv6 : IP_PROTOCOL.ipip };
}

const OPTIONAL_GRE_FIELDS = [
  ["gre.checksum", GRE_FLAG.checksum],
  ["gre.key", GRE_FLAG.key],
  ["gre.sequence_number", GRE_FLAG.sequence],
] as const;

/** There is room for what the flags announce, and for what is given although they do not. */
export function craftGre(given: Given, inner: Crafted | undefined): Carried {
  const { spec } = given;
  const content = inner ?? { bytes: payloadOf(given), ethertype: EXPERIMENTAL_ETHERTYPE };
  const needed = OPTIONAL_GRE_FIELDS.reduce((bits, [name, bit]) => (spec[name] === undefined ? bits : bits | bit), 0);
  const flags = numberOf(given, "gre.flags_and_version", needed);
  const room = new Uint8Array(GRE_HEADER_LENGTH + OPTIONAL_GRE_FIELDS.length * 4 + content.bytes.length);
  const gre = Gre.emit(room, 0, { flagsAndVersion: flags | needed, protocol: content.ethertype });
  const { headerLength } = gre;
  write(
    given,
    GRE_FIELDS.filter(({ name }) => name !== "gre.flags_and_version"),
    gre,
  );
  const bytes = room.subarray(0, headerLength + content.bytes.length);
  bytes.set(content.bytes, headerLength);
  const isSummed = gre.hasChecksum && spec["gre.checksum"] === undefined;
  gre.flagsAndVersion = flags;
  if (isSummed) write16(bytes, GRE_CHECKSUM_OFFSET, internetChecksum(bytes, 0, bytes.length));
  return { bytes, protocol: IP_PROTOCOL.gre };
}

export function craftGue(given: Given, inner: Crafted | undefined): Uint8Array {
  const content = given.protocols.has("gre") ? craftGre(given, inner) : craftInner(given, inner);
  const bytes = new Uint8Array(GUE_HEADER_LENGTH + content.bytes.length);
  write(given, GUE_FIELDS, Gue.emit(bytes, 0, { protocol: content.protocol }));
  bytes.set(content.bytes, GUE_HEADER_LENGTH);
  return bytes;
}
