import { expect } from "chai";
import type { RealServer, Service } from "../../forwarding/setup.js";
import type { Scheduler } from "./schedule.js";
import { createScheduler } from "./schedulers.js";
import { server, service } from "./testbed.js";

const CLIENTS = Array.from({ length: 300 }, (_, index) => `10.0.${index >> 8}.${index & 0xff}`);

function servers(weights: Readonly<Record<string, number>>): RealServer[] {
  return Object.entries(weights).map(([name, weight], index) => server(name, `10.0.0.1${index}`, { weight }));
}

function hashing(scheduler: string, realServers: RealServer[], schedulerFlags: readonly string[] = []): Service {
  return service("dr", realServers, { scheduler, schedulerFlags });
}

function pick(scheduler: Scheduler, to: Service, src: string, srcPort = 1): string {
  return scheduler.pick(to, { src, srcPort }, ({ weight }) => weight > 0)?.name ?? "none";
}

/** Where each client goes. */
function choices(scheduler: Scheduler, to: Service): string[] {
  return CLIENTS.map((client) => pick(scheduler, to, client));
}

function share(names: readonly string[], name: string): number {
  return names.filter((one) => one === name).length / names.length;
}

describe("reference director: hashing schedulers", () => {
  for (const name of ["sh", "mh"]) {
    const three = hashing(name, servers({ rs1: 1, rs2: 1, rs3: 1 }));

    it(`${name}: a client's address alone decides, and clients are spread by weight (GEN-SCH-06)`, () => {
      const scheduler = createScheduler(name);
      const spread = choices(scheduler, three);
      expect(choices(createScheduler(name), three)).to.deep.equal(spread);
      for (const rs of ["rs1", "rs2", "rs3"]) expect(share(spread, rs)).to.be.within(0.25, 0.42);
      for (const client of CLIENTS.slice(0, 20)) {
        expect(new Set([1, 2, 3, 4].map((port) => pick(scheduler, three, client, port))).size).to.equal(1);
      }
      const weighted = choices(scheduler, hashing(name, servers({ rs1: 3, rs2: 1 })));
      expect(share(weighted, "rs1")).to.be.within(0.68, 0.82);
    });

    it(`${name}: with its flag the port decides too`, () => {
      const scheduler = createScheduler(name);
      const byPort = hashing(name, servers({ rs1: 1, rs2: 1, rs3: 1 }), [`${name}-port`]);
      const ports = Array.from({ length: 20 }, (_, port) => pick(scheduler, byPort, "10.0.0.1", port));
      expect(new Set(ports).size).to.equal(3);
      expect(pick(scheduler, byPort, "10.0.0.1", 7)).to.equal(ports[7]);
    });

    it(`${name}: a drained server's clients are refused, or go elsewhere with its flag; nobody else's move`, () => {
      for (const flags of [[], [`${name}-fallback`]]) {
        const scheduler = createScheduler(name);
        const before = choices(scheduler, three);
        const drained = choices(scheduler, hashing(name, servers({ rs1: 1, rs2: 0, rs3: 1 }), flags));
        for (const [index, to] of drained.entries()) {
          if (before[index] !== "rs2") expect(to).to.equal(before[index]);
          else if (flags.length === 0) expect(to).to.equal("none");
          else expect(to).to.be.oneOf(["rs1", "rs3"]);
        }
      }
    });
  }

  it("mh: draining a heavy server moves nobody else's clients", () => {
    const scheduler = createScheduler("mh");
    const before = choices(scheduler, hashing("mh", servers({ rs1: 6, rs2: 9, rs3: 3 })));
    const drained = choices(scheduler, hashing("mh", servers({ rs1: 6, rs2: 0, rs3: 3 })));
    for (const [index, to] of drained.entries()) {
      expect(to).to.equal(before[index] === "rs2" ? "none" : before[index]);
    }
  });

  it("mh: removing a server moves only its own clients, and adding one few of others (GEN-SCH-07)", () => {
    const scheduler = createScheduler("mh");
    const all = servers({ rs1: 1, rs2: 1, rs3: 1, rs4: 1 });
    const before = choices(scheduler, hashing("mh", all));
    const after = choices(
      scheduler,
      hashing(
        "mh",
        all.filter(({ name }) => name !== "rs2"),
      ),
    );
    const staying = before.flatMap((name, index) => (name === "rs2" ? [] : [name === after[index]]));
    expect(staying.filter((same) => !same).length / staying.length).to.be.at.most(0.05);
    expect(after).not.to.include("rs2");
  });

  it("mh: no weight keeps the others out", () => {
    const to = hashing("mh", servers({ rs1: 65_535, rs2: 1 }));
    const many = Array.from({ length: 5000 }, (_, port) => `10.1.${port >> 8}.${port & 0xff}`);
    const scheduler = createScheduler("mh");
    expect(
      share(
        many.map((client) => pick(scheduler, to, client)),
        "rs2",
      ),
    ).to.be.within(0.005, 0.03);
  });
});
