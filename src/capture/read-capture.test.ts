import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { type CapturedFrame, captureFrames, readCapture } from "./read-capture.js";
import { classicFile, MAGIC, Section } from "./reading/files.test-support.js";

const packets = [60, 61, 1514, 14].map((length, i) => new Uint8Array(length).fill(i + 1));
const ETHERNET = 1;

describe("reading a capture", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "hopcheck-read-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function write(bytes: Uint8Array): string {
    const file = join(folder, "some.pcap");
    writeFileSync(file, bytes);
    return file;
  }

  async function read(bytes: Uint8Array): Promise<{ frames: CapturedFrame[]; flaw: string | undefined }> {
    const frames: CapturedFrame[] = [];
    const file = write(bytes);
    const { flaw, ...rest } = await captureFrames(file, (frame) => frames.push(frame));
    expect(rest.frames).to.equal(frames.length);
    expect(frames.map(({ number }) => number)).to.deep.equal(frames.map((_, i) => i + 1));
    return { frames, flaw: flaw?.replaceAll(file, "FILE") };
  }

  async function sound(bytes: Uint8Array): Promise<CapturedFrame[]> {
    const { frames, flaw } = await read(bytes);
    expect(flaw).to.equal(undefined);
    return frames;
  }

  /** How many frames were read, and what is said of the rest. */
  async function flawOf(bytes: Uint8Array): Promise<[number, string | undefined]> {
    const { frames, flaw } = await read(bytes);
    return [frames.length, flaw];
  }

  async function refusal(file: string): Promise<string> {
    const outcome = await readCapture(file, () => {}).then(
      (summary) => `read ${summary.frames} frames`,
      (error: Error) => error.message,
    );
    return outcome.replaceAll(file, "FILE");
  }

  const recorded = packets.map((bytes, i) => ({ bytes, original: bytes.length + i, seconds: 1_700_000_000 + i }));
  const expected = (unit: bigint, fraction: bigint) =>
    recorded.map(({ bytes, original, seconds }, i) => ({
      number: i + 1,
      time: BigInt(seconds) * 1_000_000_000n + unit * fraction,
      linkType: ETHERNET,
      bytes,
      wireLength: original,
    }));

  describe("of the classic format", () => {
    for (const order of ["little", "big"] as const) {
      it(`gives frames, times and lengths, in ${order}-endian order`, async () => {
        const written = recorded.map((packet) => ({ ...packet, fraction: 123_456 }));
        expect(await sound(classicFile(written, { order }))).to.deep.equal(expected(1000n, 123_456n));
        expect(await sound(classicFile(written, { order, magic: MAGIC.nano }))).to.deep.equal(expected(1n, 123_456n));
        const extra = new Uint8Array(8).fill(0xee);
        expect(await sound(classicFile(written, { order, magic: MAGIC.modified, extra }))).to.deep.equal(
          expected(1000n, 123_456n),
        );
      });
    }

    it("gives the link type without what stands above it", async () => {
      const frames = await sound(classicFile([{ bytes: new Uint8Array(20) }], { network: 0x4400_0071 }));
      expect(frames[0]?.linkType).to.equal(113);
    });

    it("gives none of a file without frames", async () => {
      expect(await sound(classicFile([]))).to.deep.equal([]);
    });

    it("carries nanoseconds that somebody wrote for microseconds", async () => {
      const [frame] = await sound(classicFile([{ bytes: new Uint8Array(1), seconds: 5, fraction: 2_500_000 }]));
      expect(frame?.time).to.equal(7_500_000_000n);
    });

    it("gives as many bytes on the wire as were recorded, where fewer are claimed", async () => {
      const [frame] = await sound(classicFile([{ bytes: new Uint8Array(60), original: 40 }]));
      expect(frame?.wireLength).to.equal(60);
    });

    it("gives the longest packet, and stops at a longer one", async () => {
      const longest = { bytes: new Uint8Array(262_144).fill(9) };
      expect((await sound(classicFile([longest, longest]))).map(({ bytes }) => bytes)).to.deep.equal([
        longest.bytes,
        longest.bytes,
      ]);
      expect(await flawOf(classicFile([longest, { bytes: new Uint8Array(262_145) }]))).to.deep.equal([
        1,
        "FILE cannot be read beyond frame 1: the next packet claims 262145 recorded bytes, and none has more than 262144. " +
          "What stands before was read. Copy the file again from where it was recorded.",
      ]);
    });

    it("stops at a length of 4 GB, however many bytes follow", async () => {
      const bytes = Buffer.concat([classicFile(recorded), Buffer.alloc(3_000_000)]);
      bytes.writeUInt32LE(0xffffffff, 24 + 16 + 60 + 8);
      expect(await flawOf(bytes)).to.deep.equal([
        1,
        "FILE cannot be read beyond frame 1: the next packet claims 4294967295 recorded bytes, and none has more than 262144. " +
          "What stands before was read. Copy the file again from where it was recorded.",
      ]);
    });

    it("stops where the file was never written", async () => {
      expect(await flawOf(Buffer.concat([classicFile(recorded), Buffer.alloc(4096)]))).to.deep.equal([
        4,
        "FILE cannot be read beyond frame 4: what follows is empty: space that was set aside for packets and never written. " +
          "What stands before was read. Copy the file again from where it was recorded.",
      ]);
    });

    it("says of a file that is cut off behind which frame", async () => {
      const whole = classicFile(recorded);
      const cut = (frames: number) =>
        `FILE is cut off behind frame ${frames}.${frames === 0 ? "" : " What stands before was read."} ` +
        "Copy the file again, once its recording has ended.";
      expect(await flawOf(whole.subarray(0, -1))).to.deep.equal([3, cut(3)]);
      expect(await flawOf(whole.subarray(0, 24 + 16 + 60 + 5))).to.deep.equal([1, cut(1)]);
      expect(await flawOf(whole.subarray(0, 25))).to.deep.equal([0, cut(0)]);
      expect(await flawOf(Buffer.concat([whole, Buffer.from("garbage")]))).to.deep.equal([4, cut(4)]);
    });

    it("is refused in another version", async () => {
      expect(await refusal(write(classicFile(recorded, { version: [2, 3] })))).to.equal(
        "FILE is a pcap file of version 2.3; only 2.4 can be read.",
      );
    });
  });

  describe("of pcapng", () => {
    const name = (text: string) => [2, Buffer.from(text)] as const;
    const one = Uint8Array.of(1, 2, 3, 4, 5);

    for (const order of ["little", "big"] as const) {
      it(`gives frames of each interface with its link type, name and clock, in ${order}-endian order`, async () => {
        const section = new Section(order);
        section
          .interface(1, 0, name("eth0"), [9, Uint8Array.of(9)])
          .interface(113, 96, name("any"), [14, section.long(100n)])
          .enhanced(0, 1_700_000_000_123_456_789n, one, 7, [1, Buffer.from("odd")], [2, section.number(1)])
          .enhanced(1, 1_000_001n, one, 5, [2, section.number(0x1e2)])
          .obsolete(1, 2_000_000n, one, 6, [2, section.number(3)]);
        expect(await sound(section.bytes)).to.deep.equal([
          {
            number: 1,
            time: 1_700_000_000_123_456_789n,
            linkType: 1,
            bytes: one,
            wireLength: 7,
            direction: "in",
            interfaceName: "eth0",
          },
          {
            number: 2,
            time: 101_000_001_000n,
            linkType: 113,
            bytes: one,
            wireLength: 5,
            direction: "out",
            interfaceName: "any",
          },
          { number: 3, time: 102_000_000_000n, linkType: 113, bytes: one, wireLength: 6, interfaceName: "any" },
        ]);
      });
    }

    it("gives simple packets, cut at the first interface's snap length, without a time", async () => {
      const section = new Section()
        .interface(101, 3)
        .interface(1)
        .simple(one.subarray(0, 3), 1500)
        .simple(one.subarray(0, 2));
      expect(await sound(section.bytes)).to.deep.equal([
        { number: 1, time: 0n, linkType: 101, bytes: one.subarray(0, 3), wireLength: 1500 },
        { number: 2, time: 0n, linkType: 101, bytes: one.subarray(0, 2), wireLength: 2 },
      ]);
    });

    it("begins anew with each section, in its own byte order", async () => {
      const first = new Section("little").interface(1, 0, name("a")).enhanced(0, 1n, one);
      const second = new Section("big").interface(113, 0, name("b")).enhanced(0, 2n, one);
      const frames = await sound(Buffer.concat([first.bytes, second.bytes]));
      expect(frames.map(({ linkType, interfaceName, time }) => [linkType, interfaceName, time])).to.deep.equal([
        [1, "a", 1000n],
        [113, "b", 2000n],
      ]);
      const lost = new Section("big").enhanced(0, 2n, one);
      expect((await flawOf(Buffer.concat([first.bytes, lost.bytes])))[0]).to.equal(1);
    });

    it("passes over blocks that it does not know, however long", async () => {
      const section = new Section()
        .block(0x1234, Buffer.alloc(8))
        .interface(1)
        .block(5, Buffer.alloc(12))
        .enhanced(0, 1n, one)
        .block(10, Buffer.alloc(5 << 20))
        .enhanced(0, 2n, one);
      expect(await sound(section.bytes)).to.have.length(2);
      expect(await flawOf(section.bytes.subarray(0, -100))).to.deep.equal([
        1,
        "FILE is cut off behind frame 1. What stands before was read. Copy the file again, once its recording has ended.",
      ]);
    });

    it("numbers frames as Wireshark does, which counts journal entries and custom blocks", async () => {
      const section = new Section().interface(1);
      for (const type of [9, 0x0bad, 0x40000bad]) section.block(type, Buffer.alloc(8)).enhanced(0, 1n, one);
      const numbers: number[] = [];
      const { frames } = await readCapture(write(section.bytes), ({ number }) => numbers.push(number));
      expect(numbers).to.deep.equal([2, 4, 6]);
      expect(frames).to.equal(3);
    });

    it("takes from an interface's name what a reader can stand", async () => {
      const [frame] = await sound(
        new Section().interface(1, 0, name(`${"x".repeat(300)}\0rest`)).enhanced(0, 1n, one).bytes,
      );
      expect(frame?.interfaceName).to.equal("x".repeat(256));
    });

    const begun = () => new Section().interface(1).enhanced(0, 1n, one);
    const flaws: Readonly<Record<string, readonly [Uint8Array, string]>> = {
      "a packet of an interface that is not described": [
        begun().enhanced(7, 1n, one).bytes,
        "the next packet is of interface 7, and its section describes 1",
      ],
      "a simple packet before any interface": [
        Buffer.concat([begun().bytes, new Section().simple(one).bytes]),
        "the next packet is of interface 0, and its section describes none",
      ],
      "a packet that is longer than its block": [
        begun().block(6, new Section().long(0n).subarray(0, 0)).bytes,
        "the next block is of type 6 and claims 12 bytes, which no such block has",
      ],
      "a block whose lengths differ": [
        Buffer.concat([begun().bytes, Buffer.from("050000000c0000000d000000", "hex")]),
        "the next block begins with a length of 12 and ends with one of 13",
      ],
      "a length that is no multiple of 4": [
        Buffer.concat([begun().bytes, Buffer.from("050000000d0000000d00000000", "hex")]),
        "the next block is of type 5 and claims 13 bytes, which no such block has",
      ],
      "a packet block of 4 GB": [
        Buffer.concat([begun().bytes, Buffer.from("06000000fcffffff00000000", "hex")]),
        "the next block claims 4294967292 bytes, and blocks of more than 1048576 are not read",
      ],
      "a section of no byte order": [
        Buffer.concat([begun().bytes, Buffer.from("0a0d0d0a1c00000000000000", "hex")]),
        "a section's header begins with a number that is of neither byte order",
      ],
      "a section of another version": [
        Buffer.concat([begun().bytes, new Section("little", [2, 0]).bytes]),
        "what follows is pcapng of version 2.0; only 1.0 can be read",
      ],
      "an option that is longer than its block": [
        begun().block(1, Buffer.from("0100000000000000020000ff", "hex")).bytes,
        "an option of the next block claims 65280 bytes, more than the block holds",
      ],
    };
    for (const [what, [bytes, clause]] of Object.entries(flaws)) {
      it(`stops at ${what}`, async () => {
        expect(await flawOf(bytes)).to.deep.equal([
          1,
          `FILE cannot be read beyond frame 1: ${clause}. ` +
            "What stands before was read. Copy the file again from where it was recorded.",
        ]);
      });
    }

    it("stops at a packet of more bytes than its block has", async () => {
      const section = begun().enhanced(0, 2n, one);
      const bytes = section.bytes;
      bytes.writeUInt32LE(100, bytes.length - 4 - 8 - 8);
      expect((await flawOf(bytes))[1]).to.contain(
        "the next packet claims 100 recorded bytes, more than its block holds",
      );
    });

    it("stops where a section describes interfaces without end", async () => {
      const section = begun();
      for (let i = 0; i < 4096; i++) section.interface(1);
      expect((await flawOf(section.bytes))[1]).to.contain("a section describes more than 4096 interfaces");
    });
  });

  describe("that is compressed", () => {
    const plain = classicFile(recorded);
    const zstd = (bytes: Uint8Array, ...options: string[]) =>
      execFileSync("zstd", ["-q", "-c", ...options], { input: bytes });

    it("unpacks gzip and zstd, also where several were put behind each other", async () => {
      const frames = await sound(plain);
      const [head, tail] = [plain.subarray(0, 100), plain.subarray(100)];
      expect(await sound(gzipSync(plain))).to.deep.equal(frames);
      expect(await sound(zstd(plain))).to.deep.equal(frames);
      expect(await sound(Buffer.concat([gzipSync(head), gzipSync(tail)]))).to.deep.equal(frames);
      expect(await sound(Buffer.concat([zstd(head), zstd(tail, "--no-check")]))).to.deep.equal(frames);
      const skippable = Buffer.from("502a4d1804000000aabbccdd", "hex");
      expect(
        await sound(Buffer.concat([skippable, zstd(head), skippable, zstd(tail), zstd(Buffer.alloc(0))])),
      ).to.deep.equal(frames);
    });

    it("reads the frames before the end of a file that is cut off", async () => {
      const many = classicFile(
        Array.from({ length: 3000 }, (_, i) => ({ bytes: new Uint8Array(1000).fill(i), seconds: i + 1 })),
      );
      for (const packed of [gzipSync(many, { level: 0 }), zstd(many, "--fast=9")]) {
        const [frames, flaw] = await flawOf(packed.subarray(0, -20));
        expect(frames).to.be.within(2800, 3000);
        expect(flaw).to.equal(
          `FILE is cut off behind frame ${frames}. What stands before was read. Copy the file again, once its recording has ended.`,
        );
      }
    });

    it("reads the frames before damage", async () => {
      const many = classicFile(
        Array.from({ length: 3000 }, (_, i) => ({ bytes: new Uint8Array(1000).fill(i), seconds: i + 1 })),
      );
      const damaged = gzipSync(many);
      damaged.writeUInt32LE(0, damaged.length - 8);
      const [frames, flaw] = await flawOf(damaged);
      expect(frames).to.be.within(2700, 3000);
      expect(flaw).to.equal(
        `FILE cannot be read beyond frame ${frames}: the gzip compression does not hold: incorrect data check. ` +
          "What stands before was read. Copy the file again from where it was recorded.",
      );
      // A frame with one raw block, and a block of the type that is reserved.
      const [head, tail] = [Buffer.from("28b52ffd0068", "hex"), Buffer.from("070000", "hex")];
      const size = Buffer.alloc(4);
      size.writeUInt32LE(plain.length << 3);
      expect(await flawOf(Buffer.concat([head, size.subarray(0, 3), plain, tail]))).to.deep.equal([
        4,
        "FILE cannot be read beyond frame 4: the zstd compression does not hold: invalid block type. " +
          "What stands before was read. Copy the file again from where it was recorded.",
      ]);
    });

    it("refuses a window of zstd that would fill the memory", async () => {
      const bytes = zstd(Buffer.alloc(20 << 20), "--long=27", "--no-content-size");
      expect(await flawOf(bytes)).to.deep.equal([
        0,
        "FILE cannot be read from its start: its zstd compression wants a window of 128 MiB, and has at most 8. " +
          "Decompress it first: zstd -d --long=31 FILE.",
      ]);
    });

    it("refuses a block of zstd that would", async () => {
      expect((await flawOf(Buffer.from("28b52ffd0068fbffff41", "hex")))[1]).to.contain(
        "the zstd compression does not hold: it has a block of 2097151 bytes",
      );
    });

    it("stops where something else follows", async () => {
      expect((await flawOf(Buffer.concat([zstd(plain), Buffer.from("garbage")])))[1]).to.contain(
        "something other than zstd follows what zstd compressed",
      );
    });
  });

  it("is told by how the file begins that it is none", async () => {
    const readable = "Files of pcap and pcapng can be read, also compressed by gzip or zstd.";
    expect(await refusal(write(Buffer.from("garbage")))).to.equal(
      `FILE is no capture: it begins with 67617262616765 ("garbage"). ${readable}`,
    );
    expect(await refusal(write(Buffer.alloc(1000)))).to.equal(
      `FILE is no capture: it begins with 0000000000000000 ("........"). ${readable}`,
    );
    expect(await refusal(write(gzipSync("garbage")))).to.equal(
      `FILE is no capture: it begins with 67617262616765 ("garbage"). ${readable}`,
    );
    expect(await refusal(write(Buffer.alloc(0)))).to.equal("FILE is empty.");
    expect(await refusal(write(Buffer.from("fd377a585a000000", "hex")))).to.equal(
      "FILE is compressed by xz, which cannot be read; try: xz -d FILE.",
    );
    expect(await refusal(write(classicFile([]).subarray(0, 20)))).to.equal(
      "FILE is cut off within its header: no frame was written to it.",
    );
  });

  it("is told why a file cannot be opened or read", async () => {
    const none = join(folder, "none.pcap");
    expect(await refusal(none)).to.equal("FILE cannot be read: ENOENT: no such file or directory, open 'FILE'.");
    expect(await refusal(folder)).to.equal("FILE cannot be read: EISDIR: illegal operation on a directory, read.");
  });

  it("ends with what the visitor throws", async () => {
    const thrown = new Error("enough");
    for (const bytes of [
      classicFile(recorded),
      gzipSync(classicFile(recorded)),
      execFileSync("zstd", ["-q", "-c"], { input: classicFile(recorded) }),
    ]) {
      const outcome = await readCapture(write(bytes), () => {
        throw thrown;
      }).catch((error: unknown) => error);
      expect(outcome).to.equal(thrown);
    }
  });

  it("tells how far it is", async () => {
    const bytes = gzipSync(
      classicFile(Array.from({ length: 600 }, (_, i) => ({ bytes: randomBytes(1000), seconds: i + 1 }))),
    );
    const told: (readonly [number, number | undefined])[] = [];
    await readCapture(write(bytes), () => {}, { progress: (done, total) => told.push([done, total]) });
    expect(told).to.deep.equal([
      [262_144, bytes.length],
      [524_288, bytes.length],
      [bytes.length, bytes.length],
    ]);
  });

  it("reads standard input for -", () => {
    const script = `
      import { readCapture } from ${JSON.stringify(new URL("./read-capture.js", import.meta.url).href)};
      console.log(JSON.stringify(await readCapture("-", () => {})));`;
    const ask = (input: Uint8Array) =>
      execFileSync(process.execPath, ["--input-type=module", "-e", script], { input, encoding: "utf8" }).trim();
    const plain = classicFile(recorded);
    expect(ask(plain)).to.equal(`{"frames":4,"bytes":${plain.length}}`);
    expect(ask(plain.subarray(0, -1))).to.contain('"flaw":"standard input is cut off behind frame 3.');
  });
});
