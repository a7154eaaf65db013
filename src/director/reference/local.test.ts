import { expect } from "chai";
import { craft, craftIp, type PacketSpec } from "../../packet/craft.js";
import { BROADCAST } from "../../packet/ethernet.js";
import type { Wait } from "./neighbours.js";
import {
  CIP,
  checksums,
  DIP,
  ETH0,
  endpoints,
  MAC,
  macs,
  natTestbed,
  oneLinkTestbed,
  only,
  query,
  server,
  service,
  syn,
  Testbed,
  VIP,
  withoutEthernet,
} from "./testbed.js";

function whoHas(targetIp: string, more: PacketSpec = {}): PacketSpec {
  return {
    "eth.src": MAC.client,
    "eth.dst": BROADCAST,
    "arp.opcode": 1,
    "arp.src.hw_mac": MAC.client,
    "arp.src.proto_ipv4": CIP,
    "arp.dst.proto_ipv4": targetIp,
    ...more,
  };
}

describe("reference director: ARP", () => {
  it("answers for its addresses and VIPs, to the asker alone (DR-ARP-01)", () => {
    for (const targetIp of [VIP, DIP]) {
      for (const sender of [CIP, "0.0.0.0", "172.16.0.9"]) {
        for (const dst of [BROADCAST, MAC.eth0]) {
          const bed = oneLinkTestbed("dr");
          const packet = bed.exchange("eth0", whoHas(targetIp, { "eth.dst": dst, "arp.src.proto_ipv4": sender }));
          const { arp } = packet;
          expect(macs(packet)).to.equal(`${MAC.eth0} > ${MAC.client}`);
          expect([arp?.opcode, arp?.senderMac, arp?.senderIp]).to.deep.equal([2, MAC.eth0, targetIp]);
          expect([arp?.targetMac, arp?.targetIp]).to.deep.equal([MAC.client, sender]);
        }
      }
    }
  });

  it("answers neither for others, nor to who claims its address, nor to what is for another MAC", () => {
    const bed = oneLinkTestbed("dr");
    for (const spec of [
      whoHas("10.0.0.11"),
      whoHas(DIP, { "arp.src.proto_ipv4": VIP }),
      whoHas(VIP, { "arp.src.proto_ipv4": VIP }),
      whoHas(VIP, { "eth.dst": MAC.rs1 }),
      whoHas(VIP, { "arp.opcode": 2 }),
      whoHas(VIP, { "arp.src.hw_mac": BROADCAST }),
    ]) {
      expect(bed.receive("eth0", spec)).to.deep.equal([]);
    }
  });

  it("asks with the NIC's own address, sends what waited in its order, and then knows (NAT-ARP-01)", () => {
    const bed = natTestbed();
    const spec = (port: number) => query(port, { "ip.dst": "192.168.10.50" });
    for (const port of [1, 2, 3]) {
      const { nic, packet } = only(bed.receive("eth0", spec(port)));
      expect([nic, packet.eth?.dst, packet.arp?.opcode]).to.deep.equal(["eth1", BROADCAST, 1]);
      expect([packet.arp?.senderIp, packet.arp?.targetIp]).to.deep.equal(["192.168.10.1", "192.168.10.50"]);
    }
    const sender = { "arp.src.hw_mac": MAC.rs3, "arp.src.proto_ipv4": "192.168.10.50" };
    const answer = whoHas("192.168.10.1", { ...sender, "arp.opcode": 2, "eth.dst": MAC.eth1 });
    const sent = bed.receive("eth1", answer).map(({ packet }) => packet);
    expect(sent.map(({ udp }) => udp?.srcPort)).to.deep.equal([1, 2, 3]);
    for (const packet of sent) expect(macs(packet)).to.equal(`${MAC.eth1} > ${MAC.rs3}`);
    expect(bed.exchange("eth0", spec(4)).udp?.srcPort).to.equal(4);
    bed.director.forgetNeighbours();
    expect(bed.exchange("eth0", spec(5)).arp?.targetIp).to.equal("192.168.10.50");
  });

  it("learns from who asks it, not from what is said to others, and never over a permanent entry", () => {
    const sends = (bed: Testbed) =>
      bed.exchange("eth0", query(1, { "eth.src": MAC.rs3, "ip.src": "10.0.0.13", "udp.dstport": 9 }));
    const sender = { "arp.src.hw_mac": MAC.rs3, "arp.src.proto_ipv4": "10.0.0.13" };
    const asked = oneLinkTestbed("dr");
    asked.receive("eth0", whoHas(VIP, sender));
    expect(sends(asked).eth?.dst).to.equal(MAC.rs3);
    const overheard = oneLinkTestbed("dr");
    overheard.receive("eth0", whoHas("10.0.0.99", sender));
    expect(sends(overheard).arp?.opcode).to.equal(1);
    const elsewhere = natTestbed();
    elsewhere.receive("eth1", whoHas(VIP, { ...sender, "eth.dst": BROADCAST }));
    expect(sends(elsewhere).arp?.opcode, "heard on another link").to.equal(1);
    const permanent = oneLinkTestbed("dr").warm({ "10.0.0.13": MAC.rs1 });
    permanent.receive("eth0", whoHas(VIP, sender));
    expect(sends(permanent).eth?.dst).to.equal(MAC.rs1);
  });

  it("keeps a bounded number of waiting datagrams, the newest", () => {
    const bed = natTestbed();
    for (let port = 1; port <= 200; port++) bed.receive("eth0", query(port, { "ip.dst": "192.168.10.50" }));
    bed.director.learn("192.168.10.50", MAC.rs3);
    const ports = bed.taken().map(({ packet }) => packet.udp?.srcPort);
    expect(ports).to.deep.equal(Array.from({ length: 64 }, (_, index) => 137 + index));
  });
});

