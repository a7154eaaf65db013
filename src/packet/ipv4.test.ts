import { expect } from "chai";
import { IP_PROTOCOL } from "./ip.js";
import { Ipv4 } from "./ipv4.js";
import { decodeIp } from "./packet.js";
import { dirty, hex } from "./sample.js";

describe("ipv4", () => {
  // What a director forwarded under DR (DR-REQ-03): its checksum is a real kernel's.
  const kernel = hex("45 2e 003c 1234 4000 3c 06 75dc ac100064 0a00000a");
  // With an option, as a middle fragment.
  const sample = hex("46 2e 0020 1234 60b9 3d 11 eb72 0a000064 0a00000a 5e04abcd");
  const values = {
    tos: 0x2e,
    length: 32,
    id: 0x1234,
    df: true,
    mf: true,
    fragmentOffset: 1480,
    ttl: 61,
    protocol: IP_PROTOCOL.udp,
    src: "10.0.0.100",
    dst: "10.0.0.10",
  };
  const options = hex("5e04abcd");

  it("deconstruct", () => {
    const ip = new Ipv4(sample, 0);
    expect(ip).to.include({ ...values, version: 4, headerLength: 24, isFragment: true, checksum: 0xeb72 });
    expect(ip.options).to.deep.equal(options);
    expect(ip.checksumValid).to.equal(true);
  });

  it("construct", () => {
    const bytes = dirty(sample.length);
    const ip = Object.assign(new Ipv4(bytes, 0), { version: 4, headerLength: 24, ...values, options });
    // The flag in front of DF is nobody's (RFC 791 §3.1).
    bytes[6] = (bytes[6] as number) & 0x7f;
    ip.updateChecksum();
    expect(bytes).to.deep.equal(sample);
  });

  it("parse", () => {
    const packet = decodeIp(Uint8Array.of(...sample, 1, 2, 3, 4, 5, 6, 7, 8));
    expect(packet.ip).to.include(values);
    expect(packet.payload).to.deep.equal(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    expect(packet.problem).to.equal(undefined);
  });

  it("emit", () => {
    const bytes = dirty(sample.length);
    Ipv4.emit(bytes, 0, { ...values, options });
    expect(bytes).to.deep.equal(sample);
  });

  it("agrees with a kernel about the checksum", () => {
    const ip = new Ipv4(kernel.slice(), 0);
    expect(ip.checksumValid).to.equal(true);
    ip.ttl--;
    expect(ip.checksumValid).to.equal(false);
    ip.updateChecksum();
    expect(ip.checksum).to.equal(0x76dc);
  });

  const problems: [string, string, string][] = [
    ["a header cut short", "45 00 0014 0000 0000 40 06", "ipv4 header at byte 0: 20 bytes needed, 10 there"],
    [
      "options cut short",
      "46 2e 0020 1234 60b9 3d 11 eb72 0a000064 0a00000a 5e",
      "ipv4 header at byte 0: 24 bytes needed, 21 there",
    ],
    [
      "another version",
      "65 00 0014 0000 0000 40 06 0000 0a000001 0a000002",
      "ipv6 header at byte 0: 40 bytes needed, 20 there",
    ],
    [
      "no version at all",
      "05 00 0014 0000 0000 40 06 0000 0a000001 0a000002",
      "ipv4 header at byte 0: it says version 0",
    ],
    [
      "a header length below the least",
      "44 00 0014 0000 0000 40 06 0000 0a000001 0a000002",
      "ipv4 header at byte 0: it says it is 16 bytes long, less than its fixed 20",
    ],
    [
      "a total length below the header's",
      "45 00 0005 0000 0000 40 06 0000 0a000001 0a000002 ffff",
      "ipv4 header at byte 0: it says the packet is 5 bytes long, less than the header's 20",
    ],
    [
      "more bytes promised than there are",
      "45 00 0030 0000 0000 40 fd 0000 0a000001 0a000002 ffff",
      "ipv4 header at byte 0: it says the packet is 48 bytes long, but 22 are there",
    ],
  ];
  for (const [what, bytes, message] of problems) {
    it(`tells of ${what}`, () => expect(decodeIp(hex(bytes)).problem?.message).to.equal(message));
  }

  it("never takes a frame's padding for payload", () => {
    const padded = hex("45 00 0016 0000 0000 40 fd 0000 0a000001 0a000002 ffff 000000000000");
    expect(decodeIp(padded).payload).to.deep.equal(hex("ffff"));
  });
});
