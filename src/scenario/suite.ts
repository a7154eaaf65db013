import { expect, use as useChai } from "chai";
import Mocha from "mocha";
import type { DirectorTraits } from "../director/director.js";
import { ruleById } from "../forwarding/catalogue.js";
import { judge } from "../forwarding/judge.js";
import type { Finding, Rule } from "../forwarding/rule.js";
import type { Setup } from "../forwarding/setup.js";
import { asDeclared, assertionAsDeclared } from "./declared.js";
import { type Executed, execute } from "./execute.js";
import { unsupported } from "./features.js";
import { assertionId, type Judged, judgeAssertions, programFindings, SCRIPT } from "./judgement.js";
import { explain, obeying } from "./obey.js";
import { NotAwake } from "./program.js";
import type { Scenario } from "./scenario.js";
import type { Stage } from "./stage.js";

useChai(obeying);

export interface SuiteOptions {
  /** The rules to judge by, besides those that a scenario covers. */
  readonly rules: readonly Rule[];
  readonly director: DirectorTraits;
  readonly grep?: RegExp;
  readonly bail: boolean;
  /** How many times a scenario that fails one of its tests runs again. */
  readonly retries: number;
  /** How many times each scenario runs. */
  readonly repeat: number;
  /** One of mocha's reporters; left out: nothing is printed. */
  readonly reporter?: string;
  /** The lab with its director for a setup; the same for the same setup. */
  readonly stageOf: (setup: Setup) => Promise<Stage>;
  /** Called each time a scenario has been judged; its tests run on the last result. */
  readonly onJudged: (judged: Judged) => void;
}

/** A run of suites under way. */
export interface SuiteRun {
  /** Resolves when the last test has ended, to what mocha says of those that failed. */
  readonly ended: Promise<readonly string[]>;
  /** Ends after the test that is running. */
  abort(): void;
}

/**
 * Runs scenarios under mocha: each scenario is a suite, each rule that it exercises a test. What the director does not
 * support is judged as such without a lab; its tests are pending.
 */
export function runSuites(scenarios: readonly Scenario[], options: SuiteOptions): SuiteRun {
  const mocha = new Mocha({
    bail: options.bail,
    timeout: 0,
    reporter: options.reporter ?? Silent,
  });
  let last: Promise<unknown> = Promise.resolve();
  // mocha goes on to the next test where a stray exception fails one; two scenarios must not meet in a lab.
  const inTurn: InTurn = (work) => {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  };
  let aborted = false;
  for (let repetition = 1; repetition <= options.repeat; repetition++)
    for (const scenario of scenarios)
      addSuite(
        mocha,
        scenario,
        (tests) => inTurn(() => runAndRetry(scenario, repetition, tests, options, () => aborted)),
        repetition,
        options.grep,
      );
  const failures: string[] = [];
  let runner: Mocha.Runner | undefined;
  const ended = new Promise<readonly string[]>((resolve) => {
    runner = mocha.run(() => {
      resolve(failures);
      // It would go on listening for uncaught exceptions.
      setImmediate(() => runner?.dispose());
    });
    runner.on("fail", (test: Mocha.Test, error: Error) => failures.push(`${test.fullTitle()}: ${error.message}`));
  });
  const abort = () => {
    aborted = true;
    runner?.abort();
  };
  return { ended, abort };
}

/** Our own lines are printed as scenarios are judged. */
class Silent extends Mocha.reporters.Base {
  override epilogue(): void {}
}

type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/** One test of a scenario; throws where the result fails it. */
type Check = (judged: Judged) => void;

/** @param run the scenario until it passes the checks, or for as often as it may. */
function addSuite(
  mocha: Mocha,
  scenario: Scenario,
  run: (checks: readonly Check[]) => Promise<Judged>,
  repetition: number,
  grep: RegExp | undefined,
): void {
  const suite = Mocha.Suite.create(
    mocha.suite,
    repetition === 1 ? scenario.title : `${scenario.title} (${repetition})`,
  );
  suite.file = scenario.file;
  const checks = checksOf(scenario).filter(
    ({ title }) => !grep || grep.test(scenario.title) || grep.test(`${scenario.title} ${title}`),
  );
  let result: Promise<Judged> | undefined;
  for (const { title, check } of checks) {
    const test = new Mocha.Test(title, async function (this: Mocha.Context) {
      result ??= run(checks.map(({ check }) => check));
      const judged = await result;
      if (judged.notSupported !== undefined) this.skip();
      check(judged);
    });
    test.file = scenario.file;
    suite.addTest(test);
  }
}

function checksOf(scenario: Scenario): { title: string; check: Check }[] {
  const asserted = (title: string) => ({
    title,
    check: (judged: Judged) => holds(judged.assertions.filter(({ rule }) => rule === title)),
  });
  return [
    ...scenario.covers.map((title) => ({
      title,
      check: (judged: Judged) => void expect(judged.evidence, judged.problem).to.obey(title),
    })),
    ...scenario.expect.map((assertion) => asserted(assertionId(scenario, "expect", assertion))),
    ...scenario.absent.map((assertion) => asserted(assertionId(scenario, "absent", assertion))),
    ...(scenario.script ? [asserted(SCRIPT)] : []),
    {
      title: "breaks no other rule and runs to its end",
      check: (judged) => {
        holds(judged.findings.filter((finding) => finding.status !== "not-exercised"));
        if (judged.problem) throw new Error(judged.problem);
      },
    },
  ];
}

