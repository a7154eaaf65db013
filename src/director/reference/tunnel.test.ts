import { expect } from "chai";
import { craft, craftIp } from "../../packet/craft.js";
import { fragment, reassemble } from "../../packet/fragment.js";
import { decode } from "../../packet/packet.js";
import {
  checksums,
  DIP,
  endpoints,
  FAR_CIP,
  ipBytes,
  MAC,
  macs,
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
import { outerTos } from "./tunnel.js";

const VIA_GATEWAY = { "eth.src": MAC.gateway, "ip.src": FAR_CIP };

describe("reference director: TUN", () => {
  it("puts an outer header before the client's packet, of which only the TTL changes (TUN-ENC-01…07, 10, 11)", () => {
    const bed = oneLinkTestbed("tun");
    const variants = [{ "ip.flags.df": true }, {}, { "ip.options": "5e04abcd", "tcp.checksum": "0x1111" }];
    variants.forEach((more, index) => {
      const spec = syn(40001 + index, { ...VIA_GATEWAY, ...more });
      const packet = bed.exchange("eth0", spec);
      const { ip, inner } = packet;
      const isNear = ip?.dst === "10.0.0.11";
      expect(macs(packet)).to.equal(`${MAC.eth0} > ${isNear ? MAC.rs1 : MAC.gateway}`);
      expect(ip?.dst).to.be.oneOf(["10.0.0.11", "10.9.0.12"]);
      expect([ip?.src, ip?.protocol, ip?.headerLength, ip?.ttl, ip?.tos]).to.deep.equal([DIP, 4, 20, 60, 0x2e]);
      expect([ip?.df, ip?.mf, ip?.fragmentOffset]).to.deep.equal(["ip.flags.df" in more, false, 0]);
      expect(ip?.checksumValid).to.equal(true);
      expect(ip?.length).to.equal(20 + (inner?.bytes.length ?? 0));
      expect(inner?.bytes).to.deep.equal(craftIp({ ...withoutEthernet(spec), "ip.ttl": 60 }));
    });
  });

  it("gives outer packets without DF fresh identifications (TUN-ENC-08)", () => {
    const bed = oneLinkTestbed("tun");
    const ids = Array.from({ length: 10 }, (_, index) => bed.exchange("eth0", syn(40000 + index)).ip?.id);
    expect(new Set(ids).size).to.equal(10);
  });

  it("copies DSCP and ECN, CE as ECT(0) (TUN-ENC-09)", () => {
    expect([0, 1, 2, 3, 0xb8, 0x2e, 0xbb].map(outerTos)).to.deep.equal([0, 1, 2, 2, 0xb8, 0x2e, 0xba]);
    expect(oneLinkTestbed("tun").exchange("eth0", syn(40001, { "ip.dsfield": 3 })).ip?.tos).to.equal(2);
  });

  it("refuses DF above MTU-20 with that MTU (TUN-MTU-01)", () => {
    const sized = (length: number) =>
      syn(40001, { ...VIA_GATEWAY, payload: new Uint8Array(length - 40), "ip.flags.df": true });
    expect(oneLinkTestbed("tun").exchange("eth0", sized(1480)).ip?.length).to.equal(1500);
    const error = oneLinkTestbed("tun").exchange("eth0", sized(1481));
    expect([error.ip?.src, error.ip?.dst]).to.deep.equal([VIP, FAR_CIP]);
    expect([error.icmp?.type, error.icmp?.code, error.icmp?.mtu]).to.deep.equal([3, 4, 1480]);
    expect(error.quoted?.bytes).to.deep.equal(craftIp(withoutEthernet(sized(1481))).subarray(0, 548));
  });

  it("fragments the outer packet without DF (TUN-MTU-02)", () => {
    const spec = syn(40001, { ...VIA_GATEWAY, payload: new Uint8Array(1460).fill(3) });
    const pieces = oneLinkTestbed("tun").receive("eth0", spec);
    expect(pieces.map(({ packet }) => packet.ip?.length)).to.deep.equal([1500, 40]);
    expect(inside(pieces.map(({ packet }) => packet))).to.deep.equal(
      craftIp({ ...withoutEthernet(spec), "ip.ttl": 60 }),
    );
  });

  it("carries a client's fragments as one datagram (TUN-FRAG-01)", () => {
    for (const [size, df] of [
      [3000, false],
      [3000, true],
      [1462, true],
    ] as const) {
      const payload = new Uint8Array(size).fill(9);
      const spec = query(42100, { ...VIA_GATEWAY, payload, "ip.flags.df": df });
      for (const frames of [fragment(craft(spec), 1400), fragment(craft(spec), 1400).reverse()]) {
        const bed = oneLinkTestbed("tun");
        const sent = frames.map((frame) => bed.receive("eth0", frame));
        expect(sent.slice(0, -1).flat()).to.deep.equal([]);
        const outer = (sent.at(-1) ?? []).map(({ packet }) => packet);
        expect(inside(outer)).to.deep.equal(craftIp({ ...withoutEthernet(spec), "ip.ttl": 60 }));
        expect(outer.every(({ ip }) => ip?.df === false && ip.id !== 0)).to.equal(true);
      }
    }
  });

  it("tunnels ICMP errors to the server of the flow (TUN-ICMP-01)", () => {
    const bed = oneLinkTestbed("tun");
    for (const port of [40001, 40002]) {
      const owner = bed.exchange("eth0", syn(port, VIA_GATEWAY)).ip?.dst;
      const quoted = craftIp({ "ip.src": VIP, "ip.dst": FAR_CIP, "tcp.srcport": 80, "tcp.dstport": port }).subarray(
        0,
        28,
      );
      const about = { "icmp.type": 3, "icmp.code": 4, "icmp.mtu": 1300, quoted };
      const error = { "eth.dst": MAC.eth0, "ip.src": "172.16.0.200", "ip.dst": VIP, ...about };
      const { ip, inner } = bed.exchange("eth0", error);
      expect([ip?.src, ip?.dst]).to.deep.equal([DIP, owner]);
      expect(inner?.bytes).to.deep.equal(craftIp({ ...withoutEthernet(error), "ip.ttl": 63 }));
    }
  });

  it("tells the client what a router in the tunnel reports (TUN-MTU-04, TUN-ENC-06)", () => {
    const bed = oneLinkTestbed("tun");
    const whole = { ...VIA_GATEWAY, "ip.flags.df": true };
    const outer = ipBytes(bed.exchange("eth0", syn(40001, { ...whole, payload: "GET /" })));
    const report = (more: object, quoted = outer) =>
      bed.receive("eth0", { "eth.dst": MAC.eth0, "ip.src": "10.9.0.254", "ip.dst": DIP, quoted, ...more });
    const { packet } = only(report({ "icmp.type": 3, "icmp.code": 4, "icmp.mtu": 1400 }));
    expect([packet.ip?.src, packet.ip?.dst, packet.icmp?.mtu]).to.deep.equal([VIP, FAR_CIP, 1380]);
    expect(packet.quoted && endpoints(packet.quoted)).to.equal(`${FAR_CIP}:40001 > ${VIP}:80`);
    expect(only(report({ "icmp.type": 11, "icmp.code": 0 })).packet.icmp?.type).to.equal(11);
    const forged = outer.slice();
    forged[19] = 99;
    expect(report({ "icmp.type": 11, "icmp.code": 0 }, forged), "to another tunnel's end").to.deep.equal([]);
    expect(report({ "icmp.type": 11, "icmp.code": 0 }, outer.subarray(0, 28)), "too little quoted").to.deep.equal([]);
  });

  it("keeps to what a router in the tunnel has reported, for what follows (TUN-MTU-04)", () => {
    const bed = oneLinkTestbed("tun", { services: [service("tun", [server("rs2", "10.9.0.12")])] });
    const sized = (length: number, df: boolean) =>
      syn(40001, { ...VIA_GATEWAY, payload: new Uint8Array(length - 40), "ip.flags.df": df });
    const outer = ipBytes(bed.exchange("eth0", sized(1450, true)));
    const report = (mtu: number) => {
      const about = { "icmp.type": 3, "icmp.code": 4, "icmp.mtu": mtu, quoted: outer.subarray(0, 528) };
      return bed.receive("eth0", { "eth.dst": MAC.eth0, "ip.src": "10.9.0.254", "ip.dst": DIP, ...about });
    };
    expect(only(report(1400)).packet.icmp?.mtu).to.equal(1380);
    expect(bed.exchange("eth0", sized(1381, true)).icmp?.mtu).to.equal(1380);
    expect(bed.exchange("eth0", sized(1380, true)).ip?.length).to.equal(1400);
    const pieces = bed.receive("eth0", sized(1450, false)).map(({ packet }) => packet);
    expect(Math.max(...pieces.map(({ ip }) => ip?.length ?? 0))).to.be.at.most(1400);
    expect(inside(pieces)?.length).to.equal(1450);
    expect(only(report(1450)).packet.icmp?.mtu, "a larger one").to.equal(1380);
    expect(only(report(0)).packet.icmp?.mtu, "one that nobody can mean").to.equal(532);
  });

  it("neither opens nor balances what arrives in a tunnel (TUN-SEC-02)", () => {
    const inner = withoutEthernet(syn(40001));
    const packet = oneLinkTestbed("tun").exchange("eth0", {
      "eth.dst": MAC.eth0,
      "ip.src": "172.16.0.66",
      "ip.dst": VIP,
      inner,
    });
    expect([packet.ip?.src, packet.ip?.dst, packet.icmp?.type, packet.icmp?.code]).to.deep.equal([
      VIP,
      "172.16.0.66",
      3,
      2,
    ]);
    expect(checksums(packet)).to.equal("ip valid, l4 valid");
  });

  it("answers TTL 1 instead of sending an outer TTL of 0", () => {
    const packet = oneLinkTestbed("tun").exchange("eth0", syn(40001, { "ip.ttl": 1, "ip.src": FAR_CIP }));
    expect([packet.icmp?.type, packet.quoted?.ip?.ttl]).to.deep.equal([11, 1]);
  });
});

function inside(outer: readonly ReturnType<Testbed["exchange"]>[]): Uint8Array | undefined {
  return outer.length === 0 ? undefined : decode(reassemble(outer)?.bytes ?? new Uint8Array()).inner?.bytes;
}
