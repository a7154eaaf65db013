import { readFileSync, statSync } from "node:fs";
import { pcapngBytes } from "../capture/pcapng.js";
import { collect } from "../report/collect.js";
import { commentsOf } from "../report/extract.js";
import type { LogResult, ScenarioResult } from "../report/result.js";
import { wasRun } from "../report/verdict.js";
import { type Judged, positionOf } from "../scenario/judgement.js";
import type { Scenario } from "../scenario/scenario.js";
import { commandOf } from "./command.js";
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

/** Characters of a scenario's file, or of a setup, that a result keeps. */
const LONGEST_FILE = 100_000;

/** What stands in a file, for the result; nothing where it is long, or was a pipe, which is read already. */
export function fileText(file: string): Pick<ScenarioResult, "fileText"> {
  if (!statSync(file).isFile()) return {};
  const text = readFileSync(file, "utf8");
  return text.length > LONGEST_FILE ? {} : { fileText: text };
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
    const comments = commentsOf(evidence.frames, findings);
    writeFile(`${out}/${capture}`, pcapngBytes(evidence.frames, `hopcheck ${version}`, comments));
    return { ...result, ...fileText(scenario.file) };
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
