import { expect } from "chai";
import fc from "fast-check";
import { craft, craftIp } from "../../packet/craft.js";
import { fragment, reassemble } from "../../packet/fragment.js";
import { decode } from "../../packet/packet.js";
import {
  CIP,
  checksums,
  ETH0,
  ETH1,
  endpoints,
  fromServer,
  ipBytes,
  MAC,
  macs,
  natTestbed,
  only,
  query,
  syn,
  VIP,
  withoutEthernet,
} from "./testbed.js";

const RIPS = ["192.168.10.11", "192.168.10.12"];
const rsMac = (ip: string | undefined) => (ip === "192.168.10.11" ? MAC.rs1 : MAC.rs2);
const OPTIONS = "020405780402080a000000010000000001030307";

describe("reference director: NAT", () => {
  it("translates destination address and port of a request, and nothing else (NAT-REQ-01…10)", () => {
    const payload = "GET / HTTP/1.0 Host: 10.0.0.10!";
    for (const more of [{}, { "ip.flags.df": true, "ip.id": 0, "ip.dsfield": 3 }, { "ip.options": "5e04abcd" }]) {
      const spec = syn(40001, { "tcp.options": OPTIONS, payload, ...more });
      const { nic, packet } = only(natTestbed().receive("eth0", spec));
      const rip = packet.ip?.dst ?? "";
      expect(nic).to.equal("eth1");
      expect(rip).to.be.oneOf(RIPS);
      expect(macs(packet)).to.equal(`${MAC.eth1} > ${rsMac(rip)}`);
      const expected = craftIp({ ...withoutEthernet(spec), "ip.dst": rip, "tcp.dstport": 8080, "ip.ttl": 60 });
      expect(ipBytes(packet)).to.deep.equal(expected);
    }
  });

  it("translates the source of the reply back to VIP:vport (NAT-RSP-01…03)", () => {
    const bed = natTestbed();
    const rip = bed.exchange("eth0", syn(40001)).ip?.dst ?? "";
    const reply = {
      "eth.src": rsMac(rip),
      "eth.dst": MAC.eth1,
      "ip.src": rip,
      "ip.dst": CIP,
      "ip.ttl": 63,
      "ip.id": "0x4321",
      "ip.dsfield": "0xb9",
      "ip.flags.df": true,
      "tcp.srcport": 8080,
      "tcp.dstport": 40001,
      "tcp.flags": "SA",
      "tcp.options": "0204056e",
      payload: "192.168.10.11",
    };
    const { nic, packet } = only(bed.receive("eth1", reply));
    expect(nic).to.equal("eth0");
    expect(macs(packet)).to.equal(`${MAC.eth0} > ${MAC.client}`);
    const expected = craftIp({ ...withoutEthernet(reply), "ip.src": VIP, "tcp.srcport": 80, "ip.ttl": 62 });
    expect(ipBytes(packet)).to.deep.equal(expected);
  });

  it("keeps a UDP checksum of 0 in both directions (NAT-REQ-11)", () => {
    const bed = natTestbed();
    const request = bed.exchange("eth0", query(42000, { "udp.checksum": 0 }));
    expect(endpoints(request)).to.match(/10\.0\.0\.100:42000 > 192\.168\.10\.1[12]:5353/);
    expect(request.udp?.checksum).to.equal(0);
    const reply = bed.exchange("eth1", fromServer(request.ip?.dst, 5353, 42000, { "udp.checksum": 0 }));
    expect(endpoints(reply)).to.equal(`${VIP}:53 > ${CIP}:42000`);
    expect(reply.udp?.checksum).to.equal(0);
  });

  it("keeps checksums valid whatever the payload (NAT-REQ-07)", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (payload) => {
        const bed = natTestbed();
        expect(checksums(bed.exchange("eth0", syn(40001, { payload })))).to.equal("ip valid, l4 valid");
        expect(checksums(bed.exchange("eth0", query(40001, { payload })))).to.equal("ip valid, l4 valid");
      }),
      { numRuns: 100 },
    );
  });

  it("keeps a wrong checksum wrong by the same amount (GEN-L4-01)", () => {
    const right = decode(craft(syn(40001))).tcp?.checksum ?? 0;
    const translated = natTestbed().exchange("eth0", syn(40001)).tcp?.checksum ?? 0;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0xfffe }), (error) => {
        const wrong = syn(40001, { "tcp.checksum": (right + error) % 0xffff });
        const packet = natTestbed().exchange("eth0", wrong);
        expect(checksums(packet)).to.equal("ip valid, l4 invalid");
        expect((packet.tcp?.checksum ?? 0) % 0xffff).to.equal((translated + error) % 0xffff);
      }),
      { numRuns: 100 },
    );
  });

  it("sends a UDP checksum that becomes 0 as 0xffff (RFC 768)", () => {
    // The word in the payload that makes the sum of the translated datagram all ones.
    const word = natTestbed().exchange("eth0", query(42000, { payload: Uint8Array.of(0, 0) })).udp?.checksum ?? 0;
    const packet = natTestbed().exchange("eth0", query(42000, { payload: Uint8Array.of(word >> 8, word & 0xff) }));
    expect(packet.udp?.checksum).to.equal(0xffff);
    expect(checksums(packet)).to.equal("ip valid, l4 valid");
  });

  it("translates only the exact tuple (NAT-TUP-01)", () => {
    const bed = natTestbed();
    const rip = bed.exchange("eth0", query(42000)).ip?.dst;
    const other = RIPS.find((ip) => ip !== rip);
    for (const spec of [fromServer(other, 5353, 42000), fromServer(rip, 5354, 42000), fromServer(rip, 5353, 42001)]) {
      expect(bed.exchange("eth1", spec).ip?.src).not.to.equal(VIP);
    }
  });

  it("forwards what else the real servers send, TTL counted down (their gateway is the director)", () => {
    const { nic, packet } = only(
      natTestbed().receive("eth1", fromServer("192.168.10.77", 1, 2, { "ip.dst": "172.16.0.9" })),
    );
    expect([nic, macs(packet), packet.ip?.ttl]).to.deep.equal(["eth0", `${MAC.eth0} > ${MAC.gateway}`, 63]);
  });

  it("forwards FIN and RST both ways (GEN-FLOW-02)", () => {
    const bed = natTestbed();
    const rip = bed.exchange("eth0", syn(40001)).ip?.dst ?? "";
    const back = { "eth.dst": MAC.eth1, "ip.src": rip, "ip.dst": CIP, "tcp.srcport": 8080, "tcp.dstport": 40001 };
    for (const flags of ["A", "FA", "RA", "R", "A"]) {
      const forward = bed.exchange("eth0", syn(40001, { "tcp.flags": flags }));
      expect([forward.ip?.dst, forward.tcp?.flagsText]).to.deep.equal([rip, flags]);
      const reply = bed.exchange("eth1", { ...back, "tcp.flags": flags });
      expect([reply.ip?.src, reply.tcp?.flagsText]).to.deep.equal([VIP, flags]);
    }
  });

  describe("MTU (NAT-MTU-01)", () => {
    const narrow = () => natTestbed({ nics: [ETH0, { ...ETH1, mtu: 1300 }] });

    it("refuses a DF request in the client's terms", () => {
      const payload = new Uint8Array(1360);
      const spec = syn(44001, { payload, "ip.flags.df": true });
      const { nic, packet } = only(narrow().receive("eth0", spec));
      expect([nic, packet.ip?.src, packet.ip?.dst]).to.deep.equal(["eth0", VIP, CIP]);
      expect([packet.icmp?.type, packet.icmp?.code, packet.icmp?.mtu]).to.deep.equal([3, 4, 1300]);
      expect(packet.ip?.length).to.equal(576);
      expect(packet.quoted?.bytes).to.deep.equal(craftIp(withoutEthernet(spec)).subarray(0, 548));
    });

    it("fragments a request without DF, same id", () => {
      const payload = new Uint8Array(1360).fill(7);
      const pieces = narrow().receive("eth0", syn(44001, { payload, "ip.id": "0x0601" }));
      expect(pieces.map(({ packet }) => [packet.ip?.id, packet.ip?.mf])).to.deep.equal([
        [0x601, true],
        [0x601, false],
      ]);
      for (const { packet } of pieces) expect(packet.ip?.length).to.be.at.most(1300);
      const whole = reassemble(pieces.map(({ packet }) => packet));
      expect(whole && checksums(whole)).to.equal("ip valid, l4 valid");
    });

    it("refuses a DF reply in the server's terms, from the DIP", () => {
      const bed = natTestbed({ nics: [{ ...ETH0, mtu: 1300 }, ETH1] });
      const rip = bed.exchange("eth0", query(42000)).ip?.dst;
      const reply = fromServer(rip, 5353, 42000, { payload: new Uint8Array(1400), "ip.flags.df": true });
      const { nic, packet } = only(bed.receive("eth1", reply));
      expect([nic, packet.ip?.src, packet.ip?.dst]).to.deep.equal(["eth1", "192.168.10.1", rip]);
      expect([packet.icmp?.mtu, packet.quoted?.ip?.src, packet.quoted?.udp?.srcPort]).to.deep.equal([1300, rip, 5353]);
    });
  });

  describe("fragments (NAT-FRAG-01)", () => {
    const payload = Uint8Array.from({ length: 3000 }, (_, index) => index);

    for (const order of ["forward", "reversed"]) {
      it(`of a request and of a reply, ${order}, are translated as one datagram`, () => {
        const bed = natTestbed();
        const send = (nic: string, frame: Uint8Array) => {
          const frames = fragment(frame, 1400);
          if (order === "reversed") frames.reverse();
          const sent = frames.map((piece) => bed.receive(nic, piece));
          expect(sent.slice(0, -1).flat()).to.deep.equal([]);
          const whole = reassemble((sent.at(-1) ?? []).map(({ packet }) => packet));
          if (whole === undefined) throw new Error("what left is no whole datagram");
          return whole;
        };
        const request = send("eth0", craft(query(42100, { payload, "ip.id": "0x0400" })));
        expect(endpoints(request)).to.match(/:42100 > 192\.168\.10\.1[12]:5353$/);
        expect([request.ip?.id, checksums(request)]).to.deep.equal([0x400, "ip valid, l4 valid"]);
        expect(request.payload).to.deep.equal(payload);
        const reply = send("eth1", craft(fromServer(request.ip?.dst, 5353, 42100, { payload, "ip.id": "0x0500" })));
        expect(endpoints(reply)).to.equal(`${VIP}:53 > ${CIP}:42100`);
        expect([reply.ip?.id, checksums(reply)]).to.deep.equal([0x500, "ip valid, l4 valid"]);
        expect(reply.payload).to.deep.equal(payload);
      });
    }
  });

  it("answers a reply that may go no further from the DIP, untranslated (NAT-RSP-03)", () => {
    const bed = natTestbed();
    const rip = bed.exchange("eth0", query(42000)).ip?.dst;
    const { nic, packet } = only(bed.receive("eth1", fromServer(rip, 5353, 42000, { "ip.ttl": 1 })));
    expect([nic, packet.ip?.src, packet.icmp?.type]).to.deep.equal(["eth1", "192.168.10.1", 11]);
    expect(packet.quoted && endpoints(packet.quoted)).to.equal(`${rip}:5353 > ${CIP}:42000`);
  });
});
