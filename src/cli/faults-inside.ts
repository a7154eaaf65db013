import { writeFileSync } from "node:fs";
import { catalogue } from "../forwarding/catalogue.js";
import { renderProof, renderScore, type Score } from "../report/faults.js";
import { makeStyle } from "../report/list.js";
import { type Fault, knownFaults } from "../scenario/faults/fault.js";
import type { Proof } from "../scenario/faults/proof.js";
import { casesOf, directorOf, type Proving, prove } from "../scenario/faults/prove.js";
import { unsupported } from "../scenario/features.js";
import { findScenarios } from "../scenario/load.js";
import type { Scenario } from "../scenario/scenario.js";
import { directorNamed } from "./directors.js";
import { CliError, STATUS } from "./error.js";
import type { FaultsOptions } from "./faults.js";
import { checkPlaces, type Plan, Stages } from "./stages.js";
import { bundledCases, version } from "./version.js";

/** Proves the suite by its faults, inside the namespaces of the run; returns the exit status. */
export async function faults(ids: readonly string[], options: FaultsOptions): Promise<number> {
  const started = performance.now();
  const selected = selectedFaults(ids);
  const files = findScenarios([bundledCases]);
  const supports = (scenario: Scenario, name: string) => unsupported(scenario, directorNamed(name)) === undefined;
  const plans = await plansOf(selected, { files, supports });
  checkPlaces(plans, options.kernel);
  const stages = new Stages(options.kernel).expect(plans);
  const style = makeStyle(process.stdout);
  const proofs: Proof[] = [];
  for (const fault of selected) {
    const proof = await prove(fault, {
      rules: catalogue,
      files,
      supports,
      stageOf: (setup, director) => stages.of({ setup, director: directorNamed(director) }),
    });
    proofs.push(proof);
    process.stdout.write(`${renderProof(row(proof), style).join("\n")}\n`);
  }
  const score = scoreOf(proofs, ids.length === 0);
  const seconds = (performance.now() - started) / 1000;
  process.stdout.write(`${renderScore(score, seconds, style).join("\n")}\n`);
  if (options.out !== undefined) writeFileSync(options.out, `${JSON.stringify(score, null, 2)}\n`);
  return score.exact === score.faults && score.unproven.length === 0 ? STATUS.holds : STATUS.violated;
}

function selectedFaults(ids: readonly string[]): Fault[] {
  const wanted = ids.map((id) => id.toUpperCase());
  const faults = knownFaults().filter(
    ({ rule }) => wanted.length === 0 || wanted.some((id) => rule === id || rule.startsWith(`${id}-`)),
  );
  if (faults.length > 0) return faults;
  throw new CliError(
    STATUS.badInput,
    `no fault breaks a rule called ${ids.join(" or ")}; \`hopcheck rules\` lists all rules`,
  );
}

async function plansOf(faults: readonly Fault[], proving: Pick<Proving, "files" | "supports">): Promise<Plan[]> {
  const plans: Plan[] = [];
  for (const fault of faults)
    for (const { setup } of await casesOf(fault, proving))
      plans.push({ setup, director: directorNamed(directorOf(fault)) });
  return plans;
}

/** @param whole whether all faults were tried: only then a rule without one is known to have none */
function scoreOf(proofs: readonly Proof[], whole: boolean): Score {
  const covered = new Set(proofs.map(({ fault }) => fault.rule));
  return {
    tool: { name: "hopcheck", version },
    rules: catalogue.length,
    faults: proofs.length,
    caught: proofs.filter(({ caught }) => caught).length,
    exact: proofs.filter(({ complaints }) => complaints.length === 0).length,
    unproven: whole ? catalogue.map(({ id }) => id).filter((id) => !covered.has(id)) : [],
    proofs: proofs.map(row),
  };
}

function row({ fault, caught, complaints, followed, cases }: Proof) {
  const also = fault.in === "checker" ? {} : (fault.also ?? {});
  return {
    rule: fault.rule,
    title: fault.title,
    in: where(fault),
    caught,
    followed: followed.map((rule) => ({ rule, why: also[rule] ?? "" })),
    complaints,
    cases,
  };
}

/** Where the fault was put in, in words. */
function where(fault: Fault): string {
  if (fault.in === "checker") return "checker";
  if (fault.in === "setup") return Object.keys(fault.hosts).join(", ") || "real servers";
  return "reference";
}
