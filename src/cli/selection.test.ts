import { expect } from "chai";
import { catalogue, ruleById } from "../forwarding/catalogue.js";
import { select } from "./selection.js";
import { bundledCases } from "./version.js";

describe("the bundled cases", function () {
  this.timeout(60_000);

  it("of the core profile promise every core rule and no other; the extended ones are all", async () => {
    const core = await select([], { profile: "core" });
    const promised = new Set(core.flatMap(({ covers }) => covers));
    expect([...promised].filter((id) => ruleById(id)?.profile !== "core")).to.deep.equal([]);
    const missing = catalogue.filter(({ id, profile }) => profile === "core" && !promised.has(id));
    expect(missing.map(({ id }) => id)).to.deep.equal([]);
    const all = await select([], { profile: "extended" });
    expect(new Set(all.flatMap(({ covers }) => covers)).size).to.equal(catalogue.length);
    expect(await select([bundledCases], { profile: "core" })).to.have.lengthOf(all.length);
  });
});
