import { expect } from "chai";
import type { Status } from "../forwarding/rule.js";
import { type Comparison, compareResults, type Side, SLOWER_MS } from "./compare.js";
import { comparisonHtml } from "./compare-html.js";
import { renderComparison, renderMatrix } from "./compare-list.js";
import { comparisonMarkdown, matrixMarkdown } from "./compare-markdown.js";
import { matrixOf } from "./directors.js";
import { exampleResult } from "./example.js";
import { finding } from "./example-finding.js";
import { expectGolden } from "./golden.test-support.js";
import { matrixHtml } from "./matrix-html.js";
import type { FindingResult, RunResult, ScenarioResult } from "./result.js";
import { runVerdict } from "./verdict.js";

const example = exampleResult();
const [directRouting, translation, tunnel] = example.scenarios as [ScenarioResult, ScenarioResult, ScenarioResult];

const side = (
  name: string,
  scenarios: readonly ScenarioResult[],
  change: Partial<RunResult> = {},
): Side & RunResult => ({
  name,
  ...example,
  verdict: runVerdict(scenarios),
  scenarios,
  ...change,
});

/** A scenario with one rule, and one that holds whatever becomes of the other. */
const scenario = (found: Partial<FindingResult> | undefined, change: Partial<ScenarioResult> = {}): ScenarioResult => ({
  ...translation,
  findings: [
    finding("NAT-REQ-01", { status: "pass" }),
    ...(found === undefined ? [] : [finding("GEN-TTL-01", { status: "pass", ...found })]),
  ],
  ...change,
});

type Found = Partial<FindingResult> | undefined;
type Kinds = Exclude<keyof Comparison, "before" | "after">;

/** The lists in which something stands. */
function kinds(comparison: Comparison): Kinds[] {
  const all: Kinds[] = ["broke", "mended", "declared", "unclear", "exercised", "slower", "added", "vanished"];
  return all.filter((kind) => comparison[kind].length > 0);
}

const compared = (before: ScenarioResult[], after: ScenarioResult[]) =>
  compareResults(side("before.json", before), side("after.json", after));

