import { expect } from "chai";
import fc from "fast-check";
import type { Model, Nic } from "../../forwarding/setup.js";
import { craft } from "../../packet/craft.js";
import { fragment } from "../../packet/fragment.js";
import { decode } from "../../packet/packet.js";
import {
  CIP,
  DIP,
  ETH0,
  ETH1,
  MAC,
  natTestbed,
  query,
  server,
  service,
  syn,
  Testbed,
  VIP,
  withoutEthernet,
} from "./testbed.js";
import { CIP6, DIP6, ETH0_6, ETH1_6, GATEWAY6, icmp6, query6, syn6, VIP6 } from "./testbed-ipv6.js";

/** A fragmented datagram of 64 KiB over an MTU of 576, for each that waited for a neighbour, and its ARP requests. */
const MOST_FRAMES = 64 * 120;

function ipv4Testbed(): Testbed {
  const services = [
    service("nat", [server("rs1", "192.168.10.11", { port: 8080 })]),
    service("dr", [server("rs1", "10.0.0.11")], { port: 81 }),
    service("tun", [server("rs1", "10.9.0.12")], { port: 53, protocol: "udp" }),
    service("nat", [server("rs1", "192.168.10.11", { port: 1320 })], { port: 132, protocol: "sctp" }),
  ];
  return natTestbed({ nics: [{ ...ETH0, mtu: 576 }, ETH1], services });
}

/** Both families on both NICs, and tunnels between them. */
function ipv6Testbed(): Testbed {
  const both = (nic: Nic, { ip, prefix }: Nic): Nic => ({ ...nic, others: [{ ip, prefix }] });
  const to = (model: Model, rip: string, port: number, more = {}) =>
    service(model, [server(rip, rip, { port: 8080 })], { vip: VIP6, port, ...more });
  const gue = { kind: "gue", checksum: true, pmtuDiscovery: false } as const;
  const services = [
    to("nat", "fd08::11", 80),
    to("dr", "fd00::11", 81),
    to("tun", "fd09::12", 53, { protocol: "udp" }),
    to("tun", "10.9.0.12", 54, { protocol: "udp", tunnel: gue }),
    to("nat", "fd08::11", 132, { protocol: "sctp" }),
    service("tun", [server("rs", "fd09::12")]),
  ];
  const nics = [both({ ...ETH0_6, mtu: 1280 }, ETH0), both(ETH1_6, ETH1)];
  const macs = { [GATEWAY6]: MAC.gateway, "fd08::11": MAC.rs1, "fd00::11": MAC.rs1, [CIP]: MAC.client };
  return new Testbed({ nics, gateways: [GATEWAY6, "10.0.0.254"], services }).warm(macs);
}

const IPV4 = [
  craft(syn(40001)),
  craft(syn(40001, { "tcp.dstport": 81, "tcp.flags": "FA", payload: "data" })),
  craft(query(42000, { payload: new Uint8Array(700) })),
  craft(query(42000, { "ip.options": "5e04abcd", "ip.dst": "8.8.8.8" })),
  craft({ "eth.dst": MAC.eth0, "ip.src": CIP, "ip.dst": VIP, "icmp.type": 3, quoted: withoutEthernet(syn(40001)) }),
  craft({ "eth.dst": MAC.eth0, "ip.src": CIP, "ip.dst": ETH0.ip, inner: withoutEthernet(query(42000)) }),
  craft({ "eth.dst": MAC.eth0, "ipv6.src": CIP6, "ipv6.dst": VIP6, "tcp.dstport": 80 }),
  craft({ "eth.dst": MAC.eth0, "ip.src": CIP, "ip.dst": VIP, inner: { "ipv6.dst": VIP6, "udp.dstport": 53 } }),
  craft({ "eth.dst": MAC.eth0, "ip.src": CIP, "ip.dst": VIP, "gue.flags": 0, inner: withoutEthernet(syn(40001)) }),
  craft({ "eth.dst": MAC.eth0, "ip.src": CIP, "ip.dst": VIP, "sctp.srcport": 1, "sctp.dstport": 132 }),
  craft({ "eth.dst": MAC.eth0, "arp.opcode": 1, "arp.src.proto_ipv4": CIP, "arp.dst.proto_ipv4": VIP }),
  ...fragment(craft(query(42000, { payload: new Uint8Array(100) })), 40),
];

