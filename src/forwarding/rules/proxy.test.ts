import { expect } from "chai";
import type { PacketSpec } from "../../packet/craft.js";
import { conclude } from "../captured/conclude.js";
import { catalogue } from "../catalogue.js";
import { judge } from "../judge.js";
import { modelsSeen } from "../observed.js";
import type { Model } from "../setup.js";
import { CLIENT, PaperLab, VIP } from "../testing/paper-lab.js";

const DIP = "192.168.10.1";
const SYN = { "tcp.flags": "S", "tcp.seq_raw": 1000 };

interface Changes {
  /** What the director's own SYN has otherwise, and the data behind it. */
  readonly own?: PacketSpec;
  readonly data?: PacketSpec;
  /** What the answer to the client's SYN has otherwise. */
  readonly answer?: PacketSpec;
  /** Whether the client's data is followed by anything. */
  readonly isSentOn?: boolean;
}

/** A client's connection to a proxy, and the proxy's own to rs1. */
function proxied(model: Model, { own = {}, data = {}, answer = {}, isSentOn = true }: Changes = {}): PaperLab {
  const lab = new PaperLab(model, { arms: 2 });
  const rport = lab.setup.services[0]?.realServers[0]?.port ?? 0;
  const out = (spec: PacketSpec) =>
    lab.wire("director/eth1", "rs1", {
      ...{ "eth.src": lab.mac("director", 1), "eth.dst": lab.mac("rs1"), "ip.src": DIP, "ip.dst": lab.ip("rs1") },
      ...{ "ip.ttl": 64, "tcp.srcport": 33000, "tcp.dstport": rport, ...spec },
    });
  lab.toDirector(lab.requestSpec({ spec: SYN }));
  lab.wire("director/eth0", "router/eth1", {
    ...{
      "eth.src": lab.mac("director"),
      "eth.dst": lab.mac("router", 1),
      "ip.src": VIP,
      "ip.dst": CLIENT,
      "ip.ttl": 64,
    },
    ...{
      "tcp.srcport": 80,
      "tcp.dstport": 40001,
      "tcp.flags": "SA",
      "tcp.seq_raw": 5000,
      "tcp.ack_raw": 1001,
      ...answer,
    },
  });
  out({ "tcp.flags": "S", "tcp.seq_raw": 7000, ...own });
  lab.toDirector(lab.requestSpec({ spec: { "tcp.flags": "PA", "tcp.seq_raw": 1001, "data.data": "68656c6c6f" } }));
  if (isSentOn) out({ "tcp.flags": "PA", "tcp.seq_raw": 7001, "data.data": "68656c6c6f", ...data });
  return lab;
}

const failuresOf = (lab: PaperLab) =>
  judge(lab.evidence(), catalogue)
    .filter(({ status }) => status === "fail")
    .map(({ rule, suspect, field, causes: [first] }) => [rule, suspect, field, first?.id]);

describe("a declared proxy", () => {
  it("passes with a connection of its own, and is held to the rules of no other model", () => {
    const findings = judge(proxied("proxy").evidence(), catalogue);
    expect(findings.map(({ rule, status }) => [rule, status])).to.deep.equal([
      ["PROXY-REQ-01", "pass"],
      ["PROXY-RSP-01", "pass"],
    ]);
  });

  it("exercises nothing without traffic", () => {
    const findings = judge(new PaperLab("proxy", { arms: 2 }).evidence(), catalogue);
    expect(findings.map(({ status }) => status)).to.deep.equal(["not-exercised", "not-exercised"]);
  });

  for (const [what, changes, field] of [
    ["forwards the client's packets", { own: { "ip.src": CLIENT, "tcp.srcport": 40001, ...SYN } }, "ip.src"],
    ["takes over the client's sequence numbers", { own: { "tcp.seq_raw": 1000 } }, "tcp.seq_raw"],
    ["sends nothing to a real server", { isSentOn: false }, undefined],
  ] as const)
    it(`fails where it ${what}`, () => {
      expect(failuresOf(proxied("proxy", changes))).to.deep.equal([
        ["PROXY-REQ-01", "director", field, "director-forwards"],
      ]);
    });

  it("fails where the client is answered from a real server's address", () => {
    const answer = { "ip.src": "192.168.10.11", "tcp.srcport": 80 };
    expect(failuresOf(proxied("proxy", { answer }))).to.deep.equal([
      ["PROXY-RSP-01", "director", "ip.src", "director-implementation"],
    ]);
  });

  it("fails where a real server answers the client itself", () => {
    const lab = proxied("proxy");
    const ends = { "ip.src": VIP, "ip.dst": CLIENT, "tcp.srcport": 80, "tcp.dstport": 40001 };
    lab.wire("rs1", "router/eth1", { "eth.src": lab.mac("rs1"), "eth.dst": lab.mac("router", 1), ...ends });
    expect(failuresOf(lab)).to.deep.equal([["PROXY-RSP-01", "rs1", "ip.src", "director-forwards"]]);
  });
});

describe("the model that the frames show", () => {
  const seenIn = (lab: PaperLab) => [...(modelsSeen(lab.setup, lab.evidence().frames).values().next().value ?? [])];

  it("is that of a proxy by both of its handshakes, whatever is declared", () => {
    for (const model of ["nat", "dr", "tun", "proxy"] as const)
      expect(seenIn(proxied(model)), model).to.deep.equal(["proxy"]);
  });

  it("is no proxy's where the director only rewrites the client's source, or asks whether real servers live", () => {
    expect(seenIn(proxied("nat", { own: SYN }))).to.deep.equal([]);
    const lab = new PaperLab("nat");
    lab.request();
    lab.answer();
    const macs = { "eth.src": lab.mac("director", 1), "eth.dst": lab.mac("rs1") };
    const probe = {
      "ip.src": DIP,
      "ip.dst": lab.ip("rs1"),
      "tcp.srcport": 33000,
      "tcp.dstport": 8080,
      "tcp.flags": "S",
    };
    lab.wire("director/eth1", "rs1", { ...macs, ...probe, "tcp.seq_raw": 7000 });
    expect(seenIn(lab)).to.deep.equal(["nat"]);
  });
});

describe("a proxy where another model is declared", () => {
  for (const [model, rule] of [
    ["nat", "NAT-REQ-01"],
    ["dr", "DR-REQ-01"],
    ["tun", "TUN-ENC-03"],
  ] as const)
    it(`fails ${rule} alone in captures, with that cause`, () => {
      const { findings } = conclude(proxied(model).evidence(), catalogue);
      const failed = findings.filter(({ status }) => status === "fail");
      expect(failed.map(({ rule, suspect, causes: [first] }) => [rule, suspect, first?.id])).to.deep.equal([
        [rule, "director", "director-is-a-proxy"],
      ]);
      expect(failed[0]?.observed).to.match(
        /^the director answered by itself, and sent TCP 192\.168\.10\.1:33000 > 192\.168\.10\.11:\d+ \[S\] in its own name$/,
      );
    });

  it("fails a declared proxy that forwards by NAT, whatever the profile", () => {
    const lab = new PaperLab("nat");
    lab.request();
    lab.answer();
    const services = lab.setup.services.map((service) => ({ ...service, model: "proxy" as const }));
    const evidence = { ...lab.evidence(), setup: { ...lab.setup, services } };
    const core = catalogue.filter(({ profile }) => profile === "core");
    const failed = conclude(evidence, core).findings.filter(({ status }) => status === "fail");
    expect(failed.map(({ rule, suspect }) => [rule, suspect])).to.deep.equal([["PROXY-REQ-01", "director"]]);
  });
});
