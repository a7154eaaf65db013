import { expect } from "chai";
import { catalogue, ruleById } from "../forwarding/catalogue.js";
import { directorNamed } from "./directors.js";
import { select } from "./selection.js";
import { bundledCases } from "./version.js";

describe("the bundled cases", function () {
  this.timeout(60_000);

  const ipvs = directorNamed("ipvs");

  it("of the core profile promise every core rule and no other; the extended ones are all", async () => {
    const core = await select([], ipvs, { profile: "core" });
    const promised = new Set(core.flatMap(({ covers }) => covers));
    expect([...promised].filter((id) => ruleById(id)?.profile !== "core")).to.deep.equal([]);
    const missing = catalogue.filter(({ id, profile }) => profile === "core" && !promised.has(id));
    expect(missing.map(({ id }) => id)).to.deep.equal([]);
    const all = await select([], ipvs, { profile: "extended" });
    expect(new Set(all.flatMap(({ covers }) => covers)).size).to.equal(catalogue.length);
    expect(await select([bundledCases], ipvs, { profile: "core" })).to.have.lengthOf(all.length);
  });
});
