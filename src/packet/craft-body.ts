/** Crafts what an IP header carries: the upper layers, and tunnels. */

import { bytesOf, canonicalValue, type Given, numberOf, payloadOf, write } from "./craft-spec.js";
import { type Carried, type Crafted, craftGre, craftGue, craftInner } from "./craft-tunnel.js";
import { GUE_PORT } from "./gue.js";
import { ICMP_FIELDS, ICMP_HEADER_LENGTH, ICMP_TYPE, Icmp } from "./icmp.js";
import {
  ICMPV6_FIELDS,
  ICMPV6_HEADER_LENGTH,
  ICMPV6_LINK_ADDRESS_LENGTH,
  ICMPV6_NEIGHBOUR_LENGTH,
  ICMPV6_TYPE,
  Icmpv6,
} from "./icmpv6.js";
import { IP_PROTOCOL } from "./ip.js";
import { L4_CHECKSUM, type L4Checksum } from "./l4-checksum.js";
import { SCTP_CHUNK, SCTP_FIELDS, SCTP_HEADER_LENGTH, Sctp } from "./sctp.js";
import { TCP_FIELDS, TCP_FLAG, TCP_HEADER_LENGTH, Tcp } from "./tcp.js";
import { UDP_FIELDS, UDP_HEADER_LENGTH, Udp } from "./udp.js";
import { wholeWords } from "./view.js";
import { VRRP_FIELDS, VRRP_HEADER_LENGTH, Vrrp } from "./vrrp.js";

const DEFAULT_WINDOW = 29200;
const DEFAULT_SEQ = 1000;
/** Receivers refuse neighbour discovery and VRRP that came through a router (RFC 4861 §6.1, RFC 5798 §5.1.1.3). */
const LINK_LOCAL_TTL = 255;
const DEFAULT_PRIORITY = 100;

const NEIGHBOUR_TYPES: ReadonlySet<number> = new Set([
  ICMPV6_TYPE.neighbourSolicitation,
  ICMPV6_TYPE.neighbourAdvertisement,
]);

/** Asks for an association with 10 streams each way; RFC 9260 §3.3.2 has the order of the values. */
const INIT_CHUNK = Uint8Array.from(
  [
    [SCTP_CHUNK.init, 0, 0, 20],
    [0, 0, 0, 1],
    [0, 1, 0, 0],
    [0, 10, 0, 10],
    [0, 0, 0x03, 0xe8],
  ].flat(),
);

/** What an IP header carries. */
export interface Body extends Carried {
  /** Left out where there is none, or none that covers the IP header. */
  readonly checksum?: { readonly field: string; readonly kind: L4Checksum };
  /** TTL or hop limit, where it is no usual one. */
  readonly ttl?: number;
}

/** The packets inside another one, crafted already. */
export interface Nested {
  readonly inner?: Crafted | undefined;
  readonly quoted?: Uint8Array | undefined;
}

export function craftBody(given: Given, { inner, quoted }: Nested, version: 4 | 6): Body {
  const { protocols } = given;
  if (protocols.has("tcp")) return craftTcp(given);
  if (protocols.has("udp") || protocols.has("gue")) return craftUdp(given, inner);
  if (protocols.has("icmp")) return craftIcmp(given, quoted ?? payloadOf(given));
  if (protocols.has("icmpv6")) return craftIcmpv6(given, quoted ?? payloadOf(given));
  if (protocols.has("sctp")) return craftSctp(given);
  if (protocols.has("vrrp")) return craftVrrp(given, version);
  return protocols.has("gre") ? craftGre(given, inner) : craftInner(given, inner);
}

function craftTcp(given: Given): Body {
  const payload = payloadOf(given);
  const options = bytesOf(given, "tcp.options");
  const headerLength = TCP_HEADER_LENGTH + wholeWords(options.length);
  const bytes = new Uint8Array(headerLength + payload.length);
  const defaults = { options, seq: DEFAULT_SEQ, window: DEFAULT_WINDOW, flags: TCP_FLAG.syn };
  write(given, TCP_FIELDS, Tcp.emit(bytes, 0, defaults));
  bytes.set(payload, headerLength);
  return { bytes, protocol: IP_PROTOCOL.tcp, checksum: { field: "tcp.checksum", kind: L4_CHECKSUM.tcp } };
}

