import { expect } from "chai";
import { IP_PROTOCOL } from "./ipv4.js";
import { Ipv6 } from "./ipv6.js";
import { decodeIp } from "./packet.js";
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
    expect(new Ipv6(sample, 0)).to.include({ ...values, version: 6, headerLength: 40 });
  });

  it("construct", () => {
    const bytes = dirty(sample.length);
    Object.assign(new Ipv6(bytes, 0), { version: 6, ...values });
    expect(bytes).to.deep.equal(sample);
  });

  it("parse", () => {
    const packet = decodeIp(Uint8Array.of(...sample, ...udp));
    expect(packet.ip6).to.include(values);
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
});
