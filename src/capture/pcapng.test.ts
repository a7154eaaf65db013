import { expect } from "chai";
import type { Frame } from "../packet/frame.js";
import { decodeLink } from "../packet/link.js";
import { decode } from "../packet/packet.js";
import { pcapngBytes } from "./pcapng.js";
import { readBlocks, readPcapng } from "./pcapng.test-support.js";

describe("pcapngBytes", () => {
  const frame = (number: number, tap: string, direction: Frame["direction"], time: bigint, length: number): Frame => {
    const bytes = new Uint8Array(length).fill(0xa5);
    const packet = decode(bytes);
    return { number, tap, host: tap, direction, time, bytes, wireLength: length + 7, checksumReady: true, packet };
  };
  const frames = [
    frame(1, "client", "out", 1_700_000_000_123_456_789n, 60),
    frame(2, "router/eth0", "in", 1_700_000_000_123_456_790n, 61),
    frame(3, "client", "in", (7n << 32n) | 0xffff_ffffn, 62),
    frame(4, "rs1", "out", 0n, 63),
  ];

  it("keeps tap, nanosecond, direction, bytes and both lengths of every frame, in order", () => {
    const read = readPcapng(pcapngBytes(frames, "hopcheck 1.2.3"));
    expect(read).to.have.length(4);
    for (const [i, { tap, time, bytes, wireLength, direction }] of frames.entries()) {
      expect(read[i]?.tap).to.equal(tap);
      expect(read[i]?.time).to.equal(time);
      expect(read[i]?.wireLength).to.equal(wireLength);
      expect(read[i]?.flags).to.equal(direction === "in" ? 1 : 2);
      expect(Buffer.from(read[i]?.bytes ?? []).toString("hex")).to.equal(Buffer.from(bytes).toString("hex"));
    }
  });

  it("describes each tap once, as Ethernet with nanoseconds, before its first frame", () => {
    const blocks = readBlocks(pcapngBytes(frames, "hopcheck 1.2.3"));
    expect(blocks.map(({ type }) => type)).to.deep.equal([0x0a0d0d0a, 1, 1, 1, 6, 6, 6, 6]);
    expect(String(blocks[0]?.options.get(4))).to.equal("hopcheck 1.2.3");
    expect(blocks[0]?.body.readUInt32LE(0)).to.equal(0x1a2b3c4d);
    for (const { body, options } of blocks.slice(1, 4)) {
      expect(body.readUInt16LE(0)).to.equal(1);
      expect([...(options.get(9) ?? [])]).to.deep.equal([9]);
    }
  });

  it("keeps the comment of a frame, cut where it is too long for an option, and never within a character", () => {
    const [one, two, three] = frames;
    if (!one || !two || !three) throw new Error("no frames");
    const comments = new Map([
      [one, "rule DR-ARP-02\nfrom rs1"],
      [three, `x${"é".repeat(40_000)}`],
    ]);
    const written = readBlocks(pcapngBytes(frames, "hopcheck", comments)).filter(({ type }) => type === 6);
    expect(written.map(({ options }) => options.has(1))).to.deep.equal([true, false, true, false]);
    expect(String(written[0]?.options.get(1))).to.equal("rule DR-ARP-02\nfrom rs1");
    expect(String(written[2]?.options.get(1))).to.equal(`x${"é".repeat(32_765)}`);
  });

  it("writes cooked frames as such, and what else has no Ethernet header as raw IP", () => {
    const ip = Buffer.from("450000140001000040017ac9ac1000640a00000a", "hex");
    const cooked = Buffer.concat([Buffer.from("000000010006020000000064000008 00".replace(" ", ""), "hex"), ip]);
    const loopback = Buffer.concat([Buffer.from("02000000", "hex"), ip]);
    const linked = (bytes: Buffer, linkType: number, tap: string): Frame => {
      return { ...frame(1, tap, "in", 0n, 0), bytes, wireLength: bytes.length, packet: decodeLink(linkType, bytes) };
    };
    const file = pcapngBytes([linked(cooked, 113, "a"), linked(loopback, 0, "b")], "hopcheck");
    const types = readBlocks(file)
      .filter(({ type }) => type === 1)
      .map(({ body }) => body.readUInt16LE(0));
    expect(types).to.deep.equal([113, 101]);
    const [first, second] = readPcapng(file);
    expect(Buffer.from(first?.bytes ?? []).equals(cooked)).to.equal(true);
    expect(Buffer.from(second?.bytes ?? []).equals(ip)).to.equal(true);
    expect(second?.wireLength).to.equal(ip.length);
  });

  it("is a file that readers open, also without a frame", () => {
    expect(readPcapng(pcapngBytes([], "hopcheck"))).to.deep.equal([]);
  });
});
