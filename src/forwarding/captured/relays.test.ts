import { expect } from "chai";
import type { PacketSpec } from "../../packet/craft.js";
import { catalogue } from "../catalogue.js";
import type { Model, Setup } from "../setup.js";
import { CLIENT, PaperLab, type Request, VIP } from "../testing/paper-lab.js";
import { capturesOf } from "./captures.test-support.js";
import { conclude } from "./conclude.js";
import { evidenceOf } from "./evidence.js";

const NEXT_TO_IT = /^(router|rs)/;
const AROUND = /^(client|rs)/;

function concluded(lab: PaperLab, taps: RegExp, setup: Setup = lab.setup) {
  const captures = capturesOf(lab.evidence()).filter(({ tap }) => taps.test(tap));
  return conclude(evidenceOf(setup, captures).evidence, catalogue);
}

/** What is not as it should be, and whose fault that is. */
function wrong(lab: PaperLab, taps: RegExp, setup?: Setup): string[] {
  const told = concluded(lab, taps, setup)
    .findings.filter(({ status }) => status === "fail" || status === "inconclusive")
    .map(({ rule, status, suspect }) => `${rule} ${status} ${suspect}`);
  return [...new Set(told)];
}

function statusOf(lab: PaperLab, rule: string, taps: RegExp, setup?: Setup): string | undefined {
  return concluded(lab, taps, setup).findings.find((finding) => finding.rule === rule)?.status;
}

function session(model: Model, request: Request = {}, out: PacketSpec = {}): PaperLab {
  const lab = new PaperLab(model, { answers: "echo" });
  for (const [index, server] of (["rs1", "rs2", "rs1", "rs2"] as const).entries()) {
    const port = 40001 + index;
    lab.request({ ...request, server, port, spec: { "ip.id": port, "tcp.seq_raw": port, ...request.spec } });
    lab.answer({ server, port, spec: { "ip.id": port, "tcp.ack_raw": port + 1 }, out });
  }
  return lab;
}

/** As its users often write it: without anybody's MAC, and without what is between the machines. */
function bare({ services, hosts }: Setup): Setup {
  const known = hosts.filter(({ role }) => role === "director" || role === "real-server");
  const without = known.map((host) => ({ ...host, nics: host.nics.map((nic) => ({ ...nic, mac: "", mtu: 0 })) }));
  return { services, hosts: without };
}

/** Every choice of taps, without some. */
function partsOf(lab: PaperLab, without = /^$/): RegExp[] {
  const all = [...new Set(lab.evidence().frames.map(({ tap }) => tap))];
  const taps = all.filter((tap) => !without.test(tap));
  return Array.from({ length: 2 ** taps.length }, (_, bits) => {
    return new RegExp(`^(${taps.filter((_, index) => (bits >> index) & 1).join("|")})$`);
  });
}

/** One thing that the director does wrong, and the rule that it breaks. */
const FAULTS: readonly (readonly [Model, Request, string])[] = [
  ["nat", { out: { "ip.ttl": 61 } }, "GEN-TTL-01"],
  ["nat", { out: { "ip.dsfield": 0 } }, "NAT-REQ-08"],
  ["nat", { out: { "tcp.dstport": 81 } }, "NAT-REQ-03"],
  ["nat", { out: { "tcp.srcport": 1024 } }, "NAT-REQ-02"],
  ["nat", { out: { "tcp.checksum": 0x1111 } }, "NAT-REQ-07"],
  ["nat", { out: { "tcp.window_size_value": 7 } }, "NAT-REQ-10"],
  ["dr", { out: { "ip.ttl": 61 } }, "GEN-TTL-01"],
  ["dr", { out: { "ip.dsfield": 0 } }, "DR-REQ-03"],
  ["dr", { out: { "tcp.window_size_value": 7 } }, "DR-REQ-04"],
  ["dr", { out: { "tcp.dstport": 81 } }, "DR-REQ-05"],
  ["tun", { inner: { "ip.ttl": 61 } }, "GEN-TTL-01"],
  ["tun", { inner: { "tcp.window_size_value": 7 } }, "TUN-ENC-04"],
  ["tun", { out: { "ip.src": VIP } }, "TUN-ENC-02"],
  ["tun", { out: { "ip.dsfield": 0 } }, "TUN-ENC-09"],
];

