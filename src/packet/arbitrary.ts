/** Generators that the property tests share. */

import fc from "fast-check";
import { ip6ToString, ipFromNumber, macToString } from "./address.js";
import type { PacketSpec } from "./craft.js";

const byte = fc.nat(0xff);
const word = fc.nat(0xffff);
const long = fc.nat(0xffffffff);
const mac = fc.uint8Array({ minLength: 6, maxLength: 6 }).map((bytes) => macToString(bytes));
const ip = long.map(ipFromNumber);
const ip6 = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => ip6ToString(bytes));

/** Whole words: what is shorter is padded, and would not come back as it was given. */
const options = fc.nat(10).chain((words) => fc.uint8Array({ minLength: words * 4, maxLength: words * 4 }));

const ethernet = fc.record({ "eth.dst": mac, "eth.src": mac });

const ipv4 = fc.record({
  "ip.dsfield": byte,
  "ip.id": word,
  "ip.flags.df": fc.boolean(),
  "ip.ttl": byte,
  "ip.src": ip,
  "ip.dst": ip,
  "ip.options": options,
});

const ipv6 = fc.record({
  "ipv6.tclass": byte,
  "ipv6.flow": fc.nat(0xfffff),
  "ipv6.hlim": byte,
  "ipv6.src": ip6,
  "ipv6.dst": ip6,
});

const tcp = fc.record({
  "tcp.srcport": word,
  "tcp.dstport": word,
  "tcp.seq_raw": long,
  "tcp.ack_raw": long,
  "tcp.flags": fc.nat(0xfff),
  "tcp.window_size_value": word,
  "tcp.urgent_pointer": word,
  "tcp.options": options,
});

const udp = fc.record({ "udp.srcport": word, "udp.dstport": word });

const echo = fc.record({ "icmp.type": fc.constantFrom(0, 8), "icmp.ident": word, "icmp.seq": word });

const arp = fc.record({
  "arp.opcode": word,
  "arp.src.hw_mac": mac,
  "arp.src.proto_ipv4": ip,
  "arp.dst.hw_mac": mac,
  "arp.dst.proto_ipv4": ip,
});

export const payload = fc.uint8Array({ maxLength: 100 });

const merged = (...parts: fc.Arbitrary<PacketSpec>[]): fc.Arbitrary<PacketSpec> =>
  fc.tuple(...parts).map((specs) => Object.assign({}, ...specs));

const content = fc.record({ payload });

/** IPv4 with TCP, UDP or an ICMP echo, everything in order. */
export const ipv4Spec = merged(ipv4, fc.oneof<fc.Arbitrary<PacketSpec>[]>(tcp, udp, echo), content);

export const errorSpec = merged(
  ipv4,
  fc.record({ "icmp.type": fc.constantFrom(3, 4, 5, 11, 12), "icmp.code": byte, quoted: ipv4Spec }),
);

/** Every kind of frame that can be crafted, everything in order. */
export const frameSpec = merged(
  ethernet,
  fc.oneof(
    arp,
    ipv4Spec,
    errorSpec,
    merged(ipv6, fc.oneof<fc.Arbitrary<PacketSpec>[]>(tcp, udp), content),
    merged(ipv4, fc.record({ inner: fc.oneof(ipv4Spec, errorSpec) })),
  ),
);

/** A datagram with its frame's header, long enough to be split. */
export const datagramSpec = merged(ethernet, ipv4, udp, fc.record({ payload: fc.uint8Array({ maxLength: 2000 }) }));
