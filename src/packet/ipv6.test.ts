import { expect } from "chai";
import { craft, craftIp } from "./craft.js";
import { IP_PROTOCOL } from "./ip.js";
import { Ipv6 } from "./ipv6.js";
import { decode, decodeIp } from "./packet.js";
import { dirty, hex } from "./sample.js";

describe("ipv6", () => {
  const sample = hex("62e12345 0008 11 3b fd010000000000000000000000000100 fd000000000000000000000000000010");
  const udp = hex("9c41 0035 0008 0000");
  const values = {
    trafficClass: 0x2e,
    flowLabel: 0x12345,
    payloadLength: 8,
    nextHeader: IP_PROTOCOL.udp,
    hopLimit: 59,
    src: "fd01::100",
    dst: "fd00::10",
  };

  it("deconstruct", () => {
    const ip = new Ipv6(sample, 0);
    expect(ip).to.include({ ...values, version: 6, headerLength: 40 });
    expect(ip).to.include({ tos: 0x2e, length: 48, ttl: 59, protocol: 17, id: 0, checksumValid: true });
    expect(ip).to.include({ df: true, mf: false, fragmentOffset: 0, isFragment: false });
    expect(ip.options).to.have.length(0);
  });

  it("construct", () => {
    const bytes = dirty(sample.length);
    Object.assign(new Ipv6(bytes, 0), { version: 6, ...values });
    expect(bytes).to.deep.equal(sample);
  });

  it("has what IPv4 has under IPv4's names", () => {
    const ip = new Ipv6(sample.slice(), 0);
    Object.assign(ip, { tos: 3, ttl: 4, length: 1540 });
    expect(ip).to.include({ trafficClass: 3, hopLimit: 4, payloadLength: 1500, flowLabel: 0x12345 });
  });

  it("parse", () => {
    const packet = decodeIp(Uint8Array.of(...sample, ...udp));
    expect(packet.ip6).to.include(values);
    expect(packet.ip4).to.equal(undefined);
    expect(packet.udp).to.include({ srcPort: 40001, dstPort: 53 });
    expect(decodeIp(sample.subarray(0, 39)).problem?.message).to.equal(
      "ipv6 header at byte 0: 40 bytes needed, 39 there",
    );
  });

  it("emit", () => {
    const bytes = dirty(sample.length);
    Ipv6.emit(bytes, 0, values);
    expect(bytes).to.deep.equal(sample);
  });

  it("has the extension headers between itself and the upper layer", () => {
    const spec = { "ipv6.hopopts": "0000010400000000", "ipv6.fraghdr.ident": 7, "ipv6.dstopts": "0000010400000000" };
    const { ip6, tcp, problem } = decodeIp(craftIp({ "ipv6.dst": "fd00::10", ...spec, "tcp.dstport": 80 }));
    expect(ip6).to.include({ nextHeader: 0, headerLength: 64, length: 84, protocol: 6, id: 7, isFragment: false });
    expect(ip6?.options).to.deep.equal(hex("2c00010400000000 3c00000000000007 0600010400000000"));
    expect(ip6?.hopByHop).to.deep.equal(hex("2c00010400000000"));
    expect(ip6?.destinationOptions).to.deep.equal(hex("0600010400000000"));
    expect(ip6?.routing).to.have.length(0);
    expect(tcp).to.include({ dstPort: 80, offset: 64 });
    expect(problem).to.equal(undefined);
  });

  it("says what it cannot read", () => {
    const unknown = sample.slice();
    unknown[6] = 253;
    expect(decodeIp(unknown).problem?.message).to.equal(
      "ipv6 header at byte 0: it says the packet is 48 bytes long, but 40 are there",
    );
    const frame = craft({ "eth.type": 0x86dd, "tcp.dstport": 80 });
    expect(decode(frame).problem?.message).to.equal("ipv6 header at byte 14: it says version 4");
  });
});
