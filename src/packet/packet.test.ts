import { expect } from "chai";
import fc from "fast-check";
import { frameSpec } from "./arbitrary.js";
import { l4Checksum, l4ChecksumState } from "./checksum.js";
import { craft, type PacketSpec } from "./craft.js";
import { fields } from "./fields.js";
import { fragment, reassemble } from "./fragment.js";
import { decode, decodeIp, MAX_NESTING, type Packet } from "./packet.js";

function nesting(packet: Packet): Packet[] {
  const deeper = packet.inner ?? packet.quoted;
  return deeper ? [packet, ...nesting(deeper)] : [packet];
}

const views = ({ eth, arp, ip, tcp, udp, icmp, sctp, vrrp, gue, gre }: Packet) => [
  eth,
  arp,
  ip,
  tcp,
  udp,
  icmp,
  sctp,
  vrrp,
  gue,
  gre,
];

/** Everything that may be asked of a packet, whatever its bytes were. */
function examine(packet: Packet): void {
  const limit = packet.bytes.length;
  for (const field of fields(packet)) {
    expect(field.offset).to.be.within(0, limit);
    expect(field.length).to.be.above(0);
    expect(field.offset + field.length).to.be.at.most(limit);
  }
  const packets = nesting(packet);
  expect(packets.length).to.be.at.most(1 + MAX_NESTING);
  for (const one of packets) {
    expect(one.payload.length).to.be.at.most(one.bytes.length);
    for (const view of views(one)) {
      if (view && view !== one.tcp) expect(view.offset + view.headerLength).to.be.at.most(one.bytes.length);
    }
    if (one.tcp && !one.tcp.isPartial) {
      expect(one.tcp.offset + one.tcp.headerLength).to.be.at.most(one.bytes.length);
    }
    if (one.problem) expect(one.problem.message).to.match(/^\w+ header at byte \d+: .+/);
    l4Checksum(one);
    l4ChecksumState(one);
    reassemble([one, one]);
  }
  if (packet.eth && packet.ip && !packet.problem) fragment(packet.bytes, 8);
}

const noise = fc.uint8Array({ maxLength: 300 });

/** A good frame in which some bytes were changed, or which was cut. */
const damaged = fc
  .tuple(frameSpec, fc.array(fc.tuple(fc.nat(120), fc.nat(0xff)), { maxLength: 6 }), fc.option(fc.nat(150)))
  .map(([spec, changes, cut]) => {
    const bytes = craft(spec);
    for (const [at, value] of changes) bytes[at] = value;
    return cut === null ? bytes : bytes.subarray(0, cut);
  });

