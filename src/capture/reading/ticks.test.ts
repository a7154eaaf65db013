import { expect } from "chai";
import fc from "fast-check";
import { Ticks } from "./ticks.js";

describe("ticks of a pcapng interface", () => {
  function read(clock: Ticks, ticks: bigint): bigint {
    clock.set(Number(ticks >> 32n), Number(ticks & 0xffffffffn));
    return BigInt(clock.seconds) * 1_000_000_000n + BigInt(clock.nanoseconds);
  }

  it("are microseconds where nobody says otherwise", () => {
    expect(read(new Ticks(), 1_700_000_000_123_456n)).to.equal(1_700_000_000_123_456_000n);
  });

  it("are of any power of ten and of two, rounded down to nanoseconds", () => {
    expect(read(new Ticks(0), 5n)).to.equal(5_000_000_000n);
    expect(read(new Ticks(9), 1_700_000_000_123_456_789n)).to.equal(1_700_000_000_123_456_789n);
    expect(read(new Ticks(12), 1_700_000_123_456_789_999n)).to.equal(1_700_000_123_456_789n);
    expect(read(new Ticks(0x80 | 10), (7n << 10n) | 512n)).to.equal(7_500_000_000n);
    expect(read(new Ticks(0x80 | 32), (7n << 32n) | 0x40000000n)).to.equal(7_250_000_000n);
    expect(read(new Ticks(0xff), 1n)).to.equal(0n);
  });

  it("begin where the offset says", () => {
    expect(read(new Ticks(6, 1_000n), 1n)).to.equal(1_000_000_001_000n);
    expect(read(new Ticks(6, -1_000n), 2_000_000_000n)).to.equal(1_000_000_000_000n);
  });

  it("come out as exact arithmetic has them, whatever their 64 bits and their unit", () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 1n), fc.nat(30), fc.boolean(), (ticks, power, isBinary) => {
        // Beyond 2^53 seconds a number cannot tell them apart.
        fc.pre(power > 12);
        const units = (isBinary ? 2n : 10n) ** BigInt(power);
        expect(read(new Ticks(isBinary ? 0x80 | power : power), ticks)).to.equal((ticks * 1_000_000_000n) / units);
      }),
    );
    fc.assert(
      fc.property(
        fc.bigInt(0n, 2n ** 62n),
        fc.constantFrom(3, 6, 9, 0x80 | 20, 0x80 | 29, 0x80 | 30),
        (ticks, resolution) => {
          const units = (resolution & 0x80 ? 2n : 10n) ** BigInt(resolution & 0x7f);
          fc.pre(ticks / units < 2n ** 53n);
          expect(read(new Ticks(resolution), ticks)).to.equal((ticks * 1_000_000_000n) / units);
        },
      ),
    );
  });
});
