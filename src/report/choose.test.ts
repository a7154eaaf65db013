import { expect } from "chai";
import { firstJourney } from "./choose.js";
import { exampleResult } from "./example.js";
import { finding } from "./example-finding.js";
import type { JourneyResult, ScenarioResult } from "./result.js";

const [violated, clean] = exampleResult().scenarios as [ScenarioResult, ScenarioResult];
const plain = (index: number): JourneyResult => ({
  title: `${index}`,
  hops: clean.journeys[0]?.hops.map((hop) => ({ ...hop, frames: [index] })) ?? [],
});

describe("firstJourney", () => {
  const journeys = [plain(1), plain(2), plain(3)];
  const failure = finding("X", { status: "fail", frames: [{ tap: "rs1", number: 2 }] });

  it("is one with a violation, or what a failure points to, or the first", () => {
    expect(firstJourney([...journeys, ...violated.journeys], [failure])).to.equal(3);
    expect(firstJourney(journeys, [failure])).to.equal(1);
    expect(firstJourney(journeys, [{ ...failure, status: "pass" }])).to.equal(0);
    expect(firstJourney([], [])).to.equal(0);
  });
});
