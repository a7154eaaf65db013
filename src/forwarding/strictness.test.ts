import { expect } from "chai";
import { craft, craftIp, type PacketSpec } from "../packet/craft.js";
import { BROADCAST } from "../packet/ethernet.js";
import { fragment } from "../packet/fragment.js";
import { decode } from "../packet/packet.js";
import { catalogue } from "./catalogue.js";
import { judge } from "./judge.js";
import type { Model } from "./setup.js";
import { CLIENT, DIP, PaperLab, VIP } from "./testing/paper-lab.js";
import { tooLong } from "./testing/traffic.js";

type Options = ConstructorParameters<typeof PaperLab>[1];

function labOf(model: Model, play: (lab: PaperLab) => void, options: Options = {}, settled = true): PaperLab {
  const lab = new PaperLab(model, options);
  play(lab);
  lab.settled = settled;
  return lab;
}

/** The rules that fail. */
function failing(lab: PaperLab): string[] {
  const findings = judge(lab.evidence(), catalogue).filter(({ status }) => status === "fail");
  return [...new Set(findings.map(({ rule }) => rule))].sort();
}

function statusOf(lab: PaperLab, rule: string): string | undefined {
  return judge(lab.evidence(), catalogue).find((finding) => finding.rule === rule)?.status;
}

/** An ARP reply that says where the VIP is; left out: rs1's to the router. */
function reply(lab: PaperLab, changes: PacketSpec = {}): Uint8Array {
  const [own, router] = [lab.mac("rs1"), lab.mac("router", 1)];
  const sender = { "eth.src": own, "arp.src.hw_mac": own, "arp.src.proto_ipv4": VIP };
  const target = { "eth.dst": router, "arp.dst.hw_mac": router, "arp.dst.proto_ipv4": "10.0.0.254" };
  return craft({ ...sender, ...target, "arp.opcode": 2, ...changes });
}

/** What a real server routes back to the director, or to the router. */
function sendBack(lab: PaperLab, to: "director" | "router"): void {
  const back = { ...lab.requestSpec({}), "ip.ttl": 59, "eth.src": lab.mac("rs1") };
  const director = { "eth.dst": lab.mac("director") };
  if (to === "director") lab.wire("rs1", "director", { ...back, ...director });
  else {
    lab.wire("rs1", "router/eth1", { ...back, "eth.dst": lab.mac("router", 1) });
    lab.wire("router/eth1", "director", { ...back, ...director, "ip.ttl": 58, "eth.src": lab.mac("router", 1) });
  }
  lab.forward({ ...lab.requestSpec({}), "ip.ttl": to === "director" ? 59 : 58 });
}

describe("ARP replies for the VIP", () => {
  const toAll = { "eth.dst": BROADCAST, "arp.dst.hw_mac": BROADCAST };
  for (const [model, unasked, asked] of [
    ["dr", "DR-ARP-07", "DR-ARP-02"],
    ["tun", "TUN-RS-05", "TUN-RS-05"],
  ] as const) {
    it(`${model}: nobody asked for it`, () => {
      expect(failing(labOf(model, (lab) => lab.record("rs1", "out", reply(lab))))).to.deep.equal([unasked]);
    });

    it(`${model}: an answer to all is an answer`, () => {
      const lab = labOf(model, (own) => {
        own.ask("rs1", VIP, { answer: false });
        own.record("rs1", "out", reply(own, toAll));
        own.ask("rs1", own.ip("rs1"));
      });
      expect(failing(lab)).to.deep.equal([asked]);
    });

    it(`${model}: a capture at the router alone shows whose MAC it is`, () => {
      const seen = (from: string) => (lab: PaperLab) => {
        lab.resolve("router/eth1", "10.0.0.254", VIP, lab.mac("router", 1));
        const mac = lab.mac(from);
        lab.record("router/eth1", "in", reply(lab, { "eth.src": mac, "arp.src.hw_mac": mac }));
      };
      expect(failing(labOf(model, seen("rs1"), {}, false))).to.deep.equal([asked]);
      expect(failing(labOf(model, seen("director"), {}, false))).to.deep.equal([]);
    });
  }

  it("DR-ARP-01: a frame of another MAC is wrong", () => {
    const lab = labOf("dr", (own) => {
      own.ask("director", VIP, { answer: false });
      own.record("director", "out", reply(own, { "arp.src.hw_mac": own.mac("director") }));
    });
    expect(failing(lab)).to.deep.equal(["DR-ARP-01"]);
  });
});

