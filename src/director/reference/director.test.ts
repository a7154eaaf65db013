import { expect } from "chai";
import type { Service } from "../../forwarding/setup.js";
import { ReferenceDirector } from "./director.js";
import { CORRECT_STEPS, type Steps } from "./steps.js";
import {
  CIP,
  ETH0,
  ETH1,
  fromServer,
  MAC,
  natTestbed,
  oneLinkTestbed,
  query,
  server,
  service,
  syn,
  Testbed,
  VIP,
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
    new ReferenceDirector({ nics: [{ ...ETH0, mtu }], gateways: [gateway], services }, () => {});

  it("is refused in words where it cannot work", () => {
    expect(() => build(table(BOTH, { scheduler: "lblcr" }))).to.throw(
      'does not know the scheduler "lblcr"; it knows rr, wrr, sh, mh',
    );
    expect(() => build(table(BOTH, { persistence: { timeout: 60, prefix: 33 } }))).to.throw(
      "33 is not an IPv4 prefix length (0 to 32)",
    );
    expect(() => build(table(BOTH, { vip: "fd00::10" }))).to.throw(
      "The service [fd00::10]:80/tcp cannot reach rs1 at 10.0.0.11 without a tunnel.",
    );
    expect(() => build([...table(BOTH), ...table(BOTH)])).to.throw("The service 10.0.0.10:80/tcp is configured twice.");
    expect(() => build([], "10.9.0.1")).to.throw("The gateway 10.9.0.1 is on the link of no NIC: eth0 10.0.0.1/24.");
    expect(() => build([], "10.0.0.254", 60)).to.throw("The MTU of eth0 10.0.0.1/24 is 60 bytes; IPv4 needs 68.");
    const narrow = { ...ETH0, mtu: 1000, others: [{ ip: "fd00::1", prefix: 64 }] };
    expect(() => new ReferenceDirector({ nics: [narrow], gateways: [], services: [] }, () => {})).to.throw(
      "The MTU of eth0 fd00::1/64 is 1000 bytes; IPv6 needs 1280.",
    );
    expect(() => build([]).receive("eth7", new Uint8Array())).to.throw('The director has no NIC "eth7"; it has eth0.');
  });

  it("leaves the old table where the new one is refused", () => {
    const bed = testbed();
    expect(() => bed.director.configure(table(BOTH, { scheduler: "lblcr" }))).to.throw();
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

  it("routes nothing but its services' requests where it is told so (DR-REQ-07, NAT-TOP-04)", () => {
    const dr = testbed();
    dr.director.setForwarding(false);
    expect(["S", "A"].map((flags) => outcome(dr, syn(1, { "tcp.flags": flags })))).to.deep.equal(["rs1", "rs1"]);
    expect(outcome(dr, syn(1, { "ip.dst": "10.0.0.11" })), "in transit").to.equal("-");
    for (const forwards of [true, false]) {
      const nat = natTestbed({ forwards });
      const rip = nat.exchange("eth0", query(42000)).ip?.dst;
      expect(nat.receive("eth1", fromServer(rip, 5353, 42000))).to.have.length(forwards ? 1 : 0);
    }
  });

  it("takes one wrong step in place of a right one", () => {
    const { models } = CORRECT_STEPS;
    const options = { nics: [ETH0, ETH1], gateways: [], services: [service("nat", [server("rs1", "192.168.10.11")])] };
    const seen = (steps: Partial<Steps>) => {
      const { ip } = new Testbed(options, steps).warm({ "192.168.10.11": MAC.rs1 }).exchange("eth0", syn(1));
      return [ip?.ttl, ip?.dst];
    };
    expect(seen({})).to.deep.equal([60, "192.168.10.11"]);
    expect(seen({ countDown: () => {} })).to.deep.equal([61, "192.168.10.11"]);
    expect(seen({ models: { ...models, nat: models.dr } })).to.deep.equal([60, VIP]);
  });
});
