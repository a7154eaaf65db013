import { expect } from "chai";
import { catalogue } from "./catalogue.js";
import { followJourneys } from "./journey.js";
import { judge } from "./judge.js";
import type { Finding } from "./rule.js";
import type { Model, Setup } from "./setup.js";
import { PaperLab } from "./testing/paper-lab.js";
import { clientError } from "./testing/traffic.js";

const NOBODY = "02:00:00:00:00:77";

/** The same frames where the setup does not know the MACs of some hosts. */
function judged(lab: PaperLab, unknown: readonly string[] = []): readonly Finding[] {
  const { setup: known, frames, ...rest } = lab.evidence();
  const hosts = known.hosts.map((host) => {
    return unknown.includes(host.name) ? { ...host, nics: host.nics.map((nic) => ({ ...nic, mac: "" })) } : host;
  });
  const setup: Setup = { ...known, hosts };
  return judge({ ...rest, frames, setup, journeys: followJourneys(frames, setup) }, catalogue);
}

function played(model: Model, play: (lab: PaperLab) => void): PaperLab {
  const lab = new PaperLab(model);
  play(lab);
  return lab;
}

function statusOf(findings: readonly Finding[], rule: string) {
  return findings.find((finding) => finding.rule === rule)?.status;
}

function failing(findings: readonly Finding[]): string[] {
  return [...new Set(findings.filter(({ status }) => status === "fail").map(({ rule }) => rule))];
}

describe("MACs that nobody knows the owner of", () => {
  it("DR-TOP-01: what is for nobody's MAC shows no real server on the segment", () => {
    const found = judged(played("dr", (lab) => lab.request({ out: { "eth.dst": NOBODY } })));
    expect(failing(found)).to.deep.equal(["DR-REQ-02"]);
    expect(statusOf(found, "DR-TOP-01")).to.equal("not-exercised");
  });

  for (const [model, ...rules] of [
    ["dr", "DR-REQ-02", "DR-TOP-01"],
    ["nat", "NAT-REQ-04"],
    ["tun", "TUN-ENC-10"],
  ] as const) {
    it(`${rules.join(", ")}: the real servers' are not known`, () => {
      const lab = played(model, (own) => own.request());
      const found = judged(lab, ["rs1", "rs2"]);
      expect(failing(found)).to.deep.equal([]);
      for (const rule of rules) {
        expect(statusOf(judged(lab), rule)).to.equal("pass");
        const finding = found.find((candidate) => candidate.rule === rule);
        expect(finding?.status, rule).to.equal("not-exercised");
        expect(finding?.reason).to.equal(
          "neither the setup nor the captures tell which MAC each host has that a frame may be for; name them in the setup",
        );
      }
    });
  }

  it("DR-REQ-02: one of several is not known", () => {
    const lab = played("dr", (own) => own.request({ server: "rs2" }));
    expect(failing(judged(lab, ["rs2"]))).to.deep.equal([]);
    expect(statusOf(judged(lab, ["rs1"]), "DR-REQ-02")).to.equal("pass");
  });

  it("DR-TOP-01: a router's is known, whoever else's is not", () => {
    const lab = played("dr", (own) => own.request({ out: { "eth.dst": own.mac("router", 1) } }));
    expect(failing(judged(lab, ["rs1", "rs2"]))).to.include("DR-TOP-01");
  });

  it("NAT-RSP-02: the client's router's is not known", () => {
    const lab = played("nat", (own) => {
      own.request();
      own.answer();
    });
    expect(statusOf(judged(lab), "NAT-RSP-02")).to.equal("pass");
    expect(failing(judged(lab, ["router"]))).to.deep.equal([]);
    expect(statusOf(judged(lab, ["router"]), "NAT-RSP-02")).to.equal("not-exercised");
  });

  it("DR-ICMP-01: whose flow an error is about cannot be seen", () => {
    const lab = played("dr", (own) => {
      own.request();
      clientError(own, 40001, "rs1");
    });
    expect(statusOf(judged(lab), "DR-ICMP-01")).to.equal("pass");
    expect(statusOf(judged(lab, ["rs1", "rs2"]), "DR-ICMP-01")).to.equal("not-exercised");
  });
});
