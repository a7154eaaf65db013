import { register } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { loadScenario, parseScenario } from "./load.js";
import { fileError } from "./problem.js";
import type { Scenario, Script } from "./scenario.js";

/** What a TypeScript scenario says of itself. */
export interface ScriptDeclaration {
  readonly title: string;
  /** As in a YAML file: the name of a setup, a path relative to the scenario's file, or the setup itself. */
  readonly setup: string | object;
  readonly covers?: readonly string[];
}

interface Declared extends ScriptDeclaration {
  readonly script: Script;
}

let declared: Declared[] = [];

/**
 * Declares a scenario in a `.scenario.ts` or `.scenario.js` file, for what YAML cannot say.
 * The rules that apply are judged as for any scenario; the script's own assertions (chai) come on top.
 */
export function scenario(declaration: ScriptDeclaration, script: Script): void {
  declared.push({ ...declaration, script });
}

let stripping = false;

/** The scenarios of a file: one of a YAML file, those that a TypeScript file declares. @throws ScenarioError */
export async function loadScenarios(file: string): Promise<Scenario[]> {
  if (file.endsWith(".yaml")) return [loadScenario(file)];
  if (!stripping) register("./script-loader.js", import.meta.url);
  stripping = true;
  declared = [];
  try {
    await import(pathToFileURL(resolve(file)).href);
  } catch (error) {
    throw fileError(file, error instanceof Error ? error.message : String(error));
  }
  if (declared.length === 0)
    throw fileError(file, "this file declares no scenario; call `scenario({ title, setup }, async (lab) => { … })`");
  return declared.map(({ title, setup, covers, script }) => {
    const text = JSON.stringify({ title, setup, covers: covers ?? [], steps: [PLACEHOLDER] });
    return { ...parseScenario(file, text), steps: [], script, setupSource: setup };
  });
}

/** The format wants a step; a script brings its own. */
const PLACEHOLDER = { send: { flow: "placeholder" } };
