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
import { GRE_FIELDS } from "./gre.js";
import { GUE_FIELDS } from "./gue.js";
import { ICMP_FIELDS } from "./icmp.js";
import { ICMPV6_FIELDS } from "./icmpv6.js";
import { IPV4_FIELDS } from "./ipv4.js";
import { IPV6_FIELDS } from "./ipv6.js";
import { FRAGMENT_HEADER_FIELDS } from "./ipv6-fragment-header.js";
import type { Packet } from "./packet.js";
import { SCTP_FIELDS } from "./sctp.js";
import { SLL_FIELDS } from "./sll.js";
import { TCP_FIELDS } from "./tcp.js";
import { UDP_FIELDS } from "./udp.js";
import type { View } from "./view.js";
import { VLAN_FIELDS } from "./vlan.js";
import { VRRP_FIELDS } from "./vrrp.js";

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

/** Every header's field table; headers of one protocol have names with the same prefix. */
export const FIELD_TABLES = {
  eth: ETHERNET_FIELDS,
  sll: SLL_FIELDS,
  vlan: VLAN_FIELDS,
  arp: ARP_FIELDS,
  ip: IPV4_FIELDS,
  ipv6: IPV6_FIELDS,
  "ipv6.fraghdr": FRAGMENT_HEADER_FIELDS,
  tcp: TCP_FIELDS,
  udp: UDP_FIELDS,
  icmp: ICMP_FIELDS,
  icmpv6: ICMPV6_FIELDS,
  sctp: SCTP_FIELDS,
  vrrp: VRRP_FIELDS,
  gue: GUE_FIELDS,
  gre: GRE_FIELDS,
  data: DATA_FIELDS,
} as const satisfies Record<string, readonly FieldEntry[]>;

type Header = keyof typeof FIELD_TABLES;

const ENTRIES: ReadonlyMap<string, FieldEntry & { readonly header: Header }> = new Map(
  (Object.keys(FIELD_TABLES) as Header[]).flatMap((header) =>
    FIELD_TABLES[header].map((entry: FieldEntry) => [entry.name, { ...entry, header }] as const),
  ),
);

/** The field of a name without `#n`; undefined where there is none. */
export function fieldEntry(name: string): FieldEntry | undefined {
  return ENTRIES.get(name);
}

interface Layer {
  readonly header: Header;
  readonly view: View;
  /** Where the view's bytes begin, relative to those of the outermost packet. */
  readonly base: number;
  readonly occurrence: number;
}

function layers(outermost: Packet): Layer[] {
  const found: Layer[] = [];
  const occurrences = new Map<Header, number>();
  const add = (header: Header, view: View | undefined, of: Header = header) => {
    if (!view) return;
    const occurrence = (occurrences.get(of) ?? 0) + (of === header ? 1 : 0);
    occurrences.set(of, occurrence);
    found.push({ header, view, base: view.bytes.byteOffset - outermost.bytes.byteOffset, occurrence });
  };
  for (let packet: Packet | undefined = outermost; packet; packet = packet.inner ?? packet.quoted) {
    const { ip4, ip6, icmp } = packet;
    add("eth", packet.eth);
    add("sll", packet.sll);
    for (const vlan of packet.vlans) add("vlan", vlan);
    add("arp", packet.arp);
    add("ip", ip4);
    add("ipv6", ip6);
    // It counts with the header that it belongs to, whether others have one or not.
    add("ipv6.fraghdr", ip6?.fragmentHeader, "ipv6");
    add("tcp", packet.tcp);
    add("udp", packet.udp);
    add(ip6 ? "icmpv6" : "icmp", icmp);
    add("sctp", packet.sctp);
    add("vrrp", packet.vrrp);
    add("gue", packet.gue);
    add("gre", packet.gre);
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
  return layers(packet).flatMap(({ header, view, base, occurrence }) => {
    const suffix = occurrence > 1 ? `#${occurrence}` : "";
    const table: readonly FieldEntry[] = FIELD_TABLES[header];
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
  const entry = ENTRIES.get(plain);
  if (!entry) return undefined;
  const layer = layers(packet).find((one) => one.header === entry.header && String(one.occurrence) === occurrence);
  return layer && placeIn(layer.view, entry) && entry.show(layer.view);
}
