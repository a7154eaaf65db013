import { expect } from "chai";
import { catalogue } from "../../forwarding/catalogue.js";
import { judge } from "../../forwarding/judge.js";
import { CLIENT, PaperLab, VIP } from "../../forwarding/testing/paper-lab.js";
import { craft } from "../../packet/craft.js";
import type { RawStep } from "../raw.js";
import { type FromCapture, scenarioFrom } from "./scenario.js";

describe("scenarioFrom", () => {
  function from(lab: PaperLab, { judged = false, withFault = false } = {}): FromCapture {
    const evidence = lab.evidence();
    const found = scenarioFrom("a bug", evidence, judged ? judge(evidence, catalogue) : [], withFault);
    if (typeof found === "string") throw new Error(found);
    return found;
  }

  const kindsOf = (steps: readonly RawStep[]) => steps.flatMap((step) => Object.keys(step));
  const bodiesOf = (steps: readonly RawStep[], kind: string) => steps.flatMap((step) => step[kind] ?? []);

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

  it("says the TTL that a client had wherever it is not a crafted packet's own", () => {
    const lab = new PaperLab("dr");
    lab.request({ port: 40001, spec: { "ip.ttl": 63 } });
    lab.request({ port: 40002, spec: { "ip.ttl": 60 } });
    const ttls = bodiesOf(from(lab).scenario.steps, "send").map((body) => body["ip.ttl" as keyof typeof body]);
    expect(ttls).to.deep.equal([64, undefined]);
  });

  it("lets real servers behind tunnels answer as they did", () => {
    const lab = new PaperLab("tun");
    lab.request();
    lab.answer();
    expect(kindsOf(from(lab).scenario.steps)).to.deep.equal(["send", "answer"]);
  });

  it("leaves out connections that were under way, and says how many", () => {
    const lab = new PaperLab("dr");
    lab.request({ port: 40001 });
    lab.request({ port: 40002, spec: { "tcp.flags": "A" } });
    expect(from(lab).told).to.deep.equal(["Left out: connections that were under way when the captures began (1)."]);
    expect(from(lab).scenario.steps).to.have.length(1);
  });

  it("has nothing to send where no connection begins", () => {
    const lab = new PaperLab("dr");
    lab.request({ spec: { "tcp.flags": "A" } });
    expect(scenarioFrom("a bug", lab.evidence(), [], false)).to.equal(
      "The captures hold no connection of these services from its beginning, and a director takes none up in the middle.",
    );
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

  it("asks for the VIP as hosts were asked, each way once", () => {
    const lab = new PaperLab("dr");
    lab.request();
    lab.ask("director", VIP);
    lab.ask("director", VIP);
    lab.ask("rs1", VIP, { answer: false });
    lab.ask("rs1", VIP, { answer: false, unicast: true });
    lab.ask("rs1", VIP, { answer: false, sender: "0.0.0.0" });
    lab.ask("rs1", VIP, { answer: false, sender: "192.0.2.7" });
    lab.ask("rs1", "10.0.0.11");
    lab.ask("rs1", "10.0.0.77", { answer: false });
    expect(bodiesOf(from(lab).scenario.steps, "ask")).to.deep.equal([
      { "who-has": VIP, from: "router", of: "director" },
      { "who-has": VIP, from: "router", of: "rs1" },
      { "who-has": VIP, from: "router", of: "rs1", as: "unicast" },
      { "who-has": VIP, from: "router", of: "rs1", as: "probe" },
      { "who-has": VIP, from: "router", of: "rs1", as: "foreign" },
    ]);
  });

  it("lets the router ask in the stead of one that the setup leaves out", () => {
    const lab = new PaperLab("dr");
    lab.request();
    lab.ask("rs1", VIP, { answer: false });
    const { setup, ...rest } = lab.evidence();
    const hosts = setup.hosts.filter(({ role }) => role !== "router");
    const found = scenarioFrom("a bug", { ...rest, setup: { ...setup, hosts } }, [], false);
    expect(typeof found === "object" && bodiesOf(found.scenario.steps, "ask")).to.deep.equal([
      { "who-has": VIP, from: "router", of: "rs1" },
    ]);
  });

  it("makes a real server ask again that asked in the name of the VIP", () => {
    const lab = new PaperLab("dr");
    lab.request();
    lab.resolve("rs1", VIP, "10.0.0.254", lab.mac("rs1"));
    lab.answer();
    const { scenario, notes } = from(lab, { judged: true, withFault: true });
    expect(kindsOf(scenario.steps)).to.deep.equal(["weight", "send", "forget"]);
    expect(scenario.setup)
      .to.have.nested.property("hosts.rs1")
      .that.deep.equals({
        sysctl: { "net.ipv4.conf.all.arp_announce": 0 },
      });
    expect(notes.map(({ path }) => path.join("/"))).to.deep.equal(["setup/hosts/rs1/sysctl"]);
  });

  it("sends pings, and errors about answers from where they came", () => {
    const lab = new PaperLab("dr");
    const macs = { "eth.src": lab.mac("client"), "eth.dst": lab.mac("router") };
    const ping = { "icmp.type": 8, "icmp.code": 0, "icmp.ident": 7, "icmp.seq": 1, payload: "are you there?" };
    lab.record("client", "out", craft({ ...macs, "ip.src": CLIENT, "ip.dst": VIP, "ip.ttl": 64, ...ping }));
    lab.request();
    lab.answer();
    const ports = { "tcp.srcport": 80, "tcp.dstport": 40001, "tcp.flags": "SA" };
    const quoted = craft({ "ip.src": VIP, "ip.dst": CLIENT, ...ports }).subarray(14);
    const tooBig = { "icmp.type": 3, "icmp.code": 4, "icmp.mtu": 1300, quoted };
    const way = { "eth.src": lab.mac("router", 1), "eth.dst": lab.mac("director") };
    lab.record("director", "in", craft({ ...way, "ip.src": "10.0.0.254", "ip.dst": VIP, "ip.ttl": 64, ...tooBig }));
    const { steps } = from(lab).scenario;
    expect(kindsOf(steps)).to.deep.equal(["send", "send", "answer", "send"]);
    const [first, , , last] = steps;
    expect(first?.send).to.include({ flow: "f1", "icmp.type": 8, "icmp.ident": 7, "icmp.seq": 1 });
    expect(last?.send).to.deep.equal({
      flow: "f2",
      quote: "f2",
      from: "router",
      "icmp.type": 3,
      "icmp.code": 4,
      "icmp.mtu": 1300,
    });
  });

  describe("where a real server is at fault", () => {
    const lab = new PaperLab("dr", { answers: "echo" });
    lab.request({ port: 40001 });
    lab.request({ port: 40002, server: "rs2", spec: { "tcp.options": "0101080a0000000100000000" } });
    lab.answer({ port: 40002, server: "rs2" });
    lab.request({ port: 40002, server: "rs2", spec: { "tcp.flags": "A", "tcp.ack_raw": 9001 } });

    it("lets the lab's own answer, and promises its rule for the network as mended", () => {
      const { scenario, notes, told } = from(lab, { judged: true });
      expect(kindsOf(scenario.steps)).to.deep.equal(["send", "send", "send"]);
      expect(scenario.covers).to.deep.equal(["DR-RS-01"]);
      expect(JSON.stringify(scenario)).to.not.match(/silent|vipDevice|ack_raw|0101080a/);
      expect(told).to.deep.equal(["The network is as mended; --with-fault puts in what is wrong with its hosts."]);
      expect(notes).to.deep.equal([
        {
          path: [],
          lines: [
            "Captured:",
            "- DR-RS-01 blames rs1 (vip-not-on-real-server): rs1 does not hold 10.0.0.10.",
            "The network is as mended; `hopcheck init --from-capture` puts that in with --with-fault.",
          ],
        },
      ]);
    });

    it("puts the fault in where it is wanted, and says how to take it out", () => {
      const { scenario, notes } = from(lab, { judged: true, withFault: true });
      expect(scenario.setup).to.have.nested.property("hosts.rs1").that.deep.equals({ vipDevice: "none" });
      expect(notes).to.deep.equal([
        {
          path: ["setup", "hosts", "rs1", "vipDevice"],
          lines: [
            "DR-RS-01 blames rs1 (vip-not-on-real-server): rs1 does not hold 10.0.0.10.",
            "Without `vipDevice` the network is as mended.",
          ],
        },
      ]);
    });

    it("sends a lonely connection to that server", () => {
      const lonely = new PaperLab("dr", { answers: "echo" });
      lonely.request({ port: 40001 });
      const { steps } = from(lonely, { judged: true }).scenario;
      expect(steps[0]).to.deep.equal({ weight: { server: "rs2", weight: 0 } });
    });
  });
});
