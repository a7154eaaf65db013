import { expect, use } from "chai";
import { PaperLab } from "../forwarding/testing/paper-lab.js";
import { obeying, rememberOrigin } from "./obey.js";

use(obeying);

describe("expect(…).to.obey", () => {
  function evidence(ttl: number, deviations: Record<string, string> = {}) {
    const lab = new PaperLab("dr");
    lab.request({ port: 40001 });
    lab.request({ port: 40002, server: "rs2", out: { "ip.src": ttl === 0 ? "10.0.0.1" : "172.16.0.100" } });
    const all = lab.evidence();
    rememberOrigin(all, { name: "lb", models: ["dr"], deviations, lacks: {} });
    return all;
  }
  const sound = () => evidence(1);
  const broken = () => evidence(0);
  const message = (assertion: () => unknown) => {
    try {
      assertion();
    } catch (error) {
      return (error as Error).message;
    }
    return "it held";
  };

  it("passes where the rule was exercised and holds", () => {
    expect(sound()).to.obey("DR-REQ-01");
  });

  it("fails with expected, observed and frame where the rule is broken", () => {
    expect(message(() => expect(broken()).to.obey("DR-REQ-01"))).to.match(
      /^DR-REQ-01: fail: .*expected .*, observed .* \(.*director #\d+.*\)/,
    );
  });

  it("passes where the rule is broken by a director that declares it, in all and in one journey", () => {
    const all = evidence(0, { "DR-REQ-01": "full NAT" });
    expect(all).to.obey("DR-REQ-01");
    for (const journey of all.journeys) expect(message(() => expect(journey).to.obey("DR-REQ-01"))).to.equal("it held");
    expect(message(() => expect(all).to.obey("DR-ARP-02"))).to.match(/^DR-ARP-02: not exercised/);
  });

  it("fails where nothing exercised the rule, and says what was looked for", () => {
    expect(message(() => expect(sound()).to.obey("DR-ARP-02"))).to.match(/^DR-ARP-02: not exercised: \S/);
  });

  it("can be turned round", () => {
    expect(broken()).to.not.obey("DR-REQ-01");
    expect(message(() => expect(sound()).to.not.obey("DR-REQ-01"))).to.match(/^DR-REQ-01 was expected not to hold/);
  });

  it("judges one journey by what rests on its own frames", () => {
    const all = broken();
    const byPort = (port: number) => {
      const journey = all.journeys.find(({ sightings }) => sightings[0]?.packet.tcp?.srcPort === port);
      if (!journey) throw new Error(`no journey of ${port}`);
      return journey;
    };
    expect(byPort(40001)).to.obey("DR-REQ-02");
    expect(message(() => expect(byPort(40001)).to.obey("DR-ARP-02"))).to.equal("DR-ARP-02: not exercised");
  });

  it("refuses a rule that there is none of, and a journey from nowhere", () => {
    expect(message(() => expect(sound()).to.obey("DR-REQ-99"))).to.equal(
      "the catalogue has no rule DR-REQ-99; `hopcheck rules` lists them",
    );
    expect(message(() => expect({ sightings: [] }).to.obey("DR-REQ-01"))).to.equal(
      "this journey comes from no run of a scenario",
    );
  });
});
