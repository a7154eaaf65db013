/** Generators that the property tests share. */

import fc from "fast-check";
import { ip6ToString, ipFromNumber, macToString } from "./address.js";
import type { PacketSpec, SpecValue } from "./craft.js";
import { GRE_FLAG } from "./gre.js";
import { GUE_PORT } from "./gue.js";
import { IP_PROTOCOL } from "./ip.js";
import { EXTENSION } from "./ipv6-extensions.js";

const byte = fc.nat(0xff);
const word = fc.nat(0xffff);
const long = fc.nat(0xffffffff);
const mac = fc.uint8Array({ minLength: 6, maxLength: 6 }).map((bytes) => macToString(bytes));
const ip = long.map(ipFromNumber);
const ip6 = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => ip6ToString(bytes));

/** Whole words: what is shorter is padded, and would not come back as it was given. */
const options = fc.nat(10).chain((words) => fc.uint8Array({ minLength: words * 4, maxLength: words * 4 }));

/** An IPv6 options header that names what crafting would fill in. */
const optionsHeader = (next: number) =>
  fc
    .nat(2)
    .chain((units) => fc.uint8Array({ minLength: units * 8 + 6, maxLength: units * 8 + 6 }))
    .map((rest) => Uint8Array.of(next, rest.length >> 3, ...rest));

/** Some of the fields, or none. */
const some = (fields: { [name: string]: fc.Arbitrary<SpecValue> }): fc.Arbitrary<PacketSpec> =>
  fc.record(fields, { requiredKeys: [] });

const merged = (...parts: fc.Arbitrary<PacketSpec>[]): fc.Arbitrary<PacketSpec> =>
  fc.tuple(...parts).map((specs) => Object.assign({}, ...specs));

const when = (condition: boolean, fields: fc.Arbitrary<PacketSpec>): fc.Arbitrary<PacketSpec> =>
  condition ? fields : fc.constant({});

const ethernet = fc.record({ "eth.dst": mac, "eth.src": mac });

const vlan = fc.record({ "vlan.priority": fc.nat(7), "vlan.dei": fc.boolean(), "vlan.id": fc.nat(0xfff) });

const ipv4 = fc.record({
  "ip.dsfield": byte,
  "ip.id": word,
  "ip.flags.df": fc.boolean(),
  "ip.ttl": byte,
  "ip.src": ip,
  "ip.dst": ip,
  "ip.options": options,
});

const ipv6Addresses = fc.record({ "ipv6.src": ip6, "ipv6.dst": ip6 });

const ipv6 = merged(ipv6Addresses, fc.record({ "ipv6.tclass": byte, "ipv6.flow": fc.nat(0xfffff), "ipv6.hlim": byte }));