function craftUdp(given: Given, inner: Crafted | undefined): Body {
  const isGue = given.protocols.has("gue");
  const payload = isGue ? craftGue(given, inner) : payloadOf(given);
  const bytes = new Uint8Array(UDP_HEADER_LENGTH + payload.length);
  write(given, UDP_FIELDS, Udp.emit(bytes, 0, { length: bytes.length, dstPort: isGue ? GUE_PORT : 0 }));
  bytes.set(payload, UDP_HEADER_LENGTH);
  return { bytes, protocol: IP_PROTOCOL.udp, checksum: { field: "udp.checksum", kind: L4_CHECKSUM.udp } };
}

function craftIcmp(given: Given, payload: Uint8Array): Body {
  const bytes = new Uint8Array(ICMP_HEADER_LENGTH + payload.length);
  write(given, ICMP_FIELDS, Icmp.emit(bytes, 0, { type: ICMP_TYPE.echo }));
  bytes.set(payload, ICMP_HEADER_LENGTH);
  return { bytes, protocol: IP_PROTOCOL.icmp, checksum: { field: "icmp.checksum", kind: L4_CHECKSUM.icmp } };
}

/** A message of neighbour discovery where its fields are given, whatever type it says it is. */
function craftIcmpv6(given: Given, payload: Uint8Array): Body {
  const { spec } = given;
  const has = (prefix: string) => Object.keys(spec).some((name) => name.startsWith(prefix) && spec[name] !== undefined);
  const mac = spec["icmpv6.opt.linkaddr"];
  const byDefault = has("icmpv6.nd.na.")
    ? ICMPV6_TYPE.neighbourAdvertisement
    : has("icmpv6.nd.") || mac !== undefined
      ? ICMPV6_TYPE.neighbourSolicitation
      : ICMPV6_TYPE.echo;
  const type = numberOf(given, "icmpv6.type", byDefault);
  const isNeighbour = NEIGHBOUR_TYPES.has(type) || NEIGHBOUR_TYPES.has(byDefault);
  const option = mac === undefined ? 0 : ICMPV6_LINK_ADDRESS_LENGTH;
  const headerLength = isNeighbour ? ICMPV6_NEIGHBOUR_LENGTH + option : ICMPV6_HEADER_LENGTH;
  const bytes = new Uint8Array(headerLength + payload.length);
  bytes.set(payload, headerLength);
  const icmp = Icmpv6.emit(bytes, 0, { type });
  if (mac !== undefined) icmp.linkAddress = canonicalValue("icmpv6.opt.linkaddr", mac);
  write(given, ICMPV6_FIELDS, icmp);
  return {
    bytes,
    protocol: IP_PROTOCOL.icmpv6,
    checksum: { field: "icmpv6.checksum", kind: L4_CHECKSUM.icmpv6 },
    ...(isNeighbour ? { ttl: LINK_LOCAL_TTL } : {}),
  };
}

function craftSctp(given: Given): Body {
  const payload = payloadOf(given, INIT_CHUNK);
  const bytes = new Uint8Array(SCTP_HEADER_LENGTH + payload.length);
  bytes.set(payload, SCTP_HEADER_LENGTH);
  write(given, SCTP_FIELDS, Sctp.emit(bytes, 0));
  return { bytes, protocol: IP_PROTOCOL.sctp, checksum: { field: "sctp.checksum", kind: L4_CHECKSUM.sctp } };
}

function craftVrrp(given: Given, ipVersion: 4 | 6): Body {
  const { spec } = given;
  const field = ipVersion === 6 ? "vrrp.ipv6_addr" : "vrrp.ip_addr";
  const text = spec[field] === undefined ? "" : canonicalValue(field, spec[field]);
  const addresses = text === "" ? [] : text.split(",");
  const isOld = spec["vrrp.adver_int"] !== undefined || spec["vrrp.auth_type"] !== undefined;
  const version = numberOf(given, "vrrp.version", isOld ? 2 : 3);
  const payload = payloadOf(given);
  const room = new Uint8Array(VRRP_HEADER_LENGTH + addresses.length * 16 + payload.length);
  const interval = version === 2 ? 1 : 100;
  const values = { version, routerId: 1, priority: DEFAULT_PRIORITY, interval, addresses };
  const vrrp = Vrrp.emit(room, 0, ipVersion, values);
  const { headerLength } = vrrp;
  write(given, VRRP_FIELDS, vrrp);
  const bytes = room.subarray(0, headerLength + payload.length);
  bytes.set(payload, headerLength);
  const kind = version === 2 ? L4_CHECKSUM.vrrp2 : L4_CHECKSUM.vrrp3;
  return { bytes, protocol: IP_PROTOCOL.vrrp, checksum: { field: "vrrp.checksum", kind }, ttl: LINK_LOCAL_TTL };
}
