import { expect } from "chai";
import { catalogue } from "../catalogue.js";
import type { Setup } from "../setup.js";
import { CLIENT, PaperLab, VIP } from "../testing/paper-lab.js";
import { capturesOf } from "./captures.test-support.js";
import { conclude } from "./conclude.js";
import { evidenceOf } from "./evidence.js";

/** What captures of some taps say of a rule: its status, and why it has no other. */
function said(lab: PaperLab, rule: string, taps: RegExp, setup: Setup = lab.setup) {
  const captures = capturesOf(lab.evidence()).filter(({ tap }) => taps.test(tap));
  const { findings } = conclude(evidenceOf(setup, captures).evidence, catalogue);
  return findings
    .filter((one) => one.rule === rule)
    .map(({ status, observed, reason }) => [status, observed ?? reason]);
}

const NOBODYS = "nobody in the setup has 10.0.0.2; name all addresses of the director in it";

describe("what a setup beside captures leaves out", () => {
  it("may be the address of the director that its tunnels come from", () => {
    const lab = new PaperLab("tun");
    lab.request({ out: { "ip.src": "10.0.0.2" } });
    expect(said(lab, "TUN-ENC-02", /./)).to.deep.equal([["not-exercised", NOBODYS]]);
    expect(said(lab, "TUN-ENC-02", /rs1/)).to.deep.equal([["not-exercised", NOBODYS]]);
    const foreign = new PaperLab("tun");
    foreign.request({ out: { "ip.src": "10.0.0.2" }, arrival: { "eth.src": "02:00:0a:00:00:02" } });
    expect(said(foreign, "TUN-SEC-01", /rs1/)).to.deep.equal([["not-exercised", NOBODYS]]);
  });

  it("is no address that another host has, nor the client's", () => {
    for (const source of ["10.0.0.12", CLIENT, VIP]) {
      const lab = new PaperLab("tun");
      lab.request({ out: { "ip.src": source } });
      expect(said(lab, "TUN-ENC-02", /./)).to.deep.equal([["fail", source]]);
    }
  });

  it("may be an MTU that takes more than Ethernet's", () => {
    const lab = new PaperLab("tun");
    const nics = ({ hosts }: Setup) =>
      hosts.map((host) => ({ ...host, nics: host.nics.map((nic) => ({ ...nic, mtu: 0 })) }));
    lab.request();
    lab.request({ spec: { "tcp.flags": "PA", "tcp.seq_raw": 1001, "ip.flags.df": true, payload: "x".repeat(1456) } });
    const [[status] = []] = said(lab, "TUN-MTU-01", /./, { ...lab.setup, hosts: nics(lab.setup) });
    expect(status).to.equal("not-exercised");
  });
});

describe("an answer to an echo request", () => {
  const echo = {
    "ip.src": CLIENT,
    "ip.dst": VIP,
    "ip.id": 7,
    "icmp.type": 8,
    "icmp.ident": 1,
    "icmp.seq": 1,
    payload: "ping",
  };

  function pinged(from: "director" | "rs1"): PaperLab {
    const lab = new PaperLab("dr");
    lab.request();
    lab.toDirector(echo);
    const macs = { "eth.src": lab.mac(from), "eth.dst": lab.mac("router", 1) };
    const reply = { ...echo, ...macs, "ip.src": VIP, "ip.dst": CLIENT, "ip.ttl": 64, "icmp.type": 0 };
    lab.wire(from, "router/eth1", reply);
    lab.routeToClient(reply);
    return lab;
  }

  it("does not tell behind a router who sent it", () => {
    const reason = "the answer was not recorded on the director's segment, where its MAC would tell who sent it";
    const lab = pinged("director");
    const captures = capturesOf(lab.evidence()).map((one) =>
      one.tap === "director" ? { ...one, frames: one.frames.filter(({ packet }) => packet.icmp?.type !== 0) } : one,
    );
    const seen = captures.filter(({ tap }) => /client|director/.test(tap));
    const { findings } = conclude(evidenceOf(lab.setup, seen).evidence, catalogue);
    const found = findings.filter(({ rule }) => rule === "GEN-SVC-05");
    expect(found.map(({ status, reason: why }) => [status, why])).to.deep.equal([["not-exercised", reason]]);
  });

  it("is a real server's fault where its own MAC is in it", () => {
    expect(said(pinged("rs1"), "GEN-SVC-05", /./)).to.deep.equal([["fail", "02:00:00:00:00:11 (rs1)"]]);
  });
});
