import { expect } from "chai";
import fc from "fast-check";
import { takeFrames, tapsOf } from "./pcapng-blocks.js";

/** A block by hand: type, length, body in whole words, length. */
function block(type: number, ...words: readonly number[]): Buffer {
  const bytes = Buffer.alloc(12 + words.length * 4);
  for (const [index, word] of [type, bytes.length, ...words, bytes.length].entries())
    bytes.writeUInt32LE(word, index * 4);
  return bytes;
}

/** Of an interface whose name has four letters. */
function tap(name: string): Buffer {
  return block(1, 1, 0, 2 | (4 << 16), Buffer.from(name).readUInt32LE());
}

const section = block(0x0a0d0d0a, 0x1a2b3c4d, 1, 0xffffffff, 0xffffffff);
const frame = (tap: number, mark: number) => block(6, tap, 0, 0, 4, 4, mark);
const file = Buffer.concat([section, tap("left"), tap("rght"), frame(0, 0xa), frame(1, 0xb), frame(0, 0xc)]);

describe("frames of a capture in the page", () => {
  it("are known by their taps", () => {
    expect(tapsOf(file)).to.deep.equal(["left", "rght", "left"]);
  });

  it("are taken out byte for byte, with the interfaces they need", () => {
    const taken = takeFrames(file, (index) => index !== 1);
    expect(Buffer.from(taken)).to.deep.equal(
      Buffer.concat([section, tap("left"), tap("rght"), frame(0, 0xa), frame(0, 0xc)]),
    );
    expect(Buffer.from(takeFrames(file, () => true))).to.deep.equal(file);
  });

  it("are none in what is no such file, in one cut short, and in whatever else it may be", () => {
    expect(tapsOf(Buffer.from("not a capture"))).to.equal(undefined);
    expect(tapsOf(file.subarray(0, -1))).to.equal(undefined);
    expect(tapsOf(file.subarray(section.length))).to.equal(undefined);
    fc.assert(
      fc.property(fc.uint8Array(), fc.nat(file.length - 1), (noise, at) => {
        tapsOf(noise);
        const broken = Buffer.from(file);
        broken.set(noise.subarray(0, broken.length - at), at);
        const taps = tapsOf(broken);
        if (taps !== undefined) takeFrames(broken, () => true);
      }),
    );
  });
});
