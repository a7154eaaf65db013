import { expect } from "chai";
import type { Finding } from "../../forwarding/rule.js";
import type { Fault } from "./fault.js";
import { proofOf, type Trial } from "./proof.js";

const FAULT: Fault = {
  in: "director",
  rule: "GEN-TTL-01",
  title: "the TTL is left as it is",
  suspect: "director",
  cause: "director-implementation",
  steps: {},
};

function failure(rule: string, more: Partial<Finding> = {}): Finding {
  return {
    rule,
    status: "fail",
    suspect: "director",
    field: "ip.ttl",
    frames: [],
    expected: "60",
    observed: "61",
    count: 1,
    causes: [{ id: "director-implementation", text: "…" }],
    ...more,
  };
}

function trial(failures: readonly Finding[], more: Partial<Trial> = {}): Trial {
  return { scenario: { title: "TTL", file: "/cases/nat/ttl.yaml" }, failures, ...more };
}

function complaints(trials: readonly Trial[], fault: Fault = FAULT): readonly string[] {
  return proofOf(fault, trials).complaints;
}

describe("the proof of a fault", () => {
  it("is exact where its rule falls, alone, with the right suspect and the right first cause", () => {
    const proof = proofOf(FAULT, [trial([]), trial([failure("GEN-TTL-01"), failure("GEN-TTL-01")])]);
    expect(proof).to.deep.include({ caught: true, complaints: [], followed: [], cases: ["TTL", "TTL"] });
  });

  it("complains of a fault that survives, and of what kept its cases from their end", () => {
    const proof = proofOf(FAULT, [trial([], { problem: "line 4, `connect`: no echo" })]);
    expect(proof.caught).to.equal(false);
    expect(proof.complaints).to.deep.equal([
      "GEN-TTL-01 holds all the same",
      "nat/ttl.yaml: line 4, `connect`: no echo",
    ]);
  });

  it("says nothing of a case that broke off where the fault is caught", () => {
    expect(complaints([trial([failure("GEN-TTL-01")], { problem: "no echo" })])).to.deep.equal([]);
  });

  it("complains where no case exercises the rule, and of a case that cannot be run", () => {
    expect(complaints([])).to.deep.equal(["no case exercises the rule"]);
    const untried = trial([], { untried: "Error: no such scheduler" });
    expect(complaints([untried, trial([failure("GEN-TTL-01")])])).to.deep.equal([
      "nat/ttl.yaml cannot be run: Error: no such scheduler",
    ]);
  });

  it("complains of every other rule that falls, once, and says where", () => {
    const stranger = failure("NAT-REQ-05");
    expect(complaints([trial([failure("GEN-TTL-01"), stranger]), trial([stranger])])).to.deep.equal([
      "NAT-REQ-05 falls, and the fault does not say so: nat/ttl.yaml: ip.ttl: 60 / 61",
    ]);
  });

  it("allows the rules that fall with it, and demands them", () => {
    const fault = { ...FAULT, also: { "NAT-REQ-05": "it is the same field" } };
    const both = trial([failure("GEN-TTL-01"), failure("NAT-REQ-05")]);
    expect(proofOf(fault, [both])).to.deep.include({ complaints: [], followed: ["NAT-REQ-05"] });
    expect(complaints([trial([failure("GEN-TTL-01")])], fault)).to.deep.equal([
      "NAT-REQ-05 should fall as well, and holds",
    ]);
  });

  it("complains of each wrong suspect and of each wrong first cause", () => {
    const causes = [{ id: "packet-filter", text: "…" }];
    const wrong = [failure("GEN-TTL-01", { suspect: "rs1" }), failure("GEN-TTL-01", { causes })];
    expect(complaints([trial([...wrong, failure("GEN-TTL-01", { causes: [] })])])).to.deep.equal([
      "it suspects rs1 and not director",
      "the first cause is packet-filter and not director-implementation",
      "the first cause is none and not director-implementation",
    ]);
  });

  it("asks no suspect and no cause of a guard, for which a naive checker is wrong", () => {
    const checker: Fault = { in: "checker", rule: "NAT-TOP-03", title: "a naive checker" };
    expect(complaints([trial([failure("NAT-TOP-03", { causes: [] })])], checker)).to.deep.equal([]);
  });
});
