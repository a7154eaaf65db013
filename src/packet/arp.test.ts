import { expect } from "chai";
import { ARP_OPCODE, Arp } from "./arp.js";
import { decode } from "./packet.js";
import { dirty, hex } from "./sample.js";

describe("arp", () => {
  const sample = hex("0001 0800 06 04 0002 020000000011 0a00000b 020000000001 0a000001");
  const frame = hex(`020000000001 020000000011 0806 ${Buffer.from(sample).toString("hex")} 0000000000000000`);
  const values = {
    opcode: ARP_OPCODE.reply,
    senderMac: "02:00:00:00:00:11",
    senderIp: "10.0.0.11",
    targetMac: "02:00:00:00:00:01",
    targetIp: "10.0.0.1",
  };

  it("deconstruct", () => {
    const { opcode, senderMac, senderIp, targetMac, targetIp } = new Arp(sample, 0);
    expect({ opcode, senderMac, senderIp, targetMac, targetIp }).to.deep.equal(values);
  });

  it("construct", () => {
    const bytes = dirty(sample.length);
    bytes.set(sample.subarray(0, 6));
    Object.assign(new Arp(bytes, 0), values);
    expect(bytes).to.deep.equal(sample);
  });

  it("parse", () => {
    const { arp, payload, problem } = decode(frame);
    expect(arp).to.include(values);
    expect(payload).to.have.length(0);
    expect(problem).to.equal(undefined);
  });

  it("emit", () => {
    const bytes = dirty(sample.length);
    Arp.emit(bytes, 0, values);
    expect(bytes).to.deep.equal(sample);
  });

  it("says what it cannot read", () => {
    const other = frame.slice();
    other[15] = 6;
    expect(decode(other).problem?.message).to.equal("arp header at byte 14: not for IPv4 over Ethernet");
    expect(decode(frame.subarray(0, 30)).problem?.message).to.equal("arp header at byte 14: 28 bytes needed, 16 there");
  });
});
