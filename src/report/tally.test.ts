import { expect } from "chai";
import type { Status } from "../forwarding/rule.js";
import { finding } from "./example-finding.js";
import { bySeverity, tallyRules, tallyScenarios } from "./tally.js";

const scenario = (...found: [rule: string, status: Status, covered?: boolean][]) => ({
  findings: found.map(([rule, status, covered = false]) => finding(rule, { status, covered })),
});

describe("tallyRules", () => {
  it("does not count what a scenario's author asserts", () => {
    const tally = tallyRules([
      scenario(["A", "pass"], ["expect@12", "pass"], ["the script's own expectations", "fail"]),
    ]);
    expect([tally.pass, tally.fail]).to.deep.equal([1, 0]);
  });

  it("counts a rule once, with the worst that was found", () => {
    const tally = tallyRules([
      scenario(["A", "pass"], ["B", "pass"]),
      scenario(["A", "fail"], ["A", "pass"], ["B", "inconclusive"]),
    ]);
    expect(tally).to.include({ fail: 1, inconclusive: 1, pass: 0 });
  });

  it("counts a rule as passed where one scenario exercised it and another did not", () => {
    expect(tallyRules([scenario(["A", "not-exercised"]), scenario(["A", "pass"])])).to.include({
      pass: 1,
      "not-exercised": 0,
    });
  });

  it("does not hide a broken promise behind a pass elsewhere", () => {
    const tally = tallyRules([scenario(["A", "pass"]), scenario(["A", "not-exercised", true])]);
    expect(tally).to.include({ pass: 0, "not-exercised": 1 });
  });
});

describe("tallyScenarios", () => {
  it("counts by verdict", () => {
    expect(tallyScenarios([{ verdict: "pass" }, { verdict: "fail" }, { verdict: "pass" }])).to.deep.equal({
      pass: 2,
      fail: 1,
      inconclusive: 0,
      "not-supported": 0,
    });
  });
});

describe("bySeverity", () => {
  it("puts what decides the verdict first and keeps the order of equals", () => {
    const { findings } = scenario(
      ["A", "pass"],
      ["B", "not-exercised"],
      ["C", "inconclusive"],
      ["D", "not-exercised", true],
      ["E", "fail"],
      ["F", "fail"],
      ["G", "declared"],
    );
    expect(bySeverity(findings).map(({ rule }) => rule)).to.deep.equal(["E", "F", "D", "C", "G", "A", "B"]);
  });
});
