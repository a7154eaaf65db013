import { expect } from "chai";
import fc from "fast-check";
import { frameSpec, ipv4Spec } from "./arbitrary.js";
import { incrementalUpdate, internetChecksum, l4Checksum, l4ChecksumState, l4Header } from "./checksum.js";
import { craft, craftIp } from "./craft.js";
import { fragment } from "./fragment.js";
import { decode, type Packet } from "./packet.js";
import { hex } from "./sample.js";

describe("internetChecksum", () => {
  it("sums as the example of RFC 1071 §3 does", () => {
    expect(internetChecksum(hex("0001 f203 f4f5 f6f7"), 0, 8)).to.equal(0xffff - 0xddf2);
  });

  it("takes an odd byte for a high one, and reads no further than there are bytes", () => {
    expect(internetChecksum(hex("0001 f2"), 0, 3)).to.equal(0xffff - 0xf201);
    expect(internetChecksum(hex("0001 f2"), 0, 100)).to.equal(0xffff - 0xf201);
    expect(internetChecksum(hex("0001 f2"), 3, 3)).to.equal(0xffff);
  });

  it("does not overflow on the longest packet", () => {
    expect(internetChecksum(new Uint8Array(0xffff).fill(0xff), 0, 0xfffe)).to.equal(0);
  });
});

describe("incrementalUpdate", () => {
  const toRs1 = [
    [0x0a00, 0xc0a8],
    [0x000a, 0x0a0b],
  ] as const;
  const toRs2 = [toRs1[0], [0x000a, 0x0a0c]] as const;

  // What real servers received from a Linux director, 10.0.0.10:vport → 192.168.10.1x:rport (GEN-L4-01, NAT-REQ-06, NAT-REQ-07).
  const observed: [string, number, readonly (readonly [number, number])[], number][] = [
    ["a wrong TCP checksum", 0x1111, [...toRs1, [80, 8080]], 0x3127],
    ["a wrong UDP checksum", 0x1111, [...toRs1, [53, 5353]], 0x3bb3],
    ["a TCP checksum", 0x1cee, [...toRs2, [80, 8080]], 0x3d03],
    ["a UDP checksum", 0xf738, [...toRs1, [53, 5353]], 0x21db],
    ["an IP checksum", 0x16ed, [...toRs2, [0x3d06, 0x3c06]], 0x5742],
  ];
  for (const [what, before, changes, after] of observed) {
    it(`changes ${what} as Linux does`, () => {
      expect(changes.reduce((sum, [from, to]) => incrementalUpdate(sum, from, to), before)).to.equal(after);
    });
  }

  it("avoids the zero of RFC 1624 §4's example", () => {
    expect(incrementalUpdate(0xdd2f, 0x5555, 0x3285)).to.equal(0x0000);
  });

  it("gives what computing anew gives", () => {
    fc.assert(
      fc.property(ipv4Spec, fc.nat(0xff), (spec, ttl) => {
        const before = craftIp(spec);
        const after = craftIp({ ...spec, "ip.ttl": ttl });
        const word = (bytes: Uint8Array, at: number) => ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
        const updated = incrementalUpdate(word(before, 10), word(before, 8), word(after, 8));
        expect(updated % 0xffff).to.equal(word(after, 10) % 0xffff);
      }),
    );
  });
});

describe("l4Checksum", () => {
  const udp = { "ip.src": "10.0.0.100", "ip.dst": "10.0.0.10", "udp.srcport": 42000, "udp.dstport": 53 };

  it("agrees with what was crafted", () => {
    fc.assert(
      fc.property(frameSpec, (spec) => {
        const packet = decode(craft(spec));
        const header = l4Header(packet);
        expect(l4Checksum(packet)).to.equal(header?.checksum);
        expect(l4ChecksumState(packet)).to.equal(header ? "valid" : "absent");
      }),
    );
  });

  // A payload byte more or less must not matter, nor what stands behind the datagram.
  for (const payload of ["", "x", "xy", "xyz"]) {
    it(`tells a wrong checksum from a right one with ${payload.length} bytes of payload`, () => {
      for (const protocol of ["tcp", "udp", "icmp", "icmpv6", "sctp", "vrrp"]) {
        const spec = { [`${protocol}.checksum`]: undefined, ...beginningsOf(protocol), payload };
        const right = decode(Uint8Array.of(...craft(spec), 1, 2, 3, 4, 5));
        const wrong = decode(craft({ ...spec, [`${protocol}.checksum`]: 0x1111 }));
        expect(l4ChecksumState(right)).to.equal("valid");
        expect(l4ChecksumState(wrong)).to.equal("invalid");
        expect(l4Checksum(wrong)).to.equal(l4Checksum(right));
      }
    });
  }

  it("is 0xffff where a UDP checksum comes out as 0", () => {
    const zero = [...Array(0x10000).keys()].find(
      (port) => decode(craft({ ...udp, "udp.srcport": port })).udp?.checksum === 0xffff,
    );
    expect(zero).to.be.a("number");
    expect(l4ChecksumState(decode(craft({ ...udp, "udp.srcport": zero })))).to.equal("valid");
  });

  it("knows that a UDP sender may compute none", () => {
    expect(l4ChecksumState(decode(craft({ ...udp, "udp.checksum": 0 })))).to.equal("zero");
  });

  it("is SCTP's of 32 bits", () => {
    const packet = decode(craft({ "sctp.dstport": 80, "sctp.checksum": 1 }));
    expect(l4Checksum(packet)).to.be.above(0xffff);
    expect(l4ChecksumState(packet)).to.equal("invalid");
  });

  it("covers a datagram behind IPv6 as behind IPv4, and its tunnel as well", () => {
    const six = { ...udp, "ip.src": undefined, "ip.dst": undefined, "ipv6.src": "fd01::100", "ipv6.dst": "fd00::10" };
    expect(l4ChecksumState(decode(craft({ ...six, "ipv6.dstopts": "0000010400000000" })))).to.equal("valid");
    for (const piece of fragment(craft({ ...six, "data.len": 100 }), 64)) {
      expect(l4ChecksumState(decode(piece))).to.equal("absent");
    }
    const tunnel = decode(craft({ ...six, "udp.dstport": undefined, "gue.flags": 0, inner: udp }));
    expect([tunnel, tunnel.inner as Packet].map(l4ChecksumState)).to.deep.equal(["valid", "valid"]);
  });

  it("cannot tell where bytes are missing", () => {
    const frame = craft({ ...udp, payload: "some more than eight bytes" });
    expect(l4ChecksumState(decode(frame.subarray(0, -1)))).to.equal("absent");
    for (const piece of fragment(frame, 16)) expect(l4ChecksumState(decode(piece))).to.equal("absent");
    expect(l4ChecksumState(decode(craft({ "ip.proto": 253 })))).to.equal("absent");
    expect(l4Checksum(decode(craft({ ...udp, "udp.length": 7 })))).to.equal(undefined);
  });
});

function beginningsOf(protocol: string) {
  if (protocol === "vrrp") return { "vrrp.ip_addr": "10.0.0.10" };
  return protocol.startsWith("icmp")
    ? { [`${protocol}.type`]: 129 }
    : { [`${protocol}.srcport`]: 40001, [`${protocol}.dstport`]: 80 };
}