describe("a director that nobody recorded", () => {
  for (const model of ["nat", "dr", "tun"] as const) {
    it(`of ${model} passes what its neighbours saw of it`, () => {
      const { findings, problem } = concluded(session(model), NEXT_TO_IT);
      const broken = findings.filter(({ status }) => status !== "pass" && status !== "not-exercised");
      expect([broken, problem]).to.deep.equal([[], `There is no frame to or from ${VIP}:53/udp in the captures.`]);
      const [request, answer] = {
        nat: ["NAT-REQ-08", "NAT-RSP-03"],
        dr: ["DR-REQ-03", "DR-RSP-01"],
        tun: ["TUN-ENC-04", "TUN-RS-02"],
      }[model];
      const passing = findings.filter(({ status }) => status === "pass").map(({ rule }) => rule);
      expect(passing).to.include.members(["GEN-TTL-01", request, answer]);
    });

    it(`of ${model} is accused of nothing, whoever was recorded and whatever the setup leaves out`, () => {
      const lab = session(model);
      for (const taps of partsOf(lab))
        for (const setup of [lab.setup, bare(lab.setup)])
          expect(wrong(lab, taps, setup), String(taps)).to.deep.equal([]);
    });
  }

  for (const [model, request, rule] of FAULTS) {
    const what = JSON.stringify(request);
    it(`of ${model} is caught by ${rule} between its neighbours where it does ${what}`, () => {
      expect(wrong(session(model, request), NEXT_TO_IT)).to.deep.equal([`${rule} fail director`]);
    });

    it(`of ${model} never passes ${rule} from afar where it does ${what}`, () => {
      const lab = session(model, request);
      for (const setup of [lab.setup, bare(lab.setup)]) {
        expect(statusOf(lab, rule, AROUND, setup)).to.not.equal("pass");
        for (const taps of partsOf(lab, /^director/))
          expect(
            wrong(lab, taps, setup).filter((one) => !one.startsWith(rule)),
            String(taps),
          ).to.deep.equal([]);
      }
    });
  }

  it("is not blamed for what a router before it may have done", () => {
    for (const [field, value, status] of [
      ["ip.dsfield", 0, "not-exercised"],
      ["tcp.window_size_value", 7, "inconclusive"],
      ["ip.ttl", 59, "inconclusive"],
    ] as const) {
      const lab = new PaperLab("nat");
      const spec = lab.requestSpec({ port: 40001 });
      const macs = { "eth.src": lab.mac("client"), "eth.dst": lab.mac("router") };
      lab.wire("client", "router/eth0", { ...spec, ...macs, "ip.ttl": 62 });
      lab.forward({ ...spec, [field]: value }, { port: 40001 });
      const rule = { "ip.dsfield": "NAT-REQ-08", "tcp.window_size_value": "NAT-REQ-10", "ip.ttl": "GEN-TTL-01" }[field];
      expect(statusOf(lab, rule, AROUND), field).to.equal(status);
    }
  });

  it("does not get the blame for a router that gives a real server what is for the VIP", () => {
    const lab = new PaperLab("dr");
    const spec = { ...lab.requestSpec({ port: 40001 }), "tcp.window_size_value": 7 };
    lab.wire("client", "router/eth0", {
      ...lab.requestSpec({ port: 40001 }),
      "eth.src": lab.mac("client"),
      "eth.dst": lab.mac("router"),
      "ip.ttl": 62,
    });
    lab.wire("router/eth1", "rs1", { ...spec, "eth.src": lab.mac("router", 1), "eth.dst": lab.mac("rs1") });
    expect(wrong(lab, AROUND)).to.deep.equal(["DR-ARP-08 fail rs1"]);
    expect(statusOf(lab, "DR-REQ-04", AROUND)).to.equal("not-exercised");
  });

  it("is judged where one of its NICs was recorded", () => {
    for (const taps of [/^(director\/eth0|rs)/, /^(router|director\/eth1)/]) {
      const { findings } = concluded(session("nat"), taps);
      const passing = findings.filter(({ status }) => status === "pass").map(({ rule }) => rule);
      expect(passing).to.include.members(["GEN-TTL-01", "NAT-REQ-01", "NAT-REQ-10", "NAT-RSP-01", "NAT-TOP-04"]);
      const faulty = session("nat", { out: { "tcp.window_size_value": 7 } });
      expect(wrong(faulty, taps)).to.deep.equal(["NAT-REQ-10 fail director"]);
    }
  });

  it("that sends two servers one packet is caught where both were recorded", () => {
    const lab = new PaperLab("dr");
    const spec = lab.requestSpec({ port: 40001 });
    lab.toDirector(spec);
    for (const server of ["rs1", "rs2"] as const) lab.forward(spec, { server });
    expect(wrong(lab, AROUND)).to.deep.equal(["GEN-SVC-01 fail director"]);
    expect(statusOf(lab, "GEN-SVC-01", /^(client|rs1)/)).to.equal("not-exercised");
  });

  it("that sends a flow to another server is caught where both were recorded", () => {
    for (const model of ["nat", "dr", "tun"] as const) {
      const lab = new PaperLab(model);
      lab.request();
      lab.request({ server: "rs2", spec: { "tcp.flags": "A", "tcp.seq_raw": 1001, "ip.id": 7 } });
      expect(wrong(lab, AROUND)).to.deep.equal(["GEN-FLOW-01 fail director"]);
      expect(statusOf(lab, "GEN-FLOW-01", /^(client|rs1)/)).to.equal("not-exercised");
    }
  });

  it("that leaves an answer as it came is caught by the MAC that the real server sent it to", () => {
    const lab = session("nat", {}, { "ip.src": "192.168.10.11", "tcp.srcport": 8080 });
    expect(wrong(lab, /^(client|rs1)/)).to.deep.equal(["NAT-RSP-05 fail director"]);
  });
});

