import { expect } from "chai";
import { ETHERNET_HEADER_LENGTH, ETHERTYPE, Ethernet } from "./ethernet.js";
import { decode } from "./packet.js";
import { dirty, hex } from "./sample.js";

describe("ethernet", () => {
  const sample = hex("020000000002 02000000AB01 0800");
  const values = { dst: "02:00:00:00:00:02", src: "02:00:00:00:ab:01", type: ETHERTYPE.ipv4 };

  it("deconstruct", () => {
    const { dst, src, type, headerLength } = new Ethernet(sample, 0);
    expect({ dst, src, type, headerLength }).to.deep.equal({ ...values, headerLength: 14 });
  });

  it("construct", () => {
    const bytes = dirty(sample.length);
    Object.assign(new Ethernet(bytes, 0), values);
    expect(bytes).to.deep.equal(sample);
  });

  it("parse", () => {
    expect(decode(sample).eth).to.include(values);
    expect(decode(sample.subarray(0, 13)).problem).to.deep.equal({
      layer: "ethernet",
      offset: 0,
      required: ETHERNET_HEADER_LENGTH,
      available: 13,
      message: "ethernet header at byte 0: 14 bytes needed, 13 there",
    });
  });

  it("emit", () => {
    const bytes = dirty(sample.length);
    Ethernet.emit(bytes, 0, values);
    expect(bytes).to.deep.equal(sample);
  });

  it("leaves what it does not understand as payload", () => {
    const packet = decode(hex("020000000002 020000000001 88cc 0207"));
    expect(packet.payload).to.deep.equal(hex("0207"));
    expect(packet.problem).to.equal(undefined);
  });
});
