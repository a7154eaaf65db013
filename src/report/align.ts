/**
 * Which field of a hop is to be compared with which of the hop before.
 *
 * A tunnel puts an IP header around a packet, and Wireshark's names move: what was `ip.ttl` is `ip.ttl#2` then.
 * Here each field has a `row`, its name without the tunnel, which stays with it; fields of a tunnel's header have rows
 * of their own, counted from the innermost tunnel outwards.
 */

import { type Field, fields } from "../packet/fields.js";
import type { Packet } from "../packet/packet.js";

export interface AlignedField extends Field {
  /** `ip.ttl` of the packet itself, `tunnel ip.ttl` of what a tunnel put around it. */
  readonly row: string;
}

const TUNNEL = "tunnel ";

/** A datagram's fields by row, top layer to bottom, and the headers that they belong to. */
export interface Aligned {
  readonly rows: ReadonlyMap<string, AlignedField>;
  readonly headers: ReadonlySet<string>;
}

/** Each packet is held against the one before it and the one behind. */
const known = new WeakMap<Packet, Aligned>();

export function aligned(packet: Packet): Aligned {
  const before = known.get(packet);
  if (before) return before;
  const tunnels = tunnelsOf(packet);
  const rows = new Map<string, AlignedField>();
  const headers = new Set<string>();
  for (const field of fields(packet)) {
    const row = rowOf(field.name, tunnels);
    rows.set(row, { ...field, row });
    headers.add(headerOf(row));
  }
  const found = { rows, headers };
  known.set(packet, found);
  return found;
}

/** The fields of a datagram, top layer to bottom. */
export function alignedFields(packet: Packet): AlignedField[] {
  return [...aligned(packet).rows.values()];
}

/** The name that the field of a row has in a datagram, or would have if it were there. */
export function nameIn(packet: Packet, row: string): string {
  const { plain, protocol, nth } = parse(row);
  return numbered(plain, nth + (tunnelsOf(packet).get(protocol) ?? 0));
}

/** The row of a name as findings have it, in a datagram. */
export function rowIn(packet: Packet, name: string): string {
  return rowOf(name, tunnelsOf(packet));
}

/** True for a field of a header that a tunnel puts around a packet. */
export function isOfTunnel(row: string): boolean {
  return row.startsWith(TUNNEL);
}

/** The header that a row belongs to: `ip#2` for `ip.ttl#2`, `tunnel ip` for `tunnel ip.ttl`. */
export function headerOf(row: string): string {
  const { protocol, nth } = parse(row);
  return numbered(protocol, nth);
}

/** How many headers of each protocol belong to tunnels. What an ICMP error quotes is no tunnel. */
function tunnelsOf(packet: Packet): ReadonlyMap<string, number> {
  const tunnels = new Map<string, number>();
  for (let outer = packet; outer.inner !== undefined; outer = outer.inner) {
    const { ip6, udp, gue, gre } = outer;
    const own = { [ip6 ? "ipv6" : "ip"]: true, udp, gue, gre };
    for (const [protocol, header] of Object.entries(own)) {
      if (header !== undefined) tunnels.set(protocol, (tunnels.get(protocol) ?? 0) + 1);
    }
  }
  return tunnels;
}

function rowOf(name: string, tunnels: ReadonlyMap<string, number>): string {
  if (tunnels.size === 0) return name;
  const { plain, protocol, nth } = parse(name);
  const outers = tunnels.get(protocol) ?? 0;
  return nth > outers ? numbered(plain, nth - outers) : numbered(TUNNEL + plain, outers - nth + 1);
}

interface Parts {
  readonly plain: string;
  readonly protocol: string;
  readonly nth: number;
}

/** Of the names of fields, which are few and asked for again and again. */
const parsed = new Map<string, Parts>();

function parse(name: string): Parts {
  const before = parsed.get(name);
  if (before) return before;
  const [plain = name, nth = "1"] = name.split("#", 2);
  const parts = { plain, protocol: plain.split(".", 1)[0] ?? plain, nth: Number(nth) };
  parsed.set(name, parts);
  return parts;
}

function numbered(name: string, nth: number): string {
  return nth > 1 ? `${name}#${nth}` : name;
}
