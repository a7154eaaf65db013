/** Whether the suite catches a fault, and blames nobody else for it. */

import { basename } from "node:path";
import { judge } from "../../forwarding/judge.js";
import type { Finding, Rule } from "../../forwarding/rule.js";
import type { Setup } from "../../forwarding/setup.js";
import { execute } from "../execute.js";
import type { Scenario, Step } from "../scenario.js";
import { loadScenarios } from "../script.js";
import type { Stage } from "../stage.js";
import type { Fault, SetupFault } from "./fault.js";

/** What a fault was found to break. */
export interface Proof {
  readonly fault: Fault;
  /** The cases that were run, by title. */
  readonly cases: readonly string[];
  /** Whether its rule fell, and for the right reasons. */
  readonly caught: boolean;
  /** What is wrong with the suite, a sentence each: nothing where the fault was caught and the blame exact. */
  readonly complaints: readonly string[];
  /** Rules that fell with it, as the fault says that they must. */
  readonly followed: readonly string[];
}

export interface Proving {
  readonly rules: readonly Rule[];
  /** The files of the cases. */
  readonly files: readonly string[];
  /** The lab for a setup, with the director of that name. */
  readonly stageOf: (setup: Setup, director: string) => Promise<Stage>;
}

export const DEFAULT_DIRECTOR = "reference";

/** The cases that must catch a fault, with what the fault does to their setups. */
export async function casesOf(fault: Fault, files: readonly string[]): Promise<Scenario[]> {
  const wanted = fault.in === "checker" ? undefined : fault.cases;
  const change = fault.in === "setup" ? fault : undefined;
  const cases: Scenario[] = [];
  for (const file of files) {
    if (wanted && !wanted.some((name) => file.endsWith(`/${name}`))) continue;
    const plain = await loadScenarios(file);
    if (!plain.some(({ covers }) => covers.includes(fault.rule))) continue;
    const scenarios = change ? await changed(file, plain, change) : plain;
    cases.push(...scenarios.filter(({ covers }) => covers.includes(fault.rule)));
  }
  return cases;
}

/** The scenarios of a file with what the fault changes; a case that has none of the hosts concerned cannot show it. */
async function changed(file: string, plain: readonly Scenario[], { hosts, answers }: SetupFault): Promise<Scenario[]> {
  const names = Object.keys(hosts);
  const hasAll = plain.every(({ setup }) => names.every((name) => setup.hosts.some((host) => host.name === name)));
  const scenarios = hasAll ? await loadScenarios(file, hosts) : [];
  const answer = (step: Step) => (step.kind === "answer" ? { ...step, fields: { ...step.fields, ...answers } } : step);
  return scenarios.map((scenario) => ({ ...scenario, steps: scenario.steps.map(answer) }));
}

export function directorOf(fault: Fault): string {
  return (fault.in === "setup" ? fault.director : undefined) ?? DEFAULT_DIRECTOR;
}

export async function prove(fault: Fault, proving: Proving): Promise<Proof> {
  const cases = await casesOf(fault, proving.files);
  const fallen: Finding[] = [];
  const problems: string[] = [];
  for (const scenario of cases) {
    const stage = await proving.stageOf(scenario.setup, directorOf(fault));
    if (fault.in === "director") stage.director.commit?.(fault.rule);
    const { evidence, problem } = await execute(scenario, stage);
    if (fault.in === "director") stage.director.commit?.(undefined);
    const findings = judge(evidence, proving.rules);
    if (problem !== undefined) problems.push(`${basename(scenario.file)}: ${problem}`);
    if (fault.in === "checker") {
      const [rule] = proving.rules.filter(({ id }) => id === fault.rule);
      const naive = rule?.naive?.(evidence) ?? [];
      // The guard is caught failing where it passes nothing that the naive checker fails.
      const passes = findings.some(({ rule: id, status }) => id === fault.rule && status === "pass");
      if (naive.some(({ status }) => status === "fail") && passes) fallen.push({ ...naive[0], causes: [] } as Finding);
      fallen.push(...findings.filter(({ status }) => status === "fail"));
    } else fallen.push(...findings.filter(({ status }) => status === "fail"));
  }
  return verdictOf(fault, cases, fallen, problems);
}

function verdictOf(
  fault: Fault,
  cases: readonly Scenario[],
  fallen: readonly Finding[],
  problems: readonly string[],
): Proof {
  const own = fallen.filter(({ rule }) => rule === fault.rule);
  const also = fault.in === "checker" ? {} : (fault.also ?? {});
  const others = [...new Set(fallen.map(({ rule }) => rule))].filter((rule) => rule !== fault.rule);
  const strangers = others.filter((rule) => !Object.hasOwn(also, rule));
  const complaints = [
    ...(cases.length === 0 ? ["no case exercises the rule"] : []),
    ...(own.length === 0 && cases.length > 0 ? [`${fault.rule} holds all the same`, ...problems] : []),
    ...strangers.map((rule) => `${rule} falls, and the fault does not say so: ${said(fallen, rule)}`),
    ...Object.keys(also)
      .filter((rule) => !others.includes(rule))
      .map((rule) => `${rule} should fall as well, and holds`),
    ...(fault.in === "checker" ? [] : diagnosis(own, fault)),
  ];
  return {
    fault,
    cases: cases.map(({ title }) => title),
    caught: own.length > 0,
    complaints,
    followed: others.filter((rule) => Object.hasOwn(also, rule)),
  };
}

/** Whether the findings suspect the right one and rank the right cause first. */
function diagnosis(own: readonly Finding[], { suspect, cause }: { suspect: string; cause: string }): string[] {
  const suspects = [...new Set(own.map((finding) => finding.suspect ?? "nobody"))];
  const causes = [...new Set(own.map(({ causes: [first] }) => first?.id ?? "none"))];
  return [
    ...suspects.filter((found) => found !== suspect).map((found) => `it suspects ${found} and not ${suspect}`),
    ...causes.filter((found) => found !== cause).map((found) => `the first cause is ${found} and not ${cause}`),
  ];
}

function said(fallen: readonly Finding[], rule: string): string {
  const finding = fallen.find((candidate) => candidate.rule === rule);
  return `${finding?.field ?? "…"}: ${finding?.expected} / ${finding?.observed}`;
}
