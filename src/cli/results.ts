import { accessSync, constants, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { pcapngBytes } from "../capture/pcapng.js";
import { collect } from "../report/collect.js";
import { commentsOf } from "../report/extract.js";
import { renderJson } from "../report/json.js";
import type { RunResult, ScenarioResult } from "../report/result.js";
import { wasRun } from "../report/verdict.js";
import { writePage, writeReport } from "../report/write.js";
import type { Judged } from "../scenario/judgement.js";
import type { Scenario } from "../scenario/scenario.js";
import { CliError, STATUS } from "./error.js";
import { shown } from "./paths.js";
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

export function isWritten({ reporter }: Pick<RunOptions, "reporter">): boolean {
  return reporter.some((name) => name === "html" || name === "json");
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

export async function write(result: RunResult, out: string, { reporter }: Pick<RunOptions, "reporter">): Promise<void> {
  if (reporter.includes("html") && reporter.includes("json")) await writeReport(result, out);
  else if (reporter.includes("html")) await writePage(result, out);
  else if (reporter.includes("json")) writeFile(`${out}/results.json`, renderJson(result));
  else return;
  const name = reporter.includes("html") ? "index.html" : "results.json";
  process.stderr.write(`report: ${shown(`${out}/${name}`)}\n`);
}

export function writeFile(file: string, content: string | Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

/** A word as a shell takes it. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Characters of a scenario's file, or of a setup, that a result keeps. */
const LONGEST_FILE = 100_000;

/** What stands in a file, for the result; nothing where it is long, or was a pipe, which is read already. */
export function fileText(file: string): Pick<ScenarioResult, "fileText"> {
  if (!statSync(file).isFile()) return {};
  const text = readFileSync(file, "utf8");
  return text.length > LONGEST_FILE ? {} : { fileText: text };
}

export function resultOf(judged: Judged, options: RunOptions, out: string, capture: string): ScenarioResult {
  const { scenario, evidence, findings, assertions, problem, notSupported, durationMs, repetition } = judged;
  const file = shown(scenario.file);
  const result = collect({
    file,
    title: scenario.title,
    covers: scenario.covers,
    evidence,
    findings: [...findings, ...assertions],
    ...(problem === undefined ? {} : { problem }),
    ...(notSupported === undefined ? {} : { notSupported }),
    durationMs,
    capture,
    reproduce: `hopcheck run ${shellWord(file)} --director ${shellWord(options.director)}${options.profile === "core" ? "" : ` --profile ${options.profile}`}`,
  });
  // Every repetition of what passed would say the same; what did not pass is kept whenever it happened.
  const worthKeeping = repetition === 1 || result.verdict !== "pass";
  if (wasRun(result) && worthKeeping && isWritten(options)) {
    const comments = commentsOf(evidence.frames, findings);
    writeFile(`${out}/${capture}`, pcapngBytes(evidence.frames, `hopcheck ${version}`, comments));
    return { ...result, ...fileText(scenario.file) };
  }
  const { capture: _, ...without } = result;
  return { ...without, journeys: [] };
}
