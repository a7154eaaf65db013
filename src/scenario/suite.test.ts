import { expect } from "chai";
import type { DirectorTraits } from "../director/director.js";
import { catalogue } from "../forwarding/catalogue.js";
import type { Rule } from "../forwarding/rule.js";
import { PaperLab } from "../forwarding/testing/paper-lab.js";
import type { PacketSpec } from "../packet/craft.js";
import type { Judged } from "./judgement.js";
import type { Scenario } from "./scenario.js";
import type { Stage } from "./stage.js";
import { runSuites, type SuiteOptions } from "./suite.js";

describe("runSuites", () => {
  interface Recorded {
    broken?: boolean;
    out?: PacketSpec;
    lost?: string;
    traits?: DirectorTraits;
  }

  const director: DirectorTraits = { name: "lb", models: ["dr"], deviations: {}, lacks: {} };

  /** A lab that has recorded what a run of the scenario is to record: `broken` or right. */
  function stage({
    broken = false,
    out = broken ? { "ip.ttl": 61 } : {},
    lost,
    traits = director,
  }: Recorded = {}): Stage {
    const paper = new PaperLab("dr");
    paper.request({ port: 40001, out });
    const { frames } = paper.evidence();
    const lab = { begin() {}, frames, lost: async () => lost, settle: async () => {} };
    return {
      lab,
      traits,
      director: {},
      earlierClients: () => new Set(),
      rememberClients() {},
      nextId: () => 1,
    } as unknown as Stage;
  }

  const position = { file: "case.yaml", line: 9, column: 3 };
  const scenario = (more: Partial<Scenario> = {}): Scenario => ({
    file: "case.yaml",
    title: "A request",
    setup: new PaperLab("dr").setup,
    covers: ["GEN-TTL-01", "DR-REQ-02"],
    coversAt: new Map(),
    position,
    steps: [],
    expect: [],
    absent: [],
    ...more,
  });

  async function run(scenarios: readonly Scenario[], options: Partial<SuiteOptions> = {}) {
    const judged: Judged[] = [];
    const { ended } = runSuites(scenarios, {
      rules: catalogue,
      director,
      bail: false,
      retries: 0,
      repeat: 1,
      stageOf: async () => stage(),
      onJudged: (one) => judged.push(one),
      ...options,
    });
    return { failures: await ended, judged };
  }
  const statusOf = (judged: Judged | undefined, rule: string) =>
    [...(judged?.findings ?? []), ...(judged?.assertions ?? [])].find((finding) => finding.rule === rule)?.status;

  it("runs a scenario once, however many rules it covers", async () => {
    const { failures, judged } = await run([scenario()]);
    expect(failures).to.deep.equal([]);
    expect(judged).to.have.length(1);
    expect(statusOf(judged[0], "GEN-TTL-01")).to.equal("pass");
  });

  it("fails by the rule that is broken, and by that of what was not exercised", async () => {
    const covers = ["GEN-TTL-01", "DR-REQ-02", "DR-ARP-02"];
    const { failures, judged } = await run([scenario({ covers })], { stageOf: async () => stage({ broken: true }) });
    expect(failures.map((failure) => failure.split(":")[0])).to.include.members([
      "A request GEN-TTL-01",
      "A request DR-ARP-02",
    ]);
    expect(judged).to.have.length(1);
    expect(statusOf(judged[0], "GEN-TTL-01")).to.equal("fail");
  });

  it("does not fail by a rule that the director's file declares, and keeps what was seen with the reason", async () => {
    const traits = { ...director, deviations: { "GEN-TTL-01": "it is a bridge" } };
    const stageOf = async () => stage({ broken: true, traits });
    const { failures, judged } = await run([scenario()], { director: traits, stageOf });
    expect(failures).to.deep.equal([]);
    const finding = judged[0]?.findings.find(({ rule }) => rule === "GEN-TTL-01");
    expect(finding).to.deep.include({ status: "declared", reason: "it is a bridge", observed: "61", causes: [] });
  });

  describe("a scenario that asks for what the director lacks", () => {
    const lacking = { ...director, lacks: { "change-servers": "its table is fixed", rr: "it hashes" } };
    const neverBuilt = async () => {
      throw new Error("a lab was asked for");
    };

    it("is not run and does not fail; each rule that it covers is not supported, for that reason", async () => {
      const { failures, judged } = await run([scenario()], { director: lacking, retries: 3, stageOf: neverBuilt });
      expect(failures).to.deep.equal([]);
      expect(judged).to.have.length(1);
      expect(judged[0]?.notSupported).to.equal("rr: it hashes");
      expect(judged[0]?.findings.map(({ rule, status, reason }) => [rule, status, reason])).to.deep.equal([
        ["GEN-TTL-01", "not-supported", "rr: it hashes"],
        ["DR-REQ-02", "not-supported", "rr: it hashes"],
      ]);
    });

    it("does not fail for a model that the director does not forward by, nor stop a run that is to stop at failures", async () => {
      const nat = { ...director, models: ["nat" as const] };
      const { failures, judged } = await run([scenario(), scenario({ title: "Another" })], {
        director: nat,
        bail: true,
        stageOf: neverBuilt,
      });
      expect(failures).to.deep.equal([]);
      expect(judged.map(({ notSupported }) => notSupported)).to.deep.equal(new Array(2).fill("dr: lb forwards by nat"));
    });
  });

  it("says of a record with gaps that it is inconclusive, never that a rule or an assertion failed", async () => {
    const missing = { at: "client", direction: "in" as const, fields: { "tcp.flags": "SA" }, count: 3, position };
    const gaps = scenario({
      covers: ["GEN-TTL-01", "DR-ARP-02"],
      expect: [missing],
      absent: [{ ...missing, at: "rs1" }],
    });
    const stageOf = async () => stage({ broken: true, lost: "frames were lost: 3 passed a tap unrecorded" });
    const { failures, judged } = await run([gaps], { stageOf });
    expect(judged[0]?.problem).to.equal("frames were lost: 3 passed a tap unrecorded");
    expect(judged[0]?.problemIn).to.equal("lab");
    const statuses = [...(judged[0]?.findings ?? []), ...(judged[0]?.assertions ?? [])].map(({ status }) => status);
    expect(statuses).to.include("inconclusive").and.to.not.include("fail");
    for (const rule of ["GEN-TTL-01", "DR-ARP-02", "expect@9"])
      expect(statusOf(judged[0], rule), rule).to.equal("inconclusive");
    expect(failures).to.not.deep.equal([]);
  });

  it("runs the scenario again where it is to be retried, and takes the later run", async () => {
    let built = 0;
    const stageOf = async () => stage({ broken: built++ === 0 });
    const { failures, judged } = await run([scenario()], { retries: 2, stageOf });
    expect(failures).to.deep.equal([]);
    expect(judged.map((one) => statusOf(one, "GEN-TTL-01"))).to.deep.equal(["fail", "pass"]);
  });

  it("has one result for all tests, also where each run breaks another rule", async () => {
    const breaks = [{ "ip.dsfield": "0x10" }, { "ip.ttl": 61 }, {}];
    let built = 0;
    const stageOf = async () => stage({ out: breaks[built++] ?? {} });
    const { failures, judged } = await run([scenario({ covers: ["GEN-TTL-01", "DR-REQ-03"] })], {
      retries: 1,
      stageOf,
    });
    expect(judged.map((one) => ["GEN-TTL-01", "DR-REQ-03"].map((rule) => statusOf(one, rule)))).to.deep.equal([
      ["pass", "fail"],
      ["fail", "pass"],
    ]);
    expect(failures.map((failure) => failure.split(":")[0])).to.deep.equal([
      "A request GEN-TTL-01",
      "A request breaks no other rule and runs to its end",
    ]);
  });

  it("does not run a scenario again for a rule that was not asked for", async () => {
    const stageOf = async () => stage({ broken: true });
    expect((await run([scenario()], { retries: 1, grep: /DR-REQ-02$/, stageOf })).judged).to.have.length(1);
  });

  it("does not run a scenario again once it is to end", async () => {
    const judged: Judged[] = [];
    const suites = runSuites([scenario()], {
      rules: catalogue,
      director,
      bail: false,
      retries: 5,
      repeat: 1,
      stageOf: async () => stage({ broken: true }),
      onJudged(one) {
        judged.push(one);
        suites.abort();
      },
    });
    await suites.ended;
    expect(judged).to.have.length(1);
  });

  it("gives up after the last retry", async () => {
    const stageOf = async () => stage({ broken: true });
    const { failures, judged } = await run([scenario({ covers: ["GEN-TTL-01"] })], { retries: 1, bail: true, stageOf });
    expect(failures).to.have.length(1);
    expect(judged).to.have.length(2);
  });

  it("keeps the other scenarios' results where a rule throws, and the one has not passed", async () => {
    const throws = { ...catalogue[0], judge: () => JSON.parse("{") } as Rule;
    const { failures, judged } = await run([scenario()], { rules: [throws] });
    expect(failures).to.have.length.greaterThan(0);
    expect(judged).to.have.length(1);
    expect(judged[0]?.problem).to.match(/^a fault of hopcheck itself; please report it: SyntaxError/);
  });

  it("says why a lab could not be built, once for each scenario", async () => {
    const stageOf = async () => {
      throw new Error("no bridge");
    };
    const { judged } = await run([scenario(), scenario({ title: "Another" })], { stageOf });
    expect(judged.map(({ problem }) => problem)).to.deep.equal(
      new Array(2).fill("the lab could not be built: no bridge"),
    );
    expect(statusOf(judged[0], "DR-REQ-02")).to.equal("inconclusive");
  });

  it("never lets two scenarios meet in a lab, also where a stray exception ends a test early", async () => {
    let inside = 0;
    let most = 0;
    let stray = true;
    const stageOf = async () => {
      most = Math.max(most, ++inside);
      const one = stage();
      const settle = async () => {};
      const begin = () => {};
      if (stray) {
        stray = false;
        setImmediate(() => process.emit("uncaughtException", new Error("stray")));
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
      inside--;
      return { ...one, lab: { ...one.lab, settle, begin } } as Stage;
    };
    const listeners = process.rawListeners("uncaughtException") as NodeJS.UncaughtExceptionListener[];
    process.removeAllListeners("uncaughtException");
    try {
      const { failures, judged } = await run([scenario(), scenario({ title: "Another" })], { stageOf });
      expect(failures[0]).to.equal("A request GEN-TTL-01: stray");
      expect(judged).to.have.length(2);
      expect(most).to.equal(1);
    } finally {
      for (const listener of listeners) process.on("uncaughtException", listener);
    }
  });

  it("runs the tests whose scenario or rule the expression matches", async () => {
    const stageOf = async () => stage({ broken: true });
    expect((await run([scenario()], { grep: /DR-REQ-02$/, stageOf })).failures).to.deep.equal([]);
    expect((await run([scenario()], { grep: /^A request$/, stageOf })).failures).to.not.deep.equal([]);
  });

  it("repeats", async () => {
    const { judged } = await run([scenario(), scenario({ title: "Another" })], { repeat: 2 });
    expect(judged.map((one) => [one.scenario.title, one.repetition])).to.deep.equal([
      ["A request", 1],
      ["Another", 1],
      ["A request", 2],
      ["Another", 2],
    ]);
  });
});