/** IPv6 with extension headers, or some of them, or none, in front of this upper layer. */
const ipv6Before = (protocol: number, upper: fc.Arbitrary<PacketSpec>): fc.Arbitrary<PacketSpec> =>
  fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()).chain(([hasHopByHop, hasFragment, hasOptions]) => {
    const [destination, fragment] = [hasOptions ? EXTENSION.destination : protocol, EXTENSION.fragment];
    return merged(
      ipv6,
      upper,
      when(hasOptions, fc.record({ "ipv6.dstopts": optionsHeader(protocol) })),
      when(hasFragment, fc.record({ "ipv6.fraghdr.ident": long })),
      when(hasHopByHop, fc.record({ "ipv6.hopopts": optionsHeader(hasFragment ? fragment : destination) })),
    );
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

/** To that port goes GUE, which has a generator of its own. */
const udp = fc.record({ "udp.srcport": word, "udp.dstport": word.filter((port) => port !== GUE_PORT) });

/** With chunks, for those that nobody gives are an INIT. */
const sctp = fc.record({
  "sctp.srcport": word,
  "sctp.dstport": word,
  "sctp.verification_tag": long,
  payload: fc.uint8Array({ minLength: 1, maxLength: 100 }),
});

const echo = fc.record({ "icmp.type": fc.constantFrom(0, 8), "icmp.ident": word, "icmp.seq": word });

const echo6 = fc.record({
  "icmpv6.type": fc.constantFrom(128, 129),
  "icmpv6.echo.identifier": word,
  "icmpv6.echo.sequence_number": word,
});

const neighbour = fc.oneof(
  merged(fc.record({ "icmpv6.nd.ns.target_address": ip6 }), some({ "icmpv6.opt.linkaddr": mac })),
  merged(
    fc.record({ "icmpv6.nd.na.target_address": ip6 }),
    some({
      "icmpv6.nd.na.flag.r": fc.boolean(),
      "icmpv6.nd.na.flag.s": fc.boolean(),
      "icmpv6.nd.na.flag.o": fc.boolean(),
      "icmpv6.opt.linkaddr": mac,
    }),
  ),
);

const arp = fc.record({
  "arp.opcode": word,
  "arp.src.hw_mac": mac,
  "arp.src.proto_ipv4": ip,
  "arp.dst.hw_mac": mac,
  "arp.dst.proto_ipv4": ip,
});

const addresses = (one: fc.Arbitrary<string>) =>
  fc.array(one, { minLength: 1, maxLength: 4 }).map((list) => list.join(","));

const vrrp = some({ "vrrp.virt_rtr_id": byte, "vrrp.prio": byte });
const vrrpSpec = fc.oneof(
  merged(ipv4, vrrp, fc.record({ "vrrp.ip_addr": addresses(ip), "vrrp.short_adver_int": fc.nat(0xfff) })),
  merged(ipv4, vrrp, fc.record({ "vrrp.ip_addr": addresses(ip), "vrrp.adver_int": byte, "vrrp.auth_type": byte })),
  merged(ipv6, vrrp, fc.record({ "vrrp.ipv6_addr": addresses(ip6), "vrrp.short_adver_int": fc.nat(0xfff) })),
);

export const payload = fc.uint8Array({ maxLength: 100 });

const content = fc.record({ payload });

/** IPv4 with TCP, UDP, SCTP or an ICMP echo, everything in order. */
export const ipv4Spec = merged(ipv4, content, fc.oneof<fc.Arbitrary<PacketSpec>[]>(tcp, udp, sctp, echo));

/** IPv6 with the same, or with what resolves addresses. */
export const ipv6Spec = fc.oneof(
  ipv6Before(IP_PROTOCOL.tcp, merged(tcp, content)),
  ipv6Before(IP_PROTOCOL.udp, merged(udp, content)),
  ipv6Before(IP_PROTOCOL.sctp, sctp),
  ipv6Before(IP_PROTOCOL.icmpv6, merged(echo6, content)),
  ipv6Before(IP_PROTOCOL.icmpv6, neighbour),
);

export const errorSpec = fc.oneof(
  merged(ipv4, fc.record({ "icmp.type": fc.constantFrom(3, 4, 5, 11, 12), "icmp.code": byte, quoted: ipv4Spec })),
  merged(ipv6, fc.record({ "icmpv6.type": fc.constantFrom(1, 3, 4), "icmpv6.code": byte, quoted: ipv6Spec })),
  merged(ipv6, fc.record({ "icmpv6.type": fc.constant(2), "icmpv6.mtu": long, quoted: ipv6Spec })),
);

const gre = fc
  .constantFrom(0, 0x8000, 0x2000, 0x1000, 0xa000, 0xb000)
  .chain((flags) =>
    merged(
      fc.constant({ "gre.flags_and_version": flags }),
      when((flags & GRE_FLAG.key) !== 0, fc.record({ "gre.key": long })),
      when((flags & GRE_FLAG.sequence) !== 0, fc.record({ "gre.sequence_number": long })),
    ),
  );

const gue = fc.record({ "udp.srcport": word, "gue.flags": word });

/** A packet in another one: in IP, GRE, GUE, or GRE in GUE. */
export const tunnelSpec = merged(
  fc.oneof<fc.Arbitrary<PacketSpec>[]>(ipv4, ipv6),
  fc.oneof<fc.Arbitrary<PacketSpec>[]>(fc.constant({}), gre, gue, merged(gue, gre)),
  fc.record({ inner: fc.oneof(ipv4Spec, ipv6Spec, errorSpec) }),
);

/** Every kind of frame that can be crafted, everything in order. */
export const frameSpec = merged(
  ethernet,
  fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, vlan),
  fc.oneof(arp, ipv4Spec, ipv6Spec, errorSpec, vrrpSpec, tunnelSpec),
);

/** A datagram with its frame's header, long enough to be split. */
export const datagramSpec = merged(
  ethernet,
  fc.oneof(ipv4, ipv6),
  udp,
  fc.record({ payload: fc.uint8Array({ maxLength: 2000 }) }),
);
