import { execFileSync } from "node:child_process";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import fc from "fast-check";
import { Flaw } from "./record.js";
import { unpack } from "./unpack.js";

/** Compresses well in part, so that a decoder meets blocks of every kind. */
const plain = Buffer.concat(
  Array.from({ length: 400 }, (_, i) =>
    Buffer.from(`packet ${(i * i * 7919) % 1000} of ${"flow ".repeat(i % 9)}${i}\n`),
  ),
);
const zstd = (...options: string[]) => execFileSync("zstd", ["-q", "-c", ...options], { input: plain });
const packed = [gzipSync(plain), gzipSync(plain, { level: 0 }), zstd("-1"), zstd("-19", "--no-check"), zstd("-B1024")];

async function* cut(bytes: Uint8Array, length: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield Buffer.from(bytes.subarray(at, at + length));
}

/** What was handed on, and whether a flaw ended it. */
async function unpacked(bytes: Uint8Array, length: number): Promise<{ bytes: Buffer; isFlawed: boolean }> {
  const pieces: Buffer[] = [];
  const isFlawed = await unpack(cut(bytes, length), (piece) => pieces.push(Buffer.from(piece))).then(
    () => false,
    (error: unknown) => {
      if (error instanceof Flaw) return true;
      throw error;
    },
  );
  return { bytes: Buffer.concat(pieces), isFlawed };
}

describe("unpacking", () => {
  const which = fc.constantFrom(...packed);
  const length = fc.integer({ min: 16, max: 5000 });

  it("gives back what was packed, in whatever pieces it comes", async () => {
    await fc.assert(
      fc.asyncProperty(which, length, async (bytes, length) => {
        const { bytes: all, isFlawed } = await unpacked(bytes, length);
        expect(isFlawed).to.equal(false);
        expect(all.equals(plain)).to.equal(true);
      }),
    );
  });

  it("leaves alone what nobody packed", async () => {
    expect((await unpacked(plain, 2)).bytes.equals(plain)).to.equal(true);
    expect((await unpacked(plain.subarray(0, 3), 1)).bytes.equals(plain.subarray(0, 3))).to.equal(true);
    expect((await unpacked(plain.subarray(0, 0), 1)).bytes.length).to.equal(0);
  });

  it("notices an end that comes too early", async () => {
    await fc.assert(
      fc.asyncProperty(which, length, fc.double({ min: 0, max: 1, noNaN: true }), async (bytes, length, share) => {
        const end = 4 + Math.floor(share * (bytes.length - 5));
        const { bytes: all, isFlawed } = await unpacked(bytes.subarray(0, end), length);
        expect(isFlawed).to.equal(true);
        expect(all.equals(plain.subarray(0, all.length))).to.equal(true);
      }),
    );
  });

  it("ends with a flaw or with bytes, whatever was changed", async () => {
    const change = fc.record({ at: fc.double({ min: 0, max: 0.999, noNaN: true }), byte: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(
        which,
        length,
        fc.array(change, { minLength: 1, maxLength: 4 }),
        async (bytes, length, changes) => {
          const changed = Buffer.from(bytes);
          for (const { at, byte } of changes) changed[4 + Math.floor(at * (bytes.length - 4))] = byte;
          await unpacked(changed, length);
        },
      ),
      { numRuns: 300 },
    );
  });
});
