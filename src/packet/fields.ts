/**
 * Header fields by the names that Wireshark gives them.
 *
 * A protocol that occurs again in a frame (IP in IP, the packet that an ICMP error quotes) has its occurrence behind
 * the name, as Wireshark 4 writes it: `ip.ttl` is the outer one, `ip.ttl#2` the next.
 */

import { ARP_FIELDS } from "./arp.js";
import { DATA_FIELDS, Data } from "./data.js";
import { ETHERNET_FIELDS } from "./ethernet.js";
import type { FieldEntry, Place } from "./field-table.js";
import { ICMP_FIELDS } from "./icmp.js";
import { IPV4_FIELDS } from "./ipv4.js";
import { IPV6_FIELDS } from "./ipv6.js";
import type { Packet } from "./packet.js";
import { TCP_FIELDS } from "./tcp.js";
import { UDP_FIELDS } from "./udp.js";
import type { View } from "./view.js";

/** One field as a frame has it. */
export interface Field {
  /** `ip.ttl`, `ip.ttl#2`, … */
  readonly name: string;
  readonly label: string;
  /** First byte that holds the field, relative to the bytes of the packet asked about. */
  readonly offset: number;
  /** Bytes that hold it; fields of a few bits share theirs with others. */
  readonly length: number;
  /** As Wireshark shows it. */
  readonly value: string;
}

/** Every protocol's field table, by the prefix of its names. */
export const FIELD_TABLES = {
  eth: ETHERNET_FIELDS,
  arp: ARP_FIELDS,
  ip: IPV4_FIELDS,
  ipv6: IPV6_FIELDS,
  tcp: TCP_FIELDS,
  udp: UDP_FIELDS,
  icmp: ICMP_FIELDS,
  data: DATA_FIELDS,
} as const satisfies Record<string, readonly FieldEntry[]>;

export type Protocol = keyof typeof FIELD_TABLES;

const ENTRIES: ReadonlyMap<string, FieldEntry> = new Map(
  Object.values(FIELD_TABLES).flatMap((table: readonly FieldEntry[]) => table.map((entry) => [entry.name, entry])),
);

/** The field of a name without `#n`; undefined where there is none. */
export function fieldEntry(name: string): FieldEntry | undefined {
  return ENTRIES.get(name);
}

interface Layer {
  readonly protocol: Protocol;
  readonly view: View;
  /** Where the view's bytes begin, relative to those of the outermost packet. */
  readonly base: number;
  readonly occurrence: number;
}

function layers(outermost: Packet): Layer[] {
  const found: Layer[] = [];
  const occurrences = new Map<Protocol, number>();
  const add = (protocol: Protocol, view: View | undefined) => {
    if (!view) return;
    const occurrence = (occurrences.get(protocol) ?? 0) + 1;
    occurrences.set(protocol, occurrence);
    found.push({ protocol, view, base: view.bytes.byteOffset - outermost.bytes.byteOffset, occurrence });
  };
  for (let packet: Packet | undefined = outermost; packet; packet = packet.inner ?? packet.quoted) {
    add("eth", packet.eth);
    add("arp", packet.arp);
    add("ip", packet.ip);
    add("ipv6", packet.ip6);
    add("tcp", packet.tcp);
    add("udp", packet.udp);
    add("icmp", packet.icmp);
    const opaque = packet.payload.length > 0 && !packet.inner && !packet.quoted;
    if (opaque) add("data", new Data(packet.payload, 0));
  }
  return found;
}

/** Where a field is in a view, as far as it is there; undefined where it is not, or of no length. */
function placeIn(view: View, entry: FieldEntry): Place | undefined {
  const place = entry.place(view);
  if (!place) return undefined;
  const available = view.bytes.length - view.offset - place.at;
  const length = entry.variable ? Math.min(place.length, available) : place.length;
  return length > 0 && length <= available ? { at: place.at, length } : undefined;
}

/** All header fields in order, top layer to bottom; those of a header that is cut short as far as they are there. */
export function fields(packet: Packet): Field[] {
  return layers(packet).flatMap(({ protocol, view, base, occurrence }) => {
    const suffix = occurrence > 1 ? `#${occurrence}` : "";
    const table: readonly FieldEntry[] = FIELD_TABLES[protocol];
    return table.flatMap((entry) => {
      const place = placeIn(view, entry);
      if (!place) return [];
      const offset = base + view.offset + place.at;
      const { label } = entry;
      return [{ name: entry.name + suffix, label, offset, length: place.length, value: entry.show(view) }];
    });
  });
}

/** The value of one field as `fields` shows it; undefined where the packet has none of that name. */
export function fieldValue(packet: Packet, name: string): string | undefined {
  const [plain = "", occurrence = "1"] = name.split("#");
  const entry = fieldEntry(plain);
  if (!entry) return undefined;
  const protocol = plain.slice(0, plain.indexOf("."));
  const layer = layers(packet).find((one) => one.protocol === protocol && String(one.occurrence) === occurrence);
  return layer && placeIn(layer.view, entry) && entry.show(layer.view);
}
