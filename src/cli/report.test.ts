import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { exampleResult } from "../report/example.js";
import { readResult, renderJson } from "../report/json.js";
import type { RunResult, ScenarioResult } from "../report/result.js";
import { LONGEST_SUMMARY } from "../report/step-summary.js";

const main = fileURLToPath(new URL("main.js", import.meta.url));
const { shard: _, ...example } = exampleResult();
const [failed, passed] = example.scenarios as [ScenarioResult, ScenarioResult];

describe("hopcheck report", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "hopcheck-report-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function report(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, "report", ...args], {
      encoding: "utf8",
      cwd: folder,
      env: { ...process.env, GITHUB_STEP_SUMMARY: "", GITHUB_WORKSPACE: "", ...env },
    });
    return { status, stdout, stderr };
  }

  /** Writes a result with a capture for each scenario that names one; returns its path. */
  function result(name: string, change: Partial<RunResult> = {}): string {
    const whole = { ...example, ...change };
    mkdirSync(join(folder, name, "captures"), { recursive: true });
    for (const { capture, title } of whole.scenarios)
      if (capture !== undefined) writeFileSync(join(folder, name, capture), `${name}: ${title}`);
    writeFileSync(join(folder, name, "results.json"), renderJson(whole));
    return `${name}/results.json`;
  }

  const shards = () => [
    result("s1", { shard: { index: 1, count: 2 }, scenarios: [failed] }),
    result("s2", { shard: { index: 2, count: 2 }, scenarios: [passed, { ...failed, file: "cases/b.yaml", order: 3 }] }),
  ];
  const read = (name: string) => readFileSync(join(folder, name), "utf8");

  it("puts shards together: their scenarios in order, their captures beside the report, in every format", () => {
    const formats = "list,html,json,junit,github,conformance,badge";
    const { status, stdout } = report([...shards().toReversed(), "--out", "whole", "--reporter", formats]);
    expect(status).to.equal(1);
    const { scenarios, verdict, shard } = readResult(read("whole/results.json"), "results.json");
    expect([verdict, shard]).to.deep.equal(["fail", undefined]);
    expect(scenarios.map(({ file }) => file)).to.deep.equal([failed.file, passed.file, "cases/b.yaml"]);
    expect(scenarios.map(({ capture = "" }) => read(`whole/${capture}`))).to.deep.equal([
      `s1: ${failed.title}`,
      `s2: ${passed.title}`,
      `s2: ${failed.title}`,
    ]);
    expect(readdirSync(join(folder, "whole")).toSorted()).to.deep.equal([
      "badge.svg",
      "captures",
      "conformance.yaml",
      "index.html",
      "junit.xml",
      "results.json",
      "summary.md",
    ]);
    expect(stdout).to.contain("  capture     whole/captures/dr-arp.pcapng\n");
    expect(stdout).to.match(/^::error file=cases\/dr\/arp\.yaml,line=3,col=10,title=/m);
  });

  it("takes a folder for the result in it, and ends with 0 where all rules hold", () => {
    result("good", { scenarios: [passed] });
    const { status, stdout, stderr } = report(["good", "--reporter", "dot"]);
    expect([status, stderr]).to.deep.equal([0, ""]);
    expect(stdout).to.match(/^\.\n\n1 scenario {2}1 passed/);
    expect(existsSync(join(folder, "reports"))).to.equal(false);
  });

  it("prints workflow commands at the beginning of a line, whatever else is printed", () => {
    const { stdout } = report([result("bad"), "--reporter", "dot,github", "--out", "out"]);
    expect(stdout.match(/::(error|warning|notice) /g)).to.have.lengthOf(4);
    expect(stdout.match(/^::(error|warning|notice) /gm)).to.have.lengthOf(4);
  });

  it("appends to the summary of a step, and keeps it below what GitHub takes", () => {
    const summary = join(folder, "summary");
    const before = "x".repeat(LONGEST_SUMMARY - 2000);
    writeFileSync(summary, before);
    const { status } = report([result("bad"), "--reporter", "github", "--out", "out"], {
      GITHUB_STEP_SUMMARY: summary,
    });
    const text = read("summary");
    expect(status).to.equal(1);
    expect(text.startsWith(`${before}\n## ✗ hopcheck: fail\n`)).to.equal(true);
    expect(text).to.match(/\d more do not fit here; the report has them\.\n$/);
    expect(Buffer.byteLength(text)).to.be.below(LONGEST_SUMMARY);
    expect(existsSync(join(folder, "out/summary.md"))).to.equal(false);
  });

  it("annotates files by their paths in the repository", () => {
    const scenarios = [
      { ...failed, file: join(folder, "repository/cases/a.yaml") },
      { ...failed, file: "/elsewhere/b.yaml" },
    ];
    const args = [result("bad", { scenarios }), "--reporter", "github", "--out", "out"];
    const { stdout } = report(args, { GITHUB_WORKSPACE: join(folder, "repository") });
    expect(stdout).to.match(/^::error file=cases\/a\.yaml,/m);
  });

  it("goes without a capture that is not there, or that leads out of the result's folder", () => {
    const path = result("one", { scenarios: [failed, { ...passed, capture: "captures/link.pcapng" }] });
    rmSync(join(folder, "one/captures/dr-arp.pcapng"));
    rmSync(join(folder, "one/captures/link.pcapng"));
    writeFileSync(join(folder, "secret"), "secret");
    symlinkSync("../../secret", join(folder, "one/captures/link.pcapng"));
    const { stderr } = report([path, "--reporter", "json", "--out", "out"]);
    expect(stderr).to.equal(
      "the capture one/captures/dr-arp.pcapng is left out: it is not there\n" +
        "the capture one/captures/link.pcapng is left out: it leads out of its folder\n" +
        "report: out/results.json\n",
    );
    const { scenarios } = readResult(read("out/results.json"), "results.json");
    expect(scenarios.map(({ capture }) => capture)).to.deep.equal([undefined, undefined]);
  });

  it("renders a result anew in its own folder", () => {
    const { status } = report([result("bad"), "--reporter", "junit,json", "--out", "bad"]);
    expect(status).to.equal(1);
    expect(read("bad/captures/dr-arp.pcapng")).to.equal(`bad: ${failed.title}`);
    expect(read("bad/junit.xml")).to.contain("<testsuites ");
  });

  it("compares two runs of a director: 1 where something broke, 0 where nothing did", () => {
    const [old, now] = [result("old", { scenarios: [passed] }), result("now")];
    const broke = report([old, now, "--compare", "--reporter", "list,html,json,github", "--out", "out"]);
    expect(broke.status).to.equal(1);
    expect(broke.stdout).to.match(/\nsomething broke\n$/);
    expect(readdirSync(join(folder, "out")).toSorted()).to.deep.equal(["compare.html", "compare.json", "summary.md"]);
    const mended = report([now, old, "--compare"]);
    expect([mended.status, mended.stderr]).to.deep.equal([0, ""]);
    expect(mended.stdout).to.match(/\nnothing broke\n$/);
  });

  it("holds several directors against each other, shards of one together", () => {
    const nftables = result("nftables", { director: { name: "nftables", where: "host-kernel" } });
    const { status, stdout } = report([...shards(), nftables, "--compare"]);
    expect(status).to.equal(1);
    expect(stdout).to.match(/^rule +ipvs +nftables$/m);
    expect(stdout).to.contain("ipvs: s1/results.json, s2/results.json: fail");
  });

  const refused: [what: string, args: () => string[], sentence: string][] = [
    ["a result that is not there", () => ["none"], "none: there is no such result; give a results.json, or its folder"],
    ["a folder without one", () => ["."], "results.json: there is no such result; give a results.json, or its folder"],
    [
      "the JSON of something else",
      () => [written("package.json", '{"name":"x"}')],
      "package.json: $: this is no result of hopcheck (results.json): it has no schemaVersion",
    ],
    [
      "a result with something wrong in it",
      () => [written("wrong.json", renderJson(example).replace('"verdict": "fail"', '"verdict": "ok"'))],
      'wrong.json: $.verdict: must be one of "pass", "fail", "inconclusive", not "ok"',
    ],
    [
      "a missing shard",
      () =>
        [...shards(), result("s3", { shard: { index: 1, count: 2 }, scenarios: [], startedAt: "2025-11-24T00:00:00Z" })]
          .slice(0, 1)
          .concat("s3"),
      "of 2 shards only one is here; give the results of the others as well: 2",
    ],
    [
      "to write where it reads",
      () => [...shards(), "--out", "s1"],
      "--out s1: that is the folder of s1/results.json, which is to be read; choose another one",
    ],
    [
      "to compare one result",
      () => [result("one"), "--compare"],
      "--compare takes two results of one director, the earlier one first, or results of several directors; there is one result of ipvs (without --compare, `hopcheck report` puts shards together)",
    ],
    [
      "to compare what was judged by different rules",
      () => [result("one"), result("two", { profile: "core" }), "--compare"],
      "one/results.json was judged by the profile extended, and two/results.json by core: what one leaves out would look like a change",
    ],
    [
      "a comparison as JUnit",
      () => [result("one"), result("two"), "--compare", "--reporter", "junit"],
      "a comparison is not written as junit; there are list, html, json, github",
    ],
  ];
  for (const [what, args, sentence] of refused)
    it(`refuses ${what}`, () => {
      expect(report(args())).to.deep.equal({ status: 2, stdout: "", stderr: `hopcheck: ${sentence}\n` });
    });

  function written(name: string, text: string): string {
    writeFileSync(join(folder, name), text);
    return name;
  }
});