describe("compareResults", () => {
  const idle = { status: "not-exercised", covered: true, count: 0 } as const;
  const unseen = { status: "not-exercised", count: 0 } as const;
  const of = (status: Status) => ({ status });
  const cases: [what: string, before: Found, after: Found, kinds: Kinds[]][] = [
    ["the same", of("fail"), of("fail"), []],
    ["a rule that does not hold any more", of("pass"), of("fail"), ["broke"]],
    ["a violation that was declared before", of("declared"), of("fail"), ["broke"]],
    ["a violation where nothing was known", unseen, of("fail"), ["broke"]],
    ["a violation of a rule that was not there", undefined, of("fail"), ["broke"]],
    ["what is not settled any more", of("pass"), of("inconclusive"), ["broke"]],
    ["a promise that is not kept any more", of("pass"), idle, ["broke"]],
    ["an open question that turned out to be a violation", of("inconclusive"), of("fail"), ["broke"]],
    ["a rule that holds again", of("fail"), of("pass"), ["mended"]],
    ["a question that was settled", of("inconclusive"), of("pass"), ["mended"]],
    ["a promise that is kept now", idle, of("pass"), ["mended"]],
    ["a violation that the director's file excuses now", of("fail"), of("declared"), ["mended"]],
    ["an excuse that is not needed any more", of("declared"), of("pass"), ["mended"]],
    ["an excuse for what held before", of("pass"), of("declared"), ["declared"]],
    ["a rule that nothing exercises any more", of("pass"), unseen, ["unclear"]],
    ["a rule that is not judged any more", of("pass"), undefined, ["unclear"]],
    ["a violation that nothing exercises any more, which mends nothing", of("fail"), unseen, ["unclear"]],
    ["a violation that is an open question now, which mends nothing", of("fail"), of("inconclusive"), ["unclear"]],
    ["a rule that is exercised now", unseen, of("pass"), ["exercised"]],
    ["what was and is unknown", unseen, undefined, []],
  ];
  for (const [what, before, after, expected] of cases)
    it(`tells ${what}`, () => expect(kinds(compared([scenario(before)], [scenario(after)]))).to.deep.equal(expected));

  it("says of a scenario that broke off what it broke off for, and nothing of the rules that it left open", () => {
    const broken = scenario(of("inconclusive"), { problem: "frames were lost", verdict: "inconclusive" });
    const after = compared([scenario(of("pass"))], [broken]);
    expect(after.broke.map(({ rule, title }) => [rule, title])).to.deep.equal([[undefined, "frames were lost"]]);
    expect(kinds(after)).to.deep.equal(["broke"]);
    const before = compared([broken], [scenario(of("pass"))]);
    expect(before.mended.map(({ rule, title }) => [rule, title])).to.deep.equal([[undefined, "frames were lost"]]);
    expect(kinds(before)).to.deep.equal(["mended"]);
    const seen = compared(
      [scenario(of("pass"))],
      [{ ...broken, ...scenario(of("fail"), { problem: "frames were lost" }) }],
    );
    expect(seen.broke.map(({ rule }) => rule)).to.deep.equal(["GEN-TTL-01", undefined]);
  });

  it("takes nothing for no good: a scenario or a run that shows nothing any more broke", () => {
    const nothing = { ...scenario({ status: "not-exercised", count: 0 }), verdict: "fail" as const };
    const idleScenario = {
      ...nothing,
      findings: nothing.findings.map((one) => ({ ...one, status: "not-exercised" as const })),
    };
    const good = scenario({ status: "pass" });
    const bad = scenario({ status: "fail" }, { file: "cases/other.yaml", verdict: "fail" });
    const titles = ({ broke }: Comparison) => broke.map(({ title }) => title);
    const NOTHING = "no rule was seen to hold, and no traffic never passes";
    expect(titles(compared([good, bad], [idleScenario, bad]))).to.deep.equal([NOTHING]);
    expect(titles(compared([good], []))).to.deep.equal([NOTHING]);
    const cut = compareResults(side("a", [good]), side("b", [good], { verdict: "inconclusive" }));
    expect(titles(cut)).to.deep.equal(["the run was cut short"]);
    expect(kinds(compared([idleScenario], [good]))).to.include("mended");
  });

  it("tells scenarios that are new or gone; a violation in a new one broke, what holds in it is no news", () => {
    const other = { file: "cases/nat/other.yaml", title: "Another one" };
    const good = compared([scenario(of("pass"))], [scenario(of("pass")), scenario(of("pass"), other)]);
    expect(kinds(good)).to.deep.equal(["added"]);
    const bad = compared([scenario(of("pass"))], [scenario(of("pass")), scenario(of("fail"), other)]);
    expect(kinds(bad)).to.deep.equal(["broke", "added"]);
    const gone = compared([scenario(of("pass")), scenario(of("fail"), other)], [scenario(of("pass"))]);
    expect(gone.vanished.map(({ title }) => title)).to.deep.equal(["Another one"]);
    expect(kinds(gone)).to.deep.equal(["vanished"]);
  });

  it("says once what changed alike in several scenarios, but each assertion by itself", () => {
    const three = (status: Status, rule = "GEN-TTL-01") =>
      [1, 2, 3].map((number) => ({
        ...scenario(undefined, { file: `cases/${number}.yaml` }),
        findings: [finding(rule, { status })],
      }));
    const rules = compared(three("pass"), three("fail"));
    expect(rules.broke.map(({ scenarios }) => scenarios.map(({ file }) => file))).to.deep.equal([
      ["cases/1.yaml", "cases/2.yaml", "cases/3.yaml"],
    ]);
    expect(compared(three("pass", "expect@3"), three("fail", "expect@3")).broke).to.have.lengthOf(3);
  });

  it("judges a scenario that was repeated by its worst time", () => {
    const flaky = [scenario(of("pass")), scenario(of("fail"), { verdict: "fail" })];
    expect(kinds(compared([scenario(of("pass")), scenario(of("pass"))], flaky))).to.deep.equal(["broke"]);
    expect(kinds(compared(flaky, [scenario(of("pass"))]))).to.deep.equal(["mended"]);
  });

  it("calls slower what takes twice as long and a good deal longer, by the best of repeated times", () => {
    const timed = (...times: number[]) => times.map((durationMs) => scenario(of("pass"), { durationMs }));
    const slower = (before: number[], after: number[]) => compared(timed(...before), timed(...after)).slower.length;
    expect(slower([1000], [1000 + SLOWER_MS])).to.equal(1);
    expect(slower([1000], [999 + SLOWER_MS])).to.equal(0);
    expect(slower([10_000], [19_999])).to.equal(0);
    expect(slower([10_000], [20_000])).to.equal(1);
    expect(slower([10], [10 + SLOWER_MS, 20])).to.equal(0);
    expect(slower([0], [0])).to.equal(0);
  });
});

