/** One thing that goes wrong breaks one rule, also where others look at the same packets. */

import { expect } from "chai";
import { decode } from "../packet/packet.js";
import { catalogue } from "./catalogue.js";
import type { Evidence } from "./evidence.js";
import { judge } from "./judge.js";
import type { Model } from "./setup.js";
import { PaperLab, VIP } from "./testing/paper-lab.js";

type Options = ConstructorParameters<typeof PaperLab>[1];

function played(model: Model, play: (lab: PaperLab) => void, options?: Options): Evidence {
  const lab = new PaperLab(model, options);
  play(lab);
  return lab.evidence();
}

/** The rules that fall. */
function broken(evidence: Evidence): string[] {
  const failures = judge(evidence, catalogue).filter(({ status }) => status === "fail");
  return [...new Set(failures.map(({ rule }) => rule))];
}

const ECHO = { answers: "echo" } as const;
const ACK = { "tcp.flags": "A", "tcp.seq_raw": 1001 };

describe("a packet that leaves twice", () => {
  it("is no second packet with the outer ID of another one", () => {
    const evidence = played("tun", (lab) => lab.request({ copies: 2, out: { "ip.id": 7 } }));
    expect(broken(evidence)).to.deep.equal(["GEN-SVC-01"]);
  });
});

describe("what the director balances for no service", () => {
  it("may be answered through it: that server has the connection", () => {
    const evidence = played("nat", (lab) => {
      lab.request({ spec: { "tcp.dstport": 81 } });
      lab.answer({ out: { "tcp.srcport": 81 } });
    });
    expect(broken(evidence)).to.deep.equal(["GEN-SVC-02"]);
  });

  it("is not what a client sends to a real server itself, whose answer stays its own", () => {
    const evidence = played("nat", (lab) => {
      const direct = lab.requestSpec({ spec: { "ip.dst": lab.ip("rs1"), "tcp.dstport": 8080 } });
      lab.earlierClients = new Set();
      lab.toDirector(direct);
      lab.forward(direct);
      lab.answer();
    });
    expect(broken(evidence)).to.deep.equal(["NAT-TUP-01"]);
  });
});

describe("a real server need not answer", () => {
  it("what comes from another port than the client's", () => {
    expect(broken(played("dr", (lab) => lab.request({ out: { "tcp.srcport": 1024 } }), ECHO))).to.deep.equal([
      "DR-REQ-01",
    ]);
  });

  it("what comes out of a tunnel that the VIP sent", () => {
    expect(broken(played("tun", (lab) => lab.request({ out: { "ip.src": VIP } }), ECHO))).to.deep.equal(["TUN-ENC-02"]);
  });

  it("what comes in a tunnel that nobody knows", () => {
    expect(broken(played("tun", (lab) => lab.request({ out: { "ip.proto": 94 } }), ECHO))).to.deep.equal([
      "TUN-ENC-03",
    ]);
  });

  it("what it has sent on", () => {
    const evidence = played(
      "tun",
      (lab) => {
        lab.request();
        const back = { ...lab.requestSpec({}), "ip.ttl": 59 };
        lab.wire("rs1", "director", { ...back, "eth.src": lab.mac("rs1"), "eth.dst": lab.mac("director") });
      },
      ECHO,
    );
    expect(broken(evidence)).to.deep.equal(["TUN-RS-06"]);
  });
});

describe("fragments that do not say that others follow", () => {
  const torn = (model: "nat" | "tun") => {
    const mtu = model === "nat" ? 1300 : 1500;
    const options = { mtu };
    return played(
      model,
      (lab) => {
        const spec = lab.requestSpec({ spec: { "udp.dstport": 53, payload: "x".repeat(1470) } });
        lab.toDirector(spec);
        const copy = new PaperLab(model, options);
        copy.forward(spec, { fragment: 1200 });
        for (const { tap, direction, bytes } of copy.evidence().frames) {
          const piece = bytes.slice();
          const { ip4: ip } = decode(piece);
          if (ip !== undefined) ip.mf = false;
          ip?.updateChecksum();
          lab.record(tap, direction, piece);
        }
      },
      options,
    );
  };

  it("nat: break the rule about sizes, and none about content", () => {
    expect(broken(torn("nat"))).to.deep.equal(["NAT-MTU-01"]);
  });

  it("tun: break the rule about sizes, and none about content", () => {
    expect(broken(torn("tun"))).to.deep.equal(["TUN-MTU-02"]);
  });
});

describe("a director that forwards only while it routes", () => {
  it("breaks DR-REQ-07, also in the middle of a connection", () => {
    const evidence = played("dr", (lab) => {
      lab.forwards(true);
      lab.request();
      lab.forwards(false);
      lab.request({ spec: ACK, copies: 0 });
    });
    expect(broken(evidence)).to.deep.equal(["DR-REQ-07"]);
  });
});

describe("what is too long for a tunnel that takes everything", () => {
  const options = { service: { tunnel: { kind: "ipip", checksum: false, pmtuDiscovery: false } } } as const;
  const refused = (df: boolean) =>
    played("tun", (lab) => lab.request({ spec: { "ip.flags.df": df, payload: "x".repeat(1456) }, copies: 0 }), options);

  it("breaks TUN-MTU-03 where it is refused for its DF", () => {
    expect(broken(refused(true))).to.deep.equal(["TUN-MTU-03"]);
  });

  it("breaks GEN-SVC-01 where it has none and is lost", () => {
    expect(broken(refused(false))).to.deep.equal(["GEN-SVC-01"]);
  });
});

describe("a neighbour advertisement", () => {
  it("is never one that a host sent on", () => {
    const lab = new PaperLab("dr");
    const advertisement = (mac: string) => ({
      "ipv6.src": "fd00::10",
      "ipv6.dst": "ff02::1",
      "ipv6.hlim": 255,
      "eth.dst": "33:33:00:00:00:01",
      "eth.src": mac,
      "icmpv6.type": 136,
      "icmpv6.nd.na.target_address": "fd00::10",
    });
    lab.wire("rs1", "director", advertisement(lab.mac("rs1")));
    lab.wire("director", "router/eth1", advertisement(lab.mac("director")));
    expect(lab.evidence().journeys).to.have.length(2);
  });
});
