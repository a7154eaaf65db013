import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { DOMParser } from "@xmldom/xmldom";
import { expect } from "chai";
import { InvalidArgumentError } from "commander";
import { parse } from "yaml";
import { renderBadge } from "../report/badge-svg.js";
import { renderConformance } from "../report/conformance.js";
import { renderDots } from "../report/dot.js";
import { exampleResult } from "../report/example.js";
import { renderAnnotations, renderStepSummary } from "../report/github.js";
import { expectGolden, reportFixture } from "../report/golden.test-support.js";
import { readResult, renderJson } from "../report/json.js";
import { renderJunit } from "../report/junit.js";
import { renderScenario, renderSummary } from "../report/list.js";
import type { DirectorResult, RunResult, ScenarioResult, Verdict } from "../report/result.js";
import { FORMATS, formats, isWritten } from "./formats.js";
import { judged } from "./verify-files.js";
import { bySetup } from "./verify-subject.js";

const fixtures = fileURLToPath(new URL("../../fixtures/captures/", import.meta.url));

/** What captures were found to prove, without what differs from run to run and from machine to machine. */
async function judgedCaptures(name: string): Promise<RunResult> {
  const subject = await bySetup(`${fixtures}${name}/setup.yaml`, []);
  const options = { capture: [], profile: "extended", reporter: [] } as const;
  const scenario = judged(subject, options, `hopcheck verify fixtures/captures/${name}/setup.yaml`);
  const { captured: _, ...rest } = scenario;
  const { director: _director, shard: _shard, ...common } = exampleResult();
  return {
    ...common,
    verdict: scenario.verdict as Exclude<Verdict, "not-supported">,
    scenarios: [{ ...rest, file: `fixtures/captures/${name}/setup.yaml`, durationMs: 42 }],
  };
}

const lines = (texts: readonly string[]) => texts.map((text) => `${text}\n`).join("");

/** Each format with the ending of its golden files. */
const RENDERED: readonly (readonly [format: string, ending: string, render: (result: RunResult) => string])[] = [
  [
    "list",
    "list.txt",
    (result) => lines([...result.scenarios.flatMap((one) => renderScenario(one)), ...renderSummary(result)]),
  ],
  ["dot", "dot.txt", (result) => lines(renderDots(result))],
  ["json", "results.json", renderJson],
  ["junit", "junit.xml", renderJunit],
  ["github", "annotations.txt", (result) => lines(renderAnnotations(result))],
  ["github (the summary)", "summary.md", (result) => renderStepSummary(result)],
  ["conformance", "conformance.yaml", renderConformance],
  ["badge", "badge.svg", renderBadge],
];

