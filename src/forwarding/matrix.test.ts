import { expect } from "chai";
import { ruleById } from "./catalogue.js";
import { followJourneys } from "./journey.js";
import { judge } from "./judge.js";
import type { Rule } from "./rule.js";
import { PaperLab } from "./testing/paper-lab.js";

describe("the allowed-change matrix", () => {
  it("refuses an answer that goes to a real server, also where the director's gateway says so", () => {
    const lab = new PaperLab("nat");
    lab.request({ server: "rs1" });
    lab.answer({ server: "rs1", out: { "eth.dst": lab.mac("rs2") } });
    const { setup, frames, ...rest } = lab.evidence();
    const hosts = setup.hosts.map((host) => (host.role === "director" ? { ...host, gateway: lab.ip("rs2") } : host));
    const evidence = {
      ...rest,
      frames,
      setup: { ...setup, hosts },
      journeys: followJourneys(frames, { ...setup, hosts }),
    };
    const [finding] = judge(evidence, [ruleById("NAT-RSP-02") as Rule]);
    expect(finding).to.include({ status: "fail", suspect: "director", field: "eth.dst" });
    expect(finding?.causes[0]?.id).to.equal("wrong-route-to-client");
  });
});