describe("decode", () => {
  it("survives random bytes", () => {
    fc.assert(
      fc.property(noise, (bytes) => examine(decode(bytes))),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(noise, (bytes) => examine(decodeIp(bytes))),
      { numRuns: 500 },
    );
  });

  it("survives random bytes behind a header that leads on", () => {
    const leading = fc.constantFrom("0800", "0806", "86dd");
    fc.assert(
      fc.property(
        leading,
        fc.constantFrom(0x45, 0x46, 0x4f, 0x60),
        fc.constantFrom(0, 1, 4, 6, 17, 41, 43, 44, 47, 51, 58, 60, 112, 132),
        noise,
        (type, first, protocol, rest) => {
          const bytes = Uint8Array.of(...new Uint8Array(12), ...Buffer.from(type, "hex"), ...rest);
          if (bytes.length > 24) {
            bytes[14] = first;
            bytes[first === 0x60 ? 20 : 23] = protocol;
            if (first !== 0x60) bytes.set([0, 0, 0, 0, 0, 0], 16);
            bytes.set([0, bytes.length - 14], first === 0x60 ? 18 : 16);
          }
          examine(decode(bytes));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("survives damaged frames", () => {
    fc.assert(
      fc.property(damaged, (bytes) => examine(decode(bytes))),
      { numRuns: 2000 },
    );
  });

  it("finds nothing wrong with a frame in order", () => {
    fc.assert(
      fc.property(frameSpec, (spec) => {
        for (const { problem, ip, gre } of nesting(decode(craft(spec)))) {
          expect(problem).to.equal(undefined);
          expect(ip?.checksumValid ?? true).to.equal(true);
          expect(gre?.checksumValid ?? true).to.equal(true);
        }
      }),
    );
  });

  it("shares the bytes it was given", () => {
    const frame = craft({ "tcp.dstport": 80, payload: "hello" });
    const { tcp, payload, bytes } = decode(frame);
    expect(bytes).to.equal(frame);
    expect(payload.buffer).to.equal(frame.buffer);
    if (tcp) tcp.dstPort = 8080;
    expect(decode(frame).tcp?.dstPort).to.equal(8080);
  });

  it("reads the ports of a first fragment only", () => {
    const frame = craft({ "udp.srcport": 42000, "udp.dstport": 53, payload: "sixteen bytes ++" });
    const [first, second] = fragment(frame, 16).map((bytes) => decode(bytes));
    expect(first?.udp?.dstPort).to.equal(53);
    expect(first?.problem).to.equal(undefined);
    expect(second?.udp).to.equal(undefined);
    expect(second?.payload).to.have.length(8);
  });

  it("follows IP in IP", () => {
    const inner = {
      "ip.src": "172.16.0.100",
      "ip.dst": "10.0.0.10",
      "ip.ttl": 59,
      "tcp.dstport": 80,
      payload: "hello",
    };
    const { ip, inner: carried, payload } = decode(craft({ "ip.src": "10.0.0.1", "ip.dst": "10.9.0.12", inner }));
    expect(ip).to.include({ src: "10.0.0.1", dst: "10.9.0.12", protocol: 4, length: 65 });
    expect(carried?.ip).to.include({ src: "172.16.0.100", dst: "10.0.0.10", ttl: 59, length: 45, offset: 0 });
    expect(carried?.bytes).to.deep.equal(payload);
    expect(l4ChecksumState(carried as Packet)).to.equal("valid");
  });

  it("gives IP under one name, and each family under its own", () => {
    const [four, six, none] = [{ "ip.ttl": 3 }, { "ipv6.hlim": 3 }, { "arp.opcode": 1 }].map((spec) =>
      decode(craft(spec)),
    );
    expect([four?.ip?.version, four?.ip4?.ttl, four?.ip6]).to.deep.equal([4, 3, undefined]);
    expect([six?.ip?.version, six?.ip4, six?.ip6?.hopLimit]).to.deep.equal([6, undefined, 3]);
    expect([none?.ip, none?.ip4, none?.ip6]).to.deep.equal([undefined, undefined, undefined]);
  });

  it("follows either family in either", () => {
    const four = { "ip.src": "10.0.0.1", "ip.dst": "10.9.0.12" };
    const six = { "ipv6.src": "fd00::1", "ipv6.dst": "fd09::12" };
    for (const [outer, inner, protocol] of [
      [four, four, 4],
      [four, six, 41],
      [six, four, 4],
      [six, six, 41],
    ] as const) {
      const packet = decode(craft({ ...outer, inner: { ...inner, "tcp.dstport": 80 } }));
      expect(packet.ip?.protocol).to.equal(protocol);
      expect(packet.inner?.ip?.src).to.equal(Object.values(inner)[0]);
      expect(packet.inner?.tcp?.dstPort).to.equal(80);
      expect(l4ChecksumState(packet.inner as Packet)).to.equal("valid");
    }
  });

  it("follows no more tunnels inside each other than it says, of whatever kind", () => {
    let inner: PacketSpec = { "ip.proto": 253 };
    for (let depth = 0; depth < 5; depth++) inner = depth % 2 ? { "gre.key": 1, inner } : { "gue.flags": 0, inner };
    let packet: Packet | undefined = decode(craft(inner));
    for (let depth = 0; depth < MAX_NESTING; depth++) packet = packet?.inner;
    expect(packet?.inner).to.equal(undefined);
    expect(packet?.problem?.message).to.equal("ipv4 header at byte 32: more than 4 packets deep");
  });
});
