import { expect } from "chai";
import { PaperLab } from "../../forwarding/testing/paper-lab.js";
import { type FromCapture, scenarioFrom } from "./scenario.js";

describe("scenarioFrom", () => {
  function from(lab: PaperLab): FromCapture {
    const found = scenarioFrom("a bug", lab.evidence(), [], false);
    if (typeof found === "string") throw new Error(found);
    return found;
  }

  it("gives each connection a name, and sends its packets in the order of their times", () => {
    const lab = new PaperLab("dr");
    lab.request({ port: 40001 });
    lab.request({ port: 40002, spec: { "udp.dstport": 53, payload: "question" } });
    lab.answer({ port: 40001 });
    const { scenario, told } = from(lab);
    expect(told).to.deep.equal([]);
    const kinds = scenario.steps.flatMap((step) =>
      Object.entries(step).map(([kind, { flow, to }]) => [kind, flow, to]),
    );
    expect(kinds).to.deep.equal([
      ["send", "f1", "10.0.0.10:80/tcp"],
      ["send", "f2", "10.0.0.10:53/udp"],
      ["answer", "f1", undefined],
    ]);
    expect(scenario.steps[1]?.send).to.include({ payload: "question", "ip.id": "0x1234", "ip.dsfield": "0x2e" });
  });

  it("leaves out connections that were under way, and says how many", () => {
    const lab = new PaperLab("dr");
    lab.request({ port: 40001 });
    lab.request({ port: 40002, spec: { "tcp.flags": "A" } });
    expect(from(lab).told).to.deep.equal(["Left out: connections that were under way when the captures began (1)."]);
    expect(from(lab).scenario.steps).to.have.length(1);
  });

  it("builds a network in which all hosts reach each other, whatever the setup leaves out", () => {
    const lab = new PaperLab("tun", { routed: true });
    lab.request();
    const { setup, ...rest } = lab.evidence();
    const hosts = setup.hosts.filter(({ role }) => role !== "router" && role !== "client");
    const found = scenarioFrom("a bug", { ...rest, setup: { ...setup, hosts } }, [], false);
    expect(typeof found === "object" && found.scenario.setup).to.deep.include({
      director: { interfaces: [{ ip: "10.0.0.1/24" }] },
      router: { interfaces: [{ ip: "172.16.0.254/24" }, { ip: "10.9.0.254/24" }, { ip: "10.0.0.254/24" }] },
      client: { ip: "172.16.0.100/24" },
    });
  });
});
