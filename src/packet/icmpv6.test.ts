import { expect } from "chai";
import { l4ChecksumState } from "./checksum.js";
import { craft, craftIp, type PacketSpec } from "./craft.js";
import { fieldValue } from "./fields.js";
import type { IcmpKind } from "./icmp-message.js";
import { ICMPV6_TYPE, Icmpv6 } from "./icmpv6.js";
import { decode } from "./packet.js";
import { dirty, hex } from "./sample.js";

describe("icmpv6", () => {
  const sample = hex("02 00 a1b2 00000514");
  const values = { type: ICMPV6_TYPE.tooBig, code: 0, checksum: 0xa1b2, rest: 1300 };
  const ends = { "ipv6.src": "fd00::1", "ipv6.dst": "fd00::10" };

  it("deconstruct", () => {
    const icmp = new Icmpv6(sample, 0);
    expect(icmp).to.include({
      ...values,
      mtu: 1300,
      id: 0,
      seq: 1300,
      isError: true,
      kind: "too-big",
      headerLength: 8,
    });
  });

  it("construct", () => {
    const bytes = dirty(sample.length);
    Object.assign(new Icmpv6(bytes, 0), { ...values, rest: 0, mtu: 1300 });
    expect(bytes).to.deep.equal(sample);
  });

  it("parse", () => {
    const echo = { "icmpv6.type": 129, "icmpv6.echo.identifier": 7, "icmpv6.echo.sequence_number": 9 };
    const packet = decode(Uint8Array.of(...craft({ ...ends, ...echo, payload: "pong" }), 1, 2, 3));
    expect(packet.icmp).to.include({ type: 129, code: 0, id: 7, seq: 9, isError: false, kind: "echo-reply" });
    expect(packet.ip).to.include({ protocol: 58, ttl: 64 });
    expect(packet.payload).to.have.length(4);
    expect(l4ChecksumState(packet)).to.equal("valid");
  });

  it("emit", () => {
    const bytes = dirty(sample.length);
    Icmpv6.emit(bytes, 0, values);
    expect(bytes).to.deep.equal(sample);
  });

  it("emits neighbour discovery with its option", () => {
    const bytes = dirty(32);
    const neighbour = { type: 136, isSolicited: true, target: "fd00::10", linkAddress: "02:00:00:00:00:11" };
    const icmp = Icmpv6.emit(bytes, 0, neighbour);
    expect(icmp).to.include({ ...neighbour, headerLength: 32 });
    const target = "fd000000000000000000000000000010";
    expect(bytes).to.deep.equal(hex(`8800 0000 40000000 ${target} 0201 020000000011`));
  });

  const kinds: [number, number, IcmpKind][] = [
    [1, 0, "unreachable"],
    [1, 4, "port-unreachable"],
    [2, 0, "too-big"],
    [3, 0, "time-exceeded"],
    [4, 0, "parameter-problem"],
    [4, 1, "protocol-unreachable"],
    [128, 0, "echo"],
    [129, 0, "echo-reply"],
    [134, 0, "other"],
    [135, 0, "neighbour-solicitation"],
    [136, 0, "neighbour-advertisement"],
    [137, 0, "redirect"],
  ];
  for (const [type, code, kind] of kinds) {
    it(`calls type ${type} code ${code} ${kind}`, () => {
      expect(Icmpv6.emit(dirty(24), 0, { type, code })).to.include({ kind, isError: type < 128 });
    });
  }

  it("reads the packet that an error quotes", () => {
    const request = { "ipv6.src": "fd01::100", "ipv6.dst": "fd00::10", "tcp.srcport": 43000, "tcp.dstport": 80 };
    const quoted = craftIp({ ...request, "ipv6.dstopts": "0000010400000000", payload: "hello" }).subarray(0, 56);
    const packet = decode(craft({ ...ends, "icmpv6.type": 2, "icmpv6.mtu": 70_000, quoted }));
    expect(packet.icmp?.mtu).to.equal(70_000);
    expect(packet.problem).to.equal(undefined);
    expect(packet.quoted?.ip).to.include({ src: "fd01::100", dst: "fd00::10", protocol: 6, length: 73 });
    expect(packet.quoted?.tcp).to.include({ srcPort: 43000, dstPort: 80, isPartial: true });
  });

  it("reads a neighbour solicitation", () => {
    const spec = { "icmpv6.nd.ns.target_address": "FD00::0010", "icmpv6.opt.linkaddr": "02:00:00:00:00:11" };
    const packet = decode(craft({ ...ends, ...spec }));
    expect(packet.icmp).to.include({ kind: "neighbour-solicitation", target: "fd00::10", headerLength: 32 });
    expect(packet.icmp).to.include({ linkAddress: "02:00:00:00:00:11" });
    expect(packet.icmp?.bytes.subarray(78, 80)).to.deep.equal(hex("0101"));
    expect(packet.ip?.ttl).to.equal(255);
    expect(packet.payload).to.have.length(0);
    expect(l4ChecksumState(packet)).to.equal("valid");
  });

  it("reads a neighbour advertisement", () => {
    const flags = { "icmpv6.nd.na.flag.s": true, "icmpv6.nd.na.flag.o": true };
    const spec = { "icmpv6.nd.na.target_address": "fd00::10", "icmpv6.opt.linkaddr": "02:00:00:00:00:11" };
    const packet = decode(craft({ ...ends, ...flags, ...spec }));
    expect(packet.icmp).to.include({ kind: "neighbour-advertisement", target: "fd00::10" });
    expect(packet.icmp).to.include({ isRouter: false, isSolicited: true, isOverride: true });
    expect(packet.icmp?.bytes.subarray(78, 80)).to.deep.equal(hex("0201"));
    const bare = decode(craft({ ...ends, "icmpv6.nd.na.target_address": "fd00::10", "icmpv6.nd.na.flag.r": true }));
    expect(bare.icmp).to.include({ isRouter: true, isSolicited: false, linkAddress: "", headerLength: 24 });
    expect(fieldValue(bare, "icmpv6.opt.linkaddr")).to.equal(undefined);
  });

  const options: [string, string, string, number][] = [
    ["behind another option", "0e01 aabbccddeeff 0101 020000000011", "02:00:00:00:00:11", 40],
    ["not behind one of no length", "0e00 aabbccddeeff 0101 020000000011", "", 24],
    ["not cut short", "0101 0200000000", "", 24],
    ["as the first of several", "0101 020000000011 0101 020000000012", "02:00:00:00:00:11", 40],
  ];
  for (const [where, payload, linkAddress, headerLength] of options) {
    it(`finds the address of the link ${where}`, () => {
      const spec = { ...ends, "icmpv6.nd.ns.target_address": "fd00::10", payload: hex(payload) };
      expect(decode(craft(spec)).icmp).to.include({ linkAddress, headerLength });
    });
  }

  it("may say that it is something else", () => {
    const spec: PacketSpec = { ...ends, "icmpv6.type": 1, "icmpv6.nd.ns.target_address": "fd00::10" };
    const packet = decode(craft(spec));
    expect(packet.icmp).to.include({ type: 1, headerLength: 8 });
    expect(packet.payload).to.deep.equal(hex("fd000000000000000000000000000010"));
  });

  it("says where it is cut short", () => {
    const problem = (payload: string) => decode(craft({ ...ends, "ipv6.nxt": 58, payload: hex(payload) })).problem;
    expect(problem("8000 0000 0000 00")?.message).to.equal("icmpv6 header at byte 54: 8 bytes needed, 7 there");
    expect(problem("8700 0000 0000 0000 fd00")?.message).to.equal(
      "icmpv6 header at byte 54: 24 bytes needed, 10 there",
    );
  });

  it("is none behind IPv4, nor ICMP for IPv4 behind IPv6", () => {
    expect(decode(craft({ "ip.proto": 58, payload: sample })).icmp).to.equal(undefined);
    expect(decode(craft({ ...ends, "ipv6.nxt": 1, payload: sample })).icmp).to.equal(undefined);
  });
});
