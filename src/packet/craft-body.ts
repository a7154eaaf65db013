/** Crafts what an IP header carries: the upper layers, and packets in tunnels. */

import { bytesOf, type Given, payloadOf, write } from "./craft-spec.js";
import { type Carried, type Crafted, craftInner } from "./craft-tunnel.js";
import { ICMP_FIELDS, ICMP_HEADER_LENGTH, ICMP_TYPE, Icmp } from "./icmp.js";
import { IP_PROTOCOL } from "./ip.js";
import { L4_CHECKSUM, type L4Checksum } from "./l4-checksum.js";
import { TCP_FIELDS, TCP_FLAG, TCP_HEADER_LENGTH, Tcp } from "./tcp.js";
import { UDP_FIELDS, UDP_HEADER_LENGTH, Udp } from "./udp.js";
import { wholeWords } from "./view.js";

const DEFAULT_WINDOW = 29200;
const DEFAULT_SEQ = 1000;
/** What an IP header carries. */
export interface Body extends Carried {
  /** Left out where there is none, or none that covers the IP header. */
  readonly checksum?: { readonly field: string; readonly kind: L4Checksum };
}

/** The packets inside another one, crafted already. */
export interface Nested {
  readonly inner?: Crafted | undefined;
  readonly quoted?: Uint8Array | undefined;
}

export function craftBody(given: Given, { inner, quoted }: Nested): Body {
  const { protocols } = given;
  if (protocols.has("tcp")) return craftTcp(given);
  if (protocols.has("udp")) return craftUdp(given);
  if (protocols.has("icmp")) return craftIcmp(given, quoted ?? payloadOf(given));
  return craftInner(given, inner);
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

function craftUdp(given: Given): Body {
  const payload = payloadOf(given);
  const bytes = new Uint8Array(UDP_HEADER_LENGTH + payload.length);
  write(given, UDP_FIELDS, Udp.emit(bytes, 0, { length: bytes.length }));
  bytes.set(payload, UDP_HEADER_LENGTH);
  return { bytes, protocol: IP_PROTOCOL.udp, checksum: { field: "udp.checksum", kind: L4_CHECKSUM.udp } };
}

function craftIcmp(given: Given, payload: Uint8Array): Body {
  const bytes = new Uint8Array(ICMP_HEADER_LENGTH + payload.length);
  write(given, ICMP_FIELDS, Icmp.emit(bytes, 0, { type: ICMP_TYPE.echo }));
  bytes.set(payload, ICMP_HEADER_LENGTH);
  return { bytes, protocol: IP_PROTOCOL.icmp, checksum: { field: "icmp.checksum", kind: L4_CHECKSUM.icmp } };
}
