import { expect, use as useChai } from "chai";
import Mocha from "mocha";
import { judge } from "../forwarding/judge.js";
import type { Finding, Rule } from "../forwarding/rule.js";
import type { Setup } from "../forwarding/setup.js";
import { type Executed, execute } from "./execute.js";
import { type Judged, judgeAssertions, SCRIPT } from "./judgement.js";
import { explain, obeying } from "./obey.js";
import type { Scenario } from "./scenario.js";
import type { Stage } from "./stage.js";

useChai(obeying);

export interface SuiteOptions {
  /** The rules to judge by. */
  readonly rules: readonly Rule[];
  readonly grep?: RegExp;
  readonly bail: boolean;
  readonly retries: number;
  /** How many times each scenario runs. */
  readonly repeat: number;
  /** One of mocha's reporters; left out: nothing is printed. */
  readonly reporter?: string;
  /** The lab with its director for a setup; the same for the same setup. */
  readonly stageOf: (setup: Setup) => Promise<Stage>;
  /** Called once a scenario has been judged, before its tests run. */
  readonly onJudged: (judged: Judged) => void;
}

/** A run of suites under way. */
export interface SuiteRun {
  /** Resolves when the last test has ended. */
  readonly ended: Promise<void>;
  /** Ends after the test that is running. */
  abort(): void;
}

/** Runs scenarios under mocha: each scenario is a suite, each rule that it exercises a test. */
export function runSuites(scenarios: readonly Scenario[], options: SuiteOptions): SuiteRun {
  const mocha = new Mocha({
    bail: options.bail,
    retries: options.retries,
    timeout: 0,
    reporter: options.reporter ?? Silent,
    ...(options.grep ? { grep: options.grep } : {}),
  });
  for (let repetition = 1; repetition <= options.repeat; repetition++)
    for (const scenario of scenarios) addSuite(mocha, scenario, repetition, options);
  let runner: Mocha.Runner | undefined;
  const ended = new Promise<void>((resolve) => {
    runner = mocha.run(() => resolve());
  });
  return { ended, abort: () => runner?.abort() };
}

/** Our own lines are printed as scenarios are judged. */
class Silent extends Mocha.reporters.Base {
  override epilogue(): void {}
}

function addSuite(mocha: Mocha, scenario: Scenario, repetition: number, options: SuiteOptions): void {
  const suite = Mocha.Suite.create(
    mocha.suite,
    repetition === 1 ? scenario.title : `${scenario.title} (${repetition})`,
  );
  suite.file = scenario.file;
  let judged: Judged | undefined;
  const run = async (): Promise<Judged> => {
    judged = await runScenario(scenario, repetition, options);
    options.onJudged(judged);
    return judged;
  };
  const addTest = (title: string, body: (judged: Judged) => void) => {
    const test = new Mocha.Test(title, async function (this: Mocha.Context) {
      // A retry is a new run of the whole scenario: judging the same frames again could only say the same.
      const current = judged === undefined || this.test?.isFailed() || retriesOf(test) > 0 ? await run() : judged;
      body(current);
    });
    test.file = scenario.file;
    suite.addTest(test);
  };
  for (const id of scenario.covers) addTest(id, (judged) => expect(judged.evidence, judged.problem).to.obey(id));
  for (const [wanted, assertions] of [
    ["expect", scenario.expect],
    ["absent", scenario.absent],
  ] as const)
    for (const { position } of assertions) {
      const id = `${wanted}@${position.line}`;
      addTest(id, (judged) => holds(judged.assertions.filter((finding) => finding.rule === id)));
    }
  if (scenario.script) addTest(SCRIPT, (judged) => holds(judged.assertions.filter(({ rule }) => rule === SCRIPT)));
  addTest("breaks no other rule and runs to its end", (judged) => {
    holds(judged.findings.filter((finding) => !["pass", "not-exercised", "declared"].includes(finding.status)));
    if (judged.problem) throw new Error(judged.problem);
  });
}

/** mocha keeps the number of the current retry on the test, but its types do not say so. */
function retriesOf(test: Mocha.Test): number {
  return (test as unknown as { currentRetry(): number }).currentRetry();
}

function holds(findings: readonly Finding[]): void {
  const broken = findings.filter((finding) => finding.status !== "pass");
  if (broken.length > 0) throw new Error(broken.map((finding) => `${finding.rule}: ${explain(finding)}`).join("\n"));
}

async function runScenario(scenario: Scenario, repetition: number, options: SuiteOptions): Promise<Judged> {
  const executed = await onStage(scenario, options);
  const found = judge(executed.evidence, options.rules);
  const findings = executed.incomplete ? found.map(unproven) : found;
  const assertions = judgeAssertions(scenario, executed.evidence, executed.expectation);
  return { scenario, ...executed, findings, assertions, repetition };
}

/** A violation seen in a record with gaps may be a gap. */
function unproven(finding: Finding): Finding {
  return finding.status === "fail" ? { ...finding, status: "inconclusive" } : finding;
}

/** Runs the scenario; a lab that cannot be had is a problem of the scenario that needs it. */
async function onStage(scenario: Scenario, options: SuiteOptions): Promise<Executed & { durationMs: number }> {
  let stage: Stage;
  try {
    stage = await options.stageOf(scenario.setup);
  } catch (error) {
    const evidence = { setup: scenario.setup, frames: [], journeys: [], settled: false };
    return {
      evidence,
      problem: `the lab could not be built: ${(error as Error).message}`,
      incomplete: true,
      durationMs: 0,
    };
  }
  const start = performance.now();
  const executed = await execute(scenario, stage);
  return { ...executed, durationMs: performance.now() - start };
}
