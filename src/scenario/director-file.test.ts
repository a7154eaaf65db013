import { expect } from "chai";
import { drivers } from "../director/drivers.js";
import { loadDirector } from "./director-file.js";
import { bundledDirectors, directorPath } from "./paths.js";
import { Workspace } from "./workspace.test-support.js";

describe("a director's file", () => {
  let workspace: Workspace;
  beforeEach(() => {
    workspace = new Workspace();
  });
  afterEach(() => workspace.remove());

  const load = (text: string) => loadDirector(workspace.write("lb.yaml", text));
  const refusal = (text: string) => workspace.messageOf(() => load(text));

  it("says what the director does differently, and what it does not do", () => {
    const { name, models, deviations, lacks, start } = load(
      "name: ipvs\nmodels: [dr]\ndeviations: { GEN-TTL-01: it is a bridge }\nlacks: { sctp: nobody asked for it }\n",
    );
    expect([name, models]).to.deep.equal(["ipvs", ["dr"]]);
    expect(deviations).to.deep.equal({ "GEN-TTL-01": "it is a bridge" });
    expect(lacks).to.deep.equal({ sctp: "nobody asked for it" });
    expect(start).to.equal(drivers.ipvs?.start);
  });

  it("needs neither deviations nor lacks", () => {
    expect(load("name: reference\nmodels: [nat]\n")).to.deep.include({ deviations: {}, lacks: {} });
  });

  const known = Object.keys(drivers)
    .map((name) => `\`${name}\``)
    .join(", ");
  const mistakes: readonly (readonly [text: string, message: string])[] = [
    [
      "name: ipvs\n",
      "lb.yaml:1:1: `models` is missing: how it can forward, such as [ nat, dr ]\n    1 | name: ipvs\n      | ^^^^",
    ],
    [
      "name: ipvs\nmodels: [natt]\n",
      "lb.yaml:2:10: an entry of `models` cannot be `natt`; did you mean `nat`?\n    2 | models: [natt]\n      |          ^^^^",
    ],
    [
      "name: haproxy\nmodels: [nat]\n",
      `lb.yaml:1:7: no director \`haproxy\` can be started (known: ${known})\n    1 | name: haproxy\n      |       ^^^^^^^`,
    ],
    [
      "name: ipvs\nmodels: [nat]\ndeviations:\n  GEN-TTL-1: no\n",
      "lb.yaml:4:3: the catalogue has no rule `GEN-TTL-1`; did you mean `GEN-TTL-01`?\n    4 |   GEN-TTL-1: no\n      |   ^^^^^^^^^",
    ],
    [
      "name: ipvs\nmodels: [nat]\nlacks: { persistance: later }\n",
      "lb.yaml:3:10: unknown feature `persistance`; did you mean `persistence`?\n    3 | lacks: { persistance: later }\n      |          ^^^^^^^^^^^",
    ],
    [
      "name: ipvs\nmodels: [nat]\nlacks: { sctp: }\n",
      "lb.yaml:3:10: `sctp` must be text, but here stands nothing\n    3 | lacks: { sctp: }\n      |          ^^^^",
    ],
    [
      'name: ipvs\nmodels: [nat]\nlacks: { sctp: "" }\n',
      'lb.yaml:3:16: `sctp` is empty; it says: why, in one sentence\n    3 | lacks: { sctp: "" }\n      |                ^^',
    ],
    [
      "name: ipvs\nmodels: [nat]\nlaks: {}\n",
      "lb.yaml:3:1: unknown key `laks`; did you mean `lacks`?\n    3 | laks: {}\n      | ^^^^",
    ],
  ];
  for (const [text, message] of mistakes)
    it(`is refused: ${message.split("\n")[0]}`, () => {
      expect(refusal(text)).to.equal(message);
    });

  it("that is none is refused by its path", () => {
    expect(workspace.messageOf(() => loadDirector(`${workspace.folder}/none.yaml`))).to.equal(
      "none.yaml:1:1: there is no such file",
    );
  });

  it("comes with hopcheck for each director that does, under its name", () => {
    expect(bundledDirectors()).to.deep.equal(Object.keys(drivers).sort());
    for (const name of bundledDirectors()) expect(loadDirector(directorPath(name) ?? "").name).to.equal(name);
  });
});
