import { expect } from "chai";
import { PaperLab } from "../forwarding/testing/paper-lab.js";
import { judgeAssertions } from "./judgement.js";
import type { Assertion, Scenario } from "./scenario.js";

describe("judgeAssertions", () => {
  const position = { file: "case.yaml", line: 7, column: 5 };

  function judged(
    kind: "expect" | "absent",
    assertion: Partial<Assertion>,
    { settled = true }: { settled?: boolean } = {},
  ) {
    const lab = new PaperLab("dr");
    lab.settled = settled;
    lab.request({ port: 40001 });
    lab.request({ port: 40002, server: "rs2" });
    const full = { at: "director", direction: "out" as const, fields: { "tcp.dstport": "80" }, position, ...assertion };
    const scenario: Scenario = {
      file: "case.yaml",
      title: "some",
      setup: lab.setup,
      covers: [],
      coversAt: new Map(),
      position,
      steps: [],
      expect: kind === "expect" ? [full] : [],
      absent: kind === "absent" ? [full] : [],
    };
    const [finding, ...more] = judgeAssertions(scenario, lab.evidence());
    expect(more).to.deep.equal([]);
    return finding;
  }

  it("names itself by kind and line, and the frames that it found", () => {
    const finding = judged("expect", {});
    expect(finding?.rule).to.equal("expect@7");
    expect(finding?.status).to.equal("pass");
    expect(finding?.frames.map(({ tap }) => tap)).to.deep.equal(["director", "director"]);
  });

  it("holds where a frame was expected and came, and only at that tap, in that direction, with those fields", () => {
    expect(judged("expect", {})?.status).to.equal("pass");
    expect(judged("expect", { at: "client", direction: "in" })?.status).to.equal("fail");
    expect(judged("expect", { at: "rs1" })?.status).to.equal("fail");
    expect(judged("expect", { fields: { "tcp.dstport": "80", "tcp.srcport": "40003" } })?.status).to.equal("fail");
  });

  it("counts exactly", () => {
    expect(judged("expect", { count: 2 })?.status).to.equal("pass");
    for (const count of [1, 3]) {
      const finding = judged("expect", { count });
      expect(finding?.status).to.equal("fail");
      expect(finding?.expected).to.equal(`${count === 1 ? "1 frame" : "3 frames"} at director out: tcp.dstport=80`);
      expect(finding?.observed).to.equal("2 frames");
    }
  });

  it("knows the names of the setup", () => {
    expect(judged("expect", { fields: { "eth.dst": "rs2" }, count: 1 })?.status).to.equal("pass");
    expect(judged("expect", { fields: { "ip.dst": "vip" }, count: 2 })?.status).to.equal("pass");
  });

  it("fails where a frame was not to be there, and says how many were", () => {
    const finding = judged("absent", {});
    expect(finding?.rule).to.equal("absent@7");
    expect(finding?.status).to.equal("fail");
    expect(finding?.expected).to.equal("no frame at director out: tcp.dstport=80");
    expect(finding?.observed).to.equal("2 frames");
    expect(judged("absent", { fields: { "tcp.dstport": "81" } })?.status).to.equal("pass");
  });

  it("names itself by column as well where several stand on one line", () => {
    const lab = new PaperLab("dr");
    const at = (line: number, column: number): Assertion => ({
      at: "rs1",
      direction: "in",
      fields: { "ip.ttl": "1" },
      position: { file: "case.yaml", line, column },
    });
    const scenario = { setup: lab.setup, expect: [at(7, 5), at(7, 40), at(8, 5)], absent: [at(7, 80)] };
    const findings = judgeAssertions(scenario as unknown as Scenario, lab.evidence());
    expect(findings.map(({ rule }) => rule)).to.deep.equal(["expect@7:5", "expect@7:40", "expect@8", "absent@7"]);
  });

  describe("of a script", () => {
    const lab = new PaperLab("dr");
    const scenario = { setup: lab.setup, expect: [], absent: [], script: async () => {} } as unknown as Scenario;
    const finding = (ran: Parameters<typeof judgeAssertions>[2]) => judgeAssertions(scenario, lab.evidence(), ran)[0];

    it("hold where it ran to its end", () => {
      expect(finding({})?.status).to.equal("pass");
    });

    it("fail with the one that failed", () => {
      expect(finding({ expectation: "1 is not 2" })).to.deep.include({ status: "fail", observed: "1 is not 2" });
    });

    it("are open where it broke off", () => {
      expect(finding({ problem: "boom" })).to.deep.include({ status: "inconclusive", observed: "boom" });
    });
  });

  it("leaves open, in a record that was not settled, what more frames could still change", () => {
    const unsettled = { settled: false };
    expect(judged("absent", { fields: { "tcp.dstport": "81" } }, unsettled)?.status).to.equal("inconclusive");
    expect(judged("expect", { count: 2 }, unsettled)?.status).to.equal("inconclusive");
    expect(judged("absent", {}, unsettled)?.status).to.equal("fail");
    expect(judged("expect", {}, unsettled)?.status).to.equal("pass");
  });
});
