import { expect } from "chai";
import { aboutClock } from "./captured-result.js";

describe("what is said of a clock", () => {
  for (const [why, clock, text] of [
    [
      "agrees",
      { aheadNs: -4000, driftNs: 12, uncertaintyNs: 900 },
      "its clock agrees with that of director to within 0.1 ms",
    ],
    [
      "cannot be told exactly",
      { aheadNs: 90_000, driftNs: 0, uncertaintyNs: 230_000 },
      "its clock agrees with that of director to within 0.4 ms",
    ],
    [
      "is behind",
      { aheadNs: -700_012_345, driftNs: 40, uncertaintyNs: 1500 },
      "its clock is 0.7 s behind that of director",
    ],
    ["is a little ahead", { aheadNs: 1_520_000, driftNs: 0 }, "its clock is 1.5 ms ahead of that of director"],
    ["is in another zone", { aheadNs: 7_200_400_000_000, driftNs: 0 }, "its clock is 7200 s ahead of that of director"],
    [
      "drifts",
      { aheadNs: 20_000_000, driftNs: -360_000_000, uncertaintyNs: 20_000 },
      "its clock is 20 ms ahead of that of director, and loses 0.36 s while it records",
    ],
  ] as const) {
    it(`that ${why}`, () => {
      expect(aboutClock({ ...clock, shared: 9 }, "director")).to.equal(text);
    });
  }

  it("that nothing is known of", () => {
    expect(aboutClock({ aheadNs: 0, driftNs: 0, shared: 0 }, "director")).to.equal(
      "shares no packet with the others, so its clock cannot be compared with theirs",
    );
  });
});
