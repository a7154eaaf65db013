import { expect } from "chai";
import fc from "fast-check";
import type { Service } from "../../forwarding/setup.js";
import { craft } from "../../packet/craft.js";
import { fragment } from "../../packet/fragment.js";
import { decode } from "../../packet/packet.js";
import { ReferenceDirector } from "./director.js";
import { CORRECT_STEPS, type Steps } from "./steps.js";
import {
  CIP,
  ETH0,
  ETH1,
  MAC,
  natTestbed,
  oneLinkTestbed,
  query,
  server,
  service,
  syn,
  Testbed,
  VIP,
  withoutEthernet,
} from "./testbed.js";

function table(weights: Readonly<Record<string, number>>, more: Partial<Service> = {}): Service[] {
  const all = { rs1: "10.0.0.11", rs2: "10.0.0.12" } as const;
  const names = (["rs1", "rs2"] as const).filter((name) => weights[name] !== undefined);
  return [
    service(
      "dr",
      names.map((name) => server(name, all[name], { weight: weights[name] ?? 0 })),
      more,
    ),
  ];
}

const BOTH = { rs1: 1, rs2: 1 };

/** The name of the real server that each frame leaves for; `icmp 3/3`, `R`, … for answers; `-` for silence. */
function outcome(bed: Testbed, frame: Parameters<Testbed["receive"]>[1]): string {
  const [sent] = bed.receive("eth0", frame);
  if (sent === undefined) return "-";
  const { eth, icmp, tcp, ip } = sent.packet;
  if (eth?.dst === MAC.rs1) return "rs1";
  if (eth?.dst === MAC.rs2) return "rs2";
  return icmp ? `icmp ${icmp.type}/${icmp.code} ${ip?.src}` : `${tcp?.flagsText} ${ip?.src}`;
}

function testbed(services = table(BOTH)): Testbed {
  return oneLinkTestbed("dr", { services }).warm({ [CIP]: MAC.client });
}

