import { expect } from "chai";
import { count, directorPlace, duration, frameList, interval, models } from "./format.js";

describe("duration", () => {
  it("changes its unit with its size", () => {
    expect([0, 42.4, 999, 12_440, 59_949, 59_960, 185_400].map(duration)).to.deep.equal([
      "0 ms",
      "42 ms",
      "999 ms",
      "12.4 s",
      "59.9 s",
      "1 min 00 s",
      "3 min 05 s",
    ]);
  });
});

describe("interval", () => {
  it("shows three significant digits", () => {
    expect(
      [0, 850, 999.6, 1_204, 38_210, 99_960, 999_700, 1_204_000, -38_210, 2.5e9, 4e12].map(interval),
    ).to.deep.equal([
      "0 ns",
      "850 ns",
      "1.00 µs",
      "1.20 µs",
      "38.2 µs",
      "100 µs",
      "1.00 ms",
      "1.20 ms",
      "-38.2 µs",
      "2.50 s",
      "4000 s",
    ]);
  });
});

describe("frameList", () => {
  const frames = [1, 2, 3].map((number) => ({ tap: "rs1", number }));

  it("groups by tap", () => {
    expect(frameList([...frames, { tap: "client", number: 9 }])).to.equal("rs1 #1, #2, #3; client #9");
  });

  it("says how many it leaves out", () => {
    expect(frameList(frames, 2)).to.equal("rs1 #1, #2 and 1 more");
  });
});

describe("words", () => {
  it("counts", () => {
    expect([0, 1, 2].map((number) => count(number, "rule"))).to.deep.equal(["0 rules", "1 rule", "2 rules"]);
  });

  it("names the model that was seen where it is another than the declared one", () => {
    expect(models({ declared: "dr", observed: "dr" })).to.equal("DR");
    expect(models({ declared: "dr", observed: "nat" })).to.equal("DR, saw NAT");
    expect(models({ declared: "mixed", observed: "none" })).to.equal("mixed, saw none");
  });

  it("says where the director forwards", () => {
    expect(directorPlace({ name: "x", where: "userspace" })).to.equal("userspace");
    expect(directorPlace({ name: "x", where: "host-kernel", kernel: "6.8.0" })).to.equal(
      "Linux 6.8.0 in the host's kernel",
    );
  });
});
