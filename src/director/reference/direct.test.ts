import { expect } from "chai";
import { craft, craftIp } from "../../packet/craft.js";
import { fragment, reassemble } from "../../packet/fragment.js";
import {
  ETH0,
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
  VIP,
  withoutEthernet,
} from "./testbed.js";

/** All traffic comes through the gateway, as in T-DR. */
const VIA_GATEWAY = { "eth.src": MAC.gateway, "ip.src": FAR_CIP };

describe("reference director: DR", () => {
  it("changes MACs, TTL and header checksum alone (DR-REQ-01…05, GEN-L4-01)", () => {
    const variants = [
      {},
      { "ip.flags.df": true, "ip.id": 0, "ip.dsfield": 3 },
      { "ip.options": "5e04abcd", "tcp.options": "02040578" },
      { "tcp.checksum": "0x1111", payload: "odd" },
    ];
    for (const more of variants) {
      const spec = syn(40001, { ...VIA_GATEWAY, ...more });
      const { nic, packet } = only(oneLinkTestbed("dr").receive("eth0", spec));
      expect(nic).to.equal("eth0");
      expect(macs(packet)).to.be.oneOf([`${MAC.eth0} > ${MAC.rs1}`, `${MAC.eth0} > ${MAC.rs2}`]);
      expect(ipBytes(packet)).to.deep.equal(craftIp({ ...withoutEthernet(spec), "ip.ttl": 60 }));
    }
  });

  it("leaves a UDP checksum of 0 and trims the padding of short frames", () => {
    const spec = query(42000, { ...VIA_GATEWAY, "udp.checksum": 0, payload: "x" });
    const padded = new Uint8Array(60);
    padded.set(craft(spec));
    const packet = oneLinkTestbed("dr").exchange("eth0", padded);
    expect(packet.bytes).to.have.length(14 + 20 + 8 + 1);
    expect(ipBytes(packet)).to.deep.equal(craftIp({ ...withoutEthernet(spec), "ip.ttl": 60 }));
  });

  it("sends to the gateway where the real server is not on the link (DR-TOP-01)", () => {
    const bed = oneLinkTestbed("dr", { services: [service("dr", [server("rs", "10.9.0.12")])] });
    expect(macs(bed.exchange("eth0", syn(40001)))).to.equal(`${MAC.eth0} > ${MAC.gateway}`);
  });

  it("drops answers that a real server sends through it (DR-RSP-05)", () => {
    const answer = { "eth.src": MAC.rs1, "eth.dst": MAC.eth0, "ip.src": VIP, "ip.dst": FAR_CIP };
    const bed = oneLinkTestbed("dr");
    expect(
      bed.receive("eth0", { ...answer, "tcp.srcport": 80, "tcp.dstport": 40001, "tcp.flags": "SA" }),
    ).to.deep.equal([]);
  });

  it("hands ICMP errors to the server of the flow, unchanged (DR-ICMP-01)", () => {
    const bed = oneLinkTestbed("dr");
    for (const port of [40001, 40002]) {
      const owner = bed.exchange("eth0", syn(port, VIA_GATEWAY)).eth?.dst;
      const quoted = craftIp({ "ip.src": VIP, "ip.dst": FAR_CIP, "tcp.srcport": 80, "tcp.dstport": port }).subarray(
        0,
        28,
      );
      const about = { "icmp.type": 3, "icmp.code": 4, "icmp.mtu": 1300, quoted };
      const error = { "eth.dst": MAC.eth0, "ip.src": "172.16.0.200", "ip.dst": VIP, "ip.ttl": 63, ...about };
      const packet = bed.exchange("eth0", error);
      expect(packet.eth?.dst).to.equal(owner);
      expect(ipBytes(packet)).to.deep.equal(craftIp({ ...withoutEthernet(error), "ip.ttl": 62 }));
    }
  });

  it("reports the MTU for DF, and fragments without (DR-MTU-01)", () => {
    const narrow = () => oneLinkTestbed("dr", { nics: [{ ...ETH0, mtu: 1300 }] });
    const fits = syn(40001, { ...VIA_GATEWAY, payload: new Uint8Array(1260), "ip.flags.df": true });
    expect(narrow().exchange("eth0", fits).ip?.length).to.equal(1300);
    const over = syn(40001, { ...VIA_GATEWAY, payload: new Uint8Array(1261), "ip.flags.df": true });
    const error = narrow().exchange("eth0", over);
    expect([error.ip?.src, error.ip?.dst, error.icmp?.mtu]).to.deep.equal([VIP, FAR_CIP, 1300]);
    expect(error.quoted && endpoints(error.quoted)).to.equal(`${FAR_CIP}:40001 > ${VIP}:80`);
    const free = syn(40001, { ...VIA_GATEWAY, payload: new Uint8Array(1400) });
    const pieces = narrow().receive("eth0", free);
    const whole = reassemble(pieces.map(({ packet }) => packet));
    expect(pieces).to.have.length(2);
    expect(whole && ipBytes(whole)).to.deep.equal(craftIp({ ...withoutEthernet(free), "ip.ttl": 60 }));
  });

  it("sends all fragments of a datagram to one server, once it is whole (DR-FRAG-01)", () => {
    const spec = query(42100, { ...VIA_GATEWAY, payload: new Uint8Array(3000).fill(5), "ip.id": "0x0400" });
    for (const frames of [fragment(craft(spec), 1400), fragment(craft(spec), 1400).reverse()]) {
      const bed = oneLinkTestbed("dr");
      const sent = frames.map((frame) => bed.receive("eth0", frame));
      expect(sent.slice(0, -1).flat()).to.deep.equal([]);
      const pieces = sent.at(-1) ?? [];
      expect(new Set(pieces.map(({ packet }) => packet.eth?.dst)).size).to.equal(1);
      const whole = reassemble(pieces.map(({ packet }) => packet));
      expect(whole && ipBytes(whole)).to.deep.equal(craftIp({ ...withoutEthernet(spec), "ip.ttl": 60 }));
    }
  });

  it("lets DF fragments that fit leave again, and refuses those that do not", () => {
    const spec = query(42100, { ...VIA_GATEWAY, payload: new Uint8Array(3000), "ip.flags.df": true });
    const last = (mtu: number) => {
      const bed = oneLinkTestbed("dr", { nics: [{ ...ETH0, mtu }] });
      return (
        fragment(craft(spec), 1400)
          .map((frame) => bed.receive("eth0", frame))
          .at(-1) ?? []
      );
    };
    expect(last(1500).map(({ packet }) => packet.ip?.df)).to.deep.equal([true, true, true]);
    expect(only(last(1300)).packet.icmp?.mtu).to.equal(1300);
  });

  it("resolves the real server with its own address as ARP sender (DR-ARP-09)", () => {
    const bed = oneLinkTestbed("dr", { services: [service("dr", [server("rs3", "10.0.0.13")])] });
    const { arp, eth } = bed.exchange("eth0", syn(40001, VIA_GATEWAY));
    expect([eth?.dst, arp?.opcode, arp?.senderIp, arp?.senderMac, arp?.targetIp]).to.deep.equal([
      "ff:ff:ff:ff:ff:ff",
      1,
      ETH0.ip,
      MAC.eth0,
      "10.0.0.13",
    ]);
  });
});
