import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { catalogue } from "../forwarding/catalogue.js";
import score from "../report/score.json" with { type: "json" };
import { tallyScenarios } from "../report/tally.js";
import { type Ended, RunFolder } from "./run.test-support.js";

/** Ends runs that hang; no test waits for it. */
const PATIENCE = 1_200_000;

describe("the bundled suite", function () {
  this.timeout(PATIENCE);

  /** What each good director may leave: what it declares, and what it lacks. */
  const directors = {
    ipvs: { declared: ["NAT-V6-02"], lacks: 0 },
    keepalived: { declared: ["NAT-V6-02"], lacks: 0 },
    nftables: { declared: ["DR-FRAG-01", "GEN-SVC-07"], lacks: 48 },
    reference: { declared: [], lacks: 1 },
  };
  /** Scenarios for proxies, which none of them is. */
  const PROXIES = 2;
  type Name = keyof typeof directors;
  const folder = new RunFolder();
  const runs = new Map<Name | "faults", Promise<Ended>>();

  before(() => {
    const whole = (name: Name) => ["run", "--profile", "extended", "--director", name, "--out", name];
    // A run keeps to one CPU: two side by side have the machine's time, and keepalived takes as long as all others.
    one("keepalived", whole("keepalived"));
    let last: Promise<unknown> | undefined;
    for (const name of ["ipvs", "nftables", "reference"] as const) last = one(name, whole(name), last);
    one("faults", ["faults", "--out", "score.json"], last);
  });
  after(() => folder.remove());

  function one(name: Name | "faults", args: readonly string[], previous?: Promise<unknown>): Promise<Ended> {
    const start = () => folder.start(args, {}, PATIENCE).ended;
    const run = previous?.then(start) ?? start();
    runs.set(name, run);
    return run;
  }

  async function ended(name: Name | "faults"): Promise<void> {
    const { status, stdout, stderr } = (await runs.get(name)) as Ended;
    expect(status, stdout + stderr).to.equal(0);
  }

  for (const name of ["ipvs", "nftables", "reference", "keepalived"] as const)
    it(`finds nothing in ${name} but what its file declares`, async () => {
      await ended(name);
      const { declared, lacks } = directors[name];
      const { verdict, scenarios } = folder.results(name);
      expect(verdict).to.equal("pass");
      expect(tallyScenarios(scenarios)).to.include({ fail: 0, inconclusive: 0, "not-supported": lacks + PROXIES });
      const findings = scenarios.flatMap((scenario) => scenario.findings);
      const rules = catalogue.map(({ id }) => id);
      const having = (status: string) =>
        rules.filter((id) => findings.some((finding) => finding.rule === id && finding.status === status));
      expect(having("declared").sort()).to.deep.equal(declared);
      const exercised = new Set([...having("pass"), ...having("declared")]);
      const ofForwarding = catalogue.filter(({ models }) => models.some((model) => model !== "proxy"));
      if (lacks === 0) expect(ofForwarding.filter(({ id }) => !exercised.has(id))).to.deep.equal([]);
    });

  it("catches every fault by the rule that it breaks, as the published score says", async () => {
    await ended("faults");
    expect(JSON.parse(readFileSync(join(folder.folder, "score.json"), "utf8"))).to.deep.equal(score);
    expect(score).to.include({ caught: score.faults, exact: score.faults, rules: catalogue.length });
    expect(score.unproven).to.deep.equal([]);
  });
});
