import { expect } from "chai";
import fc from "fast-check";
import { datagramSpec } from "./arbitrary.js";
import { l4ChecksumState } from "./checksum.js";
import { craft, type PacketSpec } from "./craft.js";
import { contentLength, datagramKey, fragment, reassemble } from "./fragment.js";
import { decode, decodeIp } from "./packet.js";
import { hex } from "./sample.js";

const ETHERNET = 14;

const spec: PacketSpec = {
  "ip.src": "10.0.0.100",
  "ip.dst": "10.0.0.10",
  "ip.id": 0x0400,
  "udp.srcport": 42100,
  "udp.dstport": 53,
  "data.len": 3000,
};

const spec6: PacketSpec = {
  "ipv6.src": "fd01::100",
  "ipv6.dst": "fd00::10",
  "ipv6.hlim": 61,
  "ipv6.flow": 7,
  "udp.srcport": 42100,
  "udp.dstport": 53,
  "data.len": 3000,
};

const pieces = (size: number, given: PacketSpec = spec) => fragment(craft(given), size).map((bytes) => decode(bytes));

describe("fragment", () => {
  it("cuts where it is told, with offsets, lengths, flags and checksums that fit", () => {
    const shapes = pieces(1400).map(({ ip }) => [ip?.fragmentOffset, ip?.length, ip?.mf, ip?.id, ip?.checksumValid]);
    expect(shapes).to.deep.equal([
      [0, 1420, true, 0x0400, true],
      [1400, 1420, true, 0x0400, true],
      [2800, 228, false, 0x0400, true],
    ]);
  });

  it("leaves a datagram that fits as it is", () => {
    expect(fragment(craft(spec), 3008)).to.deep.equal([craft(spec)]);
  });

  it("cuts off a frame's padding", () => {
    const frame = craft({ ...spec, "data.len": 1 });
    expect(fragment(Uint8Array.of(...frame, 0, 0, 0, 0), 64)).to.deep.equal([frame]);
  });

  it("splits fragments further", () => {
    const twice = fragment(craft(spec), 1400).flatMap((bytes) => fragment(bytes, 504));
    expect(twice).to.have.length(7);
    expect(reassemble(twice.map((bytes) => decode(bytes)))?.bytes).to.deep.equal(craft(spec));
  });

  it("repeats only those options that are to be copied (RFC 791 §3.1)", () => {
    // Record route, no-operation, one with the copied bit, end.
    const options = "07070400000000 01 9e04abcd 00000000";
    const [first, second] = pieces(1400, { ...spec, "ip.options": options });
    expect(first?.ip?.options).to.deep.equal(hex(options));
    expect(second?.ip?.options).to.deep.equal(hex("01010101010101 01 9e04abcd 00000000"));
  });

  it("refuses sizes that there are no offsets for, and what is no IP packet", () => {
    for (const size of [0, -8, 7, 1.5, Number.NaN]) {
      expect(() => fragment(craft(spec), size)).to.throw(
        RangeError,
        `fragments of ${size} bytes are not possible: a positive multiple of 8 is needed`,
      );
    }
    for (const frame of [craft({ "arp.opcode": 1 }), craft(spec).subarray(0, 100), craft({ ...spec, "ip.len": 5 })]) {
      expect(() => fragment(frame, 8)).to.throw(RangeError, "the frame is no whole IP packet");
    }
  });
});

