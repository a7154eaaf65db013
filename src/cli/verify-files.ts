import { relative, resolve } from "node:path";
import { CaptureError } from "../capture/read-capture.js";
import { conclude, nothingOfServices } from "../forwarding/captured/conclude.js";
import { type CapturedEvidence, evidenceOf } from "../forwarding/captured/evidence.js";
import { catalogue } from "../forwarding/catalogue.js";
import { type Setup, tapName } from "../forwarding/setup.js";
import { collect } from "../report/collect.js";
import { makeStyle, renderSummary } from "../report/list.js";
import type { RunResult, ScenarioResult } from "../report/result.js";
import { exitStatus } from "../report/verdict.js";
import { type CapturedSetup, loadCapturedSetup, ScenarioError } from "../scenario/load.js";
import { suggestion } from "../scenario/suggest.js";
import { type ReadCaptures, readCaptures, type TapFile } from "./captures/read.js";
import { CliError, STATUS } from "./error.js";
import { printScenario } from "./progress.js";
import { folderFor, unwritable, write } from "./results.js";
import { version } from "./version.js";

export interface VerifyOptions {
  /** Tap and file, in addition to those that the setup names. */
  readonly capture: readonly (readonly [string, string])[];
  readonly profile: "core" | "extended";
  readonly reporter: readonly string[];
  readonly out?: string;
}

/** Judges captures by a setup; returns the exit status. */
export async function verify(files: readonly string[], options: VerifyOptions): Promise<number> {
  const started = performance.now();
  const startedAt = new Date().toISOString();
  const [file, ...others] = files;
  if (file === undefined || others.length > 0)
    throw new CliError(
      STATUS.badInput,
      "verify takes one setup file; its captures stand in it, or behind --capture TAP=FILE",
    );
  const captured = readSetup(file);
  const { captures, flaws, notes, problem: unjudged } = await readAll(withCaptures(captured, options), captured.setup);
  for (const flaw of [...flaws, ...notes]) process.stderr.write(`${flaw}\n`);
  const found = evidenceOf(captured.setup, captures, captured.withoutModel);
  tell(found);
  const rules = catalogue.filter((rule) => options.profile === "extended" || rule.profile === "core");
  const { findings, problem } = conclude(found.evidence, rules);
  const problems = [
    ...found.contradictions,
    nothingOfServices(captured.setup, captures) ?? problem ?? "",
    unjudged ?? "",
  ];
  const judgedFor = performance.now() - started;
  const text = problems.filter((one) => one !== "").join(" ");
  const scenario = collect({
    file: relative(process.cwd(), resolve(file)),
    title: `Captures of ${[...new Set(captures.map(({ tap }) => tap))].join(", ")}`,
    covers: [],
    evidence: found.evidence,
    findings,
    ...(text === "" ? {} : { problem: text }),
    durationMs: judgedFor,
    reproduce: ["hopcheck verify", file, ...options.capture.map(([tap, path]) => `--capture ${tap}=${path}`)].join(" "),
  });
  return report(scenario, startedAt, started, options);
}

async function report(
  scenario: ScenarioResult,
  startedAt: string,
  started: number,
  options: VerifyOptions,
): Promise<number> {
  const out = folderFor(options, startedAt);
  const result: RunResult = {
    schemaVersion: 1,
    tool: { name: "hopcheck", version },
    verdict: scenario.verdict === "not-supported" ? "inconclusive" : scenario.verdict,
    startedAt,
    durationMs: Math.round(performance.now() - started),
    scenarios: [scenario],
  };
  await write(result, out, options).catch((error) => {
    throw unwritable(out, error);
  });
  if (options.reporter.includes("list")) {
    const style = makeStyle(process.stdout);
    printScenario(scenario, out, style);
    process.stdout.write(`${renderSummary(result, style).join("\n")}\n`);
  }
  return exitStatus(result.verdict);
}

function readSetup(file: string): CapturedSetup {
  try {
    return loadCapturedSetup(file);
  } catch (error) {
    if (error instanceof ScenarioError) throw new CliError(STATUS.badInput, error.message);
    throw error;
  }
}

/** Tap and path of each capture: those of the command line take the place of the setup's. */
function withCaptures({ setup, captures }: CapturedSetup, options: VerifyOptions): [string, string][] {
  const known = new Set([
    "client",
    ...setup.hosts.flatMap((host) => [host.name, ...host.nics.map((nic) => tapName(host, nic))]),
  ]);
  for (const [tap] of options.capture)
    if (!known.has(tap))
      throw new CliError(STATUS.badInput, `--capture ${tap}: the setup has no such tap${suggestion(tap, [...known])}`);
  const given = new Set(options.capture.map(([tap]) => tap));
  const own = [...captures]
    .filter(([tap]) => !given.has(tap))
    .flatMap(([tap, paths]) => paths.map((path) => [tap, path]));
  const all = [...own, ...options.capture] as [string, string][];
  if (all.length === 0)
    throw new CliError(
      STATUS.badInput,
      "the setup names no captures; write them under `captures`, or give them as --capture TAP=FILE",
    );
  return all;
}

async function readAll(files: readonly TapFile[], setup: Setup): Promise<ReadCaptures> {
  try {
    return await readCaptures(files, setup);
  } catch (error) {
    if (error instanceof CaptureError) throw new CliError(STATUS.badInput, error.message);
    throw error;
  }
}

/** What was found out about the captures themselves. */
function tell({ files, clocks, reference }: CapturedEvidence): void {
  for (const { file, taps, frames, foreign, copies } of files) {
    const left = [
      ...(foreign > 0 ? [`${foreign} between other hosts`] : []),
      ...(copies > 0 ? [`${copies} recorded twice`] : []),
    ];
    const without = left.length === 0 ? "" : `, left out: ${left.join(", ")}`;
    process.stderr.write(`${file}: ${frames} frames at ${taps.join(" and ")}${without}\n`);
  }
  for (const { file, ahead, drift, shared } of clocks) {
    const seconds = (nanoseconds: bigint) => `${(Number(nanoseconds) / 1e9).toFixed(6)} s`;
    process.stderr.write(
      shared === 0
        ? `${file}: shares no packet with the others, so its clock cannot be compared with theirs\n`
        : `${file}: its clock is ${seconds(ahead)} ahead of that of ${reference}, by ${shared} packets; drift ${seconds(drift)}\n`,
    );
  }
}
