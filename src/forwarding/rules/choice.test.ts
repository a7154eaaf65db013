import { expect } from "chai";
import { catalogue } from "../catalogue.js";
import { judge } from "../judge.js";
import type { Finding } from "../rule.js";
import type { Service } from "../setup.js";
import { PaperLab } from "../testing/paper-lab.js";

type Server = "rs1" | "rs2";

function played(service: Partial<Service>, play: (lab: PaperLab) => void): readonly Finding[] {
  const lab = new PaperLab("dr", { service });
  play(lab);
  return judge(lab.evidence(), catalogue);
}

function statusOf(findings: readonly Finding[], rule: string) {
  return findings.find((finding) => finding.rule === rule)?.status;
}

/** Only this rule is broken. */
function breaks(findings: readonly Finding[], rule: string): void {
  const failed = findings.filter(({ status }) => status === "fail");
  expect([...new Set(failed.map((finding) => finding.rule))]).to.deep.equal([rule]);
  for (const { suspect, frames, causes } of failed) {
    expect(suspect).to.equal("director");
    expect(frames).to.not.be.empty;
    expect(causes).to.not.be.empty;
  }
}

/** New connections, each of a port of its own; of one client or of several. */
function connections(servers: readonly Server[], clients: readonly number[] = [], first = 40001) {
  return (lab: PaperLab) => {
    for (const [index, server] of servers.entries()) {
      const client = clients[index];
      const spec = client === undefined ? {} : { "ip.src": `172.16.0.${client}` };
      lab.request({ server, port: first + index, spec });
    }
  };
}

describe("GEN-SCH-02", () => {
  const weighted = (servers: readonly Server[]) => {
    const lab = new PaperLab("dr", { service: { scheduler: "wrr" }, weights: [2, 4] });
    connections(servers)(lab);
    return judge(lab.evidence(), catalogue);
  };

  it("holds where a cycle has each server's share, in any order", () =>
    expect(statusOf(weighted(["rs2", "rs1", "rs2", "rs2"]), "GEN-SCH-02")).to.equal("pass"));

  it("is broken where weights do not count", () => breaks(weighted(["rs1", "rs2", "rs1"]), "GEN-SCH-02"));

  it("says nothing before a cycle is full", () =>
    expect(statusOf(weighted(["rs1", "rs2"]), "GEN-SCH-02")).to.equal("not-exercised"));
});

describe("GEN-SCH-05", () => {
  const afterRemoval = (more: { copies: number; server: Server }) =>
    played({}, (lab) => {
      lab.request();
      lab.change((server) => (server.name === "rs1" ? undefined : server));
      lab.request({ ...more, spec: { "tcp.flags": "A", "tcp.seq_raw": 1001 } });
    });

  it("holds where the segment is dropped", () =>
    expect(statusOf(afterRemoval({ copies: 0, server: "rs1" }), "GEN-SCH-05")).to.equal("pass"));

  it("is broken where another server gets it", () => breaks(afterRemoval({ copies: 1, server: "rs2" }), "GEN-SCH-05"));

  it("is broken where the removed one gets it", () => breaks(afterRemoval({ copies: 1, server: "rs1" }), "GEN-SCH-05"));
});

describe("GEN-SCH-06", () => {
  const sh = (servers: readonly Server[], clients: readonly number[], flags: string[] = []) =>
    played({ scheduler: "sh", schedulerFlags: flags }, connections(servers, clients));

  it("holds where each client has one server", () =>
    expect(statusOf(sh(["rs1", "rs2", "rs1"], [1, 2, 1]), "GEN-SCH-06")).to.equal("pass"));

  it("is broken where the port counts", () => breaks(sh(["rs1", "rs2"], [1, 1]), "GEN-SCH-06"));

  it("lets the port count where that is wanted", () =>
    expect(statusOf(sh(["rs1", "rs2"], [1, 1], ["sh-port"]), "GEN-SCH-06")).to.equal("not-exercised"));

  it("is broken where a dozen clients all have the same one", () => {
    const clients = Array.from({ length: 12 }, (_, index) => index + 1);
    breaks(
      sh(
        clients.map(() => "rs1"),
        clients,
      ),
      "GEN-SCH-06",
    );
  });
});

