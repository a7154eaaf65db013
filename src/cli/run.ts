import { accessSync, constants, mkdirSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { Command } from "commander";
import { pcapngBytes } from "../capture/pcapng.js";
import type { Director } from "../director/director.js";
import { knownDirectors } from "../director/known.js";
import { catalogue } from "../forwarding/catalogue.js";
import { modelsOf, type Setup } from "../forwarding/setup.js";
import { Fabric } from "../lab/fabric.js";
import { insideIsolation, isolate, isolationError } from "../lab/isolation.js";
import { collect } from "../report/collect.js";
import { renderHtml } from "../report/html.js";
import { renderJson } from "../report/json.js";
import { makeStyle, renderSummary } from "../report/list.js";
import type { DirectorResult, RunResult, ScenarioResult } from "../report/result.js";
import { exitStatus, runVerdict } from "../report/verdict.js";
import { writeReport } from "../report/write.js";
import type { Judged } from "../scenario/judgement.js";
import { findScenarios, ScenarioError } from "../scenario/load.js";
import type { Scenario } from "../scenario/scenario.js";
import { loadScenarios } from "../scenario/script.js";
import { CannotRun, placement, Stage, umlSizeOf } from "../scenario/stage.js";
import { runSuites } from "../scenario/suite.js";
import { CliError, STATUS } from "./error.js";
import { keepLab } from "./keep.js";
import { printScenario } from "./progress.js";
import { FORMATS, type RunOptions, runOptions } from "./run-options.js";
import { bundledCases, version } from "./version.js";

export function runCommand(): Command {
  return runOptions(new Command("run"))
    .description("run scenarios against a director")
    .action(async (paths: string[], options: RunOptions) => {
      process.exitCode = insideIsolation() ? await run(paths, options) : await runIsolated();
    });
}

async function runIsolated(): Promise<number> {
  const reason = await isolationError();
  if (reason) throw new CliError(STATUS.cannotRun, `${reason}\n\`hopcheck doctor\` says what this machine can run.`);
  return isolate();
}

async function run(paths: readonly string[], options: RunOptions): Promise<number> {
  const started = performance.now();
  const startedAt = new Date().toISOString();
  const director = directorOf(options);
  const selected = await select(paths, options);
  checkPlaces(selected, director, options);
  const scenarios = inOrder(selected, director, options);
  const out = resolve(options.out ?? `reports/${startedAt.replaceAll(":", "-").slice(0, 19)}`);
  if (isWritten(options)) checkFolder(out);
  const results = new Map<string, ScenarioResult>();
  const captures = new CaptureNames();
  const stages = new Stages(scenarios, director, options);
  const style = makeStyle(process.stdout);

  const suites = runSuites(scenarios, {
    rules: catalogue.filter((rule) => options.profile === "extended" || rule.profile === "core"),
    bail: options.bail,
    retries: options.retries,
    repeat: options.repeat,
    ...(options.grep ? { grep: options.grep } : {}),
    ...mochaReporter(options),
    stageOf: (setup) => stages.of(setup),
    onJudged(judged) {
      // Every other scenario would say the same, at length.
      if (stages.failure) return suites.abort();
      const name = captures.of(judged);
      const result = reported(out, () => resultOf(judged, options, out, name));
      // A retry takes the place of what it tries again.
      results.set(name, result);
      if (options.reporter.includes("list")) printScenario(result, style);
    },
  });
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
    suites.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  const failures = await suites.ended;
  if (stages.failure) throw stages.failure;

  const scenarioResults = [...results.values()];
  const result: RunResult = {
    schemaVersion: 1,
    tool: { name: "hopcheck", version },
    verdict: runVerdict(scenarioResults),
    director: await stages.describeDirector(),
    startedAt,
    durationMs: Math.round(performance.now() - started),
    scenarios: scenarioResults,
  };
  await write(result, out, options).catch((error) => {
    throw unwritable(out, error);
  });
  if (options.reporter.includes("list")) process.stdout.write(`${renderSummary(result, style).join("\n")}\n`);
  if (interrupted) return STATUS.interrupted;
  if (options.keep && result.verdict !== "pass") await keepLab(stages.machines());
  if (result.verdict === "pass" && failures.length > 0)
    throw new Error(`all rules hold, but mocha saw failures:\n${failures.join("\n")}`);
  return exitStatus(result.verdict);
}

function isWritten({ reporter }: RunOptions): boolean {
  return reporter.some((name) => name === "html" || name === "json");
}

/** Before anything runs: minutes later, nobody wants to learn that the results have no place. */
function checkFolder(out: string): void {
  reported(out, () => {
    mkdirSync(out, { recursive: true });
    accessSync(out, constants.W_OK | constants.X_OK);
  });
}

function reported<T>(out: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code ? unwritable(out, error) : error;
  }
}

