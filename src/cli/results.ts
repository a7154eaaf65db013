import { accessSync, constants, mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { pcapngBytes } from "../capture/pcapng.js";
import { collect } from "../report/collect.js";
import type { LogResult, ScenarioResult } from "../report/result.js";
import { wasRun } from "../report/verdict.js";
import { type Judged, positionOf } from "../scenario/judgement.js";
import type { Scenario } from "../scenario/scenario.js";
import { commandOf } from "./command.js";
import { CliError, STATUS } from "./error.js";
import { isWritten } from "./formats.js";
import { shown, writeFile } from "./paths.js";
import type { RunOptions } from "./run-options.js";
import { version } from "./version.js";

/** Names of capture files: that of the scenario file, numbered where several have the same. */
export class CaptureNames {
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

/** Before anything runs: minutes later, nobody wants to learn that the results have no place. */
export function checkFolder(out: string): void {
  reported(out, () => {
    mkdirSync(out, { recursive: true });
    accessSync(out, constants.W_OK | constants.X_OK);
  });
}

/** The folder that a run started at that time writes to, absolute; made, and known to be writable, where it writes. */
export function folderFor(options: Pick<RunOptions, "reporter" | "out">, startedAt: string): string {
  const out = resolve(options.out ?? `reports/${startedAt.replaceAll(":", "-").slice(0, 19)}`);
  if (!isWritten(options)) return out;
  if (options.out === undefined) return reported(out, () => newFolder(out));
  checkFolder(out);
  return out;
}

/** Several runs may start in the same second: `2026-01-02T03-04-05`, then `2026-01-02T03-04-05-2`, … */
function newFolder(wanted: string): string {
  mkdirSync(dirname(wanted), { recursive: true });
  for (let number = 1; ; number++) {
    const folder = number === 1 ? wanted : `${wanted}-${number}`;
    try {
      mkdirSync(folder);
      return folder;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

export function reported<T>(out: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code ? unwritable(out, error) : error;
  }
}

export function unwritable(out: string, error: unknown): CliError {
  return new CliError(
    STATUS.badInput,
    `the report cannot be written to ${out}: ${(error as Error).message}\nChoose another folder with --out.`,
  );
}

/**
 * @param order its place in the order of the whole run, from 1
 * @param capture where its frames are written, relative to `out`
 */
export function resultOf(
  judged: Judged,
  order: number,
  options: RunOptions,
  out: string,
  capture: string,
): ScenarioResult {
  const { scenario, evidence, findings, assertions, durationMs, repetition } = judged;
  const { problem, problemIn, problemAt, notSupported } = judged;
  const file = shown(scenario.file);
  const log = logOf(judged, capture);
  const result = collect({
    file,
    title: scenario.title,
    covers: scenario.covers,
    evidence,
    findings: [...findings, ...assertions],
    ...(problem === undefined ? {} : { problem }),
    ...(problemIn === undefined ? {} : { problemIn }),
    ...(problemAt === undefined ? {} : { problemAt }),
    positionOf: (rule) => positionOf(scenario, rule) ?? scenario.position,
    order,
    ...(notSupported === undefined ? {} : { notSupported }),
    durationMs,
    capture,
    ...(log === undefined ? {} : { log }),
    reproduce: commandOf([scenario.file], options),
  });
  // Every repetition of what passed would say the same; what did not pass is kept whenever it happened.
  const worthKeeping = repetition === 1 || result.verdict !== "pass";
  if (wasRun(result) && worthKeeping && isWritten(options)) {
    if (log !== undefined) writeFile(`${out}/${log.file}`, judged.program?.said ?? "");
    writeFile(`${out}/${capture}`, pcapngBytes(evidence.frames, `hopcheck ${version}`));
    return result;
  }
  const { capture: _, log: __, ...without } = result;
  return { ...without, journeys: [] };
}

/** Lines of a log that are shown with a finding. */
const LAST_LINES = 20;

function logOf({ program }: Judged, capture: string): LogResult | undefined {
  const said = program?.said.trimEnd() ?? "";
  if (said === "") return undefined;
  const file = capture.replace(/^captures\//, "logs/").replace(/\.pcapng$/, ".log");
  return { file, end: said.split("\n").slice(-LAST_LINES).join("\n") };
}
