import { expect } from "chai";
import { hex } from "./sample.js";
import { SLL_PACKET_TYPE, Sll } from "./sll.js";

const SAMPLES = {
  1: "0004 0001 0006 020000000001 0000 0800",
  2: "0800 0000 00000003 0001 04 06 020000000001 0000",
} as const;
const VALUES = {
  packetType: SLL_PACKET_TYPE.outgoing,
  hardwareType: 1,
  addressLength: 6,
  src: "02:00:00:00:00:01",
  protocol: 0x0800,
};

describe("Sll", () => {
  for (const version of [1, 2] as const) {
    const sample = hex(SAMPLES[version]);
    const values = { ...VALUES, interfaceIndex: version === 2 ? 3 : 0 };

    it(`of version ${version} deconstructs`, () => {
      const sll = new Sll(sample, 0, version);
      expect(sll).to.include({ ...values, headerLength: sample.length, isOutgoing: true });
    });

    it(`of version ${version} parses what it emitted`, () => {
      const bytes = new Uint8Array(sample.length).fill(0xa5);
      Sll.emit(bytes, 0, version, values);
      expect(bytes).to.deep.equal(sample);
      expect(Sll.check(bytes, 0, version)).to.equal(undefined);
      const message = `sll header at byte 0: ${sample.length} bytes needed, 5 there`;
      expect(Sll.check(bytes.subarray(0, 5), 0, version)?.message).to.equal(message);
    });
  }

  it("has no MAC where the link layer has none", () => {
    expect(new Sll(hex("0000 fffe 0000 0000000000000000 0800"), 0).src).to.equal("");
  });
});
