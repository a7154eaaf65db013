import { expect } from "chai";
import { craft, craftIp } from "./craft.js";
import { ICMP_TYPE, Icmp } from "./icmp.js";
import type { IcmpKind } from "./icmp-message.js";
import { decode, MAX_NESTING, type Packet } from "./packet.js";
import { dirty, hex } from "./sample.js";

describe("icmp", () => {
  const sample = hex("03 04 a1b2 0000 0514");
  const values = { type: ICMP_TYPE.unreachable, code: 4, checksum: 0xa1b2, rest: 1300 };

  it("deconstruct", () => {
    expect(new Icmp(sample, 0)).to.include({ ...values, mtu: 1300, id: 0, seq: 1300, isError: true, headerLength: 8 });
  });

  it("construct", () => {
    const bytes = dirty(sample.length);
    Object.assign(new Icmp(bytes, 0), { ...values, id: 0, mtu: 1300 });
    expect(bytes).to.deep.equal(sample);
  });

  it("parse", () => {
    const packet = decode(craft({ "icmp.type": 8, "icmp.ident": 7, "icmp.seq": 9, payload: "ping" }));
    expect(packet.icmp).to.include({ type: ICMP_TYPE.echo, code: 0, id: 7, seq: 9, isError: false });
    expect(packet.quoted).to.equal(undefined);
    expect(decode(craft({ "ip.proto": 1, payload: "seven b" })).problem?.message).to.equal(
      "icmp header at byte 34: 8 bytes needed, 7 there",
    );
  });

  it("emit", () => {
    const bytes = dirty(sample.length);
    Icmp.emit(bytes, 0, values);
    expect(bytes).to.deep.equal(sample);
  });

  const kinds: [number, number, IcmpKind, boolean][] = [
    [0, 0, "echo-reply", false],
    [3, 1, "unreachable", true],
    [3, 2, "protocol-unreachable", true],
    [3, 3, "port-unreachable", true],
    [3, 4, "too-big", true],
    [4, 0, "source-quench", true],
    [5, 1, "redirect", true],
    [8, 0, "echo", false],
    [11, 0, "time-exceeded", true],
    [12, 0, "parameter-problem", true],
    [13, 0, "other", false],
  ];
  for (const [type, code, kind, isError] of kinds) {
    it(`calls type ${type} code ${code} ${kind}`, () => {
      expect(Icmp.emit(dirty(8), 0, { type, code })).to.include({ kind, isError });
    });
  }

  it("reads the packet that an error quotes, though only 28 bytes of it are there", () => {
    const request = {
      "ip.src": "10.0.0.100",
      "ip.dst": "10.0.0.10",
      "tcp.srcport": 43000,
      "tcp.dstport": 80,
      payload: "hi",
    };
    const error = { "icmp.type": 11, "ip.src": "10.0.0.1", "ip.dst": "10.0.0.100" };
    const { quoted, problem } = decode(craft({ ...error, quoted: craftIp(request).subarray(0, 28) }));
    expect(problem).to.equal(undefined);
    expect(quoted?.ip).to.include({ src: "10.0.0.100", dst: "10.0.0.10", length: 42, checksumValid: true });
    expect(quoted?.tcp).to.include({ srcPort: 43000, dstPort: 80, isPartial: true });
    expect(quoted?.problem?.layer).to.equal("tcp");
  });

  it("follows no more packets inside each other than it says", () => {
    let quoted = craftIp({ "ip.proto": 253 });
    for (let depth = 0; depth < 10; depth++) quoted = craftIp({ "icmp.type": 3, quoted });
    let packet: Packet | undefined = decode(craft({ "icmp.type": 3, quoted }));
    for (let depth = 0; depth < MAX_NESTING; depth++) {
      expect(packet?.problem).to.equal(undefined);
      packet = packet?.quoted;
    }
    expect(packet?.quoted).to.equal(undefined);
    expect(packet?.problem?.message).to.equal("ipv4 header at byte 28: more than 4 packets deep");
  });
});
