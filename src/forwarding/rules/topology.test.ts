import { expect } from "chai";
import { craftIp, type PacketSpec } from "../../packet/craft.js";
import { catalogue, ruleById } from "../catalogue.js";
import { judge } from "../judge.js";
import type { Finding } from "../rule.js";
import { IP_IN_IP, type Model } from "../setup.js";
import { CLIENT, DIP, PaperLab, VIP } from "../testing/paper-lab.js";
import { routed } from "../testing/traffic.js";

type Options = ConstructorParameters<typeof PaperLab>[1];

function played(model: Model, play: (lab: PaperLab) => void, options?: Options): readonly Finding[] {
  const lab = new PaperLab(model, options);
  play(lab);
  return judge(lab.evidence(), catalogue);
}

function statusOf(findings: readonly Finding[], rule: string) {
  return findings.find((finding) => finding.rule === rule)?.status;
}

/** Only this rule is broken, and by whom. */
function breaks(findings: readonly Finding[], rule: string, suspect: string): void {
  const failed = findings.filter(({ status }) => status === "fail");
  expect([...new Set(failed.map((finding) => finding.rule))]).to.deep.equal([rule]);
  for (const finding of failed) {
    expect(finding.suspect).to.equal(suspect);
    expect(finding.frames).to.not.be.empty;
    expect(finding.causes).to.not.be.empty;
  }
}

const MIDSTREAM = { "tcp.flags": "A", "tcp.seq_raw": 1001 };

describe("DR-REQ-07", () => {
  const turnedOff = (copies: number) =>
    played("dr", (lab) => {
      lab.forwards(true);
      lab.request();
      lab.forwards(false);
      lab.request({ port: 40002, server: "rs2", copies });
    });

  it("holds where requests pass all the same", () => expect(statusOf(turnedOff(1), "DR-REQ-07")).to.equal("pass"));

  it("is broken where they pass only with forwarding on", () => breaks(turnedOff(0), "DR-REQ-07", "director"));

  it("leaves to GEN-SVC-01 a director that forwards none at all", () => {
    const none = played("dr", (lab) => {
      lab.forwards(false);
      lab.request({ copies: 0 });
    });
    breaks(none, "GEN-SVC-01", "director");
  });
});

describe("DR-RSP-05", () => {
  const fromVip = {
    "ip.src": VIP,
    "ip.dst": CLIENT,
    "ip.id": 7,
    "tcp.srcport": 80,
    "tcp.dstport": 9999,
    "tcp.flags": "SA",
  };
  const sent = (lab: PaperLab) =>
    lab.wire("router/eth1", "director", {
      "eth.src": lab.mac("router", 1),
      "eth.dst": lab.mac("director"),
      ...fromVip,
      "ip.ttl": 61,
    });

  it("holds where it ends at the director", () => expect(statusOf(played("dr", sent), "DR-RSP-05")).to.equal("pass"));

  it("is broken where the director sends it on", () => {
    const passed = played("dr", (lab) => {
      sent(lab);
      const macs = { "eth.src": lab.mac("director"), "eth.dst": lab.mac("router", 1) };
      lab.wire("director", "router/eth1", { ...macs, ...fromVip, "ip.ttl": 60 });
    });
    breaks(passed, "DR-RSP-05", "director");
  });
});

describe("DR-TOP-01", () => {
  it("is broken, and not the MAC rule, where a router gets the frame", () =>
    breaks(
      played("dr", (lab) => lab.request({ out: { "eth.dst": lab.mac("router", 1) } })),
      "DR-TOP-01",
      "network",
    ));

  it("holds where a real server gets it", () =>
    expect(
      statusOf(
        played("dr", (lab) => lab.request()),
        "DR-TOP-01",
      ),
    ).to.equal("pass"));
});

