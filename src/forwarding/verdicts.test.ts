import { expect } from "chai";
import { craft, craftIp, type PacketSpec } from "../packet/craft.js";
import { catalogue } from "./catalogue.js";
import type { Evidence } from "./evidence.js";
import { judge } from "./judge.js";
import type { Finding } from "./rule.js";
import type { Model } from "./setup.js";
import { CLIENT, DIP, PaperLab, VIP } from "./testing/paper-lab.js";
import { clientError, echo, tunnelled } from "./testing/traffic.js";

const MODELS = ["nat", "dr", "tun"] as const;
const UDP = { "udp.dstport": 53, payload: "question" };

type Options = ConstructorParameters<typeof PaperLab>[1];
type Play = (lab: PaperLab) => void;

function played(model: Model, play: Play, options?: Options): Evidence {
  const lab = new PaperLab(model, options);
  play(lab);
  return lab.evidence();
}

function failuresIn(evidence: Evidence): Finding[] {
  return judge(evidence, catalogue).filter(({ status }) => status === "fail");
}

/** The rules that fail, no more and no fewer. */
function fails(evidence: Evidence, ...rules: readonly string[]): void {
  const found = failuresIn(evidence);
  const text = found.map(({ rule, field, expected, observed }) => `${rule} ${field}: ${expected} / ${observed}`);
  expect([...new Set(found.map(({ rule }) => rule))].sort(), text.join("\n")).to.deep.equal([...rules].sort());
}

function statusOf(evidence: Evidence, rule: string): string | undefined {
  return judge(evidence, catalogue).find((finding) => finding.rule === rule)?.status;
}

/** What the director sends by itself. */
function directorSends(lab: PaperLab, spec: PacketSpec): void {
  const macs = { "eth.src": lab.mac("director"), "eth.dst": lab.mac("router", 1) };
  const addresses = { "ip.src": VIP, "ip.dst": CLIENT, "ip.id": 0x2222 };
  lab.wire(lab.model === "nat" ? "director/eth0" : "director", "router/eth1", { ...macs, ...addresses, ...spec });
}

function resets(lab: PaperLab, spec: PacketSpec): void {
  directorSends(lab, { "tcp.srcport": 80, "tcp.dstport": 40001, "tcp.flags": "R", ...spec });
}

describe("answers of older connections (NAT-TUP-01)", () => {
  const late = (earlier?: ReadonlySet<string>) => {
    const lab = new PaperLab("nat");
    lab.answer({ spec: { "udp.srcport": 5353, payload: "late" } });
    lab.request({ spec: UDP });
    lab.settled = earlier !== undefined;
    if (earlier !== undefined) lab.earlierClients = earlier;
    return lab.evidence();
  };

  it("are not foreign because the same client port asks again later", () => {
    fails(late());
    fails(late(new Set([`${CLIENT}:40001`])));
  });

  it("are foreign where somebody vouches that there was no older connection", () =>
    fails(late(new Set()), "NAT-TUP-01"));
});

