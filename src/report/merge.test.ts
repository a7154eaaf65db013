import { expect } from "chai";
import fc from "fast-check";
import { exampleResult } from "./example.js";
import { MergeError, mergeResults, type Part } from "./merge.js";
import type { DirectorResult, RunResult, ScenarioResult } from "./result.js";

const { shard: _, ...example } = exampleResult();
const [failed, passed] = example.scenarios as [ScenarioResult, ScenarioResult];
const ipvs = example.director as DirectorResult;

/** A run of so many scenarios, each with a capture; every third one is of a file that has several. */
function runOf(count: number): RunResult {
  const scenarios = Array.from(
    { length: count },
    (_, index): ScenarioResult => ({
      ...(index % 2 === 0 ? passed : failed),
      file: `cases/${index - (index % 3)}.yaml`,
      title: `scenario ${index}`,
      order: index + 1,
      capture: `captures/${index - (index % 3)}${index % 3 === 0 ? "" : `-${(index % 3) + 1}`}.pcapng`,
    }),
  );
  return { ...example, scenarios };
}

/** What the shards of that run would have written: each names its captures by itself. */
function shardsOf(run: RunResult, count: number): Part[] {
  return Array.from({ length: count }, (_, index): Part => {
    const own = run.scenarios.filter((_, at) => at % count === index);
    const seen = new Map<string, number>();
    const scenarios = own.map((scenario) => {
      const number = (seen.get(scenario.file) ?? 0) + 1;
      seen.set(scenario.file, number);
      const stem = scenario.file.replace(/^cases\/|\.yaml$/g, "");
      return { ...scenario, capture: `captures/${stem}${number === 1 ? "" : `-${number}`}.pcapng` };
    });
    const result = { ...run, shard: { index: index + 1, count }, durationMs: run.durationMs / count, scenarios };
    return { name: `shard-${index + 1}/results.json`, result };
  });
}

const named = (name: string, change: Partial<RunResult> = {}): Part => ({ name, result: { ...example, ...change } });

function refusal(...parts: Part[]): string {
  try {
    mergeResults(parts);
  } catch (error) {
    expect(error).to.be.instanceOf(MergeError);
    return (error as Error).message;
  }
  throw new Error("was accepted");
}

