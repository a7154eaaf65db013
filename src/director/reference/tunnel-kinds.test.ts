import { expect } from "chai";
import type { Tunnel } from "../../forwarding/setup.js";
import { l4ChecksumState } from "../../packet/checksum.js";
import { craftIp } from "../../packet/craft.js";
import { reassemble } from "../../packet/fragment.js";
import { decode } from "../../packet/packet.js";
import {
  DIP,
  endpoints,
  FAR_CIP,
  ipBytes,
  MAC,
  oneLinkTestbed,
  only,
  query,
  server,
  service,
  syn,
  type Testbed,
  VIP,
  withoutEthernet,
} from "./testbed.js";

const VIA_GATEWAY = { "eth.src": MAC.gateway, "ip.src": FAR_CIP };
const RIP = "10.9.0.12";

function testbed(tunnel: Partial<Tunnel>): Testbed {
  const more = { tunnel: { kind: "ipip", checksum: false, pmtuDiscovery: true, ...tunnel } } as const;
  const services = [
    service("tun", [server("rs2", RIP)], more),
    service("tun", [server("rs2", RIP)], { ...more, port: 53, protocol: "udp" }),
  ];
  return oneLinkTestbed("tun", { services });
}

function sized(length: number, df = true) {
  return syn(40001, { ...VIA_GATEWAY, payload: new Uint8Array(length - 40).fill(3), "ip.flags.df": df });
}

const KINDS = [
  { name: "GRE", tunnel: { kind: "gre" }, overhead: 24, protocol: 47 },
  { name: "GRE with a checksum", tunnel: { kind: "gre", checksum: true }, overhead: 28, protocol: 47 },
  { name: "GUE", tunnel: { kind: "gue" }, overhead: 32, protocol: 17 },
  { name: "GUE with a checksum", tunnel: { kind: "gue", checksum: true }, overhead: 32, protocol: 17 },
] as const;

for (const { name, tunnel, overhead, protocol } of KINDS) {
  describe(`reference director: TUN by ${name}`, () => {
    it("puts its headers before the client's packet, of which only the TTL changes", () => {
      for (const more of [{ payload: "odd" }, { "ip.flags.df": true, "tcp.checksum": "0x1111" }, { "ip.dsfield": 3 }]) {
        const spec = syn(40001, { ...VIA_GATEWAY, ...more });
        const { ip, inner } = testbed(tunnel).exchange("eth0", spec);
        expect([ip?.src, ip?.dst, ip?.protocol, ip?.headerLength]).to.deep.equal([DIP, RIP, protocol, 20]);
        expect([ip?.ttl, ip?.df, ip?.tos]).to.deep.equal([60, "ip.flags.df" in more, "ip.dsfield" in more ? 2 : 0x2e]);
        expect(ip?.checksumValid).to.equal(true);
        expect(ip?.length).to.equal(overhead + (inner?.bytes.length ?? 0));
        expect(inner?.bytes).to.deep.equal(craftIp({ ...withoutEthernet(spec), "ip.ttl": 60 }));
      }
    });

    it(`has room for ${1500 - overhead} bytes (TUN-MTU-01, -02)`, () => {
      expect(testbed(tunnel).exchange("eth0", sized(1500 - overhead)).ip?.length).to.equal(1500);
      const error = testbed(tunnel).exchange("eth0", sized(1501 - overhead));
      expect([error.icmp?.kind, error.icmp?.mtu]).to.deep.equal(["too-big", 1500 - overhead]);
      const pieces = testbed(tunnel).receive("eth0", sized(1500, false));
      expect(pieces).to.have.length(2);
      const whole = decode(reassemble(pieces.map(({ packet }) => packet))?.bytes ?? new Uint8Array());
      const inner = craftIp({ ...withoutEthernet(sized(1500, false)), "ip.ttl": 60 });
      expect(whole.inner?.bytes).to.deep.equal(inner);
    });

    it("relays what a router in the tunnel reports, less its overhead (TUN-MTU-04)", () => {
      const bed = testbed(tunnel);
      const quoted = ipBytes(bed.exchange("eth0", sized(1450))).subarray(0, 528);
      const about = { "icmp.type": 3, "icmp.code": 4, "icmp.mtu": 1400, quoted };
      const report = { "eth.dst": MAC.eth0, "ip.src": "10.9.0.254", "ip.dst": DIP, ...about };
      const { packet } = only(bed.receive("eth0", report));
      expect([packet.ip?.src, packet.ip?.dst, packet.icmp?.mtu]).to.deep.equal([VIP, FAR_CIP, 1400 - overhead]);
      expect(packet.quoted && endpoints(packet.quoted)).to.equal(`${FAR_CIP}:40001 > ${VIP}:80`);
    });

    it("tunnels ICMP errors to the server of the flow (TUN-ICMP-01)", () => {
      const bed = testbed(tunnel);
      const request = bed.exchange("eth0", syn(40001, VIA_GATEWAY));
      const about = { "ip.src": VIP, "ip.dst": FAR_CIP, "tcp.srcport": 80, "tcp.dstport": 40001 };
      const error = { "ip.src": "172.16.0.200", "ip.dst": VIP, "icmp.type": 3, "icmp.code": 4, quoted: about };
      const { ip, udp, inner } = bed.exchange("eth0", { "eth.dst": MAC.eth0, ...error });
      expect([ip?.dst, ip?.protocol, udp?.srcPort]).to.deep.equal([RIP, protocol, request.udp?.srcPort]);
      expect(inner?.bytes).to.deep.equal(craftIp({ ...error, "ip.ttl": 63 }));
    });
  });
}