describe("GEN-SCH-06 with weights", () => {
  const onOne = (weights: number[], count: number) => {
    const lab = new PaperLab("dr", { service: { scheduler: "sh" }, weights });
    const clients = Array.from({ length: count }, (_, index) => index + 1);
    connections(
      clients.map(() => "rs1"),
      clients,
    )(lab);
    return judge(lab.evidence(), catalogue);
  };

  it("lets a server have all clients whose weight makes that likely", () => {
    expect(statusOf(onOne([100, 1], 13), "GEN-SCH-06")).to.equal("not-exercised");
    expect(statusOf(onOne([2, 1], 13), "GEN-SCH-06")).to.equal("not-exercised");
  });

  it("is broken where its weight does not", () => {
    breaks(onOne([2, 1], 25), "GEN-SCH-06");
    breaks(onOne([1, 2], 12), "GEN-SCH-06");
  });
});

describe("a real server that went and came back", () => {
  const moved = (service: Partial<Service>, isBack: boolean, isSeen: boolean) =>
    played(service, (lab) => {
      connections(["rs1"], [1])(lab);
      lab.change((server) => (server.name === "rs1" && isBack ? undefined : server));
      if (isSeen) connections(["rs2", "rs2"], [1, 2], 41001)(lab);
      lab.change((server) => server);
      connections(["rs2", "rs2"], [1, 2], 42001)(lab);
    });

  for (const [rule, service] of [
    ["GEN-SCH-06", { scheduler: "sh" }],
    ["GEN-SCH-08", { persistence: { timeout: 60, prefix: 32 } }],
  ] as const) {
    it(`${rule}: does not get its clients back`, () => {
      expect(statusOf(moved(service, true, true), rule)).to.not.equal("fail");
      expect(statusOf(moved(service, true, false), rule)).to.not.equal("fail");
    });

    it(`${rule}: keeps them where it never went`, () => {
      breaks(moved(service, false, true), rule);
      breaks(moved(service, false, false), rule);
    });
  }
});

describe("GEN-SCH-07", () => {
  const clients = Array.from({ length: 20 }, (_, index) => index + 1);
  const shrunk = (after: (client: number) => Server) =>
    played({ scheduler: "mh", realServers: threeServers }, (lab) => {
      connections(
        clients.map((client) => (client % 2 ? "rs1" : "rs2")),
        clients,
      )(lab);
      lab.change((server) => (server.name === "gone" ? undefined : server));
      connections(clients.map(after), clients, 41001)(lab);
    });
  const server = { port: 80, weight: 1, answers: "silent" } as const;
  const threeServers = [
    { ...server, name: "rs1", ip: "10.0.0.11" },
    { ...server, name: "rs2", ip: "10.0.0.12" },
    { ...server, name: "gone", ip: "10.0.0.13" },
  ];

  it("holds where nobody moved, and where one in twenty did", () => {
    expect(
      statusOf(
        shrunk((client) => (client % 2 ? "rs1" : "rs2")),
        "GEN-SCH-07",
      ),
    ).to.equal("pass");
    expect(
      statusOf(
        shrunk((client) => (client % 2 || client === 2 ? "rs1" : "rs2")),
        "GEN-SCH-07",
      ),
    ).to.equal("pass");
  });

  it("is broken where the others move as well", () =>
    breaks(
      shrunk(() => "rs1"),
      "GEN-SCH-07",
    ));

  /** Of twenty clients six were with the server that left. */
  const fewStay = (moved: number) => {
    const lab = new PaperLab("tun", { service: { scheduler: "mh", realServers: threeServers } });
    const homeOf = (client: number): Server => (client % 2 ? "rs1" : "rs2");
    for (const client of clients) {
      const out = client > 14 ? { "ip.dst": "10.0.0.13" } : {};
      lab.request({ server: homeOf(client), port: 40000 + client, spec: { "ip.src": `172.16.0.${client}` }, out });
    }
    lab.change((server) => (server.name === "gone" ? undefined : server));
    connections(
      clients.map((client) => homeOf(client <= moved ? client + 1 : client)),
      clients,
      41001,
    )(lab);
    return judge(lab.evidence(), catalogue);
  };

  it("lets one client move where fewer than twenty stay, and no more", () => {
    expect(statusOf(fewStay(1), "GEN-SCH-07")).to.equal("pass");
    expect(statusOf(fewStay(2), "GEN-SCH-07")).to.equal("fail");
  });
});