/** The whole scenario runs again, before any of its tests: all of them, and the report, have the same result. */
async function runAndRetry(
  scenario: Scenario,
  repetition: number,
  checks: readonly Check[],
  options: SuiteOptions,
  aborted: () => boolean,
): Promise<Judged> {
  for (let retries = options.retries; ; retries--) {
    const judged = await runScenario(scenario, repetition, options);
    options.onJudged(judged);
    const isFinal = judged.notSupported !== undefined || retries <= 0 || aborted();
    if (isFinal || checks.every((check) => passes(check, judged))) return judged;
  }
}

function passes(check: Check, judged: Judged): boolean {
  try {
    check(judged);
    return true;
  } catch {
    return false;
  }
}

function holds(findings: readonly Finding[]): void {
  const broken = findings.filter(({ status }) => status !== "pass" && status !== "declared");
  if (broken.length > 0) throw new Error(broken.map((finding) => `${finding.rule}: ${explain(finding)}`).join("\n"));
}

async function runScenario(scenario: Scenario, repetition: number, options: SuiteOptions): Promise<Judged> {
  const lacking = unsupported(scenario, options.director);
  if (lacking !== undefined) return notRun(scenario, repetition, lacking);
  let executed: Executed & { durationMs: number };
  let found: Finding[] = [];
  try {
    executed = await onStage(scenario, options);
    found = judge(executed.evidence, rulesFor(scenario, options));
  } catch (error) {
    // Whatever it is, the other scenarios' results are not to be lost, and this one has not passed.
    const { stack, message } = error instanceof Error ? error : new Error(String(error));
    executed = nothing(scenario.setup, `a fault of hopcheck itself; please report it: ${stack ?? message}`);
  }
  if (executed.notSupported !== undefined) return notRun(scenario, repetition, executed.notSupported);
  const proven = (finding: Finding) => asProven(finding, scenario, executed);
  const findings = [...found, ...programFindings(executed)].map((finding) =>
    asDeclared(proven(finding), options.director),
  );
  // What the steps that were not carried out would have shown is unknown.
  const settled = executed.evidence.settled && executed.problem === undefined;
  const judged = judgeAssertions(scenario, { ...executed.evidence, settled }, executed);
  const assertions = judged.map((finding) => assertionAsDeclared(proven(finding), scenario, options.director));
  return { scenario, ...executed, findings, assertions, repetition };
}

/** What a scenario promises to exercise is judged whatever the profile. */
function rulesFor({ covers }: Scenario, { rules }: SuiteOptions): Rule[] {
  const promised = covers.flatMap((id) => ruleById(id) ?? []);
  return [...new Set([...rules, ...promised])];
}

/** What is said of a scenario that the director has not what it takes for: nothing was tested, and nothing passes. */
function notRun(scenario: Scenario, repetition: number, reason: string): Judged {
  const { evidence, durationMs } = nothing(scenario.setup, reason);
  const findings = scenario.covers.map(
    (rule): Finding => ({ rule, status: "not-supported", frames: [], reason, count: 0, causes: [] }),
  );
  return { scenario, evidence, durationMs, findings, assertions: [], notSupported: reason, repetition };
}

/**
 * A violation in a record with gaps may be a gap, and a rule that a scenario did not exercise before it broke off may
 * have been about to be.
 */
function asProven(finding: Finding, { covers }: Scenario, { problem, incomplete }: Executed): Finding {
  const brokeOff = problem !== undefined && finding.status === "not-exercised" && covers.includes(finding.rule);
  const maybeGap = incomplete && finding.status === "fail";
  return brokeOff || maybeGap ? { ...finding, status: "inconclusive" } : finding;
}

/** Runs the scenario; a lab that cannot be had is a problem of the scenario that needs it. */
async function onStage(scenario: Scenario, options: SuiteOptions): Promise<Executed & { durationMs: number }> {
  let stage: Stage;
  try {
    stage = await options.stageOf(scenario.setup);
  } catch (error) {
    return nothing(scenario.setup, `the lab could not be built: ${(error as Error).message}`);
  }
  const start = performance.now();
  let executed: Executed;
  try {
    executed = await execute(scenario, stage);
  } catch (error) {
    if (!(error instanceof NotAwake)) throw error;
    return nothing(scenario.setup, error.message);
  }
  return { ...executed, durationMs: performance.now() - start };
}

function nothing(setup: Setup, problem: string): Executed & { durationMs: number } {
  const evidence = { setup, frames: [], journeys: [], settled: false };
  return { evidence, problem, problemIn: "lab", incomplete: true, durationMs: 0 };
}
