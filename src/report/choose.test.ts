import { expect } from "chai";
import { chooseJourneys, MOST_JOURNEYS, openJourneys } from "./choose.js";
import { exampleResult } from "./example.js";
import { finding } from "./example-finding.js";
import type { JourneyResult, ScenarioResult } from "./result.js";

const [violated, clean] = exampleResult().scenarios as [ScenarioResult, ScenarioResult];
const plain = (index: number): JourneyResult => ({
  title: `${index}`,
  hops: clean.journeys[0]?.hops.map((hop) => ({ ...hop, frames: [index] })) ?? [],
});

describe("chooseJourneys", () => {
  const many = Array.from({ length: 100 }, (_, index) => plain(index + 1));

  it("shows all where there are few", () => {
    expect(chooseJourneys({ ...clean, journeys: many.slice(0, MOST_JOURNEYS) })).to.deep.equal(
      many.slice(0, MOST_JOURNEYS),
    );
  });

  it("leaves out no journey with a violation, and none that a failure points to, in favour of others", () => {
    const journeys = [...many, ...violated.journeys];
    const findings = [finding("X", { status: "fail", frames: [{ tap: "rs1", number: 77 }] })];
    const titles = chooseJourneys({ ...clean, journeys, findings }).map(({ title }) => title);
    expect(titles).to.have.lengthOf(MOST_JOURNEYS);
    expect(titles.slice(-2)).to.deep.equal(["77", violated.journeys[0]?.title]);
    expect(titles.slice(0, 2)).to.deep.equal(["1", "2"]);
  });
});

describe("openJourneys", () => {
  const journeys = [plain(1), plain(2), plain(3)];
  const open = (among: readonly JourneyResult[], ...findings: ReturnType<typeof finding>[]) =>
    [...openJourneys(among, findings)].map(({ title }) => title);

  it("opens every violation, or what a failure points to, or the first", () => {
    const failure = finding("X", { status: "fail", frames: [{ tap: "rs1", number: 2 }] });
    const broken = violated.journeys[0]?.title;
    expect(open([...journeys, ...violated.journeys], failure)).to.deep.equal([broken]);
    expect(open(journeys, failure)).to.deep.equal(["2"]);
    expect(open(journeys, { ...failure, status: "pass" })).to.deep.equal(["1"]);
    expect(open([])).to.deep.equal([]);
  });
});
