import { expect } from "chai";
import { craftIp, type PacketSpec } from "../../packet/craft.js";
import { Icmpv6 } from "../../packet/icmpv6.js";
import type { Packet } from "../../packet/packet.js";
import { groupMac, solicitedNode } from "./ndp.js";
import type { Wait } from "./neighbours.js";
import { checksums, ETH0, MAC, macs, only, server, service, Testbed, withoutEthernet } from "./testbed.js";
import { CIP6, DIP6, ETH0_6, ETH1_6, GATEWAY6, ipv6Testbed, query6, syn6, VIP6 } from "./testbed-ipv6.js";

/** A solicitation of the gateway's for an address. */
function whoHas(target: string, more: PacketSpec = {}): PacketSpec {
  return {
    "eth.src": MAC.gateway,
    "eth.dst": groupMac(solicitedNode(target)),
    "ipv6.src": GATEWAY6,
    "ipv6.dst": solicitedNode(target),
    "icmpv6.nd.ns.target_address": target,
    "icmpv6.opt.linkaddr": MAC.gateway,
    ...more,
  };
}

/** An advertisement of an address to the director. */
function isAt(target: string, mac: string, more: PacketSpec = {}): PacketSpec {
  return {
    "eth.src": mac,
    "eth.dst": MAC.eth0,
    "ipv6.src": target,
    "ipv6.dst": DIP6,
    "icmpv6.nd.na.target_address": target,
    "icmpv6.nd.na.flag.s": true,
    "icmpv6.opt.linkaddr": mac,
    ...more,
  };
}

function message({ icmp }: Packet): Icmpv6 {
  if (!(icmp instanceof Icmpv6)) throw new Error("no ICMPv6");
  return icmp;
}

