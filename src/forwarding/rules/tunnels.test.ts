import { expect } from "chai";
import type { PacketSpec } from "../../packet/craft.js";
import { catalogue } from "../catalogue.js";
import { judge } from "../judge.js";
import type { Finding } from "../rule.js";
import { CLIENT, DIP, PaperLab, VIP } from "../testing/paper-lab.js";

function failing(findings: readonly Finding[]): string[] {
  return [...new Set(findings.filter(({ status }) => status === "fail").map(({ rule }) => rule))];
}

function statusOf(findings: readonly Finding[], rule: string) {
  return findings.find((finding) => finding.rule === rule)?.status;
}

/** The director's copy of a request as the service's tunnel has it. */
function tunnelled(lab: PaperLab, request: PacketSpec, inside: PacketSpec, outer: PacketSpec): void {
  const macs = { "eth.src": lab.mac("router", 1), "eth.dst": lab.mac("director") };
  lab.wire("router/eth1", "director", { ...macs, ...request });
  const sent = { "eth.src": lab.mac("director"), "eth.dst": lab.mac("rs1"), "ip.src": DIP, "ip.dst": lab.ip("rs1") };
  lab.wire("director", "rs1", { ...sent, "ip.ttl": 60, "ip.id": 9, ...outer, inner: { ...request, ...inside } });
}

describe("TUN-GUE-01", () => {
  const gue = { kind: "gue", checksum: false, pmtuDiscovery: true } as const;
  const sent = (outer: PacketSpec) => {
    const lab = new PaperLab("tun", { service: { tunnel: gue } });
    const udp = { "udp.srcport": 50_000, "udp.dstport": 6080, "udp.checksum": 0 };
    tunnelled(lab, lab.requestSpec({}), { "ip.ttl": 60 }, { "ip.dsfield": 0x2e, ...udp, "gue.proto": 4, ...outer });
    return judge(lab.evidence(), catalogue);
  };

  it("holds where UDP has the length of all that it carries", () => {
    expect(failing(sent({}))).to.deep.equal([]);
    expect(statusOf(sent({}), "TUN-GUE-01")).to.equal("pass");
  });

  it("is broken where it has another one", () => {
    expect(failing(sent({ "udp.length": 20 }))).to.deep.equal(["TUN-GUE-01"]);
  });
});

describe("TUN-V6-02", () => {
  const sent = (df: boolean) => {
    const lab = new PaperLab("tun", { service: { vip: "fd00::10" } });
    const ends = { "ipv6.src": "fd01::100", "ipv6.dst": "fd00::10", "tcp.srcport": 40001, "tcp.dstport": 80 };
    tunnelled(lab, { ...ends, "ipv6.hlim": 61 }, { "ipv6.hlim": 60 }, { "ip.flags.df": df });
    return judge(lab.evidence(), catalogue);
  };

  it("holds where IPv4 around IPv6 may be fragmented", () => {
    expect(failing(sent(false))).to.deep.equal([]);
    expect(statusOf(sent(false), "TUN-V6-02")).to.equal("pass");
  });

  it("is broken where it may not", () => expect(failing(sent(true))).to.deep.equal(["TUN-V6-02"]));
});

describe("an answer that does not show that a real server took the request in", () => {
  const answered = (play: (lab: PaperLab) => void, settled = true) => {
    const lab = new PaperLab("tun", { answers: "echo" });
    lab.request();
    play(lab);
    lab.settled = settled;
    return judge(lab.evidence(), catalogue);
  };
  const reset = (lab: PaperLab) => lab.answer({ spec: { "tcp.flags": "RA" } });
  const prohibited = (lab: PaperLab) => {
    const arrived = lab.evidence().frames.at(-1)?.packet.inner?.ip;
    const macs = { "eth.src": lab.mac("rs1"), "eth.dst": lab.mac("router", 1) };
    const icmp = { "icmp.type": 3, "icmp.code": 10, quoted: arrived?.bytes.slice(arrived.offset) };
    lab.wire("rs1", "router/eth1", { ...macs, "ip.src": lab.ip("rs1"), "ip.dst": CLIENT, ...icmp });
  };

  it("breaks TUN-RS-01 and not TUN-RS-04: it came out of the tunnel", () => {
    const found = answered(reset);
    expect(failing(found)).to.deep.equal(["TUN-RS-01"]);
    expect(statusOf(found, "TUN-RS-04")).to.equal("not-exercised");
    expect(found.find(({ rule }) => rule === "TUN-RS-01")?.observed).to.equal(
      `TCP ${CLIENT}:40001 > ${VIP}:80 [S] arrived and got TCP ${VIP}:80 > ${CLIENT}:40001 [RA]`,
    );
  });

  it("may come from the RIP as well, which is wrong for itself", () => {
    expect(failing(answered(prohibited))).to.deep.equal(["TUN-RS-01", "TUN-RS-02"]);
  });

  it("may be that of a closed port, where captures are all that there is", () => {
    expect(statusOf(answered(reset, false), "TUN-RS-01")).to.equal("pass");
  });
});
