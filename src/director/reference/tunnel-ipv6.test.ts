import { expect } from "chai";
import { IP_IN_IP, type Nic, type Tunnel } from "../../forwarding/setup.js";
import { l4ChecksumState } from "../../packet/checksum.js";
import { craft, craftIp, type PacketSpec } from "../../packet/craft.js";
import { fragment, reassemble } from "../../packet/fragment.js";
import { decode, type Packet } from "../../packet/packet.js";
import {
  DIP,
  ETH0,
  endpoints,
  ipBytes,
  MAC,
  only,
  server,
  service,
  syn,
  Testbed,
  VIP,
  withoutEthernet,
} from "./testbed.js";
import { CIP6, DIP6, ETH0_6, GATEWAY6, icmp6, ipv6Testbed, query6, syn6, VIP6 } from "./testbed-ipv6.js";

const RIP6 = "fd09::12";
const RIP = "10.9.0.12";
const GATEWAY = "10.0.0.254";

/** A NIC of both families. */
const BOTH: Nic = { ...ETH0_6, others: [{ ip: ETH0.ip, prefix: 24 }] };

function testbed(vip: string, rip: string, tunnel: Partial<Tunnel> = {}, mtu = 1500): Testbed {
  const more = { vip, tunnel: { ...IP_IN_IP, ...tunnel } };
  const servers = [server("rs2", rip)];
  const services = [service("tun", servers, more), service("tun", servers, { ...more, port: 53, protocol: "udp" })];
  const bed = new Testbed({ nics: [{ ...BOTH, mtu }], gateways: [GATEWAY6, GATEWAY], services });
  return bed.warm({ [GATEWAY6]: MAC.gateway, [GATEWAY]: MAC.gateway, "10.0.0.100": MAC.client });
}

const sized6 = (length: number) => syn6(40001, { payload: new Uint8Array(length - 60).fill(3) });
const sized = (length: number, df: boolean) =>
  syn(40001, { payload: new Uint8Array(length - 40).fill(3), "ip.flags.df": df });

function inside(pieces: readonly Packet[]): Uint8Array | undefined {
  return pieces.length === 0 ? undefined : decode(reassemble(pieces)?.bytes ?? new Uint8Array()).inner?.bytes;
}

