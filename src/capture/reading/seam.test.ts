import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import fc from "fast-check";
import { type CapturedFrame, captureFrames, findSeam, type ReadOptions } from "../read-capture.js";
import { classicFile, MAGIC, type Packet, Section } from "./files.test-support.js";

const ETHERNET = 1;
const COUNT = 120;

describe("a seam in the middle of a capture", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "hopcheck-seam-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  function write(bytes: Uint8Array): string {
    const path = join(folder, "capture");
    writeFileSync(path, bytes);
    return path;
  }

  async function read(path: string, options: ReadOptions = {}) {
    const frames: CapturedFrame[] = [];
    const { frames: _, ...summary } = await captureFrames(path, (frame) => frames.push(frame), options);
    return { frames, ...summary };
  }

  /** Both parts are the whole where the first one arrives; where it does not, it is the whole itself. */
  async function expectSame(bytes: Buffer, near: number): Promise<"joined" | "read on" | "none"> {
    const path = write(bytes);
    const whole = await read(path);
    const seam = await findSeam(path, near);
    if (seam === undefined) return "none";
    const first = await read(path, { until: seam });
    if (first.reached === undefined) {
      expect(first).to.deep.equal(whole);
      return "read on";
    }
    const rest = await read(path, { from: seam });
    const before = first.reached.number;
    const numbered = rest.frames.map((frame) => ({ ...frame, number: frame.number + before }));
    expect([...first.frames, ...numbered]).to.deep.equal(whole.frames);
    return "joined";
  }

  it("is where a packet begins, in classic captures and in pcapng", async () => {
    const all = Array.from({ length: COUNT }, (_, index): Packet => ({ bytes: Buffer.alloc(40 + index, index) }));
    const section = new Section().interface(ETHERNET);
    for (const { bytes } of all) section.enhanced(0, 1n, bytes);
    for (const bytes of [classicFile(all), section.bytes])
      expect(await expectSame(bytes, bytes.length / 2)).to.equal("joined");
  });

  const packet = fc.record({
    bytes: fc.uint8Array({ minLength: 1, maxLength: 90 }),
    seconds: fc.integer({ min: 1_700_000_000, max: 1_700_000_900 }),
    fraction: fc.nat({ max: 999_999 }),
  });
  const packets = fc.array(packet, { minLength: COUNT, maxLength: COUNT });
  const share = fc.double({ min: 0.1, max: 0.7, noNaN: true });

  it("never changes what is read of a classic capture of either byte order", async () => {
    const file = fc.record({
      order: fc.constantFrom("little" as const, "big" as const),
      magic: fc.constantFrom(MAGIC.micro, MAGIC.nano),
    });
    await fc.assert(
      fc.asyncProperty(packets, file, share, async (all, parts, where) => {
        const bytes = classicFile(all, parts);
        expect(await expectSame(bytes, Math.floor(bytes.length * where))).not.to.equal("none");
      }),
      { numRuns: 60 },
    );
  });

  it("never changes what is read of pcapng", async () => {
    await fc.assert(
      fc.asyncProperty(
        packets,
        fc.constantFrom("little" as const, "big" as const),
        share,
        async (all, order, where) => {
          const section = new Section(order).interface(ETHERNET, 0, [2, Buffer.from("eth0")]).interface(ETHERNET);
          for (const [index, { bytes, seconds }] of all.entries())
            section.enhanced(index % 2, BigInt(seconds) * 1_000_000n, bytes);
          expect(await expectSame(section.bytes, Math.floor(section.bytes.length * where))).not.to.equal("none");
        },
      ),
      { numRuns: 60 },
    );
  });

  it("is not one where interfaces are described further on, of which the second thread knew nothing", async () => {
    const section = new Section().interface(ETHERNET);
    for (let index = 0; index < COUNT; index++) {
      if (index === 10) section.interface(ETHERNET, 0, [9, Uint8Array.of(9)]);
      section.enhanced(0, BigInt(index) * 1000n, Uint8Array.of(1, 2, 3, index));
    }
    expect(await expectSame(section.bytes, section.bytes.length / 2)).to.equal("read on");
  });

  it("is not one where a packet's own bytes look like packets", async () => {
    const inner = Array.from({ length: 60 }, (_, index): Packet => ({ bytes: Buffer.alloc(40, index + 1) }));
    const deceiving = classicFile(inner).subarray(24);
    const bytes = classicFile([{ bytes: Buffer.alloc(60, 1) }, { bytes: deceiving }, ...inner]);
    expect(await expectSame(bytes, 200)).to.equal("read on");
  });

  it("is looked for in nothing that is compressed, or is no capture", async () => {
    const all = Array.from({ length: COUNT }, (): Packet => ({ bytes: Buffer.alloc(40, 7) }));
    expect(await findSeam(write(gzipSync(classicFile(all))), 30)).to.equal(undefined);
    expect(await findSeam(write(Buffer.alloc(9000, "text")), 4000)).to.equal(undefined);
    expect(await findSeam(join(folder, "missing"), 4000)).to.equal(undefined);
  });
});