const OUTER = { "ipv6.src": DIP6, "ipv6.dst": "fd09::12", inner: withoutEthernet(query6(42000)) };

const IPV6 = [
  craft(syn(40001)),
  craft(syn6(40001)),
  craft(syn6(40001, { "ipv6.hopopts": "0000010400000000", "ipv6.dstopts": "0000010400000000", "tcp.dstport": 81 })),
  craft(syn6(40001, { "ipv6.routing": "0002000000000000fd000000000000000000000000000011", "ipv6.hlim": 1 })),
  craft(query6(42000, { payload: new Uint8Array(1100) })),
  craft(query6(42000, { "udp.dstport": 54 })),
  craft(query6(42000, { "ipv6.dst": "fd77::1", "ipv6.hlim": 1 })),
  craft(
    icmp6({ "icmpv6.type": 2, "icmpv6.mtu": 1300, quoted: { "ipv6.src": VIP6, "ipv6.dst": CIP6, "udp.srcport": 53 } }),
  ),
  craft(icmp6({ "ipv6.dst": DIP6, "icmpv6.type": 2, "icmpv6.mtu": 100, quoted: OUTER })),
  craft({ "eth.dst": MAC.eth0, "ip.src": CIP, "ip.dst": DIP, "icmp.type": 3, "icmp.code": 4, quoted: { ...OUTER } }),
  craft(icmp6({ "icmpv6.nd.ns.target_address": VIP6, "icmpv6.opt.linkaddr": MAC.gateway })),
  craft(icmp6({ "icmpv6.nd.na.target_address": "fd00::13", "icmpv6.opt.linkaddr": MAC.rs3 })),
  craft({ "eth.dst": MAC.eth0, "ipv6.src": CIP6, "ipv6.dst": VIP6, "sctp.srcport": 1, "sctp.dstport": 132 }),
  ...fragment(craft(query6(42000, { payload: new Uint8Array(100), "ipv6.dstopts": "0000010400000000" })), 40),
  ...fragment(craft(query6(42000, { payload: new Uint8Array(3000), "ipv6.hopopts": "0000010400000000" })), 1200),
];

const damage = fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 6 });

/** One of these frames with some of its bytes changed, cut short or not, its header checksum put right or not. */
function damaged(frames: readonly Uint8Array[]) {
  return fc.tuple(fc.constantFrom(...frames), damage, fc.boolean(), fc.nat(200)).map(([good, changes, repair, cut]) => {
    const bytes = good.slice(0, cut < 100 ? cut : undefined);
    for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
    if (bytes.length >= 12) bytes.set(good.subarray(0, 6));
    if (repair) decode(bytes).ip?.updateChecksum();
    return bytes;
  });
}

describe("reference director: hostile frames", () => {
  for (const { name, good, testbed, mtu } of [
    { name: "IPv4", good: IPV4, testbed: ipv4Testbed, mtu: 576 },
    { name: "IPv6", good: IPV6, testbed: ipv6Testbed, mtu: 1280 },
  ]) {
    it(`never make it throw, send what is unsound, or send without end (${name})`, () => {
      const frames = fc.array(fc.oneof(damaged(good), fc.uint8Array({ maxLength: 80 })), { maxLength: 30 });
      fc.assert(
        fc.property(frames, (arriving) => {
          const bed = testbed();
          for (const frame of arriving) {
            // As the lab gives it: what `slice` says of a Buffer is no copy.
            const given = Buffer.from(frame);
            const sent = bed.receive("eth0", given);
            expect(new Uint8Array(given), "the frame it was given is changed").to.deep.equal(frame);
            expect(sent.length).to.be.at.most(MOST_FRAMES);
            for (const { nic, packet } of sent) {
              expect(packet.eth?.src).to.equal(nic === "eth0" ? MAC.eth0 : MAC.eth1);
              expect(packet.ip?.checksumValid ?? true).to.equal(true);
              expect(packet.ip?.length ?? 0).to.be.at.most(nic === "eth0" ? mtu : 1500);
              expect(packet.ip?.length ?? 0).to.be.at.most(packet.bytes.length - 14);
            }
          }
        }),
        { numRuns: 1000 },
      );
    });
  }
});
