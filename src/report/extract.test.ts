import { expect } from "chai";
import { catalogue } from "../forwarding/catalogue.js";
import { judge } from "../forwarding/judge.js";
import { PaperLab, VIP } from "../forwarding/testing/paper-lab.js";
import { commentsOf, extractsOf } from "./extract.js";

describe("extractsOf", () => {
  function broken() {
    const lab = new PaperLab("dr");
    lab.request({ port: 40001 });
    lab.answer({ port: 40001 });
    lab.request({ port: 40002, server: "rs2", out: { "ip.id": 0x777 } });
    lab.answer({ port: 40002, server: "rs2", spec: { "tcp.dstport": 40002 } });
    lab.ask("rs1", VIP);
    const evidence = lab.evidence();
    return { evidence, findings: judge(evidence, catalogue) };
  }

  it("has one extract for each finding that something is wrong with, and none for what holds", () => {
    const { evidence, findings } = broken();
    const wrong = findings.filter(({ status }) => status === "fail").map(({ rule }) => rule);
    expect(wrong).to.include.members(["DR-REQ-03", "DR-ARP-02"]);
    expect(extractsOf(evidence, findings).map(({ finding }) => finding.rule)).to.deep.equal(wrong);
    expect(extractsOf(evidence, judge(new PaperLab("dr").evidence(), catalogue))).to.deep.equal([]);
  });

  it("holds the whole way of the packet, with a comment on every frame, and shows where the rule is broken", () => {
    const { evidence, findings } = broken();
    const extract = extractsOf(evidence, findings).find(({ name }) => name === "DR-REQ-03");
    const taps = extract?.frames.map(({ tap, direction }) => `${tap} ${direction}`);
    expect(taps).to.deep.equal([
      "client out",
      "router/eth0 in",
      "router/eth1 out",
      "director in",
      "director out",
      "rs2 in",
    ]);
    expect([...(extract?.comments.keys() ?? [])]).to.have.members(extract?.frames ?? []);
    const shown = extract?.frames[extract.shownAt - 1];
    expect(shown).to.include({ tap: "director", direction: "out" });
    expect(shown && extract?.comments.get(shown)).to.equal(
      "DR-REQ-03 failed\nfield: ip.id\nexpected: 0x1234\nobserved: 0x0777\nsuspect: director\n" +
        "likely cause: The director's forwarding code changes or loses what it must not.\nout at director, frame 4",
    );
    const [first] = extract?.frames ?? [];
    expect(first && extract?.comments.get(first)).to.equal(
      "DR-REQ-03: the same packet at another hop\nout at client, frame 3",
    );
  });

  it("numbers the findings of one rule, and makes a file's name of whatever a scenario calls an assertion", () => {
    const { evidence, findings } = broken();
    const finding = findings.find(({ rule }) => rule === "DR-REQ-03");
    if (finding === undefined) throw new Error("no finding");
    const asserted = { ...finding, rule: "expect@12:5" };
    const names = extractsOf(evidence, [finding, finding, asserted]).map(({ name }) => name);
    expect(names).to.deep.equal(["DR-REQ-03", "DR-REQ-03-2", "expect-12-5"]);
  });

  it("shows what came from elsewhere instead of obeying it", () => {
    const { evidence, findings } = broken();
    const finding = findings.find(({ rule }) => rule === "DR-REQ-03");
    if (finding === undefined) throw new Error("no finding");
    const [extract] = extractsOf(evidence, [{ ...finding, observed: `\u001b[31m${"x".repeat(5000)}\n` }]);
    const comments = [...(extract?.comments.values() ?? [])].join("\n");
    expect(comments).to.include("observed: ␛[31mxxx").and.include("…").and.not.include("\u001b");
    expect(comments.length).to.be.below(4000);
  });
});

describe("commentsOf", () => {
  it("says of each frame judged what is wrong with it, and which rules it keeps", () => {
    const lab = new PaperLab("dr");
    lab.request({ port: 40002, server: "rs2", out: { "ip.id": 0x777 } });
    const { frames, ...evidence } = lab.evidence();
    const findings = judge({ frames, ...evidence }, catalogue);
    const comments = commentsOf(frames, findings);
    const sent = frames.find(({ tap, direction }) => tap === "director" && direction === "out");
    const comment = (sent && comments.get(sent)) ?? "";
    expect(comment).to.match(/^DR-REQ-03 failed\nfield: ip\.id\nexpected: /);
    expect(comment).to.match(/\n\npassed: GEN-SVC-01, .*DR-REQ-01/);
    const cited = new Set(findings.flatMap((finding) => finding.frames.map(({ tap, number }) => `${tap} ${number}`)));
    expect(comments.size).to.equal(frames.filter(({ tap, number }) => cited.has(`${tap} ${number}`)).length);
  });
});