describe("TCP flags that the director changes", () => {
  const blamed = { nat: "NAT-REQ-10", dr: "DR-REQ-04", tun: "TUN-ENC-04" } as const;
  for (const model of MODELS) {
    const copy = (spec: PacketSpec) => (model === "tun" ? { inner: spec } : { out: spec });

    it(`${model}: ECE and CWR cleared in the SYN`, () => {
      const request = { spec: { "tcp.flags": "SEC" }, ...copy({ "tcp.flags": "S" }) };
      fails(
        played(model, (lab) => lab.request(request)),
        blamed[model],
      );
    });

    it(`${model}: PSH cleared in mid-stream`, () => {
      const data = { "tcp.flags": "PA", "tcp.seq_raw": 1001, payload: "x" };
      const play: Play = (lab) => {
        lab.request();
        lab.request({ spec: data, ...copy({ "tcp.flags": "A" }) });
      };
      fails(played(model, play), blamed[model]);
    });
  }

  it("nat: ECE cleared in the SYN/ACK", () => {
    const play: Play = (lab) => {
      lab.request();
      lab.answer({ spec: { "tcp.flags": "SAE" }, out: { "tcp.flags": "SA" } });
    };
    fails(played("nat", play), "NAT-RSP-03");
  });

  it("dr: reserved bits set", () => {
    const play: Play = (lab) => {
      const spec = lab.requestSpec({});
      lab.toDirector(spec);
      const macs = { "eth.src": lab.mac("director"), "eth.dst": lab.mac("rs1") };
      const bytes = craft({ ...spec, ...macs, "ip.ttl": 60 }).slice();
      const flags = 14 + 20 + 12;
      bytes[flags] = (bytes[flags] ?? 0) | 0x0e;
      lab.record("director", "out", bytes);
      lab.record("rs1", "in", bytes);
    };
    expect(failuresIn(played("dr", play)).map(({ rule }) => rule)).to.deep.equal(["DR-REQ-04"]);
  });
});

describe("a checksum that holds the pseudo header alone", () => {
  const unfilled = (lab: PaperLab, server = VIP) => {
    const words = [...CLIENT.split("."), ...server.split(".")].map(Number);
    let sum = 6 + 24;
    for (let at = 0; at < words.length; at += 2) sum += ((words[at] ?? 0) << 8) | (words[at + 1] ?? 0);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
    const spec = { "tcp.checksum": sum };
    lab.request(lab.model === "tun" ? { inner: spec } : { out: spec });
  };
  /** As from capture files: nobody says what the NIC was still to do. */
  const captured = ({ frames, journeys, ...rest }: Evidence, tap: (name: string) => boolean): Evidence => {
    const unknown = new Map(
      frames.map((frame) => [frame, tap(frame.tap) ? { ...frame, checksumReady: undefined } : frame]),
    );
    for (const { sightings } of journeys) {
      for (const sighting of sightings) {
        Object.assign(sighting, { frames: sighting.frames.map((frame) => unknown.get(frame) ?? frame) });
      }
    }
    return { ...rest, frames: [...unknown.values()], journeys };
  };

  for (const [model, rule] of [
    ["nat", "NAT-REQ-07"],
    ["dr", "DR-REQ-04"],
    ["tun", "TUN-ENC-04"],
  ] as const) {
    it(`${model}: is wrong where the kernel says that it was sent like that`, () => {
      const evidence = played(model, (lab) => unfilled(lab, model === "nat" ? lab.ip("rs1") : VIP));
      fails(evidence, rule);
    });
  }

  it("is the NIC's to fill in where nobody says", () => {
    fails(
      captured(
        played("nat", (lab) => unfilled(lab, lab.ip("rs1"))),
        () => true,
      ),
    );
  });
});

