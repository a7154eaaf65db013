import { expect } from "chai";
import { l4ChecksumState } from "./checksum.js";
import { craft, type PacketSpec } from "./craft.js";
import { fragment, reassemble } from "./fragment.js";
import { decode, type Packet } from "./packet.js";

const TCP = { "ip.id": 7, "tcp.dstport": 80, payload: "x".repeat(200) };

function snapped(spec: PacketSpec, snap: number): Packet {
  const bytes = craft(spec);
  return decode(bytes.subarray(0, snap), bytes.length);
}

describe("a frame that a capture cut", () => {
  it("says how many bytes are missing, and that this is the capture's doing", () => {
    const packet = snapped(TCP, 96);
    expect(packet).to.include({ wireLength: 254, missing: 158, end: 254 });
    expect(packet.tcp?.dstPort).to.equal(80);
    expect(packet.problem?.isCut).to.equal(true);
    expect(packet.problem?.message).to.equal(
      "ipv4 header at byte 14: it says the packet is 240 bytes long, but 82 are there",
    );
  });

  it("is something else than a packet that says that it is longer", () => {
    const packet = decode(craft({ ...TCP, "ip.len": 1000 }));
    expect(packet.missing).to.equal(0);
    expect(packet.problem?.isCut).to.equal(undefined);
    // Cut, and longer than it was on the wire.
    const both = snapped({ ...TCP, "ip.len": 1000 }, 96);
    expect(both).to.include({ missing: 158 });
    expect(both.problem?.isCut).to.equal(undefined);
  });

  it("misses nothing where only padding is missing", () => {
    const bytes = craft({ "tcp.dstport": 80 });
    const packet = decode(bytes, 60);
    expect(packet).to.include({ missing: 0, problem: undefined, wireLength: 60 });
    expect(l4ChecksumState(packet)).to.equal("valid");
  });

  it("has no checksum that could be wrong", () => {
    expect(l4ChecksumState(snapped({ ...TCP, "tcp.checksum": 1 }, 253))).to.equal("absent");
    expect(l4ChecksumState(snapped({ ...TCP, "tcp.checksum": 1 }, 254))).to.equal("invalid");
    const inner = { "tcp.dstport": 80, payload: "hello" };
    const gre = { "gre.flags_and_version": 0x8000, inner };
    expect(snapped(gre, 80).gre?.checksumValid).to.equal(undefined);
    expect(snapped({ ...gre, "gre.checksum": 1 }, 200).gre?.checksumValid).to.equal(false);
  });

  it("passes what is missing on to the packets inside", () => {
    const { inner } = snapped({ "ip.src": "10.0.0.1", inner: TCP }, 96);
    expect(inner).to.include({ missing: 178, wireLength: 240 });
    expect(inner?.problem?.isCut).to.equal(true);
    const { quoted } = snapped({ "icmp.type": 3, quoted: TCP }, 96);
    expect(quoted?.missing).to.equal(186);
  });

  it("quotes what was quoted: less than the packet was, and nothing is missing", () => {
    const quoted = craft(TCP).subarray(14, 42);
    const packet = decode(craft({ "icmp.type": 3, quoted }));
    expect(packet.quoted).to.include({ missing: 0 });
    expect(packet.quoted?.problem?.isCut).to.equal(undefined);
  });

  it("is put together from fragments as far as it goes", () => {
    const pieces = fragment(craft({ "udp.dstport": 53, "ip.id": 7, payload: "y".repeat(300) }), 104);
    const packets = pieces.map((bytes) => decode(bytes.subarray(0, 96), bytes.length));
    const whole = reassemble(packets);
    expect(whole?.ip?.length).to.equal(328);
    expect(whole).to.include({ missing: 246, wireLength: 342 });
    expect(whole?.udp?.dstPort).to.equal(53);
    expect(whole && l4ChecksumState(whole)).to.equal("absent");
    expect(reassemble(packets.slice(0, 2))).to.equal(undefined);
  });
});
