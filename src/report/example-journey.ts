/** Journeys for the example: header values in, bytes and marked fields out. */

import type { HopField, HopResult, JourneyResult } from "./result.js";

/** What the example's TCP SYNs differ in; addresses in pairs of source and destination. */
export interface Header {
  readonly eth: readonly [string, string];
  readonly ip: readonly [string, string];
  readonly ttl: number;
  readonly ports: readonly [number, number];
  /** Addresses of an IPIP header around it. */
  readonly outer?: readonly [string, string];
}

interface Stop extends Pick<HopResult, "tap" | "direction" | "timeNs" | "from"> {
  readonly frame: number;
  readonly header: Header;
  /** Fields whose change is no allowed one. */
  readonly violations?: readonly string[];
}

/** A journey whose changed fields are marked as the header values demand. */
export function journey(title: string, stops: readonly Stop[]): JourneyResult {
  let before: readonly HopField[] | undefined;
  const hops = stops.map((stop): HopResult => {
    const { bytes, fields } = encode(stop.header);
    const marked = fields.map((field): HopField => {
      const former = before?.find(({ name }) => name === field.name);
      const changed = before !== undefined && former?.value !== field.value;
      return changed ? { ...field, change: stop.violations?.includes(field.name) ? "violation" : "allowed" } : field;
    });
    before = fields;
    const { tap, direction, timeNs, from, frame } = stop;
    const host = tap.split("/", 1)[0] ?? tap;
    return {
      tap,
      host,
      direction,
      timeNs,
      ...(from !== undefined && { from }),
      frames: [frame],
      bytes,
      fields: marked,
    };
  });
  return { title, hops };
}

function encode(header: Header): { bytes: string; fields: HopField[] } {
  const packet: number[] = [];
  const fields: HopField[] = [];
  const put = (name: string, value: string, ...bytes: readonly number[]) => {
    fields.push({ name, value, offset: packet.length, length: bytes.length });
    packet.push(...bytes);
  };
  const tcp = segment(header);
  put("eth.dst", header.eth[1], ...address(header.eth[1], ":", 16));
  put("eth.src", header.eth[0], ...address(header.eth[0], ":", 16));
  put("eth.type", "0x0800", 0x08, 0x00);
  if (header.outer) {
    datagram(put, "", { ...header, ip: header.outer }, 4, 40 + tcp.length);
  }
  datagram(put, header.outer ? "#2" : "", header, 6, 20 + tcp.length);
  put("tcp.srcport", String(header.ports[0]), ...tcp.slice(0, 2));
  put("tcp.dstport", String(header.ports[1]), ...tcp.slice(2, 4));
  put("tcp.seq_raw", "3735928559", ...tcp.slice(4, 8));
  put("tcp.ack_raw", "0", ...tcp.slice(8, 12));
  put("tcp.flags", "S", ...tcp.slice(12, 14));
  put("tcp.window_size_value", "64240", ...tcp.slice(14, 16));
  put("tcp.checksum", hex(word(tcp, 16)), ...tcp.slice(16, 18));
  packet.push(...tcp.slice(18));
  return { bytes: packet.map((byte) => byte.toString(16).padStart(2, "0")).join(""), fields };
}

function datagram(
  put: (name: string, value: string, ...bytes: readonly number[]) => void,
  nth: string,
  { ip: [source, destination], ttl }: Header,
  protocol: number,
  length: number,
): void {
  const start = [0x45, 0, ...be16(length), 0x12, 0x34, 0x40, 0, ttl, protocol];
  const addresses = [...address(source, ".", 10), ...address(destination, ".", 10)];
  const sum = checksum([...start, 0, 0, ...addresses]);
  put(`ip.dsfield${nth}`, "0x00", 0x45, 0);
  put(`ip.len${nth}`, String(length), ...be16(length));
  put(`ip.id${nth}`, "0x1234", 0x12, 0x34);
  put(`ip.flags.df${nth}`, "1", 0x40, 0);
  put(`ip.ttl${nth}`, String(ttl), ttl);
  put(`ip.proto${nth}`, String(protocol), protocol);
  put(`ip.checksum${nth}`, hex(sum), ...be16(sum));
  put(`ip.src${nth}`, source, ...addresses.slice(0, 4));
  put(`ip.dst${nth}`, destination, ...addresses.slice(4));
}

function segment({ ip, ports }: Header): number[] {
  const head = [...be16(ports[0]), ...be16(ports[1]), 0xde, 0xad, 0xbe, 0xef, 0, 0, 0, 0, 0x60, 0x02, 0xfa, 0xf0];
  const rest = [0, 0, 0x02, 0x04, 0x05, 0xb4];
  const pseudo = [...address(ip[0], ".", 10), ...address(ip[1], ".", 10), 0, 6, 0, 24];
  return [...head, ...be16(checksum([...pseudo, ...head, 0, 0, ...rest])), ...rest];
}

const be16 = (value: number) => [value >> 8, value & 0xff];
const hex = (value: number) => `0x${value.toString(16).padStart(4, "0")}`;
const word = (bytes: readonly number[], at: number) => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

function address(text: string, separator: string, radix: number): number[] {
  return text.split(separator).map((part) => Number.parseInt(part, radix));
}

/** RFC 1071. */
function checksum(bytes: readonly number[]): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) {
    sum += word(bytes, at);
  }
  while (sum > 0xffff) {
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return ~sum & 0xffff;
}
