import { expect } from "chai";
import { l4ChecksumState } from "./checksum.js";
import { craft, type PacketSpec } from "./craft.js";
import { fieldValue } from "./fields.js";
import { Gue } from "./gue.js";
import { decode } from "./packet.js";
import { dirty, hex } from "./sample.js";

describe("gue", () => {
  const sample = hex("02 29 8001 00000000 00000000");
  const values = { version: 0, control: false, hlen: 2, protocol: 41, flags: 0x8001 };
  const outer = { "ip.src": "10.0.0.1", "ip.dst": "10.9.0.12", "udp.srcport": 50000 };
  const inner = { "ip.src": "172.16.0.100", "ip.dst": "10.0.0.10", "tcp.dstport": 80 };
  const inner6 = { "ipv6.src": "fd01::100", "ipv6.dst": "fd00::10", "udp.dstport": 53 };

  it("deconstruct", () => {
    expect(new Gue(sample, 0)).to.include({ ...values, headerLength: 12 });
  });

  it("construct", () => {
    const bytes = dirty(4);
    Object.assign(new Gue(bytes, 0), values);
    expect(bytes).to.deep.equal(sample.subarray(0, 4));
  });

  it("parse", () => {
    const packet = decode(craft({ ...outer, "gue.flags": 0, inner }));
    expect(packet.udp).to.include({ srcPort: 50000, dstPort: 6080 });
    expect(packet.gue).to.include({ version: 0, control: false, hlen: 0, protocol: 4, flags: 0 });
    expect(packet.inner?.ip).to.include({ src: "172.16.0.100" });
    expect(packet.inner?.tcp).to.include({ dstPort: 80 });
    expect(l4ChecksumState(packet)).to.equal("valid");
  });

  it("emit", () => {
    const bytes = dirty(4);
    Gue.emit(bytes, 0, values);
    expect(bytes).to.deep.equal(sample.subarray(0, 4));
  });

  it("carries IPv6, and GRE around either", () => {
    const plain = decode(craft({ ...outer, "gue.flags": 0, inner: inner6 }));
    expect(plain.gue?.protocol).to.equal(41);
    expect(plain.inner?.udp).to.include({ dstPort: 53 });
    const nested = decode(craft({ ...outer, "gue.flags": 0, "gre.key": 7, inner: inner6 }));
    expect(nested.gue?.protocol).to.equal(47);
    expect(nested.gre).to.include({ key: 7, protocol: 0x86dd });
    expect(nested.inner?.udp).to.include({ dstPort: 53 });
    const names = ["udp.dstport", "gue.proto", "gre.key", "ipv6.dst", "udp.dstport#2"];
    expect(names.map((name) => fieldValue(nested, name))).to.deep.equal(["6080", "47", "0x00000007", "fd00::10", "53"]);
  });

  it("skips optional fields", () => {
    const packet = decode(craft({ ...outer, "udp.dstport": 6080, payload: Uint8Array.of(...sample, 0x60) }));
    expect(packet.gue).to.include({ hlen: 2, headerLength: 12 });
    expect(packet.inner?.problem?.message).to.equal("ipv6 header at byte 0: 40 bytes needed, 1 there");
  });

  it("is told from other UDP by its port alone, and by its version", () => {
    const gue = (spec: PacketSpec) => decode(craft({ ...outer, "gue.flags": 0, inner, ...spec }));
    expect(gue({ "udp.dstport": 6081 }).gue).to.equal(undefined);
    const direct = gue({ "gue.version": 1 });
    expect([direct.gue, direct.inner, direct.problem]).to.deep.equal([undefined, undefined, undefined]);
    const empty = decode(craft({ "udp.dstport": 6080 }));
    expect([empty.gue, empty.problem]).to.deep.equal([undefined, undefined]);
  });

  it("leaves control messages alone", () => {
    const { gue, inner: carried, payload } = decode(craft({ ...outer, "gue.control": true, inner }));
    expect(gue).to.include({ control: true, protocol: 4 });
    expect(carried).to.equal(undefined);
    expect(payload).to.have.length(40);
  });

  it("says where it is cut short", () => {
    const problem = (payload: string) => decode(craft({ "udp.dstport": 6080, payload: hex(payload) })).problem?.message;
    expect(problem("0004")).to.equal("gue header at byte 42: 4 bytes needed, 2 there");
    expect(problem("0104 0000 00")).to.equal("gue header at byte 42: 8 bytes needed, 5 there");
  });
});
