import { expect } from "chai";
import { decodeIp } from "./packet.js";
import { dirty, hex } from "./sample.js";
import { TCP_FLAG, Tcp } from "./tcp.js";

describe("tcp", () => {
  const sample = hex("9c41 0050 fffffffe 80000001 70 12 7210 1cee 0000 020405780402 0000");
  const values = {
    srcPort: 40001,
    dstPort: 80,
    seq: 0xfffffffe,
    ack: 0x80000001,
    flags: TCP_FLAG.syn | TCP_FLAG.ack,
    window: 29200,
    checksum: 0x1cee,
    urgent: 0,
  };
  const options = hex("020405780402");

  it("deconstruct", () => {
    const tcp = new Tcp(sample, 0);
    expect(tcp).to.include({ ...values, headerLength: 28, flagsText: "SA", isPartial: false });
    expect(tcp.options).to.deep.equal(hex("020405780402 0000"));
  });

  it("construct", () => {
    const bytes = dirty(sample.length);
    Object.assign(new Tcp(bytes, 0), { ...values, options });
    expect(bytes).to.deep.equal(sample);
  });

  it("parse", () => {
    const packet = decodeIp(ipOver(Uint8Array.of(...sample, 0x68, 0x69)));
    expect(packet.tcp).to.include(values);
    expect(packet.payload).to.deep.equal(hex("6869"));
    expect(packet.problem).to.equal(undefined);
  });

  it("emit", () => {
    const bytes = dirty(sample.length);
    Tcp.emit(bytes, 0, { ...values, options });
    expect(bytes).to.deep.equal(sample);
  });

  const texts: [number, string][] = [
    [0x000, "none"],
    [0x002, "S"],
    [0x010, "A"],
    [0x018, "PA"],
    [0x011, "FA"],
    [0x014, "RA"],
    [0x0ff, "FSRPAUEC"],
    [0x102, "0x102"],
  ];
  for (const [flags, text] of texts) {
    it(`names the flags ${text}`, () => {
      const tcp = Tcp.emit(dirty(20), 0, { flags });
      expect(tcp.flagsText).to.equal(text);
      tcp.flags = ~flags;
      tcp.flagsText = text;
      expect(tcp.flags).to.equal(flags);
      expect(tcp.headerLength).to.equal(20);
    });
  }

  it("refuses flags that there are none of", () => {
    expect(() => {
      new Tcp(dirty(20), 0).flagsText = "SX";
    }).to.throw(RangeError, '"SX" are not TCP flags (letters of FSRPAUEC)');
  });

  it("reads the ports of a header that is cut short, and nothing behind it", () => {
    const packet = decodeIp(Uint8Array.of(...ipOver(sample.subarray(0, 8)), ...dirty(18)));
    expect(packet.tcp).to.include({ srcPort: 40001, dstPort: 80, seq: 0xfffffffe, isPartial: true });
    expect(packet.tcp).to.include({ ack: 0, flags: 0, checksum: 0, headerLength: 8 });
    expect(packet.tcp?.options).to.have.length(0);
    expect(packet.payload).to.have.length(0);
    expect(packet.problem).to.deep.equal({
      layer: "tcp",
      offset: 20,
      required: 20,
      available: 8,
      message: "tcp header at byte 20: 20 bytes needed, 8 there",
    });
  });

  it("tells of options cut short", () => {
    const packet = decodeIp(ipOver(sample.subarray(0, 25)));
    expect(packet.problem?.message).to.equal("tcp header at byte 20: 28 bytes needed, 25 there");
    expect(packet.tcp?.options).to.deep.equal(hex("0204057804"));
  });

  it("does not read a header that says it is shorter than the fixed part", () => {
    const bytes = sample.slice();
    bytes[12] = 0x40;
    const packet = decodeIp(ipOver(bytes));
    expect(packet.tcp).to.equal(undefined);
    expect(packet.problem?.message).to.equal(
      "tcp header at byte 20: it says it is 16 bytes long, less than its fixed 20",
    );
  });
});

function ipOver(segment: Uint8Array): Uint8Array {
  const header = hex("45 00 0000 0000 4000 40 06 0000 0a000064 0a00000a");
  header[3] = header.length + segment.length;
  return Uint8Array.of(...header, ...segment);
}