describe("ICMP errors that Linux does not relay", () => {
  for (const type of [5, 12]) {
    for (const model of MODELS) {
      it(`${model}: type ${type} of the client's side may be dropped`, () => {
        const play: Play = (lab) => {
          lab.request();
          const quoted = craftIp({
            "ip.src": VIP,
            "ip.dst": CLIENT,
            "ip.id": 5,
            "tcp.srcport": 80,
            "tcp.dstport": 40001,
          });
          const addresses = { "ip.src": "172.16.0.200", "ip.dst": VIP, "ip.id": 0x77 };
          lab.toDirector({ ...addresses, "ip.ttl": 61, "icmp.type": type, "icmp.code": 0, quoted });
        };
        fails(played(model, play));
      });
    }

    it(`nat: type ${type} of a real server may be routed as it is`, () => {
      const play: Play = (lab) => {
        lab.request({ spec: UDP });
        const asked = { "ip.src": CLIENT, "ip.dst": lab.ip("rs1"), "udp.srcport": 40001, "udp.dstport": 5353 };
        const error = {
          "ip.src": lab.ip("rs1"),
          "ip.dst": CLIENT,
          "ip.id": 0x99,
          "icmp.type": type,
          "icmp.code": 0,
          quoted: craftIp({ ...asked, "ip.id": 0x1234 }),
        };
        const macs = { "eth.src": lab.mac("rs1"), "eth.dst": lab.mac("director", 1) };
        lab.wire("rs1", "director/eth1", { ...macs, ...error, "ip.ttl": 64 });
        directorSends(lab, { ...error, "ip.ttl": 63 });
      };
      fails(played("nat", play));
    });
  }

  it("time exceeded has to be relayed", () => {
    const play: Play = (lab) => {
      lab.request();
      const quoted = craftIp({ "ip.src": VIP, "ip.dst": CLIENT, "tcp.srcport": 80, "tcp.dstport": 40001 });
      lab.toDirector({ "ip.src": "172.16.0.200", "ip.dst": VIP, "icmp.type": 11, "icmp.code": 0, quoted });
    };
    fails(played("dr", play), "DR-ICMP-01");
  });
});

describe("IP options", () => {
  const ROUTE = "010707040000000000000000";
  const filled = (options: string, change: string) =>
    played("dr", (lab) => lab.request({ spec: { "ip.options": options }, out: { "ip.options": change } }));

  it("Record Route may be filled in, wherever it stands", () => fails(filled(ROUTE, "010707080a00000100000000")));

  it("so may a timestamp", () => fails(filled("44080500000000000000000000".slice(0, 16), "4408090000001234")));

  it("what stands beside them may not change", () => {
    fails(filled(ROUTE, "000707080a00000100000000"), "DR-REQ-03");
    fails(filled(ROUTE, "010707040000000000010000"), "DR-REQ-03");
    fails(filled(ROUTE, "01070b040000000000000000"), "DR-REQ-03");
  });

  it("what was filled in before may not be erased, nor more than one router enter itself", () => {
    const visited = "070b080a0000050000000000";
    fails(filled(visited, "070b0c0a0000050a00000100"));
    fails(filled(visited, "070b04000000000000000000"), "DR-REQ-03");
    fails(filled(visited, "070b080a0000060000000000"), "DR-REQ-03");
    fails(filled("070b04000000000000000000", "070b0c0a0000010a00000200"), "DR-REQ-03");
  });

  it("a timestamp has room for an address, or counts who found none", () => {
    fails(filled("440c05010000000000000000", "440c0d010a00000100001234"));
    fails(filled("4408090000001234", "4408091000001234"));
    fails(filled("4408090000001234", "4408090000005678"), "DR-REQ-03");
    fails(filled("4408050000000000", "4408051000000000"), "DR-REQ-03");
  });

  it("a hostile length ends the walk", () => {
    fails(filled("0700000000000000", "0700000000000000"));
    fails(filled("07ff040000000000", "07ff080a00000100"), "DR-REQ-03");
  });

  for (const options of ["018307040a000005", "8907040a00000500"]) {
    it(`a source route (${options}) may be dropped by the director`, () => {
      fails(played("nat", (lab) => lab.request({ spec: { "ip.options": options }, copies: 0 })));
    });

    it(`a source route (${options}) may be dropped by the real server`, () => {
      const play: Play = (lab) => lab.request({ spec: { "ip.options": options } });
      fails(played("dr", play, { answers: "echo" }));
      fails(played("tun", play, { answers: "echo" }));
    });
  }
});

describe("a SYN/ACK without a connection", () => {
  for (const model of MODELS) {
    it(`${model}: is forwarded or not`, () => {
      fails(played(model, (lab) => lab.request({ spec: { "tcp.flags": "SA" }, copies: 0 })));
      fails(played(model, (lab) => lab.request({ spec: { "tcp.flags": "SA" } })));
    });
  }
});

