import { expect } from "chai";
import { catalogue } from "./catalogue.js";
import { causesOf } from "./causes.js";
import type { Evidence } from "./evidence.js";
import { judge } from "./judge.js";
import type { Cause, Finding } from "./rule.js";
import type { Host } from "./setup.js";
import { DIP, PaperLab, VIP } from "./testing/paper-lab.js";

function finding(rule: string, frames: Finding["frames"] = []): Finding {
  return { rule, status: "fail", suspect: "rs1", frames, count: 1, causes: [] };
}

/** With the client on another segment, or at an address of one's choice. */
function bypassed(clientIp?: string): readonly Cause[] {
  const evidence = new PaperLab("nat", { arms: 1 }).evidence();
  const moved = evidence.setup.hosts.map((host): Host => {
    if (host.role !== "client" || clientIp === undefined) return host;
    return { ...host, nics: host.nics.map((nic) => ({ ...nic, ip: clientIp })) };
  });
  return causesOf(finding("NAT-TOP-02"), withHosts(evidence, moved));
}

function withHosts(evidence: Evidence, hosts: readonly Host[]): Evidence {
  return { ...evidence, setup: { ...evidence.setup, hosts } };
}

describe("causes", () => {
  it("of an answer past the director: the client's place decides which come into question", () => {
    expect(bypassed().map(({ id }) => id)).to.deep.equal(["gateway-not-director"]);
    expect(bypassed("10.0.0.100").map(({ id }) => id)).to.deep.equal(["client-on-link", "gateway-not-director"]);
    const { setup, ...rest } = new PaperLab("nat", { arms: 1 }).evidence();
    const hosts = setup.hosts.filter(({ role }) => role !== "client");
    const unknown = causesOf(finding("NAT-TOP-02"), withHosts({ setup, ...rest }, hosts));
    expect(unknown.map(({ id }) => id)).to.deep.equal(["gateway-not-director", "client-on-link"]);
  });

  it("name the service that the finding's frames are of", () => {
    const lab = new PaperLab("nat");
    lab.request({ port: 40001, spec: { "udp.dstport": 53, payload: "question" } });
    const evidence = lab.evidence();
    const frames = evidence.frames.slice(0, 1).map(({ tap, number }) => ({ tap, number }));
    const [ofFrames] = causesOf({ ...finding("GEN-SVC-01", frames), suspect: "director" }, evidence);
    const [ofNone] = causesOf({ ...finding("GEN-SVC-01"), suspect: "director" }, evidence);
    expect(ofFrames?.fix).to.equal(`ipvsadm -a -u ${VIP}:53 -r 192.168.10.11:5353 -m`);
    expect(ofNone?.fix).to.equal(`ipvsadm -a -t ${VIP}:80 -r 192.168.10.11:8080 -m`);
  });

  it("of a VIP that ARP shows: what the real server did decides", () => {
    const ids = (rule: string, play: (lab: PaperLab) => void) => {
      const lab = new PaperLab("tun");
      play(lab);
      const failed = judge(lab.evidence(), catalogue).find((one) => one.rule === rule && one.status === "fail");
      return failed?.causes.map(({ id }) => id);
    };
    expect(ids("TUN-RS-05", (lab) => lab.ask("rs1", VIP))).to.deep.equal([
      "arp-ignore-not-effective",
      "vip-on-lan-device",
    ]);
    expect(ids("TUN-RS-05", (lab) => lab.resolve("rs1", VIP, "10.0.0.254", lab.mac("rs1")))).to.deep.equal([
      "arp-announce-not-effective",
    ]);
    expect(ids("TUN-RS-05", (lab) => lab.resolve("rs1", VIP, VIP, lab.mac("rs1")))).to.deep.equal(["vip-announced"]);
  });

  it("of a request that waits for a neighbour: the real server that does not answer is to blame", () => {
    const lab = new PaperLab("dr");
    lab.toDirector(lab.requestSpec({}));
    lab.resolve("director", DIP, lab.ip("rs1"), lab.mac("director"));
    const found = judge(lab.evidence(), catalogue).find((one) => one.rule === "GEN-SVC-01");
    expect(found).to.include({ status: "fail", suspect: "rs1" });
    expect(found?.causes.map(({ id }) => id)).to.deep.equal(["neighbour-unresolved"]);
  });
});
