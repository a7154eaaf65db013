import { expect } from "chai";
import { craft } from "./craft.js";
import { fieldValue } from "./fields.js";
import { decode } from "./packet.js";
import { dirty, hex } from "./sample.js";
import { MAX_VLANS, VLAN_HEADER_LENGTH, Vlan } from "./vlan.js";

const SAMPLE = "b02a 0800";

describe("Vlan", () => {
  it("deconstructs", () => {
    const vlan = new Vlan(hex(SAMPLE), 0);
    expect(vlan).to.include({ headerLength: 4, priority: 5, dei: true, id: 42, type: 0x0800 });
  });

  it("constructs over whatever was there", () => {
    const bytes = dirty(VLAN_HEADER_LENGTH);
    Object.assign(new Vlan(bytes, 0), { priority: 5, dei: true, id: 42, type: 0x0800 });
    expect(bytes).to.deep.equal(hex(SAMPLE));
  });

  it("parses what it emitted", () => {
    const bytes = dirty(VLAN_HEADER_LENGTH);
    Vlan.emit(bytes, 0, { priority: 5, dei: true, id: 42, type: 0x0800 });
    expect(bytes).to.deep.equal(hex(SAMPLE));
    expect(Vlan.check(bytes, 0)).to.equal(undefined);
    expect(Vlan.check(bytes.subarray(1), 0)?.message).to.equal("vlan header at byte 0: 4 bytes needed, 3 there");
  });
});

describe("a tagged frame", () => {
  const tcp = { "ip.src": "10.0.0.1", "tcp.dstport": 80 };

  it("is crafted with its tag, and read behind it", () => {
    const packet = decode(craft({ ...tcp, "vlan.id": 42, "vlan.priority": 5 }));
    expect(packet.vlans.map(({ id }) => id)).to.deep.equal([42]);
    expect(packet.tcp?.dstPort).to.equal(80);
    expect(fieldValue(packet, "eth.type")).to.equal("0x8100");
    expect(fieldValue(packet, "vlan.id")).to.equal("42");
    expect(fieldValue(packet, "vlan.etype")).to.equal("0x0800");
  });

  it("may have two, the provider's first, or one of priority alone", () => {
    const untagged = Buffer.from(craft(tcp));
    for (const [tags, ids] of [
      ["88a8 0007 8100 0008", [7, 8]],
      ["9100 0007 8100 0008", [7, 8]],
      ["8100 e000", [0]],
    ] as const) {
      const packet = decode(Buffer.concat([untagged.subarray(0, 12), hex(tags), untagged.subarray(12)]));
      expect(packet.vlans.map(({ id }) => id)).to.deep.equal(ids);
      expect(packet.ip?.src).to.equal("10.0.0.1");
    }
  });

  it("is not followed for ever", () => {
    const packet = decode(hex(`${"00".repeat(12)} ${"8100 0001".repeat(100)}`));
    expect(packet.vlans).to.have.length(MAX_VLANS);
    expect(packet.problem?.message).to.equal("vlan header at byte 46: more than 8 in one frame");
  });

  it("that ends in its tag says so", () => {
    const frame = hex(`${"00".repeat(12)} 8100 00`);
    expect(decode(frame).problem?.message).to.equal("vlan header at byte 14: 4 bytes needed, 1 there");
    expect(decode(frame).problem?.isCut).to.equal(undefined);
    expect(decode(frame, 60).problem?.isCut).to.equal(true);
  });
});