describe("what the director sends for no reason", () => {
  it("nat: data in the real server's name is a leak", () => {
    const play: Play = (lab) => {
      lab.request();
      directorSends(lab, {
        "ip.src": lab.ip("rs1"),
        "tcp.srcport": 8080,
        "tcp.dstport": 40001,
        "tcp.flags": "PA",
        payload: "leak",
      });
    };
    fails(played("nat", play), "NAT-RSP-05");
  });

  for (const model of MODELS) {
    const invents = (spec: PacketSpec) =>
      played(model, (lab) => {
        lab.request();
        lab.forward(lab.requestSpec({ port: 41111, spec: { "ip.id": 0x99, "tcp.seq_raw": 5, ...spec } }), {
          server: "rs2",
        });
      });

    it(`${model}: a SYN to a real server`, () => fails(invents({}), "GEN-SVC-01"));

    it(`${model}: a SYN of its own is its own matter`, () => fails(invents({ "ip.src": DIP })));
  }

  it("tun: what it takes out of a tunnel to the VIP", () => {
    fails(
      played("tun", (lab) => lab.forward(tunnelled(lab))),
      "TUN-SEC-02",
    );
    const kept = new PaperLab("tun");
    tunnelled(kept);
    expect(statusOf(kept.evidence(), "TUN-SEC-02")).to.equal("pass");
    kept.settled = false;
    expect(statusOf(kept.evidence(), "TUN-SEC-02")).to.equal("inconclusive");
    expect(statusOf(new PaperLab("tun").evidence(), "TUN-SEC-02")).to.equal("not-exercised");
  });
});

describe("answers and errors that are multiplied", () => {
  function again(lab: PaperLab, from: string, to: string): void {
    const sent = lab.evidence().frames.findLast(({ tap, direction }) => tap === from && direction === "out");
    if (sent === undefined) throw new Error(`nothing at ${from}`);
    lab.record(from, "out", sent.bytes);
    lab.record(to, "in", sent.bytes);
  }

  it("nat: an answer leaves twice", () => {
    const play: Play = (lab) => {
      lab.request();
      lab.answer();
      again(lab, "director/eth0", "router/eth1");
    };
    fails(played("nat", play), "GEN-SVC-01");
  });

  for (const model of MODELS) {
    it(`${model}: an ICMP error is delivered twice`, () => {
      const play: Play = (lab) => {
        lab.request();
        clientError(lab, 40001, "rs1");
        again(lab, model === "nat" ? "director/eth1" : "director", "rs1");
      };
      fails(played(model, play), "GEN-SVC-01");
    });
  }
});

describe("echo replies (GEN-SVC-05)", () => {
  const answered = (reply: PacketSpec) => played("dr", (lab) => echo(lab, reply));

  it("come from the VIP", () => fails(answered({ "ip.src": DIP }), "GEN-SVC-05"));
  it("have the identifier", () => fails(answered({ "icmp.ident": 9 }), "GEN-SVC-05"));
  it("have the sequence number", () => fails(answered({ "icmp.seq": 9 }), "GEN-SVC-05"));

  it("belong to the request that they fit", () => {
    const play: Play = (lab) => {
      const ping = { "ip.src": CLIENT, "ip.dst": VIP, "icmp.type": 8, "icmp.ident": 7, "icmp.seq": 2, payload: "ping" };
      lab.toDirector(ping);
      echo(lab);
    };
    fails(played("dr", play));
  });

  it("may be left out, which only settled evidence proves", () => {
    const lab = new PaperLab("dr");
    lab.toDirector({ "ip.src": CLIENT, "ip.dst": VIP, "icmp.type": 8, "icmp.ident": 7, payload: "ping" });
    expect(statusOf(lab.evidence(), "GEN-SVC-05")).to.equal("pass");
    lab.settled = false;
    expect(statusOf(lab.evidence(), "GEN-SVC-05")).to.equal("inconclusive");
  });
});

