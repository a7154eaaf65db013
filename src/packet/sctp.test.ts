import { expect } from "chai";
import { l4ChecksumState } from "./checksum.js";
import { craft, craftIp } from "./craft.js";
import { fieldValue } from "./fields.js";
import { decode } from "./packet.js";
import { dirty, hex } from "./sample.js";
import { SCTP_CHUNK, Sctp, sctpChecksum } from "./sctp.js";

describe("sctp", () => {
  // A COOKIE ECHO; Wireshark finds its checksum valid.
  const sample = hex("9c41 1388 12345678 b3b3506d 0a00000a 0102030405060000");
  const values = { srcPort: 40001, dstPort: 5000, verificationTag: 0x12345678, checksum: 0xb3b3506d };

  it("deconstruct", () => {
    const sctp = new Sctp(sample, 0);
    expect(sctp).to.include({ ...values, headerLength: 12, hasChunk: true });
    expect(sctp).to.include({ chunkType: SCTP_CHUNK.cookieEcho, chunkFlags: 0, chunkLength: 10 });
  });

  it("construct", () => {
    const bytes = dirty(16);
    Object.assign(new Sctp(bytes, 0), { ...values, chunkType: 10, chunkFlags: 0, chunkLength: 10 });
    expect(bytes).to.deep.equal(sample.subarray(0, 16));
  });

  it("parse", () => {
    const frame = craft({ "ip.proto": 132, payload: sample });
    const packet = decode(Uint8Array.of(...frame, 0, 0, 0));
    expect(packet.sctp).to.include(values);
    expect(packet.payload).to.deep.equal(sample.subarray(12));
    expect(packet.problem).to.equal(undefined);
  });

  it("emit", () => {
    const bytes = dirty(12);
    Sctp.emit(bytes, 0, values);
    expect(bytes).to.deep.equal(sample.subarray(0, 12));
  });

  it("has the CRC's lowest byte first in its checksum, which no address enters", () => {
    expect(sctpChecksum(sample, 0, sample.length)).to.equal(0xb3b3506d);
    for (const addresses of [{ "ip.src": "10.0.0.1" }, { "ip.dst": "10.0.0.2" }, { "ipv6.src": "fd00::1" }]) {
      const flow = { "sctp.srcport": 40001, "sctp.dstport": 5000, "sctp.verification_tag": 0x12345678 };
      const packet = decode(craft({ ...addresses, ...flow, payload: sample.subarray(12) }));
      expect(packet.sctp?.checksum).to.equal(0xb3b3506d);
      expect(l4ChecksumState(packet)).to.equal("valid");
    }
  });

  it("is crafted with an INIT chunk", () => {
    const packet = decode(craft({ "sctp.dstport": 5000 }));
    expect(packet.sctp).to.include({ chunkType: SCTP_CHUNK.init, chunkLength: 20, verificationTag: 0 });
    expect(packet.payload).to.have.length(20);
    const flagged = decode(craft({ "sctp.chunk_type": 6, "sctp.chunk_flags": 1, "sctp.chunk_length": 4 }));
    expect(flagged.sctp).to.include({ chunkType: SCTP_CHUNK.abort, chunkFlags: 1, chunkLength: 4 });
  });

  it("has no chunk where none is there, and no header where that is cut short", () => {
    const empty = decode(craft({ "sctp.dstport": 5000, payload: "abc" }));
    expect(fieldValue(empty, "sctp.chunk_type")).to.equal(undefined);
    expect(fieldValue(empty, "sctp.dstport")).to.equal("5000");
    const short = craftIp({ "ip.proto": 132, payload: sample.subarray(0, 11) });
    expect(decode(craft({ "icmp.type": 3, quoted: short })).quoted?.problem?.message).to.equal(
      "sctp header at byte 20: 12 bytes needed, 11 there",
    );
  });
});