describe("mergeResults", () => {
  it("gives what one run would have given, of shards in any order", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 30 }).chain((scenarios) =>
          fc.integer({ min: 2, max: Math.min(scenarios, 6) }).chain((count) =>
            fc.tuple(
              fc.constant(scenarios),
              fc.shuffledSubarray(
                Array.from({ length: count }, (_, index) => index),
                { minLength: count },
              ),
            ),
          ),
        ),
        ([scenarios, order]) => {
          const run = runOf(scenarios);
          const shards = shardsOf(run, order.length);
          const parts = order.map((index) => shards[index] as Part);
          const { result, captures } = mergeResults(parts);
          expect({ ...result, durationMs: Math.round(result.durationMs) }).to.deep.equal(run);
          expect(captures.map(({ to }) => to)).to.deep.equal(run.scenarios.map(({ capture }) => capture));
          for (const { part, from, to } of captures) {
            const [source] = part.result.scenarios.filter(({ capture }) => capture === from);
            const [target] = result.scenarios.filter(({ capture }) => capture === to);
            expect(target?.title).to.equal(source?.title);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it("takes what two runs both have for a repetition: what passed again is not kept at length", () => {
    const first = named("a.json");
    const second = named("b.json", { startedAt: "2025-11-24T00:00:00Z" });
    const { result, captures } = mergeResults([first, second]);
    expect(result.scenarios.map(({ title }) => title)).to.deep.equal(
      [...example.scenarios, ...example.scenarios].map(({ title }) => title),
    );
    const again = result.scenarios.slice(example.scenarios.length);
    expect(again.map(({ capture }) => capture)).to.deep.equal([
      "captures/dr-arp_2.pcapng",
      undefined,
      undefined,
      undefined,
    ]);
    expect(again[0]?.journeys).to.have.lengthOf.above(0);
    expect(again[1]?.journeys).to.deep.equal([]);
    expect(captures.map(({ part, from, to }) => [part.name, from, to])).to.deep.equal([
      ["a.json", "captures/dr-arp.pcapng", "captures/dr-arp.pcapng"],
      ["a.json", "captures/nat-request.pcapng", "captures/nat-request.pcapng"],
      ["b.json", "captures/dr-arp.pcapng", "captures/dr-arp_2.pcapng"],
    ]);
  });

  it("puts whole runs one behind the other, and says no command that repeats them all", () => {
    const one = named("a.json", { scenarios: [failed], reproduce: "hopcheck run cases/dr" });
    const other = named("b.json", { scenarios: [passed], reproduce: "hopcheck run cases/nat" });
    const { result } = mergeResults([other, one]);
    expect(result.scenarios.map(({ file }) => file)).to.deep.equal([passed.file, failed.file]);
    expect(result.reproduce).to.equal(undefined);
    expect(result.durationMs).to.equal(2 * example.durationMs);
  });

  it("leaves one result as it is, a single shard as well", () => {
    const result = exampleResult();
    expect(mergeResults([{ name: "a.json", result }]).result).to.deep.equal(result);
  });

  it("judges by all scenarios, and not by what the files say of themselves", () => {
    const lying = named("a.json", { verdict: "pass", scenarios: [failed] });
    expect(mergeResults([lying]).result.verdict).to.equal("fail");
    const holds = named("b.json", { verdict: "pass", scenarios: [passed] });
    const interrupted = named("c.json", {
      verdict: "inconclusive",
      scenarios: [passed],
      startedAt: "2025-11-24T00:00:00Z",
    });
    expect(mergeResults([holds]).result.verdict).to.equal("pass");
    expect(mergeResults([holds, interrupted]).result.verdict).to.equal("inconclusive");
    const unsupported = example.scenarios.filter(({ verdict }) => verdict === "not-supported");
    expect(mergeResults([holds, named("d.json", { scenarios: unsupported })]).result.verdict).to.equal("pass");
  });

  it("takes the kernel from a shard that knows it", () => {
    const run = runOf(2);
    const [one, two] = shardsOf(run, 2) as [Part, Part];
    const { kernel: _kernel, ...director } = ipvs;
    const ignorant = { ...one, result: { ...one.result, director } };
    expect(mergeResults([ignorant, two]).result.director).to.deep.equal(run.director);
  });

  it("keeps whose the director is, and puts no two versions of it together", () => {
    const run = runOf(4);
    expect(run.director?.implementation?.version).to.be.a("string");
    expect(mergeResults(shardsOf(run, 2)).result.director).to.deep.equal(run.director);
    const { implementation: _implementation, ...director } = ipvs;
    const why = "results of different versions of a director make no run; --compare holds them against each other";
    const one = named("a.json", { director: { ...director, implementation: { version: "1.0\x1b[2J" } } });
    const two = named("b.json", { director: { ...director, implementation: { version: "2.0" } } });
    expect(refusal(one, two)).to.equal(`a.json is of version 1.0␛[2J, and b.json of version 2.0: ${why}`);
    expect(refusal(two, named("c.json", { director }))).to.equal(
      `b.json is of version 2.0, and c.json of a version that is not said: ${why}`,
    );
  });

  it("lets no capture lead out of its folder", () => {
    for (const capture of ["../../etc/passwd", "/etc/passwd", "a/../../b", "file:///etc/passwd", "a\\b"]) {
      const { result, captures } = mergeResults([named("a.json", { scenarios: [{ ...failed, capture }] })]);
      expect(captures).to.deep.equal([]);
      expect(result.scenarios[0]?.capture).to.equal(undefined);
    }
  });

  const shard = (index: number, count: number, change: Partial<RunResult> = {}) =>
    named(`${index}.json`, { shard: { index, count }, startedAt: `2025-11-24T00:00:0${index}Z`, ...change });

  const refused: [what: string, parts: Part[], sentence: string][] = [
    [
      "another version of hopcheck",
      [named("a.json"), named("b.json", { tool: { name: "hopcheck", version: "0.2.0" } })],
      "a.json is of hopcheck 0.1.0, and b.json of hopcheck 0.2.0: results of different versions make no run",
    ],
    [
      "another director",
      [named("a.json"), named("b.json", { director: { name: "nftables", where: "host-kernel" } })],
      "a.json is of the director ipvs, and b.json of the director nftables: results of different directors make no run; --compare holds them against each other",
    ],
    [
      "another kernel",
      [named("a.json"), named("b.json", { director: { ...ipvs, kernel: "6.2" } })],
      "a.json is of Linux 6.1.176, and b.json of Linux 6.2: what forwarded is not the same",
    ],
    [
      "another profile",
      [named("a.json"), named("b.json", { profile: "core" })],
      "a.json is of the profile extended, and b.json of the profile core: they were judged by different rules",
    ],
    ["a result twice", [named("a.json"), named("b.json")], "a.json and b.json are the same result; give it once"],
    [
      "a missing shard",
      [shard(1, 4), shard(3, 4)],
      "of 4 shards only 2 are here; give the results of the others as well: 2, 4",
    ],
    [
      "billions of missing shards",
      [shard(1, 2e9), shard(2, 2e9)],
      "of 2000000000 shards only 2 are here; give the results of the others as well: 3, 4, 5, 6, 7, 8, 9, 10, …",
    ],
    [
      "parts of another size",
      [shard(1, 2), shard(2, 3)],
      "1.json is shard 1 of 2, and 2.json shard 2 of 3: they are parts of different runs",
    ],
    [
      "a whole run among shards",
      [shard(1, 2), named("b.json")],
      "1.json is shard 1 of 2, and b.json a whole run: they are parts of different runs",
    ],
    [
      "shards of different runs",
      [shard(1, 2, { reproduce: "hopcheck run a" }), shard(2, 2, { reproduce: "hopcheck run b" })],
      "1.json is a shard of `hopcheck run a`, and 2.json one of `hopcheck run b`: put each run's shards together by themselves",
    ],
  ];
  for (const [what, parts, sentence] of refused)
    it(`refuses ${what}`, () => expect(refusal(...parts)).to.equal(sentence));
});