describe("what the director answers itself", () => {
  const unreachable = { "icmp.type": 3, "icmp.code": 3 };
  const kept = (spec: PacketSpec, reply: Play, options?: Options) =>
    played(
      "nat",
      (lab) => {
        lab.request({ spec, copies: 0 });
        reply(lab);
      },
      options,
    );
  const quoteOf = (lab: PaperLab, spec: PacketSpec, change: PacketSpec = {}) =>
    craftIp({ ...lab.requestSpec({ spec }), ...change });

  it("nothing to a corrupt header", () => {
    const corrupt = { "ip.checksum": 0x1111 };
    fails(
      kept(corrupt, (lab) => directorSends(lab, { "icmp.type": 12, "icmp.code": 0, quoted: quoteOf(lab, corrupt) })),
      "GEN-SVC-07",
    );
  });

  it("nothing to a RST", () => {
    fails(
      kept({ "tcp.flags": "R" }, (lab) => resets(lab, {})),
      "GEN-SVC-06",
    );
  });

  it("a RST that takes its number from the ACK", () => {
    const ack = { "tcp.flags": "A", "tcp.ack_raw": 77 };
    fails(kept(ack, (lab) => resets(lab, { "tcp.seq_raw": 77 })));
    fails(
      kept(ack, (lab) => resets(lab, { "tcp.seq_raw": 78 })),
      "GEN-SVC-06",
    );
  });

  it("a RST from the VIP that acknowledges the SYN", () => {
    const closed = { "tcp.dstport": 81, "tcp.seq_raw": 1000 };
    const right = { "tcp.srcport": 81, "tcp.flags": "RA", "tcp.seq_raw": 0, "tcp.ack_raw": 1001 };
    fails(kept(closed, (lab) => resets(lab, right)));
    for (const wrong of [{ "ip.src": DIP }, { "tcp.ack_raw": 5 }, { "tcp.flags": "R", "tcp.ack_raw": 0 }]) {
      fails(
        kept(closed, (lab) => resets(lab, { ...right, ...wrong })),
        "GEN-SVC-02",
      );
    }
  });

  it("time exceeded with the packet as it came", () => {
    const last = { "ip.ttl": 1 };
    const exceeded = (lab: PaperLab, change: PacketSpec, src = VIP) =>
      directorSends(lab, { "ip.src": src, "icmp.type": 11, "icmp.code": 0, quoted: quoteOf(lab, last, change) });
    fails(kept(last, (lab) => exceeded(lab, {})));
    fails(kept(last, (lab) => exceeded(lab, {}, DIP)));
    fails(
      kept(last, (lab) => exceeded(lab, { "ip.dst": lab.ip("rs1"), "tcp.dstport": 8080 })),
      "GEN-TTL-02",
    );
    fails(
      kept(last, (lab) => exceeded(lab, { "tcp.dstport": 8080 })),
      "GEN-TTL-02",
    );
    fails(
      kept(last, (lab) => exceeded(lab, {}, lab.ip("rs1"))),
      "GEN-TTL-02",
    );
  });

  it("port unreachable from the VIP where no server is available", () => {
    const none = { weights: [0, 0] };
    const refuse = (src: string) => (lab: PaperLab) =>
      directorSends(lab, { ...unreachable, "ip.src": src, quoted: quoteOf(lab, {}) });
    fails(kept({}, refuse(VIP), none));
    fails(kept({}, refuse(DIP), none), "GEN-SCH-04");
    fails(
      kept({}, (lab) => resets(lab, { "ip.src": DIP, "tcp.flags": "RA", "tcp.ack_raw": 1001 }), none),
      "GEN-SCH-04",
    );
  });

  it("is no answer to what another packet fits", () => {
    const play: Play = (lab) => {
      lab.request({ spec: { "tcp.flags": "R", "ip.id": 1 }, copies: 0 });
      lab.request({ spec: { "tcp.flags": "A", "tcp.ack_raw": 77, "ip.id": 2 }, copies: 0 });
      resets(lab, { "tcp.seq_raw": 77 });
    };
    fails(played("dr", play));
  });
});

