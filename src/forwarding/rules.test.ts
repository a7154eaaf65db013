import { expect } from "chai";
import { catalogue } from "./catalogue.js";
import type { Evidence } from "./evidence.js";
import { judge } from "./judge.js";
import type { Finding, Status } from "./rule.js";
import type { Model } from "./setup.js";
import { mutants } from "./testing/mutants.js";
import { PaperLab } from "./testing/paper-lab.js";
import { exchange } from "./testing/traffic.js";

const MODELS: readonly Model[] = ["nat", "dr", "tun"];

/** Rules that need a network of their own on paper: see rules/topology.test.ts. */
const ELSEWHERE = ["NAT-TOP-03", "DR-REQ-07", "DR-RSP-05", "DR-TOP-01", "TUN-NET-01"];

function withStatus(findings: readonly Finding[], ...statuses: readonly Status[]): string[] {
  return [...new Set(findings.filter(({ status }) => statuses.includes(status)).map(({ rule }) => rule))];
}

function text(findings: readonly Finding[]): string {
  return findings
    .filter(({ status }) => status === "fail" || status === "inconclusive")
    .map(
      ({ rule, status, tap, field, expected, observed }) =>
        `${rule} ${status} ${tap} ${field}: ${expected} / ${observed}`,
    )
    .join("\n");
}

describe("the catalogue", () => {
  it("has every rule once", () => {
    const ids = catalogue.map(({ id }) => id);
    expect(new Set(ids).size).to.equal(ids.length);
  });

  for (const model of MODELS) {
    const findings = (evidence: Evidence) => judge(evidence, catalogue);

    it(`${model}: passes every rule on good evidence`, () => {
      const found = exchange(model).flatMap((lab) => findings(lab.evidence()));
      expect(withStatus(found, "fail", "inconclusive"), text(found)).to.deep.equal([]);
      const missing = catalogue
        .filter(
          ({ id, models, profile }) =>
            profile === "core" &&
            !ELSEWHERE.includes(id) &&
            models.includes(model) &&
            !withStatus(found, "pass").includes(id),
        )
        .map(({ id }) => id);
      expect(missing).to.deep.equal([]);
    });

    it(`${model}: exercises no rule without traffic`, () => {
      expect(withStatus(findings(new PaperLab(model).evidence()), "pass", "fail", "inconclusive")).to.deep.equal([]);
    });

    it(`${model}: proves no absence where the evidence is not settled`, () => {
      const found = exchange(model).flatMap((lab) => {
        lab.settled = false;
        return findings(lab.evidence());
      });
      expect(withStatus(found, "fail"), text(found)).to.deep.equal([]);
    });
  }
});

describe("mutants", () => {
  for (const { rule, also = [], name, evidence } of mutants) {
    it(`${rule}: ${name}`, () => {
      const found = judge(evidence(), catalogue);
      expect(withStatus(found, "fail").sort(), text(found)).to.deep.equal([rule, ...also].sort());
      for (const failure of found.filter(({ status }) => status === "fail")) {
        expect(failure).to.include.keys("suspect", "tap", "expected", "observed");
        expect(failure.frames).to.not.be.empty;
        expect(failure.causes, `causes of ${failure.rule}`).to.not.be.empty;
      }
    });
  }

  it("there is one for every core rule", () => {
    const covered = new Set(mutants.map(({ rule }) => rule));
    const core = catalogue.filter(({ id, profile }) => profile === "core" && !ELSEWHERE.includes(id));
    expect(core.map(({ id }) => id).filter((id) => !covered.has(id))).to.deep.equal([]);
  });
});