describe("DR-LOOP-01", () => {
  const delivered = (play: (lab: PaperLab) => void) =>
    played(
      "dr",
      (lab) => {
        lab.request();
        play(lab);
      },
      { backup: true },
    );

  it("holds where a backup director keeps what it gets", () =>
    expect(
      statusOf(
        delivered(() => {}),
        "DR-LOOP-01",
      ),
    ).to.equal("pass"));

  it("is broken, and no other rule, where it forwards to another real server", () => {
    const again = delivered((lab) => {
      const macs = { "eth.src": lab.mac("rs1"), "eth.dst": lab.mac("rs2") };
      lab.wire("rs1", "rs2", { ...lab.requestSpec({}), ...macs, "ip.ttl": 59 });
    });
    breaks(again, "DR-LOOP-01", "rs1");
  });
});

describe("NAT-TOP-03", () => {
  const afar = (lab: PaperLab) => {
    lab.request({ server: "rs2" });
    lab.answer({ server: "rs2" });
  };
  const lab = new PaperLab("nat", { routed: true });
  afar(lab);

  it("passes what a naive checker fails", () => {
    expect(statusOf(judge(lab.evidence(), catalogue), "NAT-TOP-03")).to.equal("pass");
    expect(ruleById("NAT-TOP-03")?.naive?.(lab.evidence())).to.not.be.empty;
  });

  it("is not exercised by a real server on the director's segment", () => {
    const near = new PaperLab("nat");
    near.request();
    near.answer();
    expect(statusOf(judge(near.evidence(), catalogue), "NAT-TOP-03")).to.equal("not-exercised");
    expect(ruleById("NAT-TOP-03")?.naive?.(near.evidence())).to.be.empty;
  });
});

describe("TUN-NET-01", () => {
  it("passes what a naive checker fails", () => {
    const lab = new PaperLab("tun");
    lab.request();
    expect(statusOf(judge(lab.evidence(), catalogue), "TUN-NET-01")).to.equal("pass");
    expect(ruleById("TUN-NET-01")?.naive?.(lab.evidence())).to.not.be.empty;
  });
});

describe("NAT-TOP-05", () => {
  const answered = (play: (lab: PaperLab) => void) =>
    played(
      "nat",
      (lab) => {
        lab.request();
        lab.answer();
        play(lab);
      },
      { arms: 1 },
    );

  it("holds where nothing more is said", () =>
    expect(
      statusOf(
        answered(() => {}),
        "NAT-TOP-05",
      ),
    ).to.equal("pass"));

  it("is broken where the director tells the real server a shorter way", () => {
    const told = answered((lab) => {
      const quoted = craftIp({ "ip.src": lab.ip("rs1"), "ip.dst": CLIENT, "ip.id": 0x4321, "tcp.srcport": 8080 });
      const macs = { "eth.src": lab.mac("director"), "eth.dst": lab.mac("rs1") };
      const addresses = { "ip.src": DIP, "ip.dst": lab.ip("rs1") };
      lab.wire("director", "rs1", { ...macs, ...addresses, "icmp.type": 5, "icmp.code": 1, quoted });
    });
    breaks(told, "NAT-TOP-05", "director");
  });

  it("has nothing to judge where answers leave by another NIC", () => {
    const twoArms = played("nat", (lab) => {
      lab.request();
      lab.answer();
    });
    expect(statusOf(twoArms, "NAT-TOP-05")).to.equal("not-exercised");
  });
});