describe("a real server whose own capture is all there is", () => {
  it("sends answers of NAT elsewhere than to the director", () => {
    const lab = new PaperLab("nat");
    lab.request();
    lab.answer({ sent: { "eth.dst": "02:00:00:00:01:fe" }, forwarded: false });
    expect(wrong(lab, /^rs1$/)).to.deep.equal(["NAT-TOP-01 fail rs1"]);
    expect(wrong(lab, /^rs1$/, bare(lab.setup))).to.deep.equal([]);
  });

  it("answers from its own address", () => {
    for (const model of ["dr", "tun"] as const) {
      const lab = new PaperLab(model);
      lab.request();
      lab.answer({ sent: { "ip.src": "10.0.0.11" } });
      const rule = model === "dr" ? "DR-RSP-01" : "TUN-RS-02";
      expect(wrong(lab, /^rs1$/)).to.deep.equal([`${rule} fail rs1`]);
    }
  });

  it("shows the header of the tunnel, and nothing of what the client sent", () => {
    const lab = new PaperLab("tun");
    lab.request({ out: { "ip.dsfield": 1 } });
    lab.request({ port: 40002, spec: { "ip.id": 7 }, inner: { "tcp.window_size_value": 7 } });
    expect(wrong(lab, /^rs1$/)).to.deep.equal(["TUN-ENC-09 fail director"]);
    const { findings } = concluded(lab, /^rs1$/);
    const reason = findings.find(({ rule }) => rule === "TUN-ENC-04")?.reason;
    expect(reason).to.equal(
      "no capture shows the packet before the director; one of the director, or of who sent the packet, would settle it",
    );
  });
});

describe("a client whose own capture is all there is", () => {
  it("gets answers from the address of a real server", () => {
    const lab = new PaperLab("dr");
    lab.request({ spec: { "udp.srcport": 40001 } });
    lab.answer({ spec: { "udp.srcport": 53, "udp.dstport": 40001 }, sent: { "ip.src": "10.0.0.11" } });
    expect(wrong(lab, /^client$/)).to.deep.equal(["DR-RSP-02 fail rs1"]);
  });

  it("may ask somebody else by the same port, also a real server itself", () => {
    const direct = new PaperLab("dr");
    direct.request({ spec: { "udp.srcport": 40001 } });
    direct.toDirector(direct.requestSpec({ spec: { "udp.srcport": 40001, "ip.dst": "10.0.0.11", "ip.id": 7 } }));
    direct.answer({ spec: { "udp.srcport": 53, "udp.dstport": 40001 }, sent: { "ip.src": "10.0.0.11" } });
    expect(wrong(direct, /^(client|rs1)$/)).to.deep.equal([]);
    expect(wrong(direct, /^client$/)).to.deep.equal([]);
    const lab = new PaperLab("dr");
    lab.request({ spec: { "udp.srcport": 40001 } });
    lab.answer({ spec: { "udp.srcport": 53, "udp.dstport": 40001 }, sent: { "ip.src": "10.0.7.7" } });
    expect(wrong(lab, /^client$/)).to.deep.equal([]);
  });

  it("asks in vain", () => {
    const lab = new PaperLab("nat");
    lab.request();
    lab.answer();
    for (const again of [1, 2]) {
      lab.toDirector(lab.requestSpec({ port: 40002, spec: { "ip.id": again } }));
      lab.wait(1000);
    }
    expect(concluded(lab, /^(client|rs)/).problem).to.equal(
      `There is no frame to or from ${VIP}:53/udp in the captures. ${VIP}:80/tcp did not answer ${CLIENT}:40002, who asked again, or was told that nobody can be reached; a capture of director/eth0, director/eth1, or rs2 would settle it.`,
    );
  });
});
