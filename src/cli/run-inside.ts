import type { Director } from "../director/director.js";
import { directorFault } from "../director/reference/faults/known.js";
import { catalogue } from "../forwarding/catalogue.js";
import type { Setup } from "../forwarding/setup.js";
import type { RunResult, ScenarioResult } from "../report/result.js";
import { exitStatus, runVerdict } from "../report/verdict.js";
import { unsupported } from "../scenario/features.js";
import type { Judged } from "../scenario/judgement.js";
import type { Scenario } from "../scenario/scenario.js";
import { runSuites } from "../scenario/suite.js";
import { commandOf } from "./command.js";
import { directorNamed } from "./directors.js";
import { CliError, STATUS } from "./error.js";
import { writeExtracts } from "./extracts.js";
import { folderFor, reported, unwritable } from "./folder.js";
import { isFormat } from "./formats.js";
import { keepLab } from "./keep.js";
import { ScenarioPrinter } from "./progress.js";
import { CaptureNames, resultOf } from "./results.js";
import type { RunOptions } from "./run-options.js";
import { inOrder, ofShard, select } from "./selection.js";
import { checkPlaces, Stages } from "./stages.js";
import { version } from "./version.js";
import { write } from "./write.js";

/** Runs the scenarios, inside the namespaces of the run; returns the exit status. */
export async function run(paths: readonly string[], options: RunOptions): Promise<number> {
  const started = performance.now();
  const startedAt = new Date().toISOString();
  const director = directorNamed(options.director);
  checkFault(director, options);
  const stages = new Stages(options.kernel);
  // It takes as long as to read the scenarios.
  stages.prepare(director);
  const selected = await select(paths, director, options);
  const isSupported = (scenario: Scenario) => unsupported(scenario, director) === undefined;
  const plansOf = (some: readonly Scenario[]) => some.filter(isSupported).map(({ setup }) => ({ setup, director }));
  checkPlaces(plansOf(selected), options.kernel);
  const supported = inOrder(selected.filter(isSupported), director, options);
  const whole = [...supported, ...selected.filter((one) => !isSupported(one))];
  const scenarios = ofShard(whole, options.shard);
  const orderOf = ({ scenario, repetition }: Judged) => (repetition - 1) * whole.length + whole.indexOf(scenario) + 1;
  const out = folderFor(options, startedAt);
  const results = new Map<string, ScenarioResult>();
  const captures = new CaptureNames();
  stages.expect(plansOf(scenarios));
  const printer = new ScenarioPrinter(options, out);
  const stageFor = async (setup: Setup) => {
    const stage = await stages.of({ setup, director });
    stage.director.commit?.(options.fault);
    return stage;
  };

  const suites = runSuites(scenarios, {
    rules: catalogue.filter((rule) => options.profile === "extended" || rule.profile === "core"),
    director,
    bail: options.bail,
    retries: options.retries,
    repeat: options.repeat,
    ...(options.grep ? { grep: options.grep } : {}),
    ...mochaReporter(options),
    stageOf: (setup) => stageFor(setup),
    onJudged(judged) {
      // Every other scenario would say the same, at length.
      if (stages.failure) return suites.abort();
      const name = captures.of(judged);
      const result = reported(out, () => resultOf(judged, orderOf(judged), options, out, name));
      if (options.extract !== undefined) {
        const folder = `${options.extract}/${name.replace(/^captures\/|\.pcapng$/g, "")}`;
        writeExtracts(folder, judged.evidence, [...judged.findings, ...judged.assertions]);
      }
      // A retry takes the place of what it tries again.
      results.set(name, result);
      printer.judged(result);
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
    verdict: interrupted && runVerdict(scenarioResults) === "pass" ? "inconclusive" : runVerdict(scenarioResults),
    director: await stages.describe(director, options.directorVersion),
    startedAt,
    durationMs: Math.round(performance.now() - started),
    profile: options.profile,
    ...(options.shard === undefined ? {} : { shard: options.shard }),
    reproduce: commandOf(paths, options, options),
    scenarios: scenarioResults,
  };
  printer.ended(result);
  await write(result, out, options).catch((error) => {
    throw unwritable(out, error);
  });
  // What ends the keeping of a lab interrupts nothing.
  const brokeOff = interrupted;
  if (options.keep && !brokeOff && result.verdict !== "pass") await keepLab(stages.all());
  await stages.stop();
  if (brokeOff) return STATUS.interrupted;
  if (result.verdict === "pass" && failures.length > 0)
    throw new Error(`all rules hold, but mocha saw failures:\n${failures.join("\n")}`);
  return exitStatus(result.verdict);
}

/** A fault that the director cannot commit would be a run without one. */
function checkFault(director: Director, { fault }: RunOptions): void {
  if (fault === undefined) return;
  if (director.name !== "reference")
    throw new CliError(
      STATUS.badInput,
      `${director.name} has no faults; give them to the reference director: --director reference`,
    );
  if (!directorFault(fault))
    throw new CliError(
      STATUS.badInput,
      `the reference director has no fault for ${fault}; \`hopcheck faults\` lists those it has`,
    );
}

function mochaReporter({ reporter }: RunOptions): { reporter?: string } {
  const name = reporter.find((name) => !isFormat(name));
  return name ? { reporter: name } : {};
}