describe("after a RST was forwarded", () => {
  const reset = { "tcp.flags": "R", "tcp.seq_raw": 1001 };

  for (const model of MODELS) {
    it(`${model}: later requests are forwarded or not`, () => {
      const play: Play = (lab) => {
        lab.request();
        lab.request({ spec: reset });
        lab.request({ spec: { "tcp.flags": "A", "tcp.seq_raw": 1001 }, copies: 0 });
      };
      fails(played(model, play));
    });
  }

  it("nat: later answers are forwarded or not", () => {
    const play: Play = (lab) => {
      lab.request();
      lab.answer();
      lab.request({ spec: reset });
      lab.answer({ spec: { "tcp.flags": "PA", payload: "late" }, forwarded: false });
    };
    fails(played("nat", play));
  });

  it("but no packet before it may be lost", () => {
    const play: Play = (lab) => {
      lab.request();
      lab.request({ spec: { "tcp.flags": "A", "tcp.seq_raw": 1001 }, copies: 0 });
      lab.request({ spec: reset });
    };
    fails(played("nat", play), "GEN-FLOW-01");
  });
});

describe("equal datagrams of one client port to two services", () => {
  for (const model of ["nat", "tun"] as const) {
    const lab = () => {
      const paper = new PaperLab(model);
      const [, udp] = paper.setup.services;
      if (udp === undefined) throw new Error("no UDP service");
      const port = model === "nat" ? 5454 : 54;
      const realServers = udp.realServers.map((server) => ({ ...server, port }));
      (paper.setup.services as (typeof udp)[]).push({ ...udp, port: 54, realServers });
      return paper;
    };
    const datagram = (paper: PaperLab, port: number) =>
      paper.requestSpec({ spec: { "udp.dstport": port, payload: "q", "ip.id": 0, "ip.flags.df": true } });
    const mapped = model === "nat" ? { out: { "udp.dstport": 5454 } } : {};

    it(`${model}: may overtake each other`, () => {
      const paper = lab();
      paper.toDirector(datagram(paper, 53));
      paper.toDirector(datagram(paper, 54));
      paper.forward(datagram(paper, 54), { server: "rs2", ...mapped });
      paper.forward(datagram(paper, 53), { server: "rs1" });
      fails(paper.evidence());
    });
  }
});

describe("other traffic of a real server with the same client port", () => {
  it("is no answer", () => {
    const play: Play = (lab) => {
      lab.request();
      lab.answer();
      const macs = { "eth.src": lab.mac("rs1"), "eth.dst": lab.mac("router", 1) };
      const addresses = { "ip.src": lab.ip("rs1"), "ip.dst": CLIENT, "ip.id": 7 };
      const tcp = { "tcp.srcport": 22, "tcp.dstport": 40001, "tcp.flags": "SA" };
      lab.wire("rs1", "router/eth1", { ...macs, ...addresses, ...tcp });
    };
    fails(played("dr", play));
  });

  it("is one from the VIP, whatever its port", () => {
    const play: Play = (lab) => {
      lab.request({ spec: UDP });
      lab.answer({ spec: { "udp.srcport": 5300 } });
    };
    fails(played("dr", play), "DR-RSP-02");
  });
});