const before = side("main/results.json", [
  translation,
  tunnel,
  { ...translation, file: "cases/old.yaml", title: "Gone" },
]);
const after = side(
  "pull-request/results.json",
  [
    directRouting,
    {
      ...translation,
      verdict: "fail",
      durationMs: 3_900,
      findings: [
        finding("NAT-REQ-01", { status: "pass" }),
        finding("NAT-REQ-03", { status: "not-exercised", count: 0 }),
        finding("GEN-TTL-01", {
          status: "fail",
          suspect: "director",
          frames: [{ tap: "rs1", number: 1 }],
          expected: "60",
          observed: "61",
        }),
      ],
    },
    { ...tunnel, verdict: "pass", problem: undefined, findings: [finding("TUN-MTU-01", { status: "pass" })] } as never,
  ],
  {
    director: { name: "ipvs", implementation: { version: "1.2.2" }, kernel: "6.1.176", where: "user-mode-linux" },
    startedAt: "2025-11-24T07:12:45Z",
    durationMs: 21_000,
  },
);

/** The style is the report's, and no matter of a comparison. */
const withoutStyle = (html: string) => html.replace(/<style>.*?<\/style>/s, "").replace(/sha256-[^']*/, "sha256-");

describe("a comparison", () => {
  const comparison = compareResults(before, after);
  it("is as it was for a terminal", () =>
    expectGolden(`${renderComparison(comparison).join("\n")}\n`, "comparison.list.txt"));
  it("is as it was in Markdown", () => expectGolden(comparisonMarkdown(comparison), "comparison.md"));
  it("is as it was in HTML", () => expectGolden(withoutStyle(comparisonHtml(comparison)), "comparison.html"));
  it("is as it was in JSON", () => expectGolden(`${JSON.stringify(comparison, undefined, 2)}\n`, "comparison.json"));

  it("says how much did not fit", () => {
    const text = comparisonMarkdown(comparison, 900);
    expect(Buffer.byteLength(text)).to.be.at.most(900);
    expect(text).to.match(/\n\d+ more do not fit here; the report has them\.\n$/);
  });
});

describe("a matrix", () => {
  const nftables = { name: "nftables", where: "host-kernel", kernel: "6.1.176" } as const;
  const matrix = matrixOf([before, { ...after, director: nftables }]);
  it("is as it was for a terminal", () => expectGolden(`${renderMatrix(matrix).join("\n")}\n`, "matrix.list.txt"));
  it("is as it was in Markdown", () => expectGolden(matrixMarkdown(matrix), "matrix.md"));
  it("is as it was in HTML", () => expectGolden(withoutStyle(matrixHtml(matrix)), "matrix.html"));
  it("is as it was in JSON", () => expectGolden(`${JSON.stringify(matrix, undefined, 2)}\n`, "matrix.json"));
});