describe("reference director: TUN, IPv6 in IPv6 (TUN-V6-01)", () => {
  it("puts an outer header before the client's packet, of which only the hop limit changes", () => {
    const bed = ipv6Testbed("tun");
    for (const [index, more] of [{}, { "ipv6.dstopts": "0000010400000000" }, { "tcp.checksum": "0x1111" }].entries()) {
      const spec = syn6(40001 + index, more);
      const { ip, ip6, inner } = bed.exchange("eth0", spec);
      expect([ip?.src, ip?.protocol, ip?.headerLength, ip6?.nextHeader]).to.deep.equal([DIP6, 41, 40, 41]);
      expect(ip?.dst).to.be.oneOf(["fd00::11", RIP6]);
      expect([ip?.ttl, ip?.tos, ip6?.flowLabel]).to.deep.equal([60, 0x2e, 0]);
      expect(ip?.length).to.equal(40 + (inner?.bytes.length ?? 0));
      expect(inner?.bytes).to.deep.equal(craftIp({ ...withoutEthernet(spec), "ipv6.hlim": 60 }));
    }
    expect(bed.exchange("eth0", syn6(1, { "ipv6.tclass": 3 })).ip?.tos, "CE becomes ECT(0)").to.equal(2);
  });

  it("has room for 1460 bytes, and never asks for less than 1280 (TUN-MTU-01, RFC 2473 §7.1)", () => {
    expect(testbed(VIP6, RIP6).exchange("eth0", sized6(1460)).ip?.length).to.equal(1500);
    const error = testbed(VIP6, RIP6).exchange("eth0", sized6(1461));
    expect([error.ip?.src, error.ip?.dst, error.icmp?.mtu]).to.deep.equal([VIP6, CIP6, 1460]);
    const narrow = testbed(VIP6, RIP6, {}, 1280);
    expect(narrow.exchange("eth0", sized6(1281)).icmp?.mtu).to.equal(1280);
    const pieces = narrow.receive("eth0", sized6(1280)).map(({ packet }) => packet);
    expect(pieces.map(({ ip }) => ip?.isFragment)).to.deep.equal([true, true]);
    for (const { ip } of pieces) expect(ip?.length).to.be.at.most(1280);
    expect(inside(pieces)).to.deep.equal(craftIp({ ...withoutEthernet(sized6(1280)), "ipv6.hlim": 60 }));
  });

  it("refuses what does not fit without path MTU discovery too: Linux spares IPv4 alone", () => {
    expect(testbed(VIP6, RIP6, { pmtuDiscovery: false }).exchange("eth0", sized6(1461)).icmp?.mtu).to.equal(1460);
  });

  it("carries a client's fragments as one datagram (TUN-FRAG-01)", () => {
    const spec = query6(42100, { payload: new Uint8Array(3000).fill(9) });
    const bed = testbed(VIP6, RIP6);
    const sent = fragment(craft(spec), 1200, 0x55).map((frame) => bed.receive("eth0", frame));
    expect(inside((sent.at(-1) ?? []).map(({ packet }) => packet))).to.deep.equal(
      craftIp({ ...withoutEthernet(spec), "ipv6.hlim": 60 }),
    );
    expect(new Set(sent.at(-1)?.map(({ packet }) => packet.ip?.id)).size).to.equal(1);
  });

  it("relays what a router in the tunnel reports, and keeps to it (TUN-MTU-04)", () => {
    const bed = testbed(VIP6, RIP6);
    const outer = ipBytes(bed.exchange("eth0", sized6(1450)));
    const report = (more: PacketSpec) =>
      bed.receive(
        "eth0",
        icmp6({ "ipv6.src": "fd09::fe", "ipv6.dst": DIP6, quoted: outer.subarray(0, 1232), ...more }),
      );
    const { packet } = only(report({ "icmpv6.type": 2, "icmpv6.mtu": 1400 }));
    expect([packet.ip?.src, packet.ip?.dst, packet.icmp?.mtu]).to.deep.equal([VIP6, CIP6, 1360]);
    expect(packet.quoted && endpoints(packet.quoted)).to.equal(`${CIP6}:40001 > ${VIP6}:80`);
    expect(bed.exchange("eth0", sized6(1361)).icmp?.mtu).to.equal(1360);
    expect(bed.exchange("eth0", sized6(1360)).ip?.length).to.equal(1400);
    expect(only(report({ "icmpv6.type": 3 })).packet.icmp?.kind).to.equal("time-exceeded");
    expect(only(report({ "icmpv6.type": 2, "icmpv6.mtu": 0 })).packet.icmp?.mtu, "less than IPv6 has").to.equal(1280);
  });
});

