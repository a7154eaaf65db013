import { expect } from "chai";
import type { Host, Nic } from "../forwarding/setup.js";
import { PaperLab, VIP } from "../forwarding/testing/paper-lab.js";
import { Icmpv6 } from "../packet/icmpv6.js";
import { decode, type Packet } from "../packet/packet.js";
import { questions } from "./questions.js";

describe("a question for an address", () => {
  const { setup } = new PaperLab("dr");
  const named = (name: string): Host => {
    const host = setup.hosts.find((one) => one.name === name);
    if (!host) throw new Error(`no host ${name}`);
    return host;
  };
  const [router, rs1, client] = [named("router"), named("rs1"), named("client")];
  const mac = (host: Host, index = 0) => host.nics[index]?.mac;
  const styles = ["broadcast", "unicast", "probe", "foreign"] as const;

  it("is asked by ARP as told, and then for the host's own address", () => {
    const asked = (as: (typeof styles)[number]) => {
      const outgoing = questions(router, rs1, VIP, as);
      expect([outgoing.host, outgoing.nic]).to.deep.equal(["router", "eth1"]);
      const [question, canary] = outgoing.frames.map((frame) => decode(frame));
      expect([canary?.eth?.dst, canary?.arp?.targetIp]).to.deep.equal([mac(rs1), "10.0.0.11"]);
      expect([question?.arp?.targetIp, question?.arp?.senderMac]).to.deep.equal([VIP, mac(router, 1)]);
      return [question?.eth?.dst, question?.arp?.senderIp];
    };
    expect(styles.map(asked)).to.deep.equal([
      ["ff:ff:ff:ff:ff:ff", "10.0.0.254"],
      [mac(rs1), "10.0.0.254"],
      ["ff:ff:ff:ff:ff:ff", "0.0.0.0"],
      ["ff:ff:ff:ff:ff:ff", "198.51.100.77"],
    ]);
  });

  it("is asked by neighbour discovery for an IPv6 address", () => {
    const dual = (host: Host, ip: string): Host => {
      const others = [{ ip, prefix: 64 }];
      return { ...host, nics: host.nics.map((nic: Nic) => ({ ...nic, others })) };
    };
    const solicited = (packet: Packet | undefined) => {
      if (packet?.icmp instanceof Icmpv6) return packet.icmp;
      throw new Error("no ICMPv6");
    };
    const asked = (as: (typeof styles)[number]) => {
      const outgoing = questions(dual(router, "fd00::fe"), dual(rs1, "fd00::11"), "fd00::abcd:ef10", as);
      const [question, canary] = outgoing.frames.map((frame) => decode(frame));
      expect([canary?.eth?.dst, solicited(canary).target]).to.deep.equal([mac(rs1), "fd00::11"]);
      expect(solicited(question).target).to.equal("fd00::abcd:ef10");
      expect(question?.ip6?.ttl).to.equal(255);
      return [question?.eth?.dst, question?.ip?.src, question?.ip?.dst, solicited(question).linkAddress];
    };
    const group = ["33:33:ff:cd:ef:10", "ff02::1:ffcd:ef10"];
    expect(styles.map(asked)).to.deep.equal([
      [group[0], "fd00::fe", group[1], mac(router)],
      [mac(rs1), "fd00::fe", "fd00::abcd:ef10", mac(router)],
      [group[0], "::", group[1], ""],
      [group[0], "2001:db8::77", group[1], mac(router)],
    ]);
  });

  it("needs a segment that both are on, and addresses of the family", () => {
    expect(() => questions(client, rs1, VIP, "unicast")).to.throw("client and rs1 share no segment");
    expect(() => questions(router, rs1, "fd00::10", "unicast")).to.throw(
      "router and rs1 have no IPv6 addresses to ask from and for",
    );
  });
});
