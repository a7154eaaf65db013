import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { faultName } from "../../director/reference/faults/fault.js";
import { directorFault, directorFaults } from "../../director/reference/faults/known.js";
import { catalogue } from "../../forwarding/catalogue.js";
import { causeIds } from "../../forwarding/causes.js";
import { findScenarios } from "../find.js";
import type { Scenario } from "../scenario.js";
import { type Fault, knownFaults } from "./fault.js";
import { casesOf } from "./prove.js";

const CASES = fileURLToPath(new URL("../../../cases", import.meta.url));

describe("the known faults", () => {
  const rules = new Set(catalogue.map(({ id }) => id));
  const blaming = knownFaults().filter((fault) => fault.in !== "checker");

  it("break rules of the catalogue, in its order, and say why others fall with them", () => {
    const named = knownFaults().map(({ rule }) => rule);
    expect(named.filter((rule) => !rules.has(rule))).to.deep.equal([]);
    const order = [...rules];
    expect(named).to.deep.equal(named.toSorted((one, other) => order.indexOf(one) - order.indexOf(other)));
    for (const { rule, also = {} } of blaming) {
      expect(Object.keys(also).filter((other) => !rules.has(other) || other === rule)).to.deep.equal([]);
      expect(Object.values(also).filter((why) => why === "")).to.deep.equal([]);
    }
  });

  it("want causes that come into question for their rules", () => {
    const strange = blaming.filter(({ rule, cause }) => !causeIds(rule).includes(cause));
    expect(strange.map(({ rule, cause }) => `${rule}: ${cause}`)).to.deep.equal([]);
  });

  it("have names of their own, by which the reference director finds them", () => {
    const names = directorFaults.map(faultName);
    expect(new Set(names).size).to.equal(names.length);
    expect(directorFaults.filter((fault) => directorFault(faultName(fault)) !== fault)).to.deep.equal([]);
    expect(directorFault("gen-ttl-01")).to.equal(directorFaults.find(({ rule }) => rule === "GEN-TTL-01"));
    expect(directorFault("GEN-TTL-99")).to.equal(undefined);
  });

  it("name cases that there are", () => {
    const named = new Set(blaming.flatMap(({ cases = [] }) => cases));
    expect([...named].filter((name) => !existsSync(`${CASES}/${name}`))).to.deep.equal([]);
  });
});

describe("the cases of a fault", () => {
  const all = { files: findScenarios([CASES]), supports: () => true };
  const fault = (rule: string, more: Partial<Fault> = {}) =>
    ({ in: "director", rule, title: "…", suspect: "director", cause: "…", steps: {}, ...more }) as Fault;
  const filesOf = async (wanted: Fault) => (await casesOf(wanted, all)).map(({ file }) => file.slice(CASES.length + 1));

  it("are all that promise to exercise its rule", async () => {
    expect(await filesOf(fault("NAT-REQ-09"))).to.deep.equal(["nat/ip-options.yaml"]);
    expect(await filesOf(fault("NAT-REQ-06"))).to.include.members(["nat/request.yaml", "nat/request-udp.yaml"]);
  });

  it("are of those that it names only these that exercise its rule", async () => {
    const cases = ["nat/request.yaml", "nat/echo.yaml"];
    expect(await filesOf(fault("NAT-REQ-06", { cases }))).to.deep.equal(["nat/request.yaml"]);
  });

  it("are those into which the fault's director can be put", async () => {
    const supports = ({ setup }: Scenario, director: string) => director === "reference" && setup.hosts.length < 6;
    const cases = await casesOf(fault("NAT-TOP-01"), { ...all, supports });
    expect(cases.map(({ file }) => file.slice(CASES.length + 1))).to.deep.equal(["nat/one-arm.yaml"]);
  });

  it("have hosts that are told something wrong, where they have these hosts at all", async () => {
    const hosts = { rs3: { vipDevice: "none" } };
    const [first, ...others] = await casesOf(fault("DR-RS-01", { in: "setup", hosts } as Partial<Fault>), all);
    // dr/dual-homed.yaml and dr/backup-director.yaml exercise the rule as well, with two real servers each.
    expect(
      [first, ...others].map((scenario) => scenario?.setup.hosts.some(({ name }) => name === "rs3")),
    ).to.not.include(false);
    expect(first?.setup.hosts.find(({ name }) => name === "rs3")?.options.vipDevice).to.equal("none");
  });

  it("have answers with other header fields", async () => {
    const answers = { "ip.src": "rs1" };
    const named = { in: "setup", hosts: {}, answers, cases: ["dr/flows.yaml"] } as Partial<Fault>;
    const [scenario] = await casesOf(fault("DR-RSP-01", named), all);
    const changed = scenario?.steps.filter(({ kind }) => kind === "answer");
    expect(changed).to.not.be.empty;
    for (const step of changed ?? []) expect(step).to.have.nested.property("fields.ip\\.src", "rs1");
  });
});