describe("GEN-UNR-01", () => {
  const kept = (told: boolean, answers: "silent" | "absent" = "absent") =>
    played(
      "dr",
      (lab) => {
        lab.request({ copies: 0 });
        lab.resolve("director", DIP, lab.ip("rs1"), lab.mac("director"));
        if (!told) return;
        const quoted = craftIp(lab.requestSpec({}));
        const macs = { "eth.src": lab.mac("director"), "eth.dst": lab.mac("router", 1) };
        const addresses = { "ip.src": DIP, "ip.dst": CLIENT };
        lab.wire("director", "router/eth1", { ...macs, ...addresses, "icmp.type": 3, "icmp.code": 1, quoted });
      },
      { answers },
    );

  it("holds where the client is told", () => expect(statusOf(kept(true), "GEN-UNR-01")).to.equal("pass"));

  it("is broken where nobody says anything", () => breaks(kept(false), "GEN-UNR-01", "director"));

  /** Requests that are all kept, of which the director tells the client about some. */
  const told = (requests: number, reports: number, report: PacketSpec = {}) =>
    played(
      "dr",
      (lab) => {
        const ports = Array.from({ length: requests }, (_, index) => 40001 + index);
        for (const port of ports) lab.request({ port, copies: 0 });
        lab.resolve("director", DIP, lab.ip("rs1"), lab.mac("director"));
        lab.wait(3000);
        for (const port of ports.slice(0, reports)) {
          const quoted = craftIp(lab.requestSpec({ port }));
          const macs = { "eth.src": lab.mac("director"), "eth.dst": lab.mac("router", 1) };
          const addresses = { "ip.src": DIP, "ip.dst": CLIENT, "icmp.type": 3, "icmp.code": 1 };
          lab.wire("director", "router/eth1", { ...macs, ...addresses, quoted, ...report });
        }
      },
      { answers: "absent" },
    );

  it("may leave out what Linux' limit of six reports at once leaves out", () => {
    expect(statusOf(told(8, 6), "GEN-UNR-01")).to.equal("pass");
    breaks(told(8, 5), "GEN-UNR-01", "director");
  });

  it("is broken by a report of somebody else, for somebody else, or with a wrong checksum", () => {
    expect(statusOf(told(1, 1), "GEN-UNR-01")).to.equal("pass");
    expect(statusOf(told(1, 1, { "ip.src": VIP }), "GEN-UNR-01")).to.equal("pass");
    for (const report of [
      { "ip.src": "203.0.113.9" },
      { "ip.src": "10.0.0.11" },
      { "ip.dst": "172.16.0.7" },
      { "icmp.checksum": 0x1111 },
      { "ip.checksum": 0x1111 },
    ]) {
      breaks(told(1, 1, report), "GEN-UNR-01", "director");
    }
  });

  it("is no excuse for a real server that should be there", () => breaks(kept(true, "silent"), "GEN-SVC-01", "rs1"));
});

describe("TUN-MTU-03", () => {
  const long = { "udp.dstport": 53, "ip.flags.df": true, payload: "x".repeat(1460) };
  const noDiscovery = { service: { tunnel: { ...IP_IN_IP, pmtuDiscovery: false } } };
  const sent = (inner: PacketSpec | undefined) =>
    played(
      "tun",
      (lab) => {
        const spec = lab.requestSpec({ spec: long });
        lab.toDirector(spec);
        if (inner) lab.forward(spec, { fragment: 1480, out: { "ip.flags.df": false, "ip.id": 9 }, inner });
      },
      noDiscovery,
    );

  it("holds where the outer packet is fragmented", () => expect(statusOf(sent({}), "TUN-MTU-03")).to.equal("pass"));

  it("is broken where the packet is dropped", () => {
    const failed = sent(undefined).filter(({ status }) => status === "fail");
    expect(failed.map(({ rule }) => rule)).to.include("TUN-MTU-03");
  });
});

