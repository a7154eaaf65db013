import { readFileSync, statSync } from "node:fs";
import type { Setup } from "../forwarding/setup.js";
import { readAssertions } from "./assertions.js";
import { assumedPrefixes, type CapturedSetup, readCaptures } from "./captures.js";
import { Names } from "./names.js";
import { setupPath, type Tree, treeOf } from "./paths.js";
import { fileError, ScenarioError } from "./problem.js";
import type { RawHost, RawScenario, RawSetup, RawStep } from "./raw.js";
import type { Scenario, Step } from "./scenario.js";
import { declarationShape, scenarioShape, setupShape } from "./schema.js";
import { resolveSetup } from "./setup-file.js";
import { type Place, Source } from "./source.js";
import { readSteps, stepReader } from "./steps.js";
import { quoted } from "./suggest.js";

export type { CapturedSetup } from "./captures.js";
export { findScenarios } from "./find.js";
export { ScenarioError } from "./problem.js";

/** What the hosts of a scenario's setup are told beyond what its file says. */
export type HostPatch = Readonly<Record<string, RawHost>>;

/** Reads and checks a scenario file; throws a `ScenarioError` that names everything that is wrong with it. */
export function loadScenario(file: string, patch: HostPatch = {}): Scenario {
  const source = open(file);
  return readScenario(source, scenarioShape(source), patch);
}

/** What a script in the file declares of its scenario: all but the steps; throws a `ScenarioError`. */
export function readDeclaration(file: string, declaration: object, patch: HostPatch = {}): Scenario {
  const source = new Source(file, JSON.stringify(declaration));
  return readScenario(source, { ...declarationShape(source), steps: [] }, patch);
}

/** Reads the steps of a script one after the other, each in the light of those before; throws a `ScenarioError`. */
export function scriptedSteps(file: string, setup: Setup): (step: RawStep) => Step {
  const read = stepReader(new Names(setup), treeOf(file));
  return (step) => {
    const source = new Source(file, JSON.stringify({ title: "a step", setup: "known", steps: [step] }));
    const [raw] = scenarioShape(source).steps as [RawStep];
    const found = read(raw, source.root.at("steps", 0));
    source.throwProblems();
    // Where nothing was noted there is a step.
    return found as Step;
  };
}

function readScenario(source: Source, raw: RawScenario, patch: HostPatch): Scenario {
  const { file } = source;
  const tree = treeOf(file);
  checkCovers(raw.covers ?? [], source.root.at("covers"));
  const before = source.problems.length;
  const setup = setupOf(raw, source.root, tree, patch);
  // Steps are held against the setup: with a wrong one, each of their names would be wrong again.
  if (source.problems.length > before) source.throwProblems();
  const names = new Names(setup);
  const scenario = {
    file,
    title: raw.title,
    setup,
    covers: raw.covers ?? [],
    coversAt: new Map(raw.covers?.map((rule, index) => [rule, source.root.at("covers", index).position])),
    position: source.root.at("steps", 0).position,
    steps: readSteps(raw.steps, source.root.at("steps"), names, tree),
    expect: readAssertions(raw.expect ?? [], source.root.at("expect"), names),
    absent: readAssertions(raw.absent ?? [], source.root.at("absent"), names),
  };
  source.throwProblems();
  return scenario;
}

/** Reads and checks a setup file on its own; throws a `ScenarioError`. */
export function loadSetup(file: string, patch: HostPatch = {}): Setup {
  const source = open(file);
  const setup = resolveSetup(patched(setupShape(source), patch), source.root, "lab");
  source.throwProblems();
  return setup;
}

/**
 * Reads the setup that stands beside captures: it may leave out the client and the models; a MAC that it does not name is
 * empty, to be learnt. Throws a `ScenarioError`.
 */
export function loadCapturedSetup(file: string): CapturedSetup {
  return capturedSetup(open(file));
}

/** The same from the text of a file that need not be there; throws a `ScenarioError`. */
export function readCapturedSetup(file: string, text: string): CapturedSetup {
  const source = new Source(file, text);
  source.throwProblems();
  return capturedSetup(source);
}

function capturedSetup(source: Source): CapturedSetup {
  const raw = setupShape(source);
  const setup = resolveSetup(raw, source.root, "captures");
  const captures = readCaptures(raw, source.root, setup, source.file);
  source.throwProblems();
  const withoutModel = setup.services.filter((_, index) => raw.services[index]?.model === undefined);
  return { setup, captures, withoutModel, assumed: assumedPrefixes(raw) };
}

/** The YAML file at a path; throws a `ScenarioError` where it cannot be read or is no sound YAML. */
export function open(file: string): Source {
  let text: string;
  try {
    if (statSync(file).isDirectory()) throw fileError(file, "this is a folder, not a YAML file");
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof ScenarioError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw fileError(file, code === "ENOENT" ? "there is no such file" : `the file cannot be read (${code})`);
  }
  const source = new Source(file, text);
  source.throwProblems();
  return source;
}

function setupOf(raw: RawScenario, root: Place, tree: Tree, patch: HostPatch): Setup {
  const place = root.at("setup");
  if (typeof raw.setup !== "string") return resolveSetup(patched(raw.setup, patch), place, "lab");
  const path = setupPath(raw.setup, place, tree);
  if (path === undefined) return { services: [], hosts: [] };
  const key = `${path} ${JSON.stringify(patch)}`;
  const known = setups.get(key) ?? loadSetup(path, patch);
  setups.set(key, known);
  return known;
}

function patched(raw: RawSetup, patch: HostPatch): RawSetup {
  const hosts = Object.entries(patch).map(([name, more]) => {
    const own = raw.hosts?.[name] ?? {};
    return [name, { ...own, ...more, sysctl: { ...own.sysctl, ...more.sysctl } }];
  });
  return { ...raw, hosts: { ...raw.hosts, ...Object.fromEntries(hosts) } };
}

/** Setup files that have been read: most scenarios share a few. */
const setups = new Map<string, Setup>();

function checkCovers(covers: readonly string[], place: Place): void {
  for (const [index, rule] of covers.entries()) {
    if (covers.indexOf(rule) < index) place.at(index).complain(`${quoted(rule)} stands twice in \`covers\``);
  }
}
