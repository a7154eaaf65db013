import { stringify } from "yaml";
import { catalogue } from "../forwarding/catalogue.js";
import type { Profile } from "../forwarding/rule.js";
import type { Model } from "../forwarding/setup.js";
import { count } from "./format.js";
import type { DirectorResult, FindingResult, RunResult, ScenarioResult } from "./result.js";
import { declaredIn, worstOfRules } from "./tally.js";
import { isUnkeptPromise, wasRun } from "./verdict.js";
import { allVisible } from "./visible.js";

const MODELS: readonly Model[] = ["nat", "dr", "tun", "proxy"];

/**
 * What the director was seen to conform to, in YAML of the shape that Gateway API's conformance reports have: a profile for
 * each model that was tested, and in it the catalogue's two profiles as levels, `core` and `extended`, where the model has
 * rules of that level. A model of which the director supports no scenario has no profile.
 *
 * Every rule of the catalogue is counted at every level that it belongs to: one that no scenario judged is skipped, so
 * that a run of a few cases claims no more than it has shown.
 */
export function renderConformance(result: RunResult): string {
  const { tool, startedAt, director, scenarios, reproduce } = allVisible(result);
  const run = scenarios.filter(wasRun);
  const tested = MODELS.filter((model) => run.some((scenario) => isOf(scenario, model)));
  const report = {
    apiVersion: "hopcheck/v1",
    kind: "ConformanceReport",
    implementation: director ? implementationOf(director) : { name: "captures of a network", where: "captures" },
    hopcheckVersion: tool.version,
    date: startedAt,
    profiles: tested.map((model) => profileOf(scenarios, model)),
    ...(director?.features === undefined ? {} : { supportedFeatures: director.features }),
    ...(director?.lacks === undefined ? {} : { unsupportedFeatures: reasons(director.lacks) }),
    deviations: declaredIn(scenarios),
    reproduce: reproduce === undefined ? [...new Set(scenarios.map((scenario) => scenario.reproduce))] : [reproduce],
  };
  return stringify(report, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** Of a director in a kernel that nobody gives a version, the kernel's is the nearest to one. */
function implementationOf({ name, implementation = {}, kernel, where, models }: DirectorResult) {
  const { organization, project, url, version, contact } = implementation;
  // What is undefined is left out of the YAML.
  return {
    organization,
    project,
    url,
    version: version ?? (kernel === undefined ? undefined : `Linux ${kernel}`),
    contact,
    name,
    kernel,
    where,
    models,
  };
}

function reasons(lacks: Readonly<Record<string, string>>) {
  return Object.entries(lacks).map(([name, reason]) => ({ name, reason }));
}

/** Whether one of its services is of the model; a mixed scenario of an earlier version does not say of which ones it is. */
function isOf({ models: { declared }, services }: ScenarioResult, model: Model): boolean {
  if (declared !== "mixed") return declared === model;
  return services?.some((service) => service.model === model) ?? true;
}

function profileOf(scenarios: readonly ScenarioResult[], model: Model) {
  const own = scenarios.filter((scenario) => isOf(scenario, model));
  const left = own.filter((scenario) => !wasRun(scenario)).length;
  const found = worstOfRules(own);
  const core = level(found, model, "core");
  const extended = level(found, model, "extended");
  return {
    name: model.toUpperCase(),
    summary: [
      ...(core === undefined ? [] : [`Core: ${core.result}.`]),
      ...(extended === undefined ? [] : [`Extended: ${extended.result}.`]),
      `${count(own.length, "scenario")}${left === 0 ? "" : `, ${left} of them not supported`}.`,
    ].join(" "),
    core,
    extended,
  };
}

/** What became of the rules of one level; undefined where the model has none of it, which nothing can conform to. */
function level(found: ReadonlyMap<string, FindingResult>, model: Model, profile: Profile) {
  const own = catalogue.filter((rule) => rule.profile === profile && rule.models.includes(model));
  if (own.length === 0) return undefined;
  const rules: Record<Outcome, string[]> = { failed: [], inconclusive: [], declared: [], skipped: [], passed: [] };
  for (const { id } of own) rules[outcomeOf(found.get(id))].push(id);
  const { failed, inconclusive, declared, skipped, passed } = rules;
  const isPartial = inconclusive.length + declared.length + skipped.length > 0;
  const named = {
    failedRules: failed,
    inconclusiveRules: inconclusive,
    declaredRules: declared,
    skippedRules: skipped,
  };
  return {
    result: failed.length > 0 ? "failure" : isPartial ? "partial" : "success",
    statistics: {
      passed: passed.length,
      failed: failed.length,
      inconclusive: inconclusive.length,
      declared: declared.length,
      skipped: skipped.length,
    },
    ...Object.fromEntries(Object.entries(named).filter(([, ids]) => ids.length > 0)),
  };
}

type Outcome = "passed" | "failed" | "inconclusive" | "declared" | "skipped";

function outcomeOf(finding: FindingResult | undefined): Outcome {
  if (finding === undefined) return "skipped";
  if (finding.status === "fail" || isUnkeptPromise(finding)) return "failed";
  if (finding.status === "inconclusive" || finding.status === "declared") return finding.status;
  return finding.status === "pass" ? "passed" : "skipped";
}