describe("other ARP", () => {
  it("DR-RS-03: silence about an address that nobody has needs a canary", () => {
    const ask = (lab: PaperLab) => lab.ask("rs1", "10.0.0.99", { sender: "192.0.2.1", answer: false });
    expect(statusOf(labOf("dr", ask), "DR-RS-03")).to.equal("not-exercised");
    const proven = (lab: PaperLab) => {
      ask(lab);
      lab.ask("rs1", lab.ip("rs1"));
    };
    expect(statusOf(labOf("dr", proven), "DR-RS-03")).to.equal("pass");
  });

  it("DR-RS-03: beside captures it may be an address that the setup does not list", () => {
    const lab = labOf("dr", (own) => own.ask("rs1", "10.0.0.99"), {}, false);
    expect(statusOf(lab, "DR-RS-03")).to.equal("inconclusive");
  });

  it("NAT-ARP-01: the director may ask in the name of the VIP for an answer of its own from there", () => {
    const asked = (lab: PaperLab) => {
      const syn = { "ip.src": lab.ip("rs1"), "ip.dst": VIP, "ip.id": 1, "tcp.srcport": 5, "tcp.dstport": 81 };
      lab.wire("rs1", "director", { ...syn, "eth.src": lab.mac("rs1"), "eth.dst": lab.mac("director") });
      lab.resolve("director", VIP, lab.ip("rs1"), lab.mac("director"));
    };
    const forwarded = (lab: PaperLab) => {
      asked(lab);
      lab.request();
    };
    expect(failing(labOf("nat", asked, { arms: 1 }))).to.deep.equal([]);
    expect(failing(labOf("nat", forwarded, { arms: 1 }))).to.deep.equal(["NAT-ARP-01"]);
  });
});

describe("sizes", () => {
  for (const [model, rule] of [
    ["nat", "NAT-MTU-01"],
    ["dr", "DR-MTU-01"],
  ] as const) {
    it(`${model}: over the MTU and forwarded whole`, () => {
      const options = { mtu: 1300, arms: 2 } as const;
      const udp = (lab: PaperLab) => lab.request({ spec: { "udp.dstport": 53, payload: "z".repeat(1400) } });
      const tcp = (lab: PaperLab) => lab.request({ spec: { payload: "z".repeat(1400) } });
      expect(failing(labOf(model, udp, options))).to.deep.equal([rule]);
      expect(failing(labOf(model, udp, options, false)), "it arrived as it left").to.deep.equal([rule]);
      expect(failing(labOf(model, tcp, options, false)), "a NIC may cut it, and join it").to.deep.equal([]);
    });
  }

  for (const [model, rule] of [
    ["nat", "NAT-REQ-08"],
    ["dr", "DR-REQ-03"],
    ["tun", "TUN-ENC-03"],
  ] as const) {
    it(`${model}: with DF and fitting, and yet cut`, () => {
      const df = (value: boolean) => (lab: PaperLab) => {
        const spec = { "ip.flags.df": value, "udp.dstport": 53, payload: "x".repeat(1000) };
        lab.toDirector(lab.requestSpec({ spec }));
        lab.forward(lab.requestSpec({ spec }), { fragment: 504 });
      };
      expect(failing(labOf(model, df(true)))).to.deep.equal([rule]);
      expect(failing(labOf(model, df(false)))).to.deep.equal([]);
    });
  }

  for (const model of ["nat", "dr", "tun"] as const) {
    const isTun = model === "tun";
    const refused = (changes: PacketSpec) =>
      failing(
        labOf(
          model,
          (lab) => {
            const payload = "y".repeat(isTun ? 1470 : 1400);
            const udp = { "ip.flags.df": true, "udp.dstport": 53, "ip.id": 0x600, payload };
            const { "ip.ttl": _, ...quote } = lab.requestSpec({ spec: udp });
            lab.toDirector(lab.requestSpec({ spec: udp }));
            const macs = { "eth.src": lab.mac("director"), "eth.dst": lab.mac("router", 1) };
            const icmp = { "icmp.type": 3, "icmp.code": 4, "icmp.mtu": isTun ? 1480 : 1300, quoted: craftIp(quote) };
            const error = { ...macs, "ip.src": VIP, "ip.dst": CLIENT, ...icmp, ...changes };
            lab.wire(isTun ? "director" : "director/eth0", "router/eth1", error);
          },
          isTun ? {} : { mtu: 1300, arms: 2 },
        ),
      );
    const rule = `${model.toUpperCase()}-MTU-01`;

    it(`${rule}: a refusal is for the client, from the director, and sound`, () => {
      expect(refused({})).to.deep.equal([]);
      expect(refused({ "ip.src": DIP })).to.deep.equal([]);
      expect(refused({ "ip.dst": "172.16.0.77" })).to.include(rule);
      expect(refused({ "icmp.checksum": 0x1111 })).to.include(rule);
      expect(refused({ "ip.src": "10.0.0.254" })).to.include(rule);
    });
  }
});

