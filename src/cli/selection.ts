import type { Director } from "../director/director.js";
import { ruleById } from "../forwarding/catalogue.js";
import { modelsOf, type Setup } from "../forwarding/setup.js";
import { findScenarios, type HostPatch, ScenarioError } from "../scenario/load.js";
import type { Scenario } from "../scenario/scenario.js";
import { loadScenarios } from "../scenario/script.js";
import { umlNicsOf } from "../scenario/stage.js";
import { CliError, STATUS } from "./error.js";
import type { RunOptions } from "./run-options.js";
import { bundledCases } from "./version.js";

/**
 * The scenarios that the user asked for, checked: those of the files and folders named, or else the bundled ones whose
 * every promise is within the profile.
 */
export async function select(
  paths: readonly string[],
  director: Director,
  { model, grep, profile }: Pick<RunOptions, "model" | "grep" | "profile">,
): Promise<Scenario[]> {
  let scenarios: Scenario[];
  try {
    scenarios = await loadScenarios(findScenarios(paths.length > 0 ? paths : [bundledCases]), patchOf(director));
  } catch (error) {
    if (error instanceof ScenarioError) throw new CliError(STATUS.badInput, error.message);
    throw error;
  }
  const isWithin = ({ covers }: Scenario) => covers.every((id) => ruleById(id)?.profile === "core");
  const selected = scenarios
    .filter((scenario) => paths.length > 0 || profile === "extended" || isWithin(scenario))
    .filter((scenario) => !model || [...modelsOf(scenario.setup)].some((used) => model.includes(used)))
    .filter(
      (scenario) =>
        !grep ||
        [scenario.title, ...scenario.covers.map((id) => `${scenario.title} ${id}`)].some((title) => grep.test(title)),
    );
  if (selected.length === 0) throw nothingSelected(scenarios.length);
  return selected;
}

/** What a director's file says of its host, which the setups call so. */
function patchOf({ host }: Director): HostPatch | undefined {
  return host === undefined ? undefined : { director: host };
}

/** The part of a run's scenarios that is a shard's. Every shard keeps the order of the whole. */
export function ofShard(scenarios: readonly Scenario[], shard: RunOptions["shard"]): readonly Scenario[] {
  if (shard === undefined) return scenarios;
  const own = scenarios.filter((_, index) => index % shard.count === shard.index - 1);
  if (own.length === 0) throw nothingSelected(scenarios.length);
  return own;
}

function nothingSelected(known: number): CliError {
  return new CliError(
    STATUS.violated,
    `no scenario was selected, of ${known}: nothing was tested, and that never passes`,
  );
}

/** Scenarios that share a lab stand together; those that need no User-Mode Linux come first, while it boots. */
export function inOrder(scenarios: readonly Scenario[], director: Director, { kernel }: RunOptions): Scenario[] {
  const setups = new Map(scenarios.map(({ setup }) => [JSON.stringify(setup), setup]));
  const needsUml = (setup: Setup) => umlNicsOf([{ setup, director }], kernel) > 0;
  const ranks = [...setups].sort(([, a], [, b]) => Number(needsUml(a)) - Number(needsUml(b))).map(([key]) => key);
  const rank = ({ setup }: Scenario) => ranks.indexOf(JSON.stringify(setup));
  return scenarios.toSorted((a, b) => rank(a) - rank(b));
}