describe("the formats", () => {
  const results: (readonly [name: string, result: () => Promise<RunResult>])[] = [
    ["example", async () => exampleResult()],
    // Judged for real: one with a violation, one that leaves open who is at fault.
    ["nat-wrong-gateway", () => judgedCaptures("nat-wrong-gateway")],
    ["dr-director-only", () => judgedCaptures("dr-director-only")],
  ];
  for (const [name, result] of results)
    for (const [format, ending, render] of RENDERED) {
      // Thousands of lines of bytes would say what readResult says shorter.
      if (format === "json" && name !== "example") continue;
      it(`${format} of ${name} is as it was`, async () => expectGolden(render(await result()), `${name}.${ending}`));
    }

  it("json is what we read ourselves", async () => {
    for (const [, result] of results) {
      const wanted = await result();
      expect(readResult(renderJson(wanted), "results.json")).to.deep.equal(JSON.parse(JSON.stringify(wanted)));
    }
  });

  it("junit is accepted by the schema, by xmllint", async () => {
    for (const [, result] of results) {
      const input = renderJunit(await result());
      execFileSync("xmllint", ["--noout", "--nonet", "--schema", reportFixture("junit.xsd"), "-"], {
        input,
        stdio: "pipe",
      });
    }
  });

  it("badge is sound XML, and says aloud what it shows", () => {
    const svg = new DOMParser().parseFromString(renderBadge(exampleResult()), "image/svg+xml").documentElement;
    expect(svg?.getAttribute("aria-label")).to.equal("hopcheck: fail, 2 of 8 rules");
    expect(svg?.getElementsByTagName("title")[0]?.textContent).to.equal("hopcheck: fail, 2 of 8 rules");
    const shown = [...(svg?.getElementsByTagName("text") ?? [])].map(({ textContent }) => textContent);
    expect(shown).to.deep.equal(["hopcheck", "fail, 2 of 8 rules"]);
  });

  it("conformance names the kernel for the version where that is not said, and neither where neither is known", () => {
    const implementationOf = (director: DirectorResult) =>
      parse(renderConformance({ ...exampleResult(), director })).implementation;
    const lb = { name: "lb", where: "host-kernel" } as const;
    expect(implementationOf({ ...lb, kernel: "6.1.176" })).to.deep.equal({
      ...lb,
      version: "Linux 6.1.176",
      kernel: "6.1.176",
    });
    expect(implementationOf({ ...lb, kernel: "6.1.176", implementation: { version: "1.10" } })).to.deep.equal({
      ...lb,
      version: "1.10",
      kernel: "6.1.176",
    });
    expect(implementationOf(lb)).to.deep.equal(lb);
  });

  it("conformance counts every rule of a model that was tested, once", async () => {
    for (const [, result] of results)
      for (const profile of parse(renderConformance(await result())).profiles)
        for (const level of [profile.core, profile.extended]) {
          const { passed, failed, inconclusive, declared, skipped } = level.statistics;
          expect(level.failedRules ?? []).to.have.lengthOf(failed);
          expect(level.inconclusiveRules ?? []).to.have.lengthOf(inconclusive);
          expect(level.declaredRules ?? []).to.have.lengthOf(declared);
          expect(level.skippedRules ?? []).to.have.lengthOf(skipped);
          expect(level.result === "success").to.equal(failed + inconclusive + declared + skipped === 0 && passed > 0);
        }
  });

  it("conformance has a profile for each model that was run, and in it no level without rules", () => {
    const result = exampleResult();
    const [directRouting] = result.scenarios as [ScenarioResult, ...ScenarioResult[]];
    const service = { vip: "10.0.0.10", port: 80, protocol: "tcp" } as const;
    const profiles = (...changes: Partial<ScenarioResult>[]) => {
      const scenarios = changes.map((change) => ({ ...directRouting, ...change }));
      const { profiles } = parse(renderConformance({ ...result, scenarios }));
      return profiles.map(({ name, summary, ...levels }: Record<string, unknown>) => [name, ...Object.keys(levels)]);
    };
    const proxy = { models: { declared: "proxy", observed: "proxy" } } as const;
    const nat = { models: { declared: "nat", observed: "none" }, verdict: "not-supported" } as const;
    expect(profiles(proxy, nat)).to.deep.equal([["PROXY", "extended"]]);
    const mixed = {
      models: { declared: "mixed", observed: "mixed" },
      services: [
        { ...service, model: "dr" },
        { ...service, model: "tun" },
      ],
    } as const;
    expect(profiles(mixed)).to.deep.equal([
      ["DR", "core", "extended"],
      ["TUN", "core", "extended"],
    ]);
  });
});

describe("--reporter", () => {
  it("takes several formats, and says what there is where one is none", () => {
    expect(formats("junit, github")).to.deep.equal(["junit", "github"]);
    expect(() => formats("junit,tap", ["spec"])).to.throw(
      InvalidArgumentError,
      `'tap' is none; there are ${FORMATS.join(", ")}, spec.`,
    );
  });

  it("needs a folder for what is written alone", () => {
    const folder = (...reporter: string[]) => isWritten({ reporter });
    expect([folder("list"), folder("dot", "spec"), folder("list", "badge"), folder("github")]).to.deep.equal([
      false,
      false,
      true,
      true,
    ]);
  });
});