describe("reference director: neighbour discovery", () => {
  it("knows the group of an address, and the MAC of a group (RFC 4291 §2.7.1, RFC 2464 §7)", () => {
    expect(solicitedNode("fd00::12:3456:789a")).to.equal("ff02::1:ff56:789a");
    expect(groupMac("ff02::1:ff56:789a")).to.equal("33:33:ff:56:78:9a");
    expect(groupMac("ff02::1")).to.equal("33:33:00:00:00:01");
  });

  it("answers for its addresses and VIPs, to the asker alone", () => {
    for (const target of [VIP6, DIP6]) {
      for (const more of [{}, { "eth.dst": MAC.eth0, "ipv6.dst": target }, { "ipv6.src": "fe80::fe" }]) {
        const packet = ipv6Testbed("dr").exchange("eth0", whoHas(target, more));
        const { type, isSolicited, isOverride, target: about, linkAddress } = message(packet);
        expect(macs(packet)).to.equal(`${MAC.eth0} > ${MAC.gateway}`);
        expect([packet.ip?.src, packet.ip?.dst]).to.deep.equal([target, "ipv6.src" in more ? "fe80::fe" : GATEWAY6]);
        expect([type, isSolicited, isOverride, about, linkAddress]).to.deep.equal([136, true, true, target, MAC.eth0]);
        expect([packet.ip?.ttl, checksums(packet)]).to.deep.equal([255, "ip valid, l4 valid"]);
      }
    }
  });

  it("tells all where somebody looks whether an address of its own is taken (RFC 4862 §5.4.3)", () => {
    const probe = whoHas(VIP6, { "ipv6.src": "::", "icmpv6.opt.linkaddr": undefined });
    const packet = ipv6Testbed("dr").exchange("eth0", probe);
    expect([packet.eth?.dst, packet.ip?.dst]).to.deep.equal(["33:33:00:00:00:01", "ff02::1"]);
    expect([message(packet).isSolicited, message(packet).target]).to.deep.equal([false, VIP6]);
  });

  it("says that it is a router while it routes", () => {
    for (const forwards of [true, false]) {
      expect(message(ipv6Testbed("dr", { forwards }).exchange("eth0", whoHas(VIP6))).isRouter).to.equal(forwards);
    }
  });

  it("answers neither for others, nor on another link, nor what may have come through a router", () => {
    const bed = ipv6Testbed("nat");
    for (const spec of [
      whoHas("fd00::11"),
      whoHas(ETH1_6.ip),
      whoHas(VIP6, { "eth.dst": MAC.rs1 }),
      whoHas(VIP6, { "ipv6.src": DIP6 }),
      whoHas(VIP6, { "ipv6.src": VIP6 }),
      whoHas(VIP6, { "ipv6.hlim": 254 }),
      whoHas(VIP6, { "icmpv6.checksum": 1 }),
      whoHas(VIP6, { "icmpv6.code": 1 }),
      whoHas(VIP6, { "icmpv6.opt.linkaddr": "33:33:00:00:00:01" }),
      isAt(VIP6, MAC.rs1),
    ]) {
      expect(bed.receive("eth0", spec)).to.deep.equal([]);
    }
    expect(bed.receive("eth1", whoHas(ETH1_6.ip))).to.have.length(1);
    expect(bed.receive("eth1", whoHas(VIP6))).to.deep.equal([]);
  });

  it("asks with the NIC's own address, sends what waited in its order, and then knows (DR-ARP-09, NAT-ARP-01)", () => {
    for (const model of ["dr", "tun"] as const) {
      const services = [service(model, [server("rs3", "fd00::13")], { vip: VIP6 })];
      const bed = ipv6Testbed(model, { services });
      for (const port of [1, 2]) {
        const packet = bed.exchange("eth0", syn6(port));
        expect(macs(packet)).to.equal(`${MAC.eth0} > 33:33:ff:00:00:13`);
        expect([packet.ip?.src, packet.ip?.dst, packet.ip?.ttl]).to.deep.equal([DIP6, "ff02::1:ff00:13", 255]);
        const { type, target, linkAddress } = message(packet);
        expect([type, target, linkAddress]).to.deep.equal([135, "fd00::13", MAC.eth0]);
        expect(checksums(packet)).to.equal("ip valid, l4 valid");
      }
      const sent = bed.receive("eth0", isAt("fd00::13", MAC.rs3)).map(({ packet }) => packet.inner ?? packet);
      expect(sent.map(({ tcp }) => tcp?.srcPort)).to.deep.equal([1, 2]);
      expect(bed.exchange("eth0", syn6(3)).eth?.dst).to.equal(MAC.rs3);
    }
  });

  it("tells clients that nobody answers, from the DIP (GEN-UNR-01)", () => {
    const waits: Wait[] = [];
    const services = [service("dr", [server("gone", "fd00::13")], { vip: VIP6 })];
    const bed = ipv6Testbed("dr", { services, wait: (wait) => waits.push(wait) });
    const spec = syn6(45000, { payload: new Uint8Array(1400) });
    bed.receive("eth0", spec);
    expect(waits[0]?.askAgain()).to.equal(true);
    expect(only(bed.taken()).packet.icmp?.kind).to.equal("neighbour-solicitation");
    waits[0]?.giveUp();
    const { packet } = only(bed.taken());
    expect([packet.ip?.src, packet.ip?.dst, packet.icmp?.type, packet.icmp?.code]).to.deep.equal([DIP6, CIP6, 1, 3]);
    expect(packet.quoted?.bytes).to.deep.equal(craftIp(withoutEthernet(spec)).subarray(0, 1232));
  });

  it("learns from who asks it, and from nobody of another link", () => {
    const elsewhere = { "ipv6.dst": "fd00::13", "udp.dstport": 9 };
    const asked = ipv6Testbed("nat");
    asked.receive("eth0", whoHas(VIP6, { "ipv6.src": "fd00::13", "icmpv6.opt.linkaddr": MAC.rs3 }));
    expect(asked.exchange("eth0", query6(1, elsewhere)).eth?.dst).to.equal(MAC.rs3);
    for (const [nic, target] of [
      ["eth0", "fd00::99"],
      ["eth1", ETH1_6.ip],
    ] as const) {
      const bed = ipv6Testbed("nat");
      bed.receive(nic, whoHas(target, { "ipv6.src": "fd00::13", "icmpv6.opt.linkaddr": MAC.rs3 }));
      expect(bed.exchange("eth0", query6(1, elsewhere)).icmp?.kind).to.equal("neighbour-solicitation");
    }
  });

  it("believes an advertisement about who it knows or asks for, and about nobody else", () => {
    const bed = ipv6Testbed("dr").warm({ [CIP6]: MAC.client });
    bed.receive("eth0", isAt("fd00::13", MAC.rs3));
    const spec = query6(1, { "ipv6.dst": "fd00::13", "udp.dstport": 9 });
    expect(bed.exchange("eth0", spec).icmp?.kind).to.equal("neighbour-solicitation");
    expect(only(bed.receive("eth0", isAt("fd00::13", MAC.rs3))).packet.udp?.dstPort).to.equal(9);
    const moved = { "eth.dst": "33:33:00:00:00:01", "ipv6.dst": "ff02::1", "icmpv6.nd.na.flag.s": false };
    bed.receive("eth0", isAt("fd00::13", MAC.rs2, moved));
    expect(bed.exchange("eth0", spec).eth?.dst).to.equal(MAC.rs2);
  });

  it("is done on a NIC of two families beside ARP", () => {
    const nic = { ...ETH0_6, others: [{ ip: ETH0.ip, prefix: 24 }] };
    const bed = new Testbed({ nics: [nic], gateways: [], services: [] });
    const arp = { "arp.opcode": 1, "arp.src.hw_mac": MAC.client, "arp.src.proto_ipv4": "10.0.0.100" };
    const reply = bed.exchange("eth0", { "eth.dst": MAC.eth0, ...arp, "arp.dst.proto_ipv4": ETH0.ip });
    expect(reply.arp?.senderIp).to.equal(ETH0.ip);
    expect(message(bed.exchange("eth0", whoHas(DIP6))).target).to.equal(DIP6);
    const echo = { "eth.dst": MAC.eth0, "ip.src": "10.0.0.99", "ip.dst": ETH0.ip, "icmp.type": 8 };
    expect(bed.exchange("eth0", echo).arp?.senderIp).to.equal(ETH0.ip);
  });
});
