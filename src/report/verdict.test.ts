import { expect } from "chai";
import type { Status } from "../forwarding/rule.js";
import { finding } from "./example-finding.js";
import type { Verdict } from "./result.js";
import { exitStatus, runVerdict, scenarioVerdict } from "./verdict.js";

const of = (status: Status, covered = false, count = 1) => finding("GEN-TTL-01", { status, covered, count });

describe("scenarioVerdict", () => {
  const pass = of("pass");
  const cases: [what: string, verdict: Verdict, findings: ReturnType<typeof of>[], problem?: string][] = [
    ["one rule that holds", "pass", [pass]],
    ["a violation beside many that hold", "fail", [pass, pass, of("fail"), pass]],
    ["a violation and an open question", "fail", [of("inconclusive"), of("fail")]],
    ["a violation and a problem", "fail", [of("fail")], "frames lost"],
    ["a covered rule that nothing exercised", "fail", [pass, of("not-exercised", true, 0)]],
    [
      "a covered rule that nothing exercised, and a problem",
      "inconclusive",
      [of("not-exercised", true, 0)],
      "frames lost",
    ],
    ["a covered rule that passed no time at all", "fail", [pass, of("pass", true, 0)]],
    ["a rule that nothing exercised and nobody covered", "pass", [pass, of("not-exercised", false, 0)]],
    ["an open question", "inconclusive", [pass, of("inconclusive")]],
    ["a problem, though every rule holds", "inconclusive", [pass], "the lab did not settle"],
    ["a problem before anything was exercised", "inconclusive", [], "the lab did not settle"],
    ["a problem without words", "inconclusive", [pass], ""],
    ["declared deviations beside a rule that holds", "pass", [pass, of("declared"), of("not-supported", true, 0)]],
    ["no finding", "fail", []],
    ["nothing but what was not exercised", "fail", [of("not-exercised", false, 0)]],
    ["nothing but declared deviations", "fail", [of("declared"), of("not-supported")]],
    ["nothing but a pass of zero times", "fail", [of("pass", false, 0)]],
  ];
  for (const [what, verdict, findings, problem] of cases) {
    it(`is ${verdict} for ${what}`, () => {
      expect(scenarioVerdict(findings, problem)).to.equal(verdict);
    });
  }
});

describe("runVerdict", () => {
  const run = (...verdicts: Verdict[]) => runVerdict(verdicts.map((verdict) => ({ verdict })));

  it("is the worst of the scenarios", () => {
    expect(run("pass", "pass")).to.equal("pass");
    expect(run("pass", "inconclusive", "pass")).to.equal("inconclusive");
    expect(run("inconclusive", "fail", "pass")).to.equal("fail");
  });

  it("takes no account of what the director does not support", () => {
    expect(run("not-supported", "pass")).to.equal("pass");
    expect(run("pass", "not-supported", "inconclusive")).to.equal("inconclusive");
  });

  it("fails where no scenario was run", () => {
    expect(run()).to.equal("fail");
    expect(run("not-supported", "not-supported")).to.equal("fail");
  });
});

describe("exitStatus", () => {
  it("is 0 only where all rules hold", () => {
    expect(exitStatus("pass")).to.equal(0);
    expect(exitStatus("fail")).to.equal(1);
    expect(exitStatus("inconclusive")).to.equal(1);
  });
});
