import { expect } from "chai";
import type { RealServer, Service } from "../../forwarding/setup.js";
import { CIP, MAC, oneLinkTestbed, query, server, service, syn, type Testbed, VIP } from "./testbed.js";

const RIPS = ["10.0.0.11", "10.0.0.12", "10.0.0.13"];
const MACS = Object.fromEntries(RIPS.map((ip, index) => [ip, `02:00:00:00:00:1${index + 1}`]));

function servers(more: Partial<Record<string, Partial<RealServer>>> = {}): RealServer[] {
  return RIPS.map((ip, index) => server(`rs${index + 1}`, ip, more[`rs${index + 1}`]));
}

function testbed(...services: Service[]): Testbed {
  return oneLinkTestbed("dr", { services }).warm({ ...MACS, [CIP]: MAC.client });
}

/** The names of the real servers that packets leave for. */
function targets(bed: Testbed, packets: readonly Parameters<Testbed["receive"]>[1][]): string[] {
  return packets.map((packet) => {
    const [sent] = bed.receive("eth0", packet);
    const index = RIPS.findIndex((ip) => MACS[ip] === sent?.packet.eth?.dst);
    return index < 0 ? `icmp ${sent?.packet.icmp?.type}` : `rs${index + 1}`;
  });
}

/** SYNs of a client from so many ports. */
function syns(client: string, count: number, port = 80) {
  return Array.from({ length: count }, (_, index) => syn(40001 + index, { "ip.src": client, "tcp.dstport": port }));
}

describe("reference director: persistence (GEN-SCH-08)", () => {
  const persistent = (more: Partial<Service> = {}) =>
    service("dr", servers(), { persistence: { timeout: 60, prefix: 32 }, ...more });

  it("keeps a client at one server, whatever the scheduler says", () => {
    const bed = testbed(persistent());
    const chosen = ["10.1.0.1", "10.1.0.2", "10.1.0.3"].map((client) => targets(bed, syns(client, 5)));
    for (const names of chosen) expect(new Set(names).size).to.equal(1);
    expect(chosen.map(([first]) => first)).to.have.members(["rs1", "rs2", "rs3"]);
  });

  it("counts the clients of a prefix as one", () => {
    const bed = testbed(persistent({ persistence: { timeout: 60, prefix: 29 } }));
    const names = [104, 111, 112, 107, 113].map((last) => targets(bed, syns(`10.1.0.${last}`, 1))[0]);
    expect(names).to.deep.equal(["rs1", "rs1", "rs2", "rs1", "rs2"]);
  });

  it("goes on to a drained server, and from a removed one elsewhere", () => {
    const bed = testbed(persistent());
    const client = "10.1.0.1";
    expect(targets(bed, syns(client, 1))).to.deep.equal(["rs1"]);
    bed.director.configure([persistent({ realServers: servers({ rs1: { weight: 0 } }) })]);
    expect(targets(bed, [syn(41000, { "ip.src": client })])).to.deep.equal(["rs1"]);
    bed.director.configure([persistent({ realServers: servers().slice(1) })]);
    expect(targets(bed, [syn(41001, { "ip.src": client })])).to.deep.equal(["rs2"]);
    bed.director.configure([persistent()]);
    expect(targets(bed, [syn(41002, { "ip.src": client })])).to.deep.equal(["rs2"]);
  });
});

describe("reference director: marks (GEN-SCH-10)", () => {
  const marked = (port: number, more: Partial<Service> = {}) =>
    service("dr", servers(Object.fromEntries(["rs1", "rs2", "rs3"].map((name) => [name, { port }]))), {
      port,
      mark: 1,
      ...more,
    });

  it("make several ports one service, that keeps them", () => {
    const bed = testbed(marked(80), marked(443));
    const turns = [...syns("10.1.0.1", 2), ...syns("10.1.0.1", 2, 443), ...syns("10.1.0.2", 2)];
    expect(targets(bed, turns)).to.deep.equal(["rs1", "rs2", "rs3", "rs1", "rs2", "rs3"]);
    expect(bed.exchange("eth0", syn(40009, { "tcp.dstport": 443 })).tcp?.dstPort).to.equal(443);
    expect(targets(bed, syns("10.1.0.1", 2, 443)), "known flows").to.deep.equal(["rs3", "rs1"]);
  });

  it("leave other ports alone", () => {
    const packet = testbed(marked(80)).exchange("eth0", syn(1, { "tcp.dstport": 443 }));
    expect([packet.ip?.src, packet.tcp?.flagsText]).to.deep.equal([VIP, "RA"]);
  });

  it("with persistence keep a client at one server on all ports", () => {
    const persistence = { timeout: 60, prefix: 32 };
    const bed = testbed(marked(80, { persistence }), marked(443, { persistence }));
    for (const client of ["10.1.0.1", "10.1.0.2"]) {
      const names = targets(bed, [...syns(client, 2), ...syns(client, 2, 443)]);
      expect(new Set(names).size).to.equal(1);
    }
  });
});

describe("reference director: one-packet scheduling (GEN-SCH-09)", () => {
  it("sends the datagrams of one port round the servers", () => {
    const bed = testbed(service("dr", servers(), { port: 53, protocol: "udp", onePacket: true }));
    expect(
      targets(
        bed,
        [1, 1, 1, 1].map((port) => query(port)),
      ),
    ).to.deep.equal(["rs1", "rs2", "rs3", "rs1"]);
  });
});

describe("reference director: limits (GEN-SCH-12)", () => {
  const limited = service("dr", servers({ rs1: { limit: 2 } }));

  it("give a full server nothing new, until one of its connections has closed", () => {
    const bed = testbed(limited);
    const names = targets(bed, syns("10.1.0.1", 9));
    expect(names.filter((name) => name === "rs1")).to.have.length(2);
    const [port] = names.flatMap((name, index) => (name === "rs1" ? [40001 + index] : []));
    for (const flags of ["A", "R"]) {
      expect(targets(bed, [syn(port ?? 0, { "ip.src": "10.1.0.1", "tcp.flags": flags })])).to.deep.equal(["rs1"]);
    }
    const later = targets(bed, syns("10.1.0.2", 9));
    expect(later.filter((name) => name === "rs1")).to.have.length(1);
  });

  it("refuse where all servers are full", () => {
    const all = { limit: 1 };
    const bed = testbed(service("dr", servers({ rs1: all, rs2: all, rs3: all })));
    expect(targets(bed, syns("10.1.0.1", 4))).to.deep.equal(["rs1", "rs2", "rs3", "icmp 3"]);
  });
});