describe("fragments in tunnel headers of their own", () => {
  function cut(size: number, to: (index: number) => "rs1" | "rs2", keep = (_: number) => true): PaperLab {
    return labOf("tun", (lab) => {
      const spec = lab.requestSpec({ spec: { "udp.dstport": 53, "ip.id": 0x400, payload: "x".repeat(size) } });
      lab.toDirector(spec, size < 1500 ? {} : { fragment: 1200 });
      for (const [index, part] of fragment(craft({ ...spec, "ip.ttl": 60 }), 1200).entries()) {
        if (!keep(index)) continue;
        const server = to(index);
        const macs = { "eth.src": lab.mac("director"), "eth.dst": lab.mac(server) };
        const outer = { "ip.src": DIP, "ip.dst": lab.ip(server), "ip.ttl": 60, "ip.id": 0x900 + index };
        const payload = part.subarray(decode(part).ip?.offset ?? 0);
        const frame = craft({ ...macs, ...outer, "ip.dsfield": 0x2e, "ip.proto": 4, payload });
        lab.record("director", "out", frame);
        lab.record(server, "in", frame);
      }
    });
  }

  it("are put together where they go to one real server", () => {
    expect(failing(cut(3000, () => "rs1"))).to.deep.equal([]);
    expect(
      statusOf(
        cut(3000, () => "rs1"),
        "TUN-FRAG-01",
      ),
    ).to.equal("pass");
    expect(
      statusOf(
        cut(1470, () => "rs1"),
        "TUN-MTU-02",
      ),
    ).to.equal("pass");
  });

  it("are wrong where they go to two, or one is missing", () => {
    expect(failing(cut(3000, (index) => (index > 0 ? "rs2" : "rs1")))).to.deep.equal(["TUN-FRAG-01"]);
    const incomplete = cut(
      3000,
      () => "rs1",
      (index) => index !== 1,
    );
    expect(failing(incomplete)).to.deep.equal(["TUN-FRAG-01"]);
    incomplete.settled = false;
    expect(statusOf(incomplete, "TUN-FRAG-01")).to.equal("inconclusive");
  });
});

describe("traffic that says nothing about a rule", () => {
  const statusAfter = (model: Model, spec: PacketSpec, rule: string) =>
    statusOf(
      labOf(model, (lab) => lab.request({ spec })),
      rule,
    );

  it("NAT-REQ-09: no IP options; TUN-ENC-07: no DF; DR-MTU-01: none too large", () => {
    expect(statusAfter("nat", {}, "NAT-REQ-09")).to.equal("not-exercised");
    expect(statusAfter("nat", { "ip.options": "5e04abcd" }, "NAT-REQ-09")).to.equal("pass");
    expect(statusAfter("tun", {}, "TUN-ENC-07")).to.equal("not-exercised");
    expect(statusAfter("tun", { "ip.flags.df": true }, "TUN-ENC-07")).to.equal("pass");
    const fits = { "ip.flags.df": true, "udp.dstport": 53, payload: "x".repeat(1472) };
    expect(statusAfter("dr", fits, "DR-MTU-01")).to.equal("not-exercised");
    expect(statusOf(labOf("dr", tooLong, { mtu: 1300, arms: 2 }), "DR-MTU-01")).to.equal("pass");
  });

  it("DR-RS-01: an answer that is none", () => {
    const answered = (spec: PacketSpec, settled = true) => {
      const play = (lab: PaperLab) => {
        lab.request();
        lab.answer({ spec });
      };
      return statusOf(labOf("dr", play, { answers: "echo" }, settled), "DR-RS-01");
    };
    expect(answered({ "tcp.ack_raw": 5 })).to.equal("fail");
    expect(answered({ "tcp.flags": "RA" })).to.equal("fail");
    expect(answered({ "tcp.flags": "RA" }, false), "beside captures a port may be closed").to.equal("pass");
    const { tcp } = decode(craft(new PaperLab("dr").requestSpec({})));
    expect(answered({ "tcp.ack_raw": (tcp?.seq ?? 0) + 1 })).to.equal("pass");
  });

  it("DR-RS-01: an ICMP error from the RIP", () => {
    const play = (lab: PaperLab) => {
      lab.request();
      const macs = { "eth.src": lab.mac("rs1"), "eth.dst": lab.mac("router", 1) };
      const error = { "ip.src": lab.ip("rs1"), "ip.dst": CLIENT, "icmp.type": 3, "icmp.code": 1 };
      lab.wire("rs1", "router/eth1", { ...macs, ...error, quoted: craftIp(lab.requestSpec({})) });
    };
    expect(failing(labOf("dr", play, { answers: "echo" }))).to.include("DR-RS-01");
  });

  it("TUN-ENC-08: IDs that come back", () => {
    const ids = (...list: number[]) =>
      labOf("tun", (lab) => {
        for (const [index, id] of list.entries()) {
          lab.request({ out: { "ip.id": id }, spec: index === 0 ? {} : { "tcp.flags": "A", "tcp.seq_raw": index } });
        }
      });
    expect(failing(ids(1, 2, 1, 2))).to.deep.equal(["TUN-ENC-08"]);
    expect(failing(ids(1, 2, 3, 1, 4, 5)), "drawn at random").to.deep.equal([]);
    expect(statusOf(ids(1, 2, 3), "TUN-ENC-08")).to.equal("pass");
  });
});