describe("TUN-MTU-04", () => {
  const MTU = 1400;
  const big = { "ip.flags.df": true, payload: "x".repeat(1410) };
  /** The router refuses the outer packet; the director tells the client so, or not, with this MTU. */
  const refused = (...mtus: readonly (number | undefined)[]) =>
    played("tun", (lab) => {
      for (const [index, mtu] of mtus.entries()) {
        const spec = lab.requestSpec({ spec: { ...big, "ip.id": 0x600 + index, ...(index > 0 ? MIDSTREAM : {}) } });
        lab.toDirector(spec);
        if (index === 0) {
          lab.forward(spec);
          const outer = lab
            .evidence()
            .frames.findLast(({ tap, direction }) => tap === "director" && direction === "out");
          const quoted = outer?.bytes.subarray(14, 14 + 200);
          const macs = { "eth.src": lab.mac("router", 1), "eth.dst": lab.mac("director") };
          const icmp = { "icmp.type": 3, "icmp.code": 4, "icmp.mtu": MTU, quoted };
          lab.wire("router/eth1", "director", { ...macs, "ip.src": "10.0.0.254", "ip.dst": DIP, ...icmp });
        }
        if (mtu === undefined) continue;
        const { "ip.ttl": _, ...quote } = spec;
        const macs = { "eth.src": lab.mac("director"), "eth.dst": lab.mac("router", 1) };
        const icmp = { "icmp.type": 3, "icmp.code": 4, "icmp.mtu": mtu, quoted: craftIp(quote) };
        lab.wire("director", "router/eth1", { ...macs, "ip.src": VIP, "ip.dst": CLIENT, ...icmp });
      }
    });

  it("holds where the client is told what fits, at once or the second time", () => {
    expect(statusOf(refused(1380), "TUN-MTU-04")).to.equal("pass");
    expect(statusOf(refused(1480, 1380), "TUN-MTU-04")).to.equal("pass");
  });

  it("is not exercised where the client was told once only, of what may have been known before", () => {
    const found = refused(1480).find(({ rule }) => rule === "TUN-MTU-04");
    expect(found).to.include({ status: "not-exercised" });
    expect(found?.reason).to.equal(
      "the client was told once only, of an MTU of 1480, which may be what was known before; it has to send again",
    );
  });

  it("is broken where the error ends at the director", () => breaks(refused(undefined), "TUN-MTU-04", "director"));

  it("is broken where no room is left for the tunnel, also the second time", () =>
    breaks(refused(1480, 1400), "TUN-MTU-04", "director"));
});

describe("TUN-SEC-01", () => {
  const foreign = (answered: boolean) =>
    played("tun", (lab) => {
      const inner = { "ip.src": CLIENT, "ip.dst": VIP, "ip.ttl": 60, "tcp.srcport": 9999, "tcp.dstport": 80 };
      const macs = { "eth.src": lab.mac("router", 1), "eth.dst": lab.mac("rs1") };
      lab.wire("router/eth1", "rs1", { ...macs, "ip.src": "172.16.0.66", "ip.dst": lab.ip("rs1"), inner });
      if (answered) lab.answer({ port: 9999 });
    });

  it("holds where nobody answers", () => expect(statusOf(foreign(false), "TUN-SEC-01")).to.equal("pass"));

  it("is broken where the real server does", () => breaks(foreign(true), "TUN-SEC-01", "rs1"));

  it("has nothing to judge where the director sent it", () => {
    const own = played("tun", (lab) => routed(lab, { inner: 60, outer: 59 }), { routed: true });
    expect(statusOf(own, "TUN-SEC-01")).to.equal("not-exercised");
  });
});

describe("DR-RS-04", () => {
  const dualHomed = (answered: boolean) =>
    played(
      "dr",
      (lab) => {
        lab.request();
        if (!answered) return;
        const answer = { "ip.src": VIP, "ip.dst": CLIENT, "ip.id": 3, "tcp.srcport": 80, "tcp.dstport": 40001 };
        const macs = { "eth.src": lab.mac("rs1", 1), "eth.dst": lab.mac("router", 2) };
        lab.wire("rs1/eth1", "router/eth2", { ...macs, ...answer, "tcp.flags": "SA", "tcp.ack_raw": 1001 });
      },
      { answers: "echo", dualHomed: true },
    );

  it("holds where it answers by the other NIC", () => expect(statusOf(dualHomed(true), "DR-RS-04")).to.equal("pass"));

  it("is broken where it does not", () => breaks(dualHomed(false), "DR-RS-04", "rs1"));
});
