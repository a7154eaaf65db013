import { expect } from "chai";
import type { RealServer } from "../../forwarding/setup.js";
import type { Scheduler } from "./schedule.js";
import { createScheduler } from "./schedulers.js";
import { server, service } from "./testbed.js";

const hasWeight = ({ weight }: RealServer) => weight > 0;

function servers(...weights: number[]): RealServer[] {
  return weights.map((weight, index) => server(`rs${index + 1}`, `10.0.0.1${index + 1}`, { weight }));
}

function picks(scheduler: Scheduler, realServers: RealServer[], count: number, client = "10.0.0.100"): string[] {
  const one = service("dr", realServers);
  return Array.from(
    { length: count },
    () => scheduler.pick(one, { src: client, srcPort: 1 }, hasWeight)?.name ?? "none",
  );
}

function histogram(names: readonly string[]): Record<string, number> {
  return Object.fromEntries([...new Set(names)].sort().map((name) => [name, names.filter((n) => n === name).length]));
}

describe("reference director: schedulers", () => {
  it("rr: any window of n covers each server once, weights above 0 alike (GEN-SCH-01)", () => {
    const names = picks(createScheduler("rr"), servers(5, 1, 1), 12);
    for (let start = 0; start + 3 <= names.length; start++) {
      expect(names.slice(start, start + 3)).to.have.members(["rs1", "rs2", "rs3"]);
    }
  });

  it("rr: goes on fairly when servers come and go", () => {
    const scheduler = createScheduler("rr");
    expect(picks(scheduler, servers(1, 1), 3)).to.deep.equal(["rs1", "rs2", "rs1"]);
    expect(picks(scheduler, servers(1, 1, 1), 3)).to.deep.equal(["rs2", "rs3", "rs1"]);
    expect(picks(scheduler, servers(1, 0, 1), 4)).to.deep.equal(["rs3", "rs1", "rs3", "rs1"]);
  });

  it("wrr: each cycle of Σw/gcd gives a server w/gcd (GEN-SCH-02)", () => {
    for (const [weights, expected] of [
      [[3, 2, 1], { rs1: 3, rs2: 2, rs3: 1 }],
      [[4, 2, 2], { rs1: 2, rs2: 1, rs3: 1 }],
      [[1, 0, 5], { rs1: 1, rs3: 5 }],
      [[7], { rs1: 1 }],
    ] as const) {
      const scheduler = createScheduler("wrr");
      const length = Object.values(expected).reduce((sum: number, count: number) => sum + count, 0);
      for (let cycle = 0; cycle < 3; cycle++) {
        expect(histogram(picks(scheduler, servers(...weights), length))).to.deep.equal(expected);
      }
    }
  });

  it("wrr: who is not available leaves the others their shares", () => {
    const scheduler = createScheduler("wrr");
    const all = service("dr", servers(9, 2, 1));
    const names = Array.from({ length: 6 }, () => {
      return scheduler.pick(all, { src: "10.0.0.100", srcPort: 1 }, ({ name }) => name !== "rs1")?.name ?? "none";
    });
    expect(histogram(names)).to.deep.equal({ rs2: 4, rs3: 2 });
  });

  it("wrr: changed weights count from the next connection on", () => {
    for (let before = 0; before < 8; before++) {
      const scheduler = createScheduler("wrr");
      picks(scheduler, servers(9, 2, 1), before);
      expect(histogram(picks(scheduler, servers(1, 2, 1), 4))).to.deep.equal({ rs1: 1, rs2: 2, rs3: 1 });
      expect(histogram(picks(scheduler, servers(4, 2), 3))).to.deep.equal({ rs1: 2, rs2: 1 });
    }
  });

  it("none has a server where there is none, or all are drained (GEN-SCH-04)", () => {
    for (const name of ["rr", "wrr", "sh", "mh"]) {
      expect(picks(createScheduler(name), [], 1)).to.deep.equal(["none"]);
      expect(picks(createScheduler(name), servers(0, 0), 3)).to.deep.equal(["none", "none", "none"]);
    }
  });

  it("names the known ones where another is asked for", () => {
    expect(() => createScheduler("lblcr")).to.throw(
      'The reference director does not know the scheduler "lblcr"; it knows rr, wrr, sh, mh.',
    );
  });
});
