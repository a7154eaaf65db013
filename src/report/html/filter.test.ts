import { expect } from "chai";
import { exampleResult } from "../example.js";
import { pageData } from "./build.js";
import { matching } from "./filter.js";
import type { Filter } from "./route.js";

const data = pageData(exampleResult());
const found = (filter: Partial<Filter>) => matching(data, { status: [], ...filter });

describe("the filter of scenarios", () => {
  it("leaves all where nothing is asked for", () => {
    expect(found({})).to.deep.equal([0, 1, 2, 3]);
  });

  it("takes verdicts, the model that was declared or seen, and a rule that was exercised or had to be", () => {
    expect(found({ status: ["fail", "inconclusive"] })).to.deep.equal([0, 2]);
    expect(found({ model: "nat" })).to.deep.equal([1, 3]);
    expect(found({ rule: "DR-ARP-08" })).to.deep.equal([0]);
    expect(found({ rule: "DR-REQ-07" })).to.deep.equal([0]);
    expect(found({ rule: "no such rule" })).to.deep.equal([]);
  });

  it("finds all words in title, file and rules, in whatever case", () => {
    expect(found({ text: "TUNNEL refused" })).to.deep.equal([2]);
    expect(found({ text: "cases/nat" })).to.deep.equal([1, 3]);
    expect(found({ text: "gen-ttl" })).to.deep.equal([1]);
    expect(found({ text: "tunnel nothing" })).to.deep.equal([]);
  });
});
