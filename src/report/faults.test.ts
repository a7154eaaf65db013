import { readFileSync } from "node:fs";
import { expect } from "chai";
import { type ProofResult, renderProof, renderScore, type Score, scoreText } from "./faults.js";
import score from "./score.json" with { type: "json" };

const PROOF: ProofResult = {
  rule: "DR-ARP-09",
  title: "real servers are asked for in the name of the VIP",
  in: "reference",
  caught: true,
  followed: [],
  complaints: [],
  cases: ["The director finds real servers in the name of its own address"],
};

const SCORE: Score = {
  tool: { name: "hopcheck", version: "0.0.0" },
  rules: 3,
  faults: 200,
  caught: 200,
  exact: 199,
  unproven: [],
  proofs: [PROOF],
};

describe("the score", () => {
  it("is a sentence, in which a hundred per cent are said of all and of nothing less", () => {
    expect(scoreText(SCORE)).to.equal(
      "of 200 deliberate faults, each of which breaks one rule, 200 were caught (100 %), 199 with the right suspect and cause and no other rule but those that must fall with it (99 %)",
    );
  });

  it("stands in the README as it was last measured", () => {
    const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
    expect(readme.replaceAll("\n", " ")).to.contain(`${scoreText(score)}.`);
  });
});

describe("the table of faults", () => {
  it("has a line for a fault that is caught", () => {
    expect(renderProof(PROOF)).to.deep.equal([
      "✓ DR-ARP-09    caught    reference: real servers are asked for in the name of the VIP",
    ]);
  });

  it("says below it what falls with it, and why", () => {
    const followed = [{ rule: "GEN-SVC-01", why: "nobody answers" }];
    expect(renderProof({ ...PROOF, followed })[1]).to.equal("    with it GEN-SVC-01: nobody answers");
  });

  it("says what is wrong with the suite", () => {
    const lines = renderProof({ ...PROOF, caught: false, complaints: ["DR-ARP-09 holds all the same"] });
    expect(lines).to.deep.equal([
      "✗ DR-ARP-09    survives  reference: real servers are asked for in the name of the VIP",
      "    DR-ARP-09 holds all the same",
    ]);
  });

  it("ends with the score, which is a hundred for all and for nothing less", () => {
    expect(renderScore(SCORE, 61.26)).to.deep.equal([
      "",
      "faults  200 · caught 200 (100 %) · blamed exactly 199 (99 %)",
      "rules   3 · without a fault 0",
      "not proven · 61.3 s",
    ]);
    expect(renderScore({ ...SCORE, exact: 200 }, 1)[3]).to.equal("proven · 1.0 s");
    expect(renderScore({ ...SCORE, exact: 200, unproven: ["HA-GARP-01"] }, 1).slice(2)).to.deep.equal([
      "rules   3 · without a fault 1: HA-GARP-01",
      "not proven · 1.0 s",
    ]);
  });
});