describe("GEN-SCH-08", () => {
  const persistent = (prefix: number, servers: readonly Server[], clients: readonly number[]) =>
    played({ persistence: { timeout: 60, prefix } }, connections(servers, clients));

  it("holds where a client stays, also while others go elsewhere", () =>
    expect(statusOf(persistent(32, ["rs1", "rs2", "rs1"], [1, 2, 1]), "GEN-SCH-08")).to.equal("pass"));

  it("is broken where a client goes elsewhere", () => breaks(persistent(32, ["rs1", "rs2"], [1, 1]), "GEN-SCH-08"));

  it("takes the clients of a prefix for one", () => {
    breaks(persistent(29, ["rs1", "rs2"], [1, 7]), "GEN-SCH-08");
    expect(statusOf(persistent(29, ["rs1", "rs2", "rs2"], [1, 8, 9]), "GEN-SCH-08")).to.equal("pass");
  });
});

describe("GEN-SCH-09", () => {
  const datagrams = (servers: readonly Server[]) =>
    played({ onePacket: true }, (lab) => {
      for (const [index, server] of servers.entries())
        lab.request({ server, spec: { "udp.dstport": 53, "ip.id": index + 1, payload: `question ${index}` } });
    });

  it("holds where the datagrams of a port go round", () =>
    expect(statusOf(datagrams(["rs1", "rs2", "rs1"]), "GEN-SCH-09")).to.equal("pass"));

  it("is broken where they stay", () => breaks(datagrams(["rs1", "rs1"]), "GEN-SCH-09"));

  it("does not count on over one that had its turn and was dropped", () => {
    const dropped = (ttl: number) =>
      played({ onePacket: true }, (lab) => {
        const datagram = (id: number) => ({ "udp.dstport": 53, "ip.id": id, payload: `question ${id}` });
        lab.request({ server: "rs1", spec: datagram(1) });
        lab.request({ server: "rs2", spec: { ...datagram(2), "ip.ttl": ttl }, copies: ttl > 1 ? 1 : 0 });
        lab.request({ server: "rs1", spec: datagram(3) });
      });
    expect(statusOf(dropped(1), "GEN-SCH-09")).to.equal("not-exercised");
    expect(statusOf(dropped(61), "GEN-SCH-09")).to.equal("pass");
  });
});

describe("GEN-SCH-10", () => {
  const marked = (copies: number) => played({ mark: 1 }, (lab) => lab.request({ copies }));

  it("holds where what has the mark is balanced", () => expect(statusOf(marked(1), "GEN-SCH-10")).to.equal("pass"));

  it("is broken where it is not", () => breaks(marked(0), "GEN-SCH-10"));
});

describe("GEN-SCH-11", () => {
  const again = (server: Server, acknowledged = true) =>
    played({}, (lab) => {
      lab.request({ server: "rs1" });
      if (acknowledged) lab.request({ server: "rs1", spec: { "tcp.flags": "A", "tcp.seq_raw": 1001 } });
      lab.request({ server: "rs1", spec: { "tcp.flags": "R", "tcp.seq_raw": 1001 } });
      lab.request({ server, spec: { "tcp.seq_raw": 77_000 } });
    });

  it("holds where the SYN is scheduled afresh", () => expect(statusOf(again("rs2"), "GEN-SCH-11")).to.equal("pass"));

  it("is broken where it sticks", () => breaks(again("rs1"), "GEN-SCH-11"));

  it("says nothing where the connection was never established", () =>
    expect(statusOf(again("rs1", false), "GEN-SCH-11")).to.equal("not-exercised"));
});

