/** What a fault was found to break, held against what it must. */

import { basename, dirname } from "node:path";
import type { Finding } from "../../forwarding/rule.js";
import type { Scenario } from "../scenario.js";
import type { Fault } from "./fault.js";

/** A case that was run with a fault in place. */
export interface Trial {
  readonly scenario: Pick<Scenario, "title" | "file">;
  /** What fell. */
  readonly failures: readonly Finding[];
  /** Why the case could not be carried out to its end. */
  readonly problem?: string;
  /** Why it could not be tried at all. */
  readonly untried?: string;
}

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

export function proofOf(fault: Fault, trials: readonly Trial[]): Proof {
  const failures = trials.flatMap((trial) => trial.failures);
  const own = failures.filter(({ rule }) => rule === fault.rule);
  const also = fault.in === "checker" ? {} : (fault.also ?? {});
  const others = [...new Set(failures.map(({ rule }) => rule))].filter((rule) => rule !== fault.rule);
  return {
    fault,
    cases: trials.map(({ scenario }) => scenario.title),
    caught: own.length > 0,
    complaints: [
      ...trials.flatMap(({ scenario, untried }) => (untried ? [`${nameOf(scenario)} cannot be run: ${untried}`] : [])),
      ...survival(fault, own, trials),
      ...others.filter((rule) => !Object.hasOwn(also, rule)).map((rule) => wrongBlame(rule, trials)),
      ...Object.keys(also)
        .filter((rule) => !others.includes(rule))
        .map((rule) => `${rule} should fall as well, and holds`),
      ...(fault.in === "checker" ? [] : wrongDiagnosis(own, fault)),
    ],
    followed: others.filter((rule) => Object.hasOwn(also, rule)),
  };
}

function survival({ rule }: Fault, own: readonly Finding[], trials: readonly Trial[]): string[] {
  if (own.length > 0) return [];
  if (trials.length === 0) return ["no case exercises the rule"];
  const problems = trials.flatMap(({ scenario, problem }) =>
    problem === undefined ? [] : [`${nameOf(scenario)}: ${problem}`],
  );
  return [`${rule} holds all the same`, ...problems];
}

function wrongBlame(rule: string, trials: readonly Trial[]): string {
  const [trial] = trials.filter(({ failures }) => failures.some((failure) => failure.rule === rule));
  const failure = trial?.failures.find((candidate) => candidate.rule === rule);
  const seen = `${failure?.field ?? "…"}: ${failure?.expected} / ${failure?.observed}`;
  return `${rule} falls, and the fault does not say so: ${trial && nameOf(trial.scenario)}: ${seen}`;
}

/** Whether the findings suspect the right one and rank the right cause first. */
function wrongDiagnosis(own: readonly Finding[], { suspect, cause }: { suspect: string; cause: string }): string[] {
  const suspects = new Set(own.map((finding) => finding.suspect ?? "nobody"));
  const causes = new Set(own.map(({ causes: [first] }) => first?.id ?? "none"));
  return [
    ...[...suspects].filter((found) => found !== suspect).map((found) => `it suspects ${found} and not ${suspect}`),
    ...[...causes].filter((found) => found !== cause).map((found) => `the first cause is ${found} and not ${cause}`),
  ];
}

/** `nat/request.yaml` */
function nameOf({ file }: Pick<Scenario, "file">): string {
  return `${basename(dirname(file))}/${basename(file)}`;
}