function unwritable(out: string, error: unknown): CliError {
  return new CliError(
    STATUS.badInput,
    `the report cannot be written to ${out}: ${(error as Error).message}\nChoose another folder with --out.`,
  );
}

async function write(result: RunResult, out: string, { reporter }: RunOptions): Promise<void> {
  if (reporter.includes("html") && reporter.includes("json")) await writeReport(result, out);
  else if (reporter.includes("html")) writeFile(`${out}/index.html`, renderHtml(result));
  else if (reporter.includes("json")) writeFile(`${out}/results.json`, renderJson(result));
  else return;
  const name = reporter.includes("html") ? "index.html" : "results.json";
  process.stderr.write(`report: ${relative(process.cwd(), `${out}/${name}`)}\n`);
}

function writeFile(file: string, content: string | Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

function mochaReporter({ reporter }: RunOptions): { reporter?: string } {
  const name = reporter.find((name) => !(FORMATS as readonly string[]).includes(name));
  return name ? { reporter: name } : {};
}

/** The scenarios that the user asked for, checked. */
async function select(paths: readonly string[], { model, shard, grep }: RunOptions): Promise<Scenario[]> {
  const scenarios: Scenario[] = [];
  try {
    for (const file of findScenarios(paths.length > 0 ? paths : [bundledCases]))
      scenarios.push(...(await loadScenarios(file)));
  } catch (error) {
    if (error instanceof ScenarioError) throw new CliError(STATUS.badInput, error.message);
    throw error;
  }
  const selected = scenarios
    .filter((scenario) => !model || [...modelsOf(scenario.setup)].some((used) => model.includes(used)))
    .filter(
      (scenario) =>
        !grep ||
        [scenario.title, ...scenario.covers.map((id) => `${scenario.title} ${id}`)].some((title) => grep.test(title)),
    )
    .filter((_, i) => !shard || i % shard.count === shard.index - 1);
  if (selected.length === 0)
    throw new CliError(
      STATUS.violated,
      `no scenario was selected, of ${scenarios.length}: nothing was tested, and that never passes`,
    );
  return selected;
}

/** Scenarios that share a lab stand together; those that need no User-Mode Linux come first, while it boots. */
function inOrder(scenarios: readonly Scenario[], director: Director, { kernel }: RunOptions): Scenario[] {
  const setups = new Map(scenarios.map(({ setup }) => [JSON.stringify(setup), setup]));
  const needsUml = (setup: Setup) => umlSizeOf([setup], director, kernel).hosts > 0;
  const ranks = [...setups].sort(([, a], [, b]) => Number(needsUml(a)) - Number(needsUml(b))).map(([key]) => key);
  const rank = ({ setup }: Scenario) => ranks.indexOf(JSON.stringify(setup));
  return scenarios.toSorted((a, b) => rank(a) - rank(b));
}

/** @throws CliError where no kernel at hand can take the director or a real server. */
function checkPlaces(scenarios: readonly Scenario[], director: Director, { kernel }: RunOptions): void {
  try {
    umlSizeOf(
      scenarios.map(({ setup }) => setup),
      director,
      kernel,
    );
  } catch (error) {
    throw error instanceof CannotRun ? new CliError(STATUS.cannotRun, error.message) : error;
  }
}

function directorOf({ director: name }: RunOptions): Director {
  const director = knownDirectors.find((director) => director.name === name);
  if (director) return director;
  throw new CliError(
    STATUS.badInput,
    `unknown director ${name}; there are ${knownDirectors.map(({ name }) => name).join(", ")}`,
  );
}

/** The labs of a run, one for each setup, built when the first scenario needs them. */
class Stages {
  readonly #scenarios: readonly Scenario[];
  readonly #director: Director;
  readonly #options: RunOptions;
  readonly #stages = new Map<string, Promise<Stage>>();
  #fabric: Promise<Fabric> | undefined;
  /** Why no lab could be built: a matter of the machine, not of a scenario. */
  failure: CliError | undefined;

  constructor(scenarios: readonly Scenario[], director: Director, options: RunOptions) {
    this.#scenarios = scenarios;
    this.#director = director;
    this.#options = options;
  }

  of(setup: Setup): Promise<Stage> {
    const key = JSON.stringify(setup);
    const known = this.#stages.get(key);
    if (known) return known;
    const stage = this.#build(setup);
    this.#stages.set(key, stage);
    return stage;
  }

  async #build(setup: Setup): Promise<Stage> {
    try {
      this.#fabric ??= Fabric.open(this.#umlSize(), this.#mtu());
      return await Stage.build(await this.#fabric, setup, this.#director, this.#options.kernel);
    } catch (error) {
      if (error instanceof CannotRun) this.failure = new CliError(STATUS.cannotRun, error.message);
      throw error;
    }
  }

  #umlSize() {
    const setups = new Map(this.#scenarios.map(({ setup }) => [JSON.stringify(setup), setup]));
    return umlSizeOf(setups.values(), this.#director, this.#options.kernel);
  }

  #mtu(): number {
    const hosts = this.#scenarios.flatMap(({ setup }) => setup.hosts);
    return Math.max(...hosts.flatMap(({ nics }) => nics.map((nic) => nic.mtu)));
  }

  async describeDirector(): Promise<DirectorResult> {
    const setup = this.#scenarios[0]?.setup as Setup;
    const host = setup.hosts.find((host) => host.role === "director");
    const where = host ? placement(setup, this.#director, this.#options.kernel)(host) : "userspace";
    const { name } = this.#director;
    if (where === "userspace") return { name, where };
    if (where === "host-kernel") return { name, where, kernel: (await import("node:os")).release() };
    const uml = (await this.#fabric)?.uml();
    return { name, where, kernel: (await uml)?.release ?? "unknown" };
  }

  machines(): Promise<Stage>[] {
    return [...this.#stages.values()];
  }
}

/** Names of capture files: that of the scenario file, numbered where several have the same. */
class CaptureNames {
  readonly #names = new Map<Scenario, string>();

  of({ scenario, repetition }: Judged): string {
    const known = this.#names.get(scenario) ?? this.#unused(scenario.file);
    this.#names.set(scenario, known);
    return `captures/${known}${repetition > 1 ? `_${repetition}` : ""}.pcapng`;
  }

  #unused(file: string): string {
    const name = file
      .replace(/^.*\/cases\//, "")
      .replace(/\.\w+$/, "")
      .replaceAll(/[^\w.-]+/g, "-")
      .replace(/^[.-]+/, "");
    const taken = new Set(this.#names.values());
    for (let number = 1; ; number++) {
      const candidate = number === 1 ? name : `${name}-${number}`;
      if (!taken.has(candidate)) return candidate;
    }
  }
}

/** A word as a shell takes it. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function resultOf(judged: Judged, options: RunOptions, out: string, capture: string): ScenarioResult {
  const { scenario, evidence, findings, assertions, problem, durationMs, repetition } = judged;
  const file = relative(process.cwd(), scenario.file);
  const result = collect({
    file,
    title: scenario.title,
    covers: scenario.covers,
    evidence,
    findings: [...findings, ...assertions],
    ...(problem === undefined ? {} : { problem }),
    durationMs,
    capture,
    reproduce: `hopcheck run ${shellWord(file)} --director ${shellWord(options.director)}${options.profile === "core" ? "" : ` --profile ${options.profile}`}`,
  });
  // Every repetition of what passed would say the same; what did not pass is kept whenever it happened.
  const worthKeeping = repetition === 1 || result.verdict !== "pass";
  if (worthKeeping && isWritten(options)) {
    writeFile(`${out}/${capture}`, pcapngBytes(evidence.frames, `hopcheck ${version}`));
    return result;
  }
  const { capture: _, ...without } = result;
  return { ...without, journeys: [] };
}
