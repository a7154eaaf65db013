import { expect } from "chai";
import { craft } from "./craft.js";
import { fields, fieldValue } from "./fields.js";
import { FragmentHeader } from "./ipv6-fragment-header.js";
import { decode } from "./packet.js";
import { dirty, hex } from "./sample.js";

describe("ipv6 fragment header", () => {
  const sample = hex("11 00 04d1 deadbeef");
  const values = { nextHeader: 17, fragmentOffset: 1232, mf: true, id: 0xdeadbeef };
  const ends = { "ipv6.src": "fd01::100", "ipv6.dst": "fd00::10" };

  it("deconstruct", () => {
    expect(new FragmentHeader(sample, 0)).to.include({ ...values, offsetUnits: 154, headerLength: 8 });
  });

  it("construct", () => {
    const bytes = dirty(sample.length);
    // What is reserved is left as it is (RFC 8200 §4.5).
    bytes.set([0, 0, 0], 1);
    Object.assign(new FragmentHeader(bytes, 0), values);
    expect(bytes).to.deep.equal(sample);
  });

  it("parse", () => {
    const spec = { "ipv6.fraghdr.nxt": 17, "ipv6.fraghdr.offset": 154, "ipv6.fraghdr.more": true };
    const packet = decode(craft({ ...ends, ...spec, "ipv6.fraghdr.ident": "0xdeadbeef", payload: "sixteen bytes ++" }));
    expect(packet.ip6?.fragmentHeader).to.include(values);
    expect(packet.ip).to.include({ id: 0xdeadbeef, fragmentOffset: 1232, mf: true, isFragment: true, protocol: 17 });
    expect(packet.udp).to.equal(undefined);
    expect(packet.payload).to.have.length(16);
    expect(packet.problem).to.equal(undefined);
  });

  it("emit", () => {
    const bytes = dirty(sample.length);
    FragmentHeader.emit(bytes, 0, values);
    expect(bytes).to.deep.equal(sample);
  });

  it("has fields that count with those of its IP header", () => {
    const inner = { ...ends, "ipv6.fraghdr.ident": 7, "udp.dstport": 53 };
    const packet = decode(craft({ ...ends, inner }));
    expect(fieldValue(packet, "ipv6.fraghdr.ident")).to.equal(undefined);
    expect(fieldValue(packet, "ipv6.fraghdr.ident#2")).to.equal("0x00000007");
    const shown = fields(packet).filter(({ name }) => name.startsWith("ipv6.fraghdr."));
    expect(shown.map(({ name, value, offset, length }) => `${name} ${value} ${offset}+${length}`)).to.deep.equal([
      "ipv6.fraghdr.nxt#2 17 94+1",
      "ipv6.fraghdr.offset#2 0 96+2",
      "ipv6.fraghdr.more#2 0 96+2",
      "ipv6.fraghdr.ident#2 0x00000007 98+4",
    ]);
  });
});
