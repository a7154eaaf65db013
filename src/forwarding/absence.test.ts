import { expect } from "chai";
import { ruleById } from "./catalogue.js";
import type { Coverage } from "./coverage.js";
import type { Evidence } from "./evidence.js";
import { followJourneys } from "./journey.js";
import { judge } from "./judge.js";
import type { Rule } from "./rule.js";
import { PaperLab } from "./testing/paper-lab.js";

/** As captures of some taps have it, from their first frame to the last of all. */
function captured(lab: PaperLab, taps: readonly string[]): Evidence {
  const { setup } = lab;
  const all = lab.evidence().frames;
  const frames = all.filter(({ tap }) => taps.includes(tap)).map((frame) => ({ ...frame, checksumReady: undefined }));
  const [from, to] = [all[0]?.time ?? 0n, all.at(-1)?.time ?? 0n];
  const coverage: Coverage = new Map(taps.map((tap) => [tap, [{ from, to }]]));
  return { setup, frames, journeys: followJourneys(frames, setup, true), settled: false, coverage };
}

function statusOf(evidence: Evidence, id: string) {
  return judge(evidence, [ruleById(id) as Rule]).map(({ status, suspect, reason }) => {
    return [status, suspect, reason].filter((part) => part !== undefined).join(": ");
  });
}

const SYN = { "ip.src": "172.16.0.100", "ip.dst": "10.0.0.10", "tcp.srcport": 40001, "tcp.dstport": 80 } as const;
const OPEN = "not-exercised: nothing that was captured later at the same place shows what became of it";

describe("what captures do not show", () => {
  it("is no failure where one packet alone is missing", () => {
    const lab = new PaperLab("dr");
    lab.toDirector({ ...SYN, "tcp.seq_raw": 1000 });
    lab.wait(20);
    lab.request({ port: 40002 });
    expect(statusOf(captured(lab, ["director"]), "GEN-SVC-01")).to.deep.equal(["pass"]);
  });

  it("is a failure where the client asks again and is not heard again", () => {
    const lab = new PaperLab("dr");
    lab.request({ port: 40002 });
    for (let i = 0; i < 3; i++) {
      lab.toDirector({ ...SYN, "tcp.seq_raw": 1000, "ip.id": i + 1 });
      lab.wait(1000);
    }
    lab.request({ port: 40003 });
    expect(statusOf(captured(lab, ["director"]), "GEN-SVC-01")).to.deep.equal(["fail: director"]);
  });

  it("is no failure where the same packet got through the second time", () => {
    const lab = new PaperLab("dr");
    lab.toDirector({ ...SYN, "tcp.seq_raw": 1000, "ip.id": 1 });
    lab.wait(1000);
    lab.request({ port: 40001, spec: { "tcp.seq_raw": 1000, "ip.id": 2 } });
    lab.wait(1000);
    lab.request({ port: 40003 });
    expect(statusOf(captured(lab, ["director"]), "GEN-SVC-01")).to.deep.equal(["pass"]);
  });

  it("is no pass of what must not happen until something later came the same way", () => {
    const lab = new PaperLab("dr");
    lab.toDirector({ ...SYN, "ip.ttl": 1 });
    expect(statusOf(captured(lab, ["director"]), "GEN-TTL-02")).to.deep.equal([OPEN]);
    lab.wait(20);
    lab.request({ port: 40002 });
    lab.wait(20);
    lab.request({ port: 40003 });
    expect(statusOf(captured(lab, ["director"]), "GEN-TTL-02")).to.deep.equal(["pass"]);
  });

  it("is nothing that a host without a capture is judged by", () => {
    const lab = new PaperLab("dr", { answers: "echo" });
    lab.request();
    lab.answer();
    lab.wait(20);
    lab.request({ port: 40002 });
    expect(statusOf(captured(lab, ["director"]), "DR-RS-01")).to.deep.equal([
      "not-exercised: there is no capture of rs1 and rs2, where this shows",
    ]);
    expect(statusOf(captured(lab, ["director", "rs1", "rs2"]), "DR-RS-01")).to.deep.equal(["pass"]);
  });
});
