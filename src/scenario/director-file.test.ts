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

  it("needs neither deviations nor lacks, and does not have to say whose it is", () => {
    const director = load("name: reference\nmodels: [nat]\n");
    expect(director).to.deep.include({ deviations: {}, lacks: {} });
    expect(director).to.not.have.property("implementation");
  });

  it("says whose it is, and which version", () => {
    const lines = `name: my-lb
models: [dr]
start: ./my-lb
implementation:
  organization: Example
  project: my-lb
  url: https://example.org/lb?a=b#c
  version: "1.10"
  contact: [lb@example.org, "https://example.org/issues"]
`;
    expect(load(lines).implementation).to.deep.equal({
      organization: "Example",
      project: "my-lb",
      url: "https://example.org/lb?a=b#c",
      version: "1.10",
      contact: ["lb@example.org", "https://example.org/issues"],
    });
  });

  const known = Object.keys(drivers)
    .map((name) => `\`${name}\``)
    .join(", ");
  it("starts any command, with the features that it has", () => {
    const director = load(
      "name: my-lb\nmodels: [dr]\nstart: ./my-lb\nneeds: [ip_vs]\nsupports: [rr]\nhost: { vipDevice: none }\n",
    );
    expect(director).to.include({ name: "my-lb", foreign: false });
    expect(director.host).to.deep.equal({ vipDevice: "none" });
    expect(director.lacks).to.not.have.property("rr");
    expect(director.lacks).to.include({
      ipv6: "not among what its file says that it supports",
      "change-servers": "its file has no `change`",
    });
    expect(load("name: my-lb\nmodels: [dr]\nstart: ./my-lb\n")).to.include({ foreign: true });
  });

  it("is refused with the place in a template that nothing can be made of", () => {
    workspace.write("lb.conf.liquid", "vip {{ services[0].vip }}\n{% for x in %}\n");
    expect(refusal("name: my-lb\nmodels: [dr]\nstart: ./my-lb\nconfig: lb.conf.liquid\n")).to.match(
      /^lb\.yaml:4:9: .*lb\.conf\.liquid:2:1: illegal tag: \{% for x in %\}\n/,
    );
  });

  const mistakes: readonly (readonly [text: string, message: string])[] = [
    [
      "name: ipvs\n",
      "lb.yaml:1:1: `models` is missing: how it can forward, such as [ nat, dr ]; [ proxy ] where it does not\n    1 | name: ipvs\n      | ^^^^",
    ],
    [
      "name: ipvs\nmodels: [natt]\n",
      "lb.yaml:2:10: an entry of `models` cannot be `natt`; did you mean `nat`?\n    2 | models: [natt]\n      |          ^^^^",
    ],
    [
      "name: haproxy\nmodels: [nat]\n",
      `lb.yaml:1:7: no director \`haproxy\` comes with hopcheck (known: ${known}); the command that starts one of your own stands under \`start\`\n    1 | name: haproxy\n      |       ^^^^^^^`,
    ],
    [
      "name: ipvs\nmodels: [nat]\nchange: reload\n",
      "lb.yaml:3:1: `change` is of a director that a command starts: name it under `start`\n    3 | change: reload\n      | ^^^^^^",
    ],
    [
      "name: my-lb\nmodels: [nat]\nstart: ./lb\nconfig: lb.conf\n",
      "lb.yaml:4:9: there is no file `lb.conf` (relative to this file)\n    4 | config: lb.conf\n      |         ^^^^^^^",
    ],
    [
      "name: my-lb\nmodels: [nat]\nstart: ./lb\nready: { log: '(' }\n",
      "lb.yaml:4:15: Invalid regular expression: /(/m: Unterminated group\n    4 | ready: { log: '(' }\n      |               ^^^",
    ],
    [
      "name: my-lb\nmodels: [nat]\nstart: ./lb\nsupports: [rr, wrrr]\n",
      "lb.yaml:4:16: unknown feature `wrrr`; did you mean `wrr`?\n    4 | supports: [rr, wrrr]\n      |                ^^^^",
    ],
    [
      "name: my-lb\nmodels: [nat]\nstart: ./lb\nsupports: [rr]\nlacks: { udp: no }\n",
      "lb.yaml:4:1: `supports` names all that it has: nothing is left for `lacks`\n    4 | supports: [rr]\n      | ^^^^^^^^",
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
      "name: ipvs\nmodels: [nat]\nimplementation: { version: 1.10 }\n",
      "lb.yaml:3:28: `version` must be text, but here stands the number `1.1`; put it in quotes\n    3 | implementation: { version: 1.10 }\n      |                            ^^^^",
    ],
    [
      'name: ipvs\nmodels: [nat]\nimplementation: { version: "" }\n',
      'lb.yaml:3:28: `version` is empty; it says: which version of it is tested, in quotes: without them YAML reads 1.10 as the number 1.1. --director-version says it instead\n    3 | implementation: { version: "" }\n      |                            ^^',
    ],
    [
      "name: ipvs\nmodels: [nat]\nimplementation: { url: ftp://example.org }\n",
      "lb.yaml:3:24: `ftp://example.org` is not a URL of http or https (such as https://example.org/lb)\n    3 | implementation: { url: ftp://example.org }\n      |                        ^^^^^^^^^^^^^^^^^",
    ],
    [
      "name: ipvs\nmodels: [nat]\nimplementation: { contact: lb@example.org }\n",
      "lb.yaml:3:28: `contact` must be a list, but here stands the text `lb@example.org`\n    3 | implementation: { contact: lb@example.org }\n      |                            ^^^^^^^^^^^^^^",
    ],
    [
      "name: ipvs\nmodels: [nat]\nimplementation: { contact: [] }\n",
      "lb.yaml:3:28: `contact` is empty; it says: where to ask about it: URLs, mail addresses\n    3 | implementation: { contact: [] }\n      |                            ^^",
    ],
    [
      "name: ipvs\nmodels: [nat]\nimplementation: { contact: [a, 1] }\n",
      "lb.yaml:3:32: an entry of `contact` must be text, but here stands the number `1`; put it in quotes\n    3 | implementation: { contact: [a, 1] }\n      |                                ^",
    ],
    [
      `name: ipvs\nmodels: [nat]\nimplementation:\n  project: >-\n    ${"x".repeat(101)}\n`,
      "lb.yaml:4:12: `project` has 101 characters; at most 100 are allowed\n    4 |   project: >-\n      |            ^^",
    ],
    [
      "name: ipvs\nmodels: [nat]\nimplementation: {}\n",
      "lb.yaml:3:17: `implementation` is empty; write one of `organization`, `project`, `url`, `version`, `contact`\n    3 | implementation: {}\n      |                 ^^",
    ],
    [
      "name: ipvs\nmodels: [nat]\nimplementation:\n  verion: '2'\n",
      "lb.yaml:4:3: unknown key `verion`; did you mean `version`?\n    4 |   verion: '2'\n      |   ^^^^^^",
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