describe("reference director: GRE (TUN-GRE-01)", () => {
  it("has no flags but that of its checksum, which is valid", () => {
    for (const checksum of [false, true]) {
      for (const payload of ["", "odd"]) {
        const { gre } = testbed({ kind: "gre", checksum }).exchange("eth0", syn(40001, { ...VIA_GATEWAY, payload }));
        expect([gre?.flagsAndVersion, gre?.protocol]).to.deep.equal([checksum ? 0x8000 : 0, 0x0800]);
        expect(gre?.checksumValid).to.equal(true);
      }
    }
  });
});

describe("reference director: GUE (TUN-GUE-01)", () => {
  it("is version 0 to port 6080, without options, with UDP checksum 0 or a valid one", () => {
    for (const checksum of [false, true]) {
      const packet = testbed({ kind: "gue", checksum }).exchange("eth0", syn(40001, VIA_GATEWAY));
      const { udp, gue } = packet;
      expect([udp?.dstPort, gue?.version, gue?.control, gue?.hlen]).to.deep.equal([6080, 0, false, 0]);
      expect([gue?.protocol, gue?.flags]).to.deep.equal([4, 0]);
      expect(l4ChecksumState(packet)).to.equal(checksum ? "valid" : "zero");
    }
  });

  it("has one source port for a flow, and different ones for many", () => {
    const bed = testbed({ kind: "gue" });
    const ports = (flags: string) =>
      Array.from({ length: 50 }, (_, index) => {
        return bed.exchange("eth0", syn(40000 + index, { ...VIA_GATEWAY, "tcp.flags": flags })).udp?.srcPort ?? 0;
      });
    const first = ports("S");
    expect(ports("A")).to.deep.equal(first);
    expect(new Set(first).size).to.be.above(40);
    expect(Math.min(...first)).to.be.at.least(49_152);
  });
});

describe("reference director: TUN without path MTU discovery (TUN-MTU-03)", () => {
  for (const kind of ["ipip", "gre", "gue"] as const) {
    it(`fragments what has DF outside, and keeps DF inside (${kind})`, () => {
      const spec = sized(1500);
      const pieces = testbed({ kind, pmtuDiscovery: false }).receive("eth0", spec);
      expect(pieces.map(({ packet }) => [packet.ip?.df, packet.ip?.mf])).to.deep.equal([
        [false, true],
        [false, false],
      ]);
      const whole = decode(reassemble(pieces.map(({ packet }) => packet))?.bytes ?? new Uint8Array());
      expect(whole.inner?.bytes).to.deep.equal(craftIp({ ...withoutEthernet(spec), "ip.ttl": 60 }));
      const bed = testbed({ kind, pmtuDiscovery: false });
      const quoted = ipBytes(bed.exchange("eth0", sized(1400))).subarray(0, 528);
      const report = { "icmp.type": 3, "icmp.code": 4, "icmp.mtu": 1300, quoted };
      expect(
        bed.receive("eth0", { "eth.dst": MAC.eth0, "ip.src": "10.9.0.254", "ip.dst": DIP, ...report }),
      ).to.deep.equal([]);
      expect(bed.receive("eth0", sized(1400)), "yet it is learnt").to.have.length(2);
      const small = testbed({ kind, pmtuDiscovery: false }).exchange("eth0", sized(100));
      expect([small.ip?.df, small.ip?.id === 0, small.inner?.ip?.df]).to.deep.equal([false, false, true]);
    });
  }
});

describe("reference director: what no tunnel can carry", () => {
  it("is lost, for no header can say how long it would be", () => {
    const spec = query(42100, { ...VIA_GATEWAY, payload: new Uint8Array(65_500) });
    expect(oneLinkTestbed("tun").receive("eth0", spec)).to.deep.equal([]);
  });
});
