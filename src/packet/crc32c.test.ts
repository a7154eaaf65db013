import { expect } from "chai";
import { crc32c } from "./crc32c.js";

describe("crc32c", () => {
  const ascending = Uint8Array.from({ length: 32 }, (_, index) => index);

  // RFC 3720 §B.4, and the check value of the CRC catalogues.
  const vectors: [string, Uint8Array, number][] = [
    ["zeros", new Uint8Array(32), 0x8a9136aa],
    ["ones", new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ["ascending bytes", ascending, 0x46dd794e],
    ["descending bytes", ascending.toReversed(), 0x113fdb5c],
    ["the digits 1 to 9", Buffer.from("123456789"), 0xe3069283],
  ];
  for (const [what, bytes, crc] of vectors) {
    it(`of ${what} is as others compute it`, () => expect(crc32c(bytes, 0, bytes.length)).to.equal(crc));
  }

  it("can be computed in parts, and reads no further than there are bytes", () => {
    expect(crc32c(ascending, 10, 32, crc32c(ascending, 0, 10))).to.equal(0x46dd794e);
    expect(crc32c(ascending, 0, 100)).to.equal(0x46dd794e);
    expect(crc32c(ascending, 5, 5)).to.equal(0);
  });
});
