import { expect } from "chai";
import { craft, craftIp, type PacketSpec } from "./craft.js";
import { GRE_FLAG, Gre } from "./gre.js";
import { decode } from "./packet.js";
import { dirty, hex } from "./sample.js";

describe("gre", () => {
  const sample = hex("b000 0800 1b29 0000 0000cafe 00000005");
  const values = {
    flagsAndVersion: GRE_FLAG.checksum | GRE_FLAG.key | GRE_FLAG.sequence,
    protocol: 0x0800,
    checksum: 0x1b29,
    key: 0xcafe,
    sequence: 5,
  };
  const outer = { "ip.src": "10.0.0.1", "ip.dst": "10.9.0.12" };
  const inner = { "ip.src": "172.16.0.100", "ip.dst": "10.0.0.10", "tcp.dstport": 80, payload: "hello" };
  const inner6 = { "ipv6.src": "fd01::100", "ipv6.dst": "fd00::10", "udp.dstport": 53 };

  it("deconstruct", () => {
    const gre = new Gre(sample, 0);
    expect(gre).to.include({ ...values, version: 0, headerLength: 16 });
    expect(gre).to.include({ hasChecksum: true, hasKey: true, hasSequence: true });
  });

  it("construct", () => {
    const bytes = dirty(sample.length);
    bytes.fill(0, 6, 8);
    Object.assign(new Gre(bytes, 0), values);
    expect(bytes).to.deep.equal(sample);
  });

  it("parse", () => {
    const packet = decode(craft({ ...outer, "gre.flags_and_version": 0xb000, "gre.key": 0xcafe, inner }));
    expect(packet.ip).to.include({ protocol: 47, src: "10.0.0.1" });
    expect(packet.gre).to.include({ protocol: 0x0800, key: 0xcafe, sequence: 0, checksumValid: true });
    expect(packet.inner?.ip).to.include({ src: "172.16.0.100", dst: "10.0.0.10" });
    expect(packet.inner?.bytes).to.deep.equal(craftIp(inner));
    expect(packet.inner?.tcp).to.include({ dstPort: 80 });
  });

  it("emit", () => {
    const bytes = dirty(sample.length);
    Gre.emit(bytes, 0, values);
    expect(bytes).to.deep.equal(sample);
  });

  const layouts: [PacketSpec, number, number][] = [
    [{ "gre.flags_and_version": 0 }, 0x0000, 4],
    [{ "gre.key": 1 }, 0x2000, 8],
    [{ "gre.sequence_number": 1 }, 0x1000, 8],
    [{ "gre.key": 1, "gre.sequence_number": 1 }, 0x3000, 12],
    [{ "gre.flags_and_version": 0x8000 }, 0x8000, 8],
    [{ "gre.checksum": 1, "gre.key": 1 }, 0xa000, 12],
  ];
  for (const [spec, flagsAndVersion, headerLength] of layouts) {
    it(`has room for what ${Object.keys(spec).join(" and ")} ask for`, () => {
      const { gre, inner: carried } = decode(craft({ ...outer, ...spec, inner: inner6 }));
      expect(gre).to.include({ flagsAndVersion, headerLength, protocol: 0x86dd });
      expect(carried?.udp).to.include({ dstPort: 53 });
    });
  }

  it("tells a wrong checksum from a right one", () => {
    const checked = (spec: PacketSpec) => decode(craft({ ...outer, ...spec, inner })).gre?.checksumValid;
    expect(checked({ "gre.flags_and_version": 0x8000 })).to.equal(true);
    expect(checked({ "gre.checksum": 0x1111 })).to.equal(false);
    expect(checked({ "gre.flags_and_version": 0 })).to.equal(true);
    const padded = Uint8Array.of(...craft({ ...outer, "gre.flags_and_version": 0x8000, inner }), 1, 2, 3);
    expect(decode(padded).gre?.checksumValid).to.equal(true);
  });

  it("lets flags announce what is not there", () => {
    const { gre, inner: carried } = decode(craft({ ...outer, "gre.flags_and_version": 0, "gre.key": 9, inner }));
    expect(gre).to.include({ hasKey: false, headerLength: 4 });
    expect(carried?.problem?.message).to.equal("ipv4 header at byte 0: it says version 0");
  });

  it("carries what it does not understand as payload", () => {
    const packet = decode(craft({ ...outer, "gre.proto": 0x6558, payload: "a frame" }));
    expect(packet.gre).to.include({ protocol: 0x6558 });
    expect(packet.inner).to.equal(undefined);
    expect(packet.payload).to.have.length(7);
  });

  const problems: [string, PacketSpec, string][] = [
    [
      "another version",
      { "gre.flags_and_version": 0x2001, "gre.key": 1, inner },
      "gre header at byte 34: it says version 1",
    ],
    [
      "routing fields",
      { "gre.flags_and_version": 0x4000, inner },
      "gre header at byte 34: it has routing fields, which RFC 2784 abandoned",
    ],
    ["a header cut short", { "ip.proto": 47, payload: hex("2000") }, "gre header at byte 34: 4 bytes needed, 2 there"],
    [
      "fields cut short",
      { "ip.proto": 47, payload: hex("3000 0800 00000001") },
      "gre header at byte 34: 12 bytes needed, 8 there",
    ],
  ];
  for (const [what, spec, message] of problems) {
    it(`tells of ${what}`, () => {
      const packet = decode(craft({ ...outer, ...spec }));
      expect(packet.problem?.message).to.equal(message);
      expect(packet.gre).to.equal(undefined);
    });
  }
});
