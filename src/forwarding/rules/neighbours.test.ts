import { expect } from "chai";
import { craft } from "../../packet/craft.js";
import { BROADCAST } from "../../packet/ethernet.js";
import { catalogue } from "../catalogue.js";
import { followJourneys } from "../journey.js";
import { judge } from "../judge.js";
import type { Finding } from "../rule.js";
import { PaperLab, VIP } from "../testing/paper-lab.js";

const SECOND = "02:00:00:00:00:03";

function failing(findings: readonly Finding[]): string[] {
  return [...new Set(findings.filter(({ status }) => status === "fail").map(({ rule }) => rule))];
}

describe("DR-ARP-01, of a director with two NICs on one segment", () => {
  const asked = (...answering: readonly (0 | 1)[]) => {
    const lab = new PaperLab("dr");
    const hosts = lab.setup.hosts.map((host) => {
      const [nic] = host.nics;
      if (host.name !== "director" || nic === undefined) return host;
      return { ...host, nics: [nic, { ...nic, name: "eth1", ip: "10.0.0.3", mac: SECOND }] };
    });
    const [router, macs] = [lab.mac("router", 1), [lab.mac("director"), SECOND]];
    const question = { "arp.opcode": 1, "arp.src.hw_mac": router, "arp.src.proto_ipv4": "10.0.0.254" };
    const bytes = craft({ "eth.src": router, "eth.dst": BROADCAST, ...question, "arp.dst.proto_ipv4": VIP });
    lab.record("router/eth1", "out", bytes);
    for (const index of [0, 1]) lab.record(`director/eth${index}`, "in", bytes);
    for (const index of answering) {
      const mac = macs[index] ?? "";
      const reply = { "arp.opcode": 2, "arp.src.hw_mac": mac, "arp.src.proto_ipv4": VIP };
      const target = { "arp.dst.hw_mac": router, "arp.dst.proto_ipv4": "10.0.0.254" };
      lab.record(`director/eth${index}`, "out", craft({ "eth.src": mac, "eth.dst": router, ...reply, ...target }));
    }
    const { frames, ...rest } = lab.evidence();
    const setup = { ...lab.setup, hosts };
    return judge({ ...rest, frames, setup, journeys: followJourneys(frames, setup) }, catalogue);
  };

  it("holds where one of them answers, whichever", () => {
    for (const index of [0, 1] as const) {
      const found = asked(index);
      expect(failing(found)).to.deep.equal([]);
      expect(found.find(({ rule }) => rule === "DR-ARP-01")?.status).to.equal("pass");
    }
  });

  it("is broken where both do: the asker takes either", () => {
    const found = asked(0, 1);
    expect(failing(found)).to.deep.equal(["DR-ARP-01"]);
    expect(found.find(({ rule }) => rule === "DR-ARP-01")?.observed).to.equal("2 answers");
  });

  it("is broken where none does", () => expect(failing(asked())).to.deep.equal(["DR-ARP-01"]));
});

describe("DR-NDP-01, of advertisements that nobody asked for", () => {
  const advertised = (target: string, from: "rs1" | "director" = "rs1") => {
    const lab = new PaperLab("dr", { service: { vip: "fd00::10" } });
    const macs = { "eth.src": lab.mac(from), "eth.dst": "33:33:00:00:00:01" };
    const ends = { "ipv6.src": "fe80::11", "ipv6.dst": "ff02::1", "ipv6.hlim": 255 };
    const advertisement = { "icmpv6.type": 136, "icmpv6.nd.na.target_address": target };
    lab.wire(from, "router/eth1", { ...macs, ...ends, ...advertisement });
    return judge(lab.evidence(), catalogue);
  };

  it("is broken where a real server advertises the VIP", () => {
    const found = advertised("fd00::10");
    expect(failing(found)).to.deep.equal(["DR-NDP-01"]);
    expect(found.find(({ rule }) => rule === "DR-NDP-01")).to.include({
      suspect: "rs1",
      expected: "no advertisement of the VIP",
      observed: "advertised at 02:00:00:00:00:11 (rs1)",
    });
  });

  it("says nothing about its own address, nor about the director", () => {
    expect(failing(advertised("fd00::11"))).to.deep.equal([]);
    expect(failing(advertised("fd00::10", "director"))).to.deep.equal([]);
  });
});