describe("a packet with a wrong L4 checksum that is dropped (GEN-L4-01)", () => {
  const dropped = (spec: PacketSpec, options?: Options) =>
    statusOf(
      played("dr", (lab) => lab.request({ spec: { "tcp.checksum": 0x1111, ...spec }, copies: 0 }), options),
      "GEN-L4-01",
    );

  it("shows that it is not repaired", () => expect(dropped({})).to.equal("pass"));

  it("shows nothing where it is dropped for another reason", () => {
    expect(dropped({ "ip.ttl": 1 })).to.equal("not-exercised");
    expect(dropped({ "ip.checksum": 0x1111 })).to.equal("not-exercised");
    expect(dropped({}, { weights: [0, 0] })).to.equal("not-exercised");
    expect(dropped({ "ip.flags.df": true, payload: "x".repeat(1400) }, { mtu: 1300, arms: 2 })).to.equal(
      "not-exercised",
    );
  });

  it("is no ICMP error", () => {
    const lab = new PaperLab("dr");
    lab.request();
    const quoted = craftIp({ "ip.src": VIP, "ip.dst": CLIENT, "tcp.srcport": 80, "tcp.dstport": 40001 });
    const error = { "ip.src": "172.16.0.200", "ip.dst": VIP, "icmp.type": 3, "icmp.code": 4, quoted };
    lab.toDirector({ ...error, "icmp.checksum": 0x1111 });
    expect(statusOf(lab.evidence(), "GEN-L4-01")).to.equal("not-exercised");
  });
});

describe("what the director makes up (GEN-SVC-01)", () => {
  for (const model of MODELS) {
    const inMidstream = (play: Play) =>
      played(model, (lab) => {
        lab.request();
        play(lab);
      });
    const toServer = (spec: PacketSpec, port = 40001): Play => {
      return (lab) => lab.forward(lab.requestSpec({ port, spec: { "ip.id": 0x77, ...spec } }));
    };
    const reset = { "tcp.flags": "R", "tcp.seq_raw": 1001 };

    it(`${model}: is wrong towards a real server in the name of a client`, () => {
      fails(inMidstream(toServer(reset)), "GEN-SVC-01");
      fails(inMidstream(toServer({ "tcp.flags": "PA", "tcp.seq_raw": 1001, payload: "x" })), "GEN-SVC-01");
      fails(inMidstream(toServer(UDP, 40002)), "GEN-SVC-01");
    });

    it(`${model}: is wrong towards a client in the name of the service`, () => {
      fails(
        inMidstream((lab) => resets(lab, {})),
        "GEN-SVC-01",
      );
      fails(
        inMidstream((lab) => directorSends(lab, { "udp.srcport": 53, "udp.dstport": 40001, payload: "answer" })),
        "GEN-SVC-01",
      );
    });

    it(`${model}: is right about what it kept, from itself, and where the beginning is not known`, () => {
      fails(
        inMidstream((lab) => {
          lab.request({ port: 40002, spec: { "tcp.flags": "A", "tcp.ack_raw": 5 }, copies: 0 });
          resets(lab, { "tcp.dstport": 40002, "tcp.seq_raw": 5 });
        }),
      );
      fails(inMidstream(toServer({ "ip.src": DIP, ...reset })));
      const lab = new PaperLab(model);
      lab.request();
      toServer(reset)(lab);
      resets(lab, {});
      lab.settled = false;
      fails(lab.evidence());
    });
  }
});

describe("what is for no service (GEN-SVC-02)", () => {
  const bastion = { "ip.dst": "10.0.0.77", "tcp.dstport": 22, "eth.dst": "02:00:00:00:00:77" };
  const forwarded = (out: PacketSpec) =>
    played("nat", (lab) => lab.request({ spec: { "tcp.dstport": 2222 }, out }), { arms: 1 });

  it("may go on to a host that is no real server", () => fails(forwarded(bastion)));

  it("may not go to a real server, by its address or its MAC", () => {
    fails(forwarded({ "tcp.dstport": 22 }), "GEN-SVC-02");
    fails(forwarded({ ...bastion, "eth.dst": "02:00:00:00:00:11" }), "GEN-SVC-02");
    fails(forwarded({ ...bastion, "ip.dst": VIP }), "GEN-SVC-02");
  });
});
