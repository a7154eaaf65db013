import { expect } from "chai";
import { craft, type PacketSpec } from "../../packet/craft.js";
import { BROADCAST } from "../../packet/ethernet.js";
import { catalogue } from "../catalogue.js";
import { judge } from "../judge.js";
import type { Finding } from "../rule.js";
import { PaperLab, VIP } from "../testing/paper-lab.js";

/** Two directors on paper. */
class Pair {
  readonly lab = new PaperLab("dr", { standby: true });

  /** An advertisement every 100 ms; one of priority 0 is a resignation. */
  advertise(by: string, priority: number, times = 1): void {
    for (let i = 0; i < times; i++) {
      this.lab.wait(100);
      this.lab.wire(by, "router/eth1", {
        "eth.src": this.lab.mac(by),
        "eth.dst": "01:00:5e:00:00:12",
        "ip.src": this.lab.ip(by),
        "ip.dst": "224.0.0.18",
        "ip.ttl": 255,
        "vrrp.version": 3,
        "vrrp.virt_rtr_id": 51,
        "vrrp.prio": priority,
        "vrrp.short_adver_int": 10,
        "vrrp.ip_addr": VIP,
      });
    }
  }

  announce(by: string, fields: PacketSpec = {}): void {
    const mac = this.lab.mac(by);
    this.lab.wire(by, "router/eth1", {
      "eth.src": mac,
      "eth.dst": BROADCAST,
      "arp.opcode": 1,
      "arp.src.hw_mac": mac,
      "arp.src.proto_ipv4": VIP,
      "arp.dst.proto_ipv4": VIP,
      ...fields,
    });
  }

  /** The first director resigns; the second takes over, and announces the VIP or not. */
  failover(announce: () => void): void {
    this.advertise("director", 200, 3);
    this.advertise("director", 0);
    this.advertise("standby", 100);
    announce();
  }

  /** Who has the VIP is asked of all; these answer. Then each is asked for its own address. */
  ask(...answering: readonly string[]): void {
    const [mac, names] = [this.lab.mac("router", 1), ["director", "standby"]];
    const question = { "eth.src": mac, "arp.opcode": 1, "arp.src.hw_mac": mac, "arp.src.proto_ipv4": "10.0.0.254" };
    const whoHas = craft({ ...question, "eth.dst": BROADCAST, "arp.dst.proto_ipv4": VIP });
    this.lab.record("router/eth1", "out", whoHas);
    for (const name of names) this.lab.record(name, "in", whoHas);
    for (const name of answering) this.#reply(name, VIP);
    for (const name of names) {
      const own = { "eth.dst": this.lab.mac(name), "arp.dst.proto_ipv4": this.lab.ip(name) };
      this.lab.wire("router/eth1", name, { ...question, ...own });
      this.#reply(name, this.lab.ip(name));
    }
  }

  #reply(by: string, ip: string): void {
    this.lab.wire(by, "router/eth1", {
      "eth.src": this.lab.mac(by),
      "eth.dst": this.lab.mac("router", 1),
      "arp.opcode": 2,
      "arp.src.hw_mac": this.lab.mac(by),
      "arp.src.proto_ipv4": ip,
      "arp.dst.hw_mac": this.lab.mac("router", 1),
      "arp.dst.proto_ipv4": "10.0.0.254",
    });
  }
}

function judged(play: (pair: Pair) => void): readonly Finding[] {
  const pair = new Pair();
  play(pair);
  return judge(pair.lab.evidence(), catalogue);
}

function statusOf(findings: readonly Finding[], rule: string) {
  return findings.find((finding) => finding.rule === rule)?.status;
}

/** Only this rule is broken, and by whom. */
function breaks(findings: readonly Finding[], rule: string, suspect: string): void {
  const failed = findings.filter(({ status }) => status === "fail");
  expect(failed.map((finding) => [finding.rule, finding.suspect])).to.deep.equal([[rule, suspect]]);
}

describe("HA-GARP-01", () => {
  it("holds where the new master announces the VIP within a second, or the virtual router's MAC", () => {
    for (const fields of [{}, { "arp.src.hw_mac": "00:00:5e:00:01:33" }]) {
      const findings = judged((pair) => pair.failover(() => pair.announce("standby", fields)));
      expect(statusOf(findings, "HA-GARP-01")).to.equal("pass");
    }
  });

  it("is broken where it does not, in a second that was recorded", () => {
    breaks(
      judged((pair) => pair.failover(() => pair.advertise("standby", 100, 11))),
      "HA-GARP-01",
      "standby",
    );
    const late = (pair: Pair) => {
      pair.advertise("standby", 100, 11);
      pair.announce("standby");
    };
    breaks(
      judged((pair) => pair.failover(() => late(pair))),
      "HA-GARP-01",
      "standby",
    );
  });

  it("is not decided where the evidence ends before", () => {
    const findings = judged((pair) => pair.failover(() => pair.advertise("standby", 100, 3)));
    expect(statusOf(findings, "HA-GARP-01")).to.equal("inconclusive");
  });

  it("is broken by an announcement that not all can hear, and by one of another's MAC", () => {
    for (const fields of [{ "eth.dst": "02:00:00:00:00:fe" }, { "arp.src.hw_mac": "02:00:00:00:00:01" }])
      breaks(
        judged((pair) => pair.failover(() => pair.announce("standby", fields))),
        "HA-GARP-01",
        "standby",
      );
  });

  it("is broken by one who is not the master", () => {
    const findings = judged((pair) => {
      pair.advertise("director", 200, 3);
      pair.announce("standby");
    });
    breaks(findings, "HA-GARP-01", "standby");
  });

  it("is not exercised where the master stays, also where some of its advertisements are lost", () => {
    const findings = judged((pair) => {
      pair.advertise("director", 200, 3);
      pair.lab.wait(2000);
      pair.advertise("director", 200, 12);
    });
    expect(statusOf(findings, "HA-GARP-01")).to.equal("not-exercised");
  });

  it("demands one announcement of each of two masters at once", () => {
    const findings = judged((pair) =>
      pair.failover(() => {
        pair.announce("standby");
        for (let i = 0; i < 20; i++) {
          pair.advertise("director", 200);
          if (i === 0) pair.announce("director");
          pair.advertise("standby", 100);
        }
      }),
    );
    expect(statusOf(findings, "HA-GARP-01")).to.equal("pass");
  });
});

describe("HA-GARP-02", () => {
  const asMaster = (name: string, priority: number, ...answering: readonly string[]) =>
    judged((pair) => {
      pair.advertise(name, priority, 2);
      pair.ask(...answering);
    });

  it("holds where the master alone answers", () => {
    for (const findings of [asMaster("director", 200, "director"), asMaster("standby", 100, "standby")]) {
      expect(statusOf(findings, "HA-GARP-02")).to.equal("pass");
      expect(statusOf(findings, "DR-ARP-01")).to.equal("pass");
    }
  });

  it("is broken where both do, by the one that is not the master", () => {
    breaks(asMaster("director", 200, "standby", "director"), "HA-GARP-02", "standby");
    breaks(asMaster("standby", 100, "standby", "director"), "HA-GARP-02", "director");
  });

  it("knows the master by its first advertisement where the evidence begins before it", () => {
    const findings = judged((pair) => {
      pair.ask("standby", "director");
      pair.advertise("director", 200, 2);
    });
    breaks(findings, "HA-GARP-02", "standby");
  });

  it("leaves a master that does not answer to DR-ARP-01", () => {
    breaks(asMaster("director", 200), "DR-ARP-01", "director");
  });
});
