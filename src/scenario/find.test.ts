import { expect } from "chai";
import { findScenarios } from "./load.js";
import { Workspace } from "./workspace.test-support.js";

describe("findScenarios", () => {
  const workspace = new Workspace();
  after(() => workspace.remove());

  it("finds scenarios in folders, sorted, each once, and nothing else", () => {
    for (const name of ["b.yaml", "nat/a.yaml", "c.scenario.ts", "c.scenario.js", "c.ts", "README.md"])
      workspace.write(name, "");
    workspace.write("node_modules/x/d.yaml", "");
    const { folder } = workspace;
    const found = findScenarios([`${folder}/b.yaml`, folder]);
    const names = found.map((path) => path.slice(folder.length + 1));
    expect(names).to.deep.equal(["b.yaml", "c.scenario.js", "c.scenario.ts", "nat/a.yaml"]);
  });

  it("says what does not exist", () => {
    const message = workspace.messageOf(() => findScenarios([`${workspace.folder}/none`]));
    expect(message).to.equal("none:1:1: there is no such file or folder");
  });

  it("refuses a file that is no scenario", () => {
    const path = workspace.write("notes.txt", "");
    expect(workspace.messageOf(() => findScenarios([path]))).to.equal(
      "notes.txt:1:1: this is not a scenario: their names end in .yaml, .scenario.ts or .scenario.js",
    );
  });
});