describe("reference director: connections", () => {
  it("keeps a flow on its server, whatever comes between (GEN-FLOW-01)", () => {
    const bed = testbed([...table(BOTH), ...table(BOTH, { protocol: "udp", port: 53 })]);
    const ports = [40001, 40002, 40003, 40004];
    const first = ports.map((port) => outcome(bed, syn(port)));
    expect(first.filter((name) => name === "rs1")).to.have.length(2);
    for (const flags of ["S", "A", "PA", "FA"]) {
      expect(ports.toReversed().map((port) => outcome(bed, syn(port, { "tcp.flags": flags })))).to.deep.equal(
        first.toReversed(),
      );
    }
    const udp = [42000, 42000, 42000].map((port) => outcome(bed, query(port)));
    expect(new Set(udp).size).to.equal(1);
  });

  it("does not schedule mid-stream segments (GEN-SVC-06)", () => {
    const bed = testbed();
    const flags = ["A", "PA", "F", "FA", "SA", "R", "SR", "none"];
    const outcomes = flags.map((text, index) => outcome(bed, syn(41000 + index, { "tcp.flags": text })));
    expect(outcomes).to.deep.equal([
      `R ${VIP}`,
      `R ${VIP}`,
      `RA ${VIP}`,
      `R ${VIP}`,
      `R ${VIP}`,
      "-",
      "-",
      `RA ${VIP}`,
    ]);
  });

  it("matches protocol, address and port of a service (GEN-SVC-01…04)", () => {
    const bed = testbed();
    expect(outcome(bed, syn(1))).to.be.oneOf(["rs1", "rs2"]);
    expect(outcome(bed, syn(2, { "tcp.dstport": 81 }))).to.equal(`RA ${VIP}`);
    expect(outcome(bed, query(3, { "udp.dstport": 80 }))).to.equal(`icmp 3/3 ${VIP}`);
    expect(outcome(bed, syn(4, { "ip.dst": ETH0.ip }))).to.equal(`RA ${ETH0.ip}`);
  });

  it("gives a drained server nothing new, and its flows still (GEN-SCH-03)", () => {
    const bed = testbed();
    const flows = [44000, 44001].map((port) => [port, outcome(bed, syn(port))] as const);
    bed.director.configure(table({ rs1: 0, rs2: 1 }));
    expect([1, 2, 3].map((port) => outcome(bed, syn(port)))).to.deep.equal(["rs2", "rs2", "rs2"]);
    for (const [port, name] of flows) expect(outcome(bed, syn(port, { "tcp.flags": "A" }))).to.equal(name);
    bed.director.configure(table({ rs1: 0, rs2: 0 }));
    expect(outcome(bed, syn(4))).to.equal(`icmp 3/3 ${VIP}`);
    for (const [port, name] of flows) expect(outcome(bed, syn(port, { "tcp.flags": "A" }))).to.equal(name);
  });

  it("refuses where no server is available, mid-stream with a RST (GEN-SCH-04)", () => {
    const bed = testbed(table({}));
    expect(outcome(bed, syn(1))).to.equal(`icmp 3/3 ${VIP}`);
    expect(outcome(bed, syn(2, { "tcp.flags": "A" }))).to.equal(`R ${VIP}`);
  });

  it("drops the flows of a removed server, and takes them up again when it is back (GEN-SCH-05)", () => {
    const bed = testbed();
    const flows = [44000, 44001].map((port) => [port, outcome(bed, syn(port))] as const);
    bed.director.configure(table({ rs2: 1 }));
    for (const [port, name] of flows) {
      expect(outcome(bed, syn(port, { "tcp.flags": "A" }))).to.equal(name === "rs1" ? "-" : "rs2");
    }
    bed.director.configure([]);
    for (const [port] of flows) expect(outcome(bed, syn(port, { "tcp.flags": "A" }))).to.equal(`R ${VIP}`);
    bed.director.configure(table(BOTH));
    for (const [port, name] of flows) expect(outcome(bed, syn(port, { "tcp.flags": "A" }))).to.equal(name);
  });

  it("sends a removed server no ICMP error either", () => {
    const bed = testbed();
    const name = outcome(bed, syn(44000));
    const quoted = { "ip.src": VIP, "ip.dst": CIP, "tcp.srcport": 80, "tcp.dstport": 44000 };
    const error = { "eth.dst": MAC.eth0, "ip.src": "10.0.0.200", "ip.dst": VIP, "icmp.type": 3, quoted };
    expect(outcome(bed, error)).to.equal(name);
    bed.director.configure(table(name === "rs1" ? { rs2: 1 } : { rs1: 1 }));
    expect(outcome(bed, error)).to.equal("-");
  });

  it("schedules a SYN on a closed connection afresh (GEN-SCH-11)", () => {
    const sequence = (...flags: string[]) => {
      const bed = testbed();
      return flags.map((text) => outcome(bed, syn(45000, { "tcp.flags": text })));
    };
    expect(sequence("S", "A", "R", "A", "S")).to.deep.equal(["rs1", "rs1", "rs1", "rs1", "rs2"]);
    expect(sequence("S", "R", "S"), "RST before the handshake").to.deep.equal(["rs1", "rs1", "rs1"]);
    expect(sequence("S", "A", "FA", "A", "S")).to.deep.equal(["rs1", "rs1", "rs1", "rs1", "rs2"]);
    expect(sequence("S", "A", "S"), "still open").to.deep.equal(["rs1", "rs1", "rs1"]);
  });
});

describe("reference director: configuration", () => {
  const build = (services: Service[], gateway = "10.0.0.254", mtu = 1500) =>
    new ReferenceDirector({ nics: [{ ...ETH0, mtu }], gateway, services }, () => {});

  it("is refused in words where it cannot work", () => {
    expect(() => build(table(BOTH, { scheduler: "mh" }))).to.throw(
      'does not know the scheduler "mh"; it knows rr, wrr, sh',
    );
    expect(() => build(table(BOTH, { protocol: "sctp" }))).to.throw("does not carry sctp (10.0.0.10:80/sctp)");
    expect(() => build([...table(BOTH), ...table(BOTH)])).to.throw("The service 10.0.0.10:80/tcp is configured twice.");
    expect(() => build([], "10.9.0.1")).to.throw("The gateway 10.9.0.1 is on the link of no NIC: eth0 10.0.0.1/24.");
    expect(() => build([], "10.0.0.254", 60)).to.throw("The MTU of eth0 10.0.0.1/24 is 60 bytes; IPv4 needs 68.");
    expect(() => build([]).receive("eth7", new Uint8Array())).to.throw('The director has no NIC "eth7"; it has eth0.');
  });

  it("leaves the old table where the new one is refused", () => {
    const bed = testbed();
    expect(() => bed.director.configure(table(BOTH, { scheduler: "mh" }))).to.throw();
    expect(outcome(bed, syn(1))).to.equal("rs1");
  });

  it("keeps a scheduler's place, and a VIP that has no service any more", () => {
    const bed = testbed();
    expect(outcome(bed, syn(1))).to.equal("rs1");
    bed.director.configure(table(BOTH));
    expect(outcome(bed, syn(2))).to.equal("rs2");
    bed.director.configure(table(BOTH, { vip: "10.0.0.20" }));
    expect(outcome(bed, syn(3))).to.equal(`RA ${VIP}`);
    expect(outcome(bed, syn(4, { "ip.dst": "10.0.0.20" }))).to.equal("rs1");
  });

  it("takes one wrong step in place of a right one", () => {
    const { models } = CORRECT_STEPS;
    const options = { nics: [ETH0, ETH1], services: [service("nat", [server("rs1", "192.168.10.11")])] };
    const seen = (steps: Partial<Steps>) => {
      const { ip } = new Testbed(options, steps).warm({ "192.168.10.11": MAC.rs1 }).exchange("eth0", syn(1));
      return [ip?.ttl, ip?.dst];
    };
    expect(seen({})).to.deep.equal([60, "192.168.10.11"]);
    expect(seen({ countDown: () => {} })).to.deep.equal([61, "192.168.10.11"]);
    expect(seen({ models: { ...models, nat: models.dr } })).to.deep.equal([60, VIP]);
  });
});

