/** Whether the suite catches a fault, blames the right one for it, and lets no rule fall but those that the fault names. */

import { faultName } from "../../director/reference/faults/fault.js";
import { judge } from "../../forwarding/judge.js";
import type { Rule } from "../../forwarding/rule.js";
import type { Setup } from "../../forwarding/setup.js";
import { execute } from "../execute.js";
import type { Scenario, Step } from "../scenario.js";
import { loadScenarios } from "../script.js";
import type { Stage } from "../stage.js";
import type { Fault, SetupFault } from "./fault.js";
import { type Proof, proofOf, type Trial } from "./proof.js";

export interface Proving {
  readonly rules: readonly Rule[];
  /** The files of the cases. */
  readonly files: readonly string[];
  /** Whether a director of that name can be put into a scenario. */
  readonly supports: Supports;
  /** The lab for a setup, with the director of that name. */
  readonly stageOf: (setup: Setup, director: string) => Promise<Stage>;
}

export type Supports = (scenario: Scenario, director: string) => boolean;

export const DEFAULT_DIRECTOR = "reference";

/** The cases that must catch a fault, with what the fault does to their setups. */
export async function casesOf(
  fault: Fault,
  { files, supports }: Pick<Proving, "files" | "supports">,
): Promise<Scenario[]> {
  const wanted = fault.in === "checker" ? undefined : fault.cases;
  const change = fault.in === "setup" ? fault : undefined;
  const cases: Scenario[] = [];
  for (const file of files) {
    if (wanted && !wanted.some((name) => file.endsWith(`/${name}`))) continue;
    const plain = await plainScenarios(file);
    if (!plain.some(({ covers }) => covers.includes(fault.rule))) continue;
    const scenarios = change ? await changed(file, plain, change) : plain;
    const covering = scenarios.filter(({ covers }) => covers.includes(fault.rule));
    cases.push(...covering.filter((scenario) => supports(scenario, directorOf(fault))));
  }
  return cases;
}

/** What the files hold: all faults ask for it. */
const loaded = new Map<string, Promise<readonly Scenario[]>>();

function plainScenarios(file: string): Promise<readonly Scenario[]> {
  const known = loaded.get(file) ?? loadScenarios([file]);
  loaded.set(file, known);
  return known;
}

/** The scenarios of a file with what the fault changes; a case that has none of the hosts concerned cannot show it. */
async function changed(file: string, plain: readonly Scenario[], { hosts, answers }: SetupFault): Promise<Scenario[]> {
  const names = Object.keys(hosts);
  const hasAll = plain.every(({ setup }) => names.every((name) => setup.hosts.some((host) => host.name === name)));
  const scenarios = hasAll ? await loadScenarios([file], hosts) : [];
  const answer = (step: Step) => (step.kind === "answer" ? { ...step, fields: { ...step.fields, ...answers } } : step);
  return scenarios.map((scenario) => ({ ...scenario, steps: scenario.steps.map(answer) }));
}

export function directorOf(fault: Fault): string {
  return (fault.in === "setup" ? fault.director : undefined) ?? DEFAULT_DIRECTOR;
}

export async function prove(fault: Fault, proving: Proving): Promise<Proof> {
  const trials: Trial[] = [];
  for (const scenario of await casesOf(fault, proving)) {
    const failed = (error: unknown) => ({ scenario, failures: [], untried: String(error) });
    trials.push(await tryOut(fault, scenario, proving).catch(failed));
  }
  return proofOf(fault, trials);
}

/** Runs one case with the fault in place. */
async function tryOut(fault: Fault, scenario: Scenario, { rules, stageOf }: Proving): Promise<Trial> {
  const stage = await stageOf(scenario.setup, directorOf(fault));
  // Also where the fault is elsewhere: the director then begins as one that has seen nothing yet.
  stage.director.commit?.(fault.in === "director" ? faultName(fault) : undefined);
  const { evidence, problem } = await execute(scenario, stage);
  if (fault.in === "director") stage.director.commit?.(undefined);
  const findings = judge(evidence, rules);
  const failures = findings.filter(({ status }) => status === "fail");
  if (fault.in === "checker") {
    const [rule] = rules.filter(({ id }) => id === fault.rule);
    const wrong = (rule?.naive?.(evidence) ?? []).filter(({ status }) => status === "fail");
    // The guard is caught failing where it passes nothing that the naive checker fails.
    const passes = findings.some(({ rule: id, status }) => id === fault.rule && status === "pass");
    if (passes) failures.push(...wrong.slice(0, 1));
  }
  return { scenario, failures, ...(problem === undefined ? {} : { problem }) };
}
