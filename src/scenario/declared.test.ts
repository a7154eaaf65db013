import { expect } from "chai";
import type { Finding } from "../forwarding/rule.js";
import { asDeclared, assertionAsDeclared } from "./declared.js";
import type { Scenario } from "./scenario.js";

describe("a finding about a rule that the director's file declares", () => {
  const broken: Finding = {
    rule: "GEN-TTL-01",
    status: "fail",
    suspect: "director",
    frames: [{ tap: "director", number: 2 }],
    observed: "61",
    count: 1,
    causes: [{ id: "bridge", text: "It is a bridge." }],
  };
  const director = { deviations: { "GEN-TTL-01": "it is a bridge" } };

  it("is declared where the director breaks it: what was seen stays, guesses go", () => {
    expect(asDeclared(broken, director)).to.deep.equal({
      ...broken,
      status: "declared",
      reason: "it is a bridge",
      causes: [],
    });
    const { suspect: _, ...unnamed } = broken;
    expect(asDeclared(unnamed, director).status).to.equal("declared");
  });

  it("stays what it is where somebody else breaks it, and where nothing is broken", () => {
    const rs1 = { ...broken, suspect: "rs1" };
    expect(asDeclared(rs1, director)).to.equal(rs1);
    for (const status of ["pass", "inconclusive", "not-exercised"] as const) {
      const finding = { ...broken, status };
      expect(asDeclared(finding, director)).to.equal(finding);
    }
  });

  it("stays what it is where another rule is declared, and under a name that every object has", () => {
    expect(asDeclared({ ...broken, rule: "GEN-TTL-02" }, director).status).to.equal("fail");
    expect(asDeclared({ ...broken, rule: "constructor" }, director).status).to.equal("fail");
  });
});

describe("an assertion of a scenario's author", () => {
  const failed: Finding = { rule: "expect@12", status: "fail", frames: [], count: 1, causes: [] };
  const director = { deviations: { "GEN-TTL-02": "it keeps silent" } };
  const covering = (...covers: string[]) => ({ covers }) as unknown as Scenario;

  it("is declared where the director declares a rule that the scenario covers", () => {
    const declared = assertionAsDeclared(failed, covering("GEN-TTL-01", "GEN-TTL-02"), director);
    expect(declared).to.deep.equal({ ...failed, status: "declared", reason: "GEN-TTL-02: it keeps silent" });
  });

  it("stays what it is in any other scenario, and where it holds", () => {
    expect(assertionAsDeclared(failed, covering("GEN-TTL-01"), director)).to.equal(failed);
    const held: Finding = { ...failed, status: "pass" };
    expect(assertionAsDeclared(held, covering("GEN-TTL-02"), director)).to.equal(held);
  });
});