describe("GEN-SCH-11 after both ends have finished", () => {
  const again = (model: "nat" | "dr", server: Server, ends: readonly ("client" | "server")[]) => {
    const lab = new PaperLab(model);
    lab.request();
    lab.answer();
    lab.request({ spec: { "tcp.flags": "A", "tcp.seq_raw": 1001 } });
    if (ends.includes("client")) lab.request({ spec: { "tcp.flags": "FA", "tcp.seq_raw": 1001, "ip.id": 5 } });
    if (ends.includes("server")) lab.answer({ spec: { "tcp.flags": "FA", "ip.id": 6 } });
    lab.request({ server, spec: { "tcp.seq_raw": 77_000, "ip.id": 7 } });
    return judge(lab.evidence(), catalogue);
  };

  it("holds under NAT where the SYN is scheduled afresh, and is broken where it sticks", () => {
    expect(statusOf(again("nat", "rs2", ["client", "server"]), "GEN-SCH-11")).to.equal("pass");
    breaks(again("nat", "rs1", ["client", "server"]), "GEN-SCH-11");
  });

  it("says nothing where one end has not, or the answers pass by the director", () => {
    expect(statusOf(again("nat", "rs1", ["client"]), "GEN-SCH-11")).to.equal("not-exercised");
    expect(statusOf(again("nat", "rs1", ["server"]), "GEN-SCH-11")).to.equal("not-exercised");
    expect(statusOf(again("dr", "rs1", ["client", "server"]), "GEN-SCH-11")).to.equal("not-exercised");
  });
});

describe("GEN-SCH-12", () => {
  const limited = (servers: readonly Server[], more: (lab: PaperLab) => void = () => undefined) => {
    const server = { port: 80, weight: 1, answers: "silent" } as const;
    const realServers = [
      { ...server, name: "rs1", ip: "10.0.0.11", limit: 1 },
      { ...server, name: "rs2", ip: "10.0.0.12" },
    ];
    return played({ realServers }, (lab) => {
      connections(servers)(lab);
      more(lab);
    });
  };

  it("holds where the full server gets no more, give or take one", () => {
    expect(statusOf(limited(["rs1", "rs2", "rs2", "rs2", "rs2", "rs2"]), "GEN-SCH-12")).to.equal("pass");
    expect(statusOf(limited(["rs1", "rs2", "rs1", "rs2", "rs2", "rs2"]), "GEN-SCH-12")).to.equal("pass");
  });

  it("is broken where it does", () => breaks(limited(["rs1", "rs2", "rs1", "rs2", "rs1"]), "GEN-SCH-12"));

  /** Three connections to rs1, which may have one, the other ones to rs2; something happens before the last. */
  const then = (happens: (lab: PaperLab) => void, last: (lab: PaperLab) => void = () => undefined) =>
    limited(["rs1", "rs2", "rs1", "rs2"], (lab) => {
      happens(lab);
      connections(["rs1"], [], 41001)(lab);
      last(lab);
    });
  const closes = (lab: PaperLab) => {
    for (const port of [40001, 40003]) lab.request({ port, spec: { "tcp.flags": "FA", "tcp.seq_raw": 1001 } });
  };

  it("counts a connection until it is closed, not one that is closed before", () => {
    breaks(
      then(() => undefined, closes),
      "GEN-SCH-12",
    );
    expect(statusOf(then(closes), "GEN-SCH-12")).to.equal("not-exercised");
  });

  it("does not count one that was idle for too long", () => {
    breaks(
      then((lab) => lab.wait(50_000)),
      "GEN-SCH-12",
    );
    expect(
      statusOf(
        then((lab) => lab.wait(61_000)),
        "GEN-SCH-12",
      ),
    ).to.equal("not-exercised");
  });

  it("says nothing while no server would be full anyway", () =>
    expect(statusOf(limited(["rs1", "rs2", "rs1", "rs2"]), "GEN-SCH-12")).to.equal("not-exercised"));
});