describe("blame", () => {
  for (const [model, rule] of [
    ["dr", "DR-RSP-03"],
    ["tun", "TUN-RS-02"],
  ] as const) {
    it(`${rule}: a next hop that captures do not tell of`, () => {
      const play = (lab: PaperLab) => {
        lab.request();
        lab.answer({ sent: { "eth.dst": "02:00:00:00:0a:aa" }, forwarded: false });
      };
      expect(failing(labOf(model, play))).to.deep.equal([rule]);
      expect(statusOf(labOf(model, play, {}, false), rule)).to.equal("pass");
    });
  }

  it("GEN-SCH-01: turns that other clients may have had", () => {
    const play = (lab: PaperLab) => {
      for (const port of [40001, 40002]) lab.request({ port });
    };
    expect(statusOf(labOf("dr", play), "GEN-SCH-01")).to.equal("fail");
    expect(statusOf(labOf("dr", play, {}, false), "GEN-SCH-01")).to.equal("inconclusive");
  });

  for (const to of ["director", "router"] as const) {
    it(`TUN-RS-06: what a real server sends back to the ${to} is no request of a client`, () => {
      const lab = labOf("tun", (own) => {
        own.request();
        sendBack(own, to);
      });
      expect(statusOf(lab, "GEN-FLOW-01")).to.equal("not-exercised");
      expect(failing(lab)).to.deep.equal(["TUN-RS-06"]);
    });
  }

  it("a real server may be a client itself", () => {
    const lab = labOf("dr", (own) => {
      const spec = own.requestSpec({ spec: { "ip.src": own.ip("rs1") } });
      own.wire("rs1", "director", { ...spec, "eth.src": own.mac("rs1"), "eth.dst": own.mac("director") });
      own.forward(spec, { server: "rs2" });
    });
    expect(statusOf(lab, "GEN-SVC-01")).to.equal("pass");
  });

  it("TUN-ENC-06: any outer TTL that lasts", () => {
    const sent = (ttl: number, routed: boolean) => {
      const play = (lab: PaperLab) => {
        lab.toDirector(lab.requestSpec({}));
        const macs = { "eth.src": lab.mac("director"), "eth.dst": routed ? lab.mac("router", 1) : lab.mac("rs2") };
        const outer = { "ip.src": DIP, "ip.dst": lab.ip("rs2"), "ip.ttl": ttl, "ip.id": 3, "ip.dsfield": 0x2e };
        const inner = { ...lab.requestSpec({}), "ip.ttl": 60 };
        lab.wire("director", routed ? "router/eth1" : "rs2", { ...macs, ...outer, inner });
      };
      return failing(labOf("tun", play, { routed })).includes("TUN-ENC-06");
    };
    expect([32, 1, 0].map((ttl) => sent(ttl, false))).to.deep.equal([false, false, true]);
    expect([32, 2, 1].map((ttl) => sent(ttl, true))).to.deep.equal([false, false, true]);
  });
});
