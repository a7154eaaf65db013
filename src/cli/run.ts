import { mkdirSync, writeFileSync } from "node:fs";
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
      process.exitCode = insideIsolation() ? await run(paths, options) : await runIsolated(paths, options);
    });
}

/** Everything that needs no lab is checked before one is built. */
async function runIsolated(paths: readonly string[], options: RunOptions): Promise<number> {
  await select(paths, options);
  directorOf(options);
  const reason = await isolationError();
  if (reason) throw new CliError(STATUS.cannotRun, `${reason}\n\`hopcheck doctor\` says what this machine can run.`);
  return isolate();
}

async function run(paths: readonly string[], options: RunOptions): Promise<number> {
  const started = performance.now();
  const startedAt = new Date().toISOString();
  const scenarios = await select(paths, options);
  const director = directorOf(options);
  const out = resolve(options.out ?? `reports/${startedAt.replaceAll(":", "-").slice(0, 19)}`);
  const results: ScenarioResult[] = [];
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
      const result = resultOf(judged, options, out);
      results.push(result);
      if (options.reporter.includes("list")) printScenario(result, style);
    },
  });
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
    suites.abort();
  };
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  await suites.ended;
  if (stages.failure) throw stages.failure;

  const result: RunResult = {
    schemaVersion: 1,
    tool: { name: "hopcheck", version },
    verdict: runVerdict(results),
    director: await stages.describeDirector(),
    startedAt,
    durationMs: Math.round(performance.now() - started),
    scenarios: results,
  };
  await write(result, out, options);
  if (options.reporter.includes("list")) process.stdout.write(`${renderSummary(result, style).join("\n")}\n`);
  if (options.keep && result.verdict !== "pass" && !interrupted) await keepLab(stages.machines());
  return interrupted ? STATUS.interrupted : exitStatus(result.verdict);
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

/** The scenarios that the user asked for, checked; those that share a lab stand together. */
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
  const setups = [...new Set(selected.map(({ setup }) => JSON.stringify(setup)))];
  const lab = ({ setup }: Scenario) => setups.indexOf(JSON.stringify(setup));
  return selected.toSorted((a, b) => lab(a) - lab(b));
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
      this.#fabric ??= Fabric.open(this.#umlSize());
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

  async describeDirector(): Promise<DirectorResult> {
    const setup = this.#scenarios[0]?.setup as Setup;
    const host = setup.hosts.find((host) => host.role === "director");
    const where = host ? placement(setup, this.#director, this.#options.kernel)(host) : "userspace";
    const { name } = this.#director;
    if (where === "userspace") return { name, where };
    if (where === "host-kernel") return { name, where, kernel: (await import("node:os")).release() };
    return { name, where, kernel: (await (await this.#fabric)?.uml())?.release ?? "unknown" };
  }

  machines(): Promise<Stage>[] {
    return [...this.#stages.values()];
  }
}

function resultOf(judged: Judged, options: RunOptions, out: string): ScenarioResult {
  const { scenario, evidence, findings, assertions, problem, durationMs, repetition } = judged;
  const file = relative(process.cwd(), scenario.file);
  const slug = scenario.file
    .replace(/^.*\/cases\//, "")
    .replace(/\.\w+$/, "")
    .replaceAll(/[^\w.-]+/g, "-");
  const capture = `captures/${slug}${repetition > 1 ? `-${repetition}` : ""}.pcapng`;
  const result = collect({
    file,
    title: scenario.title,
    covers: scenario.covers,
    evidence,
    findings: [...findings, ...assertions],
    ...(problem === undefined ? {} : { problem }),
    durationMs,
    capture,
    reproduce: `hopcheck run ${file} --director ${options.director}${options.profile === "core" ? "" : ` --profile ${options.profile}`}`,
  });
  // Every repetition of what passed would say the same; what did not pass is kept whenever it happened.
  const worthKeeping = repetition === 1 || result.verdict !== "pass";
  if (worthKeeping && options.reporter.some((name) => name === "html" || name === "json")) {
    writeFile(`${out}/${capture}`, pcapngBytes(evidence.frames, `hopcheck ${version}`));
    return result;
  }
  const { capture: _, ...without } = result;
  return { ...without, journeys: [] };
}