describe("reference director: TUN, IPv6 in IPv4 (TUN-V6-02)", () => {
  it("has protocol 41, the inner hop limit and class, and no DF", () => {
    const spec = syn6(40001);
    const { ip, inner } = testbed(VIP6, RIP).exchange("eth0", spec);
    expect([ip?.version, ip?.src, ip?.dst, ip?.protocol]).to.deep.equal([4, DIP, RIP, 41]);
    expect([ip?.ttl, ip?.tos, ip?.df, ip?.checksumValid, ip?.id === 0]).to.deep.equal([60, 0x2e, false, true, false]);
    expect(inner?.bytes).to.deep.equal(craftIp({ ...withoutEthernet(spec), "ipv6.hlim": 60 }));
  });

  it("has room for 1480 bytes, and relays by ICMPv6 what a router reports by ICMP (RFC 4213 §3.4)", () => {
    const bed = testbed(VIP6, RIP);
    expect(bed.exchange("eth0", sized6(1481)).icmp?.mtu).to.equal(1480);
    const quoted = ipBytes(bed.exchange("eth0", sized6(1450))).subarray(0, 528);
    const report = (more: PacketSpec) =>
      bed.receive("eth0", { "eth.dst": MAC.eth0, "ip.src": "10.9.0.254", "ip.dst": DIP, quoted, ...more });
    const { packet } = only(report({ "icmp.type": 3, "icmp.code": 4, "icmp.mtu": 1400 }));
    expect([packet.ip?.src, packet.ip?.dst, packet.icmp?.kind]).to.deep.equal([VIP6, CIP6, "too-big"]);
    expect(packet.icmp?.mtu).to.equal(1380);
    const relayed = [
      [{ "icmp.type": 11 }, [3, 0]],
      [{ "icmp.type": 3, "icmp.code": 1 }, [1, 3]],
      [{ "icmp.type": 3, "icmp.code": 3 }, [1, 4]],
      [{ "icmp.type": 4 }, undefined],
    ] as const;
    for (const [more, numbers] of relayed) {
      const told = report(more).map(({ packet: { icmp } }) => [icmp?.type, icmp?.code]);
      expect(told).to.deep.equal(numbers === undefined ? [] : [numbers]);
    }
  });
});

describe("reference director: TUN, IPv4 in IPv6 (TUN-V6-02)", () => {
  it("has next header 4, the inner TTL and TOS", () => {
    const spec = syn(40001);
    const { ip, inner } = testbed(VIP, RIP6).exchange("eth0", spec);
    expect([ip?.version, ip?.src, ip?.dst, ip?.protocol]).to.deep.equal([6, DIP6, RIP6, 4]);
    expect([ip?.ttl, ip?.tos]).to.deep.equal([60, 0x2e]);
    expect(inner?.bytes).to.deep.equal(craftIp({ ...withoutEthernet(spec), "ip.ttl": 60 }));
  });

  it("has room for 1460 bytes with DF, and is fragmented outside without (TUN-MTU-01, -02)", () => {
    expect(testbed(VIP, RIP6).exchange("eth0", sized(1460, true)).ip?.length).to.equal(1500);
    expect(testbed(VIP, RIP6).exchange("eth0", sized(1461, true)).icmp?.mtu).to.equal(1460);
    for (const [df, tunnel] of [[false, {}] as const, [true, { pmtuDiscovery: false }] as const]) {
      const pieces = testbed(VIP, RIP6, tunnel)
        .receive("eth0", sized(1500, df))
        .map(({ packet }) => packet);
      expect(pieces.map(({ ip }) => ip?.isFragment)).to.deep.equal([true, true]);
      expect(inside(pieces)).to.deep.equal(craftIp({ ...withoutEthernet(sized(1500, df)), "ip.ttl": 60 }));
    }
  });
});

describe("reference director: TUN over IPv6 by GRE and GUE", () => {
  for (const [kind, checksum, overhead] of [
    ["gre", false, 44],
    ["gre", true, 48],
    ["gue", false, 52],
    ["gue", true, 52],
  ] as const) {
    it(`${kind}${checksum ? " with a checksum" : ""} carries both families`, () => {
      for (const [vip, spec] of [
        [VIP6, syn6(40001, { payload: "odd" })],
        [VIP, syn(40001, { payload: "odd" })],
      ] as const) {
        const packet = testbed(vip, RIP6, { kind, checksum }).exchange("eth0", spec);
        const { ip, gre, gue, inner } = packet;
        expect([ip?.version, ip?.dst, ip?.length]).to.deep.equal([6, RIP6, overhead + (inner?.bytes.length ?? 0)]);
        expect(inner?.tcp?.srcPort).to.equal(40001);
        expect(gre?.protocol ?? gue?.protocol).to.equal(
          kind === "gre" ? (vip === VIP6 ? 0x86dd : 0x0800) : vip === VIP6 ? 41 : 4,
        );
        expect(gre?.checksumValid ?? true).to.equal(true);
        if (kind === "gue") expect(l4ChecksumState(packet)).to.equal(checksum ? "valid" : "zero");
      }
    });
  }
});
