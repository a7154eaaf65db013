import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { pcapBytes, pcapFlaw, readPcap } from "./pcap.js";

describe("a classic capture file", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "hopcheck-pcap-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const frames = [60, 61, 1514, 14].map((length, i) => new Uint8Array(length).fill(i + 1));
  const hex = (list: readonly Uint8Array[]) => list.map((frame) => Buffer.from(frame).toString("hex"));

  function write(bytes: Uint8Array): string {
    const file = join(folder, "some.pcap");
    writeFileSync(file, bytes);
    return file;
  }

  /** The message with which a file is refused, its path left out. */
  async function refusal(bytes: Uint8Array): Promise<string> {
    const file = write(bytes);
    const outcome = await readPcap(file).then(
      (read) => `read ${read.length} frames`,
      (error: Error) => error.message,
    );
    return outcome.replace(file, "FILE");
  }

  it("gives back the frames that were written", async () => {
    expect(hex(await readPcap(write(pcapBytes(frames))))).to.deep.equal(hex(frames));
  });

  it("gives back more frames than a second has microseconds' worth of digits, in order", async () => {
    const many = Array.from({ length: 3000 }, (_, i) => Uint8Array.of(...new Array(14).fill(0), i >> 8, i & 0xff));
    expect(hex(await readPcap(write(pcapBytes(many))))).to.deep.equal(hex(many));
  });

  it("may be of the other byte order", async () => {
    const swapped = Buffer.from(pcapBytes([new Uint8Array(14).fill(7)]));
    for (const [at, length] of [
      [0, 4],
      [4, 2],
      [6, 2],
      [16, 4],
      [20, 4],
      [24, 4],
      [28, 4],
      [32, 4],
      [36, 4],
    ] as const)
      swapped.subarray(at, at + length).reverse();
    expect(await readPcap(write(swapped))).to.deep.equal([new Uint8Array(14).fill(7)]);
  });

  it("is refused without a frame, or with one that has no Ethernet header", async () => {
    expect(await refusal(pcapBytes([]))).to.equal("FILE is a capture without a frame");
    expect(await refusal(pcapBytes([new Uint8Array(14), new Uint8Array(13)]))).to.equal(
      "FILE is a capture whose frame 2 has 13 bytes: no Ethernet header",
    );
  });

  it("is refused with times or a version that pcap-parser cannot read", async () => {
    for (const magic of ["4d3cb2a1", "a1b23c4d"])
      expect(await refusal(Buffer.concat([Buffer.from(magic, "hex"), pcapBytes(frames).subarray(4)]))).to.equal(
        "FILE is a capture with nanosecond times; convert it: editcap -F pcap IN OUT",
      );
    const bytes = Buffer.from(pcapBytes(frames));
    bytes.writeUInt16LE(3, 6);
    expect(await refusal(bytes)).to.equal("FILE is a pcap file of version 2.3; only 2.4 can be read");
  });

  it("is refused where a frame promises more bytes than there are", async () => {
    const bytes = Buffer.from(pcapBytes(frames));
    bytes.writeUInt32LE(0xffffffff, 24 + 8);
    expect(await refusal(bytes)).to.equal("FILE is cut off behind frame 0");
  });

  it("is refused unread where it is too large", async () => {
    const file = write(pcapBytes(frames));
    truncateSync(file, (64 << 20) + 1);
    expect(pcapFlaw(file)).to.equal("larger than 64 MiB; cut it with editcap");
  });

  it("is refused where it ends within a frame or a record's header, which pcap-parser does not notice", async () => {
    const whole = pcapBytes(frames);
    expect(await refusal(whole.subarray(0, -1))).to.equal("FILE is cut off behind frame 3");
    expect(await refusal(whole.subarray(0, 24 + 16 + 60 + 5))).to.equal("FILE is cut off behind frame 1");
    expect(await refusal(whole.subarray(0, 10))).to.equal("FILE is cut off behind frame 0");
    expect(await refusal(new Uint8Array())).to.equal("FILE is no classic pcap file");
  });

  it("is refused where garbage stands behind the last frame", async () => {
    expect(await refusal(Buffer.concat([pcapBytes(frames), Buffer.from("garbage")]))).to.equal(
      "FILE is cut off behind frame 4",
    );
  });

  it("is refused where a frame was cut when it was recorded", async () => {
    const bytes = Buffer.from(pcapBytes(frames));
    bytes.writeUInt32LE(2000, 24 + 16 + 60 + 12);
    expect(await refusal(bytes)).to.equal(
      "FILE is a capture whose frame 2 was cut to 61 of 2000 bytes when it was recorded",
    );
  });

  it("is refused where it is not of Ethernet", async () => {
    const bytes = Buffer.from(pcapBytes(frames));
    bytes.writeUInt32LE(101, 20);
    expect(await refusal(bytes)).to.equal("FILE is of link type 101; only Ethernet (1) can be sent");
  });

  it("is refused where it is of another format", async () => {
    expect(await refusal(Buffer.from("0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff1c000000", "hex"))).to.equal(
      "FILE is a pcapng file; convert it: editcap -F pcap IN OUT",
    );
    expect(await refusal(Buffer.from("garbage"))).to.equal("FILE is no classic pcap file");
  });

  it("is refused with its name where there is none", async () => {
    const file = join(folder, "none.pcap");
    const outcome = await readPcap(file).catch((error: Error) => error.message);
    expect(outcome).to.match(/^.*none\.pcap is unreadable: ENOENT/);
  });
});