describe("reference director: hostile frames", () => {
  /** A fragmented datagram of 64 KiB over an MTU of 576, for each that waited for a neighbour, and its ARP requests. */
  const MOST_FRAMES = 64 * 120;

  function hostileTestbed(): Testbed {
    const services = [
      service("nat", [server("rs1", "192.168.10.11", { port: 8080 })]),
      service("dr", [server("rs1", "10.0.0.11")], { port: 81 }),
      service("tun", [server("rs1", "10.9.0.12")], { port: 53, protocol: "udp" }),
    ];
    return natTestbed({ nics: [{ ...ETH0, mtu: 576 }, ETH1], services });
  }

  const headers = fc.constantFrom(
    craft(syn(40001)),
    craft(syn(40001, { "tcp.dstport": 81, "tcp.flags": "FA", payload: "data" })),
    craft(query(42000, { payload: new Uint8Array(700) })),
    craft(query(42000, { "ip.options": "5e04abcd", "ip.dst": "8.8.8.8" })),
    craft({ "eth.dst": MAC.eth0, "ip.src": CIP, "ip.dst": VIP, "icmp.type": 3, quoted: withoutEthernet(syn(40001)) }),
    craft({ "eth.dst": MAC.eth0, "ip.src": CIP, "ip.dst": ETH0.ip, inner: withoutEthernet(query(42000)) }),
    craft({ "eth.dst": MAC.eth0, "ipv6.src": "fd01::100", "ipv6.dst": "fd00::10", "tcp.dstport": 80 }),
    craft({ "eth.dst": MAC.eth0, "ip.src": CIP, "ip.dst": VIP, inner: { "ipv6.dst": "fd00::10", "udp.dstport": 53 } }),
    craft({ "eth.dst": MAC.eth0, "ip.src": CIP, "ip.dst": VIP, "gue.flags": 0, inner: withoutEthernet(syn(40001)) }),
    craft({ "eth.dst": MAC.eth0, "arp.opcode": 1, "arp.src.proto_ipv4": CIP, "arp.dst.proto_ipv4": VIP }),
    ...fragment(craft(query(42000, { payload: new Uint8Array(100) })), 40),
  );
  const damage = fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 6 });
  const damaged = fc.tuple(headers, damage, fc.boolean(), fc.nat(200)).map(([good, changes, repair, cut]) => {
    const bytes = good.slice(0, cut < 100 ? cut : undefined);
    for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
    if (bytes.length >= 12) bytes.set(good.subarray(0, 6));
    const { ip } = decode(bytes);
    if (repair) ip?.updateChecksum();
    return bytes;
  });

  it("never make it throw, send what is unsound, or send without end", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(damaged, fc.uint8Array({ maxLength: 80 })), { maxLength: 30 }), (frames) => {
        const bed = hostileTestbed();
        for (const frame of frames) {
          const before = frame.slice();
          const sent = bed.receive("eth0", frame);
          expect(frame, "the frame it was given is changed").to.deep.equal(before);
          expect(sent.length).to.be.at.most(MOST_FRAMES);
          for (const { nic, packet } of sent) {
            expect(packet.eth?.src).to.equal(nic === "eth0" ? MAC.eth0 : MAC.eth1);
            expect(packet.ip?.checksumValid ?? true).to.equal(true);
            expect(packet.ip?.length ?? 0).to.be.at.most(nic === "eth0" ? 576 : 1500);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });
});