describe("reference director: its own answers", () => {
  it("echo: type 0, same id, sequence and data, from the address that was asked (GEN-SVC-05)", () => {
    for (const dst of [VIP, DIP]) {
      const echo = { "eth.src": MAC.client, "eth.dst": MAC.eth0, "ip.src": CIP, "ip.dst": dst };
      const packet = natTestbed().exchange("eth0", { ...echo, "icmp.ident": 7, "icmp.seq": 1, payload: "ping!" });
      expect(macs(packet)).to.equal(`${MAC.eth0} > ${MAC.client}`);
      expect([packet.ip?.src, packet.ip?.dst, packet.ip?.ttl]).to.deep.equal([dst, CIP, 64]);
      expect([packet.icmp?.type, packet.icmp?.id, packet.icmp?.seq]).to.deep.equal([0, 7, 1]);
      expect(Buffer.from(packet.payload).toString()).to.equal("ping!");
      expect(checksums(packet)).to.equal("ip valid, l4 valid");
    }
  });

  it("echo: no answer to a damaged one, nor to other ICMP", () => {
    const to = { "eth.dst": MAC.eth0, "ip.src": CIP, "ip.dst": VIP };
    expect(natTestbed().receive("eth0", { ...to, "icmp.type": 8, "icmp.checksum": 1 })).to.deep.equal([]);
    for (const type of [0, 13, 42])
      expect(natTestbed().receive("eth0", { ...to, "icmp.type": type })).to.deep.equal([]);
  });

  it("RST as RFC 9293 wants it, for ports without a service (GEN-SVC-02, 04, 06)", () => {
    const cases = [
      { flags: "S", payload: "", expected: ["RA", 0, 1001] },
      { flags: "SF", payload: "", expected: ["RA", 0, 1002] },
      { flags: "F", payload: "hello", expected: ["RA", 0, 1006] },
      { flags: "A", payload: "hello", expected: ["R", 777, 0] },
      { flags: "SA", payload: "", expected: ["R", 777, 0] },
    ];
    for (const { flags, payload, expected } of cases) {
      const segment = { "tcp.dstport": 81, "tcp.flags": flags, "tcp.ack_raw": 777, payload };
      const packet = natTestbed().exchange("eth0", syn(41000, segment));
      expect(endpoints(packet)).to.equal(`${VIP}:81 > ${CIP}:41000`);
      expect([packet.tcp?.flagsText, packet.tcp?.seq, packet.tcp?.ack]).to.deep.equal(expected);
      expect(checksums(packet)).to.equal("ip valid, l4 valid");
    }
    const wrapped = natTestbed().exchange("eth0", syn(41000, { "tcp.dstport": 81, "tcp.seq_raw": 0xffffffff }));
    expect(wrapped.tcp?.ack).to.equal(0);
    expect(endpoints(natTestbed().exchange("eth0", syn(41000, { "ip.dst": DIP })))).to.equal(
      `${DIP}:80 > ${CIP}:41000`,
    );
  });

  it("is silent to a RST and to damaged segments", () => {
    for (const more of [{ "tcp.flags": "R" }, { "tcp.flags": "RA" }, { "tcp.checksum": 1 }]) {
      expect(natTestbed().receive("eth0", syn(41000, { "tcp.dstport": 81, ...more }))).to.deep.equal([]);
    }
  });

  it("port unreachable for UDP, quoting what came (GEN-SVC-02, 03)", () => {
    for (const port of [54, 80]) {
      const spec = query(41006, { "udp.dstport": port });
      const packet = natTestbed().exchange("eth0", spec);
      expect([packet.ip?.src, packet.ip?.tos, packet.icmp?.type, packet.icmp?.code]).to.deep.equal([VIP, 0xc0, 3, 3]);
      expect(packet.quoted?.bytes).to.deep.equal(craftIp(withoutEthernet(spec)));
      expect(checksums(packet)).to.equal("ip valid, l4 valid");
    }
  });

  it("time exceeded from the VIP, quoting the untranslated packet; TTL 2 leaves with 1 (GEN-TTL-02)", () => {
    const spec = syn(42010, { "ip.ttl": 1 });
    const packet = natTestbed().exchange("eth0", spec);
    expect([packet.ip?.src, packet.icmp?.type, packet.icmp?.code]).to.deep.equal([VIP, 11, 0]);
    expect(packet.quoted?.bytes).to.deep.equal(craftIp(withoutEthernet(spec)));
    expect(natTestbed().exchange("eth0", syn(42010, { "ip.ttl": 2 })).ip?.ttl).to.equal(1);
  });

  it("net unreachable where there is no route", () => {
    const bed = natTestbed({ nics: [ETH0], services: [] });
    expect(bed.exchange("eth0", query(1, { "ip.dst": "8.8.8.8" })).eth?.dst).to.equal(MAC.gateway);
    const lost = new Testbed({ nics: [ETH0], gateways: [], services: [] }).warm({ [CIP]: MAC.client });
    const packet = lost.exchange("eth0", query(1, { "ip.dst": "8.8.8.8" }));
    expect([packet.ip?.src, packet.icmp?.type, packet.icmp?.code]).to.deep.equal([DIP, 3, 0]);
  });

  it("host unreachable where nobody answers for the next hop, from the DIP, quoting what came (GEN-UNR-01)", () => {
    for (const model of ["nat", "dr", "tun"] as const) {
      const waits: Wait[] = [];
      const services = [service(model, [server("gone", "10.0.0.13", { port: 8080 })])];
      const wait = (one: Wait) => waits.push(one);
      const bed = oneLinkTestbed(model === "nat" ? "dr" : model, { services, wait }).warm({ [CIP]: MAC.client });
      const spec = syn(45000);
      // As the lab gives it: what `slice` says of a Buffer is no copy.
      const [asked] = bed.receive("eth0", Buffer.from(craft(spec)));
      expect(asked?.packet.arp?.targetIp).to.equal("10.0.0.13");
      waits[0]?.giveUp();
      const { packet } = only(bed.taken());
      expect([packet.ip?.src, packet.ip?.dst]).to.deep.equal([DIP, CIP]);
      expect([packet.icmp?.type, packet.icmp?.code]).to.deep.equal([3, 1]);
      expect(packet.quoted?.bytes).to.deep.equal(craftIp(withoutEthernet(spec)));
      expect(checksums(packet)).to.equal("ip valid, l4 valid");
    }
  });

  it("says nothing of its own answers that nobody takes", () => {
    const waits: Wait[] = [];
    const bed = oneLinkTestbed("dr", { wait: (wait) => waits.push(wait) });
    bed.receive("eth0", syn(1, { "tcp.dstport": 81 }));
    expect(waits.map(({ ip }) => ip)).to.deep.equal([CIP]);
    waits[0]?.giveUp();
    expect(bed.taken()).to.deep.equal([]);
  });

  it("sends no ICMP about ICMP errors, later fragments or impossible senders (RFC 1812 §4.3.2.7)", () => {
    const error = { "eth.dst": MAC.eth0, "ip.src": CIP, "ip.dst": "192.168.10.50", "ip.ttl": 1, "icmp.type": 3 };
    expect(natTestbed().receive("eth0", { ...error, quoted: withoutEthernet(syn(1)) })).to.deep.equal([]);
    const fragment = query(1, { "ip.dst": "192.168.10.50", "ip.ttl": 1, "ip.frag_offset": 8 });
    expect(natTestbed().receive("eth0", fragment)).to.deep.equal([]);
    for (const src of ["0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "10.0.0.255", VIP, DIP]) {
      expect(natTestbed().receive("eth0", query(1, { "ip.src": src, "udp.dstport": 9 }))).to.deep.equal([]);
    }
  });

  it("drops in silence a wrong header checksum, another's MAC, and lengths that do not add up (GEN-SVC-07)", () => {
    const bed = natTestbed();
    expect(bed.receive("eth0", syn(1, { "ip.checksum": "0x1111" }))).to.deep.equal([]);
    expect(bed.receive("eth0", syn(1, { "eth.dst": MAC.rs1 }))).to.deep.equal([]);
    expect(bed.receive("eth0", syn(1, { "eth.dst": BROADCAST }))).to.deep.equal([]);
    expect(bed.receive("eth0", syn(1, { "ip.len": 1000 }))).to.deep.equal([]);
    expect(bed.receive("eth0", syn(1, { "ip.dst": "10.0.0.255" }))).to.deep.equal([]);
    for (const dst of [VIP, "8.8.8.8"]) {
      for (const length of [33, 34, 40]) {
        expect(bed.receive("eth0", craft(syn(1, { "ip.dst": dst })).subarray(0, length))).to.deep.equal([]);
      }
    }
  });
});
