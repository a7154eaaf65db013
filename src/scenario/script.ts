import { register } from "node:module";
import { resolve } from "node:path";
import { setImmediate } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { type HostPatch, loadScenario, readDeclaration } from "./load.js";
import { fileError, ScenarioError } from "./problem.js";
import type { Position, Scenario, Script } from "./scenario.js";
import { callIn, shownAt } from "./script-calls.js";

/** What a TypeScript scenario says of itself. */
export interface ScriptDeclaration {
  readonly title: string;
  /** As in a YAML file: the name of a setup, a path relative to the scenario's file, or the setup itself. */
  readonly setup: string | object;
  readonly covers?: readonly string[];
}

interface Declared {
  readonly declaration: ScriptDeclaration;
  readonly script: Script;
  /** Made in the call of `scenario`: its stack says where that is. */
  readonly call: Error;
}

let declared: Declared[] = [];

/**
 * Declares a scenario in a `.scenario.ts` or `.scenario.js` file, for what YAML cannot say.
 * The rules that apply are judged as for any scenario; the script's own assertions (chai) come on top.
 */
export function scenario(declaration: ScriptDeclaration, script: Script): void {
  declared.push({ declaration, script, call: new Error("called here") });
}

let stripping = false;

/** What a script declares is told from what others do by when it does: one is read after the other. */
let lastScript: Promise<unknown> = Promise.resolve();

/**
 * The scenarios of files, in the order of the files: one of a YAML file, those that a TypeScript file declares.
 * @throws ScenarioError with what is wrong with the first file that is wrong.
 */
export async function loadScenarios(files: readonly string[], patch?: HostPatch): Promise<Scenario[]> {
  let yaml: Promise<unknown> = Promise.resolve();
  const loading = files.map((file) => {
    if (!file.endsWith(".yaml")) {
      const turn = lastScript.then(() => loadScripts(file, patch));
      lastScript = turn.catch(() => {});
      return turn;
    }
    // TypeScript is read on a thread of its own, which has to be answered meanwhile.
    const turn = yaml.then(() => setImmediate()).then(() => [loadScenario(file, patch)]);
    yaml = turn.catch(() => {});
    return turn;
  });
  const loaded = await Promise.allSettled(loading);
  return loaded.flatMap((one) => {
    if (one.status === "rejected") throw one.reason;
    return one.value;
  });
}

async function loadScripts(file: string, patch?: HostPatch): Promise<Scenario[]> {
  return (await declarationsOf(file)).map(({ declaration, script, call }) => {
    const position = callIn(file, call);
    const scenario = shownAt(position, () => readDeclaration(file, declaration, patch));
    return { ...scenario, script, coversAt: new Map(), position };
  });
}

/** By file: Node runs a module once. */
const known = new Map<string, readonly Declared[]>();

async function declarationsOf(file: string): Promise<readonly Declared[]> {
  const before = known.get(file);
  if (before) return before;
  if (!stripping) register("./script-loader.js", import.meta.url);
  stripping = true;
  declared = [];
  try {
    await import(pathToFileURL(resolve(file)).href);
  } catch (error) {
    throw notLoaded(file, error);
  }
  if (declared.length === 0)
    throw fileError(file, "this file declares no scenario; call `scenario({ title, setup }, async (lab) => { … })`");
  known.set(file, declared);
  return declared;
}

/** Says why a file is no script, and where in it, so far as that is known. */
function notLoaded(file: string, error: unknown): ScenarioError {
  const { message, position } = (error ?? {}) as { message?: string; position?: Position };
  const where = position ?? { file, line: 1, column: 1 };
  return new ScenarioError([{ position: where, message: message ?? String(error) }]);
}