describe("fragment of IPv6", () => {
  const ends = { "ipv6.src": "fd01::100", "ipv6.dst": "fd00::10" };

  it("puts a fragment header between the headers for the way and what is divided", () => {
    const shapes = pieces(1232, spec6).map(({ ip, ip6 }) => [
      ip?.fragmentOffset,
      ip?.length,
      ip?.mf,
      ip?.id,
      ip?.protocol,
      ip6?.nextHeader,
    ]);
    expect(shapes).to.deep.equal([
      [0, 1280, true, 1, 17, 44],
      [1232, 1280, true, 1, 17, 44],
      [2464, 592, false, 1, 17, 44],
    ]);
    expect(pieces(1232, spec6).map(({ ip6 }) => [ip6?.hopLimit, ip6?.flowLabel])).to.deep.equal(Array(3).fill([61, 7]));
  });

  it("takes the identification that it is given", () => {
    const ids = fragment(craft(spec6), 1232, 0xdeadbeef).map((bytes) => decode(bytes).ip?.id);
    expect(ids).to.deep.equal([0xdeadbeef, 0xdeadbeef, 0xdeadbeef]);
  });

  it("repeats hop-by-hop options and the routing header, and divides what is behind them", () => {
    const extensions = {
      "ipv6.hopopts": "0000010400000000",
      "ipv6.routing": "0000fd0000000000",
      "ipv6.dstopts": "0000010400000000",
    };
    const [first, second] = pieces(1232, { ...spec6, ...extensions });
    expect(first?.ip6?.extensions.headers.map(({ type }) => type)).to.deep.equal([0, 43, 44, 60]);
    expect(second?.ip6?.extensions.headers.map(({ type }) => type)).to.deep.equal([0, 43, 44]);
    expect(second?.ip6?.options).to.deep.equal(hex("2b00010400000000 2c00fd0000000000 3c0004d100000001"));
  });

  it("splits fragments further, under their own identification", () => {
    const twice = fragment(craft(spec6), 1232, 5).flatMap((bytes) => fragment(bytes, 504, 6));
    expect(twice).to.have.length(8);
    const packets = twice.map((bytes) => decode(bytes));
    expect(packets.map(({ ip }) => ip?.id)).to.deep.equal(Array(8).fill(5));
    expect(packets.map(({ ip6 }) => ip6?.extensions.headers.length)).to.deep.equal(Array(8).fill(1));
    expect(reassemble(packets)?.bytes).to.deep.equal(craft(spec6));
  });

  it("leaves a datagram that fits without a fragment header, and no padding behind it", () => {
    const frame = craft({ ...ends, "udp.dstport": 53, payload: "x" });
    expect(fragment(Uint8Array.of(...frame, 0, 0, 0, 0), 64)).to.deep.equal([frame]);
  });

  it("refuses what is no whole packet", () => {
    const cut = craft({ ...ends, "ipv6.dstopts": "0003010400000000" });
    for (const frame of [craft(spec6).subarray(0, 100), cut]) {
      expect(() => fragment(frame, 8)).to.throw(RangeError, "the frame is no whole IP packet");
    }
  });
});

