import { groupBy } from "../forwarding/group.js";
import { renderFailure, renderProblem } from "./list.js";
import type { FindingResult, RunResult, ScenarioResult } from "./result.js";
import { bySeverity } from "./tally.js";
import { isUnkeptPromise, isWorthSaying, problemOf, wasRun } from "./verdict.js";
import { allVisible } from "./visible.js";
import { renderXml, type XmlElement } from "./xml.js";

/**
 * The result as JUnit's XML, in the dialect that the xUnit plugin of Jenkins publishes as junit-10.xsd.
 *
 * A scenario is a suite, a rule or an assertion in it a test case; a rule that nothing exercised and nobody promised to is
 * none. `error` is left to what hopcheck or the machine could not do; what was not settled is a failure all the same, of
 * the type `inconclusive`: nobody may take it for a pass.
 */
export function renderJunit(result: RunResult): string {
  const { startedAt, durationMs, scenarios, director } = allVisible(result);
  const suites = scenarios.map((scenario, index) => suite(scenario, index, { startedAt, director: director?.name }));
  const sum = (name: "tests" | "failures" | "errors") =>
    suites.reduce((total, { attributes }) => total + Number(attributes?.[name]), 0);
  return renderXml({
    name: "testsuites",
    attributes: {
      name: "hopcheck",
      tests: sum("tests"),
      failures: sum("failures"),
      errors: sum("errors"),
      time: seconds(durationMs),
    },
    content: suites,
  });
}

interface Run {
  readonly startedAt: string;
  readonly director: string | undefined;
}

function suite(scenario: ScenarioResult, index: number, { startedAt, director }: Run): XmlElement {
  const cases = testCases(scenario);
  const having = (name: string) =>
    cases.filter(({ content = [] }) => typeof content !== "string" && content.some((one) => one.name === name)).length;
  const { title, file, durationMs, verdict, models, capture, reproduce } = scenario;
  const properties = {
    director,
    verdict,
    model: models.declared,
    observed: models.observed,
    capture,
    again: reproduce,
  };
  return {
    name: "testsuite",
    attributes: {
      id: index,
      name: title,
      file,
      tests: cases.length,
      failures: having("failure"),
      errors: having("error"),
      skipped: having("skipped"),
      time: seconds(durationMs),
      timestamp: startedAt.replace(/(\.\d+)?Z$/, ""),
    },
    content: [
      {
        name: "properties",
        content: Object.entries(properties).flatMap(([name, value]) =>
          value === undefined ? [] : [{ name: "property", attributes: { name, value } }],
        ),
      },
      ...cases,
    ],
  };
}

function testCases(scenario: ScenarioResult): XmlElement[] {
  const told = scenario.findings.filter((finding) => finding.covered || finding.status !== "not-exercised");
  const rules = groupBy(told, ({ rule }) => rule);
  return [
    ...[...rules.values()].map((findings) => ruleCase(scenario, bySeverity(findings))),
    testCase(scenario, "the scenario as a whole", wholeOutcome(scenario), scenario.durationMs),
  ];
}

function testCase(
  { file }: ScenarioResult,
  name: string,
  outcome: XmlElement | undefined,
  durationMs: number,
): XmlElement {
  return {
    name: "testcase",
    // Readers that show a tree make it from the dots.
    attributes: { classname: file.replace(/\.\w+$/, "").replaceAll("/", "."), name, time: seconds(durationMs) },
    content: outcome === undefined ? [] : [outcome],
  };
}

/** @param findings all of one rule, the worst first */
function ruleCase(scenario: ScenarioResult, findings: readonly FindingResult[]): XmlElement {
  const [worst] = findings as [FindingResult];
  return testCase(scenario, `${worst.rule} ${worst.title}`, ruleOutcome(scenario, worst, findings), 0);
}

function ruleOutcome(
  scenario: ScenarioResult,
  worst: FindingResult,
  findings: readonly FindingResult[],
): XmlElement | undefined {
  const { status, level, reason, lookedFor } = worst;
  if (isWorthSaying(worst, scenario)) {
    const wrong = findings.filter((finding) => isWorthSaying(finding, scenario));
    const text = wrong.map((finding) => renderFailure(scenario, finding).join("\n")).join("\n\n");
    return outcome("failure", status === "fail" ? level : status, summary(worst), text);
  }
  if (status === "inconclusive" || isUnkeptPromise(worst))
    return outcome("skipped", "inconclusive", "inconclusive: the scenario broke off before this was settled");
  if (status === "declared") return outcome("skipped", status, `declared: ${reason ?? ""}`);
  if (status === "not-supported") return outcome("skipped", status, `not supported: ${reason ?? lookedFor ?? ""}`);
  return undefined;
}

/** What failed, in a line. */
function summary({ status, statement, expected, observed, lookedFor }: FindingResult): string {
  if (status === "inconclusive") return `inconclusive: ${lookedFor ?? statement}`;
  if (status !== "fail") return `not exercised, though the scenario covers it: ${lookedFor ?? statement}`;
  if (expected === undefined && observed === undefined) return statement;
  return `expected ${expected ?? "otherwise"}; observed ${observed ?? "nothing"}`;
}

/** What is wrong with the scenario and with none of its rules. */
function wholeOutcome(scenario: ScenarioResult): XmlElement | undefined {
  const { verdict, problem, problemIn, reason } = scenario;
  if (!wasRun(scenario)) return outcome("skipped", verdict, `not supported: ${reason ?? ""}`);
  const message = problemOf(scenario);
  if (message === undefined) return undefined;
  const type = problem === undefined ? "not-exercised" : "inconclusive";
  return outcome(problemIn === "lab" ? "error" : "failure", type, message, renderProblem(scenario).join("\n"));
}

function outcome(name: "failure" | "error" | "skipped", type: string, message: string, text = ""): XmlElement {
  return { name, attributes: { type, message }, content: text };
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(3);
}