describe("reassemble", () => {
  it("undoes fragment, in any order", () => {
    const size = fc.integer({ min: 1, max: 100 }).map((units) => units * 8);
    const shuffled = fc
      .tuple(datagramSpec, size)
      .map(([given, bytes]) => ({ frame: craft(given), frames: fragment(craft(given), bytes) }))
      .chain(({ frame, frames }) =>
        fc.tuple(
          fc.constant(frame),
          fc.shuffledSubarray(frames, { minLength: frames.length, maxLength: frames.length }),
        ),
      );
    fc.assert(
      fc.property(shuffled, ([frame, frames]) => {
        const whole = reassemble(frames.map((bytes) => decode(bytes)));
        // Options that fragments do not repeat are those of the first, whichever came first.
        expect(whole?.bytes).to.deep.equal(frame);
        expect(whole?.problem).to.equal(undefined);
        expect(l4ChecksumState(whole as NonNullable<typeof whole>)).to.equal("valid");
      }),
    );
  });

  it("waits for every fragment", () => {
    const all = pieces(1400);
    for (const missing of all) {
      expect(reassemble(all.filter((piece) => piece !== missing))).to.equal(undefined);
    }
    expect(reassemble([])).to.equal(undefined);
  });

  it("works without Ethernet, as inside a tunnel", () => {
    const bare = pieces(1400).map(({ bytes }) => decodeIp(bytes.subarray(ETHERNET)));
    expect(reassemble(bare)?.bytes).to.deep.equal(craft(spec).subarray(ETHERNET));
  });

  it("takes a fragment twice, and a whole packet", () => {
    const all = pieces(1400);
    expect(reassemble([...all, ...all.toReversed()])?.bytes).to.deep.equal(craft(spec));
    const whole = decode(craft(spec));
    expect(reassemble([whole])).to.equal(whole);
  });

  it("does not trust fragments that contradict each other", () => {
    const all = pieces(1400);
    const [, middle, last] = pieces(1400);
    const changed = (change: (bytes: Uint8Array) => void, piece = middle) => {
      const bytes = Uint8Array.from(piece?.bytes ?? []);
      change(bytes);
      return decode(bytes);
    };
    const contradictions = {
      "another content": changed((bytes) => bytes.fill(0, 100, 110)),
      "another ID": changed((bytes) => bytes.fill(9, 18, 20)),
      "another source": changed((bytes) => bytes.fill(9, 26, 30)),
      "another protocol": changed((bytes) => bytes.fill(6, 23, 24)),
      "an overlap": changed((bytes) => bytes.fill(0x10, 21, 22)),
      "another end": changed((bytes) => bytes.fill(0x20, 20, 21), last),
      "no IP": decode(craft({ "arp.opcode": 1 })),
      "no fragment": decode(craft(spec)),
    };
    for (const [what, piece] of Object.entries(contradictions)) {
      expect(reassemble([...all, piece]), what).to.equal(undefined);
    }
  });

  it("makes nothing longer than a packet can be", () => {
    const tail = decode(craft({ "ip.proto": 17, "ip.frag_offset": 65528, "data.len": 100 }));
    const head = decode(craft({ "ip.proto": 17, "ip.flags.mf": true, "data.len": 65512 }));
    const middle = decode(craft({ "ip.proto": 17, "ip.flags.mf": true, "ip.frag_offset": 65512, "data.len": 16 }));
    expect(reassemble([head, middle, tail])).to.equal(undefined);
  });

  it("ignores fragments that were cut short by the capture", () => {
    const [first, ...rest] = fragment(craft(spec), 1400);
    const cut = decode((first as Uint8Array).subarray(0, 100));
    expect(reassemble([cut, ...rest.map((bytes) => decode(bytes))])).to.equal(undefined);
  });

  it("takes fragments for those of one datagram by the ID, not by what a later one says of the protocol", () => {
    const options = { ...spec6, "ipv6.dstopts": "0000010400000000" };
    const all = fragment(craft(options), 1232).map((bytes) => decode(bytes));
    expect(all.map(({ ip }) => ip?.protocol)).to.deep.equal([17, 60, 60]);
    expect(new Set(all.flatMap(({ ip }) => (ip ? [datagramKey(ip)] : []))).size).to.equal(1);
    expect(all.reduce((sum, { ip }) => sum + (ip ? contentLength(ip) : 0), 0)).to.equal(3016);
    expect(reassemble(all)?.bytes).to.deep.equal(craft(options));
    const other = fragment(craft(options), 1232, 2).map((bytes) => decode(bytes));
    expect(reassemble([...all.slice(1), ...other.slice(0, 1)])).to.equal(undefined);
  });

  it("makes no IPv6 packet longer than can be", () => {
    const piece = (offset: number, length: number, more: boolean) =>
      decode(
        craft({
          "ipv6.fraghdr.nxt": 17,
          "ipv6.fraghdr.offset": offset / 8,
          "ipv6.fraghdr.more": more,
          "data.len": length,
        }),
      );
    expect(reassemble([piece(0, 65504, true), piece(65504, 32, false)])).to.equal(undefined);
    expect(reassemble([piece(0, 65504, true), piece(65504, 31, false)])?.ip?.length).to.equal(65575);
  });
});
