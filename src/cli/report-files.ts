import { copyFileSync, mkdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import { ResultFormatError, readResult } from "../report/json.js";
import type { CaptureCopy, Merged, Part } from "../report/merge.js";
import type { RunResult, ScenarioResult } from "../report/result.js";
import { exitStatus } from "../report/verdict.js";
import { visible } from "../report/visible.js";
import { compare } from "./compare.js";
import { CliError, STATUS } from "./error.js";
import { folderFor, unwritable } from "./folder.js";
import { isWritten } from "./formats.js";
import { shown } from "./paths.js";
import { ScenarioPrinter } from "./progress.js";
import { whole } from "./whole.js";
import { write } from "./write.js";

export interface ReportOptions {
  readonly compare: boolean;
  /** Left out: what suits the command. */
  readonly reporter?: readonly string[];
  readonly out?: string;
}

/** Renders earlier results, put together or held against each other; returns the exit status. */
export async function report(files: readonly string[], options: ReportOptions): Promise<number> {
  const parts = files.map(partOf);
  return options.compare ? compare(parts, options) : rendered(parts, options);
}

async function rendered(parts: readonly Part[], options: ReportOptions): Promise<number> {
  const { reporter = ["list", "html", "json"], out: wanted } = options;
  const merged = whole(parts);
  checkOut(parts, wanted);
  const out = folderFor({ reporter, ...(wanted === undefined ? {} : { out: wanted }) }, new Date().toISOString());
  const result = isWritten({ reporter }) ? withCaptures(merged, out) : merged.result;
  const printer = new ScenarioPrinter({ reporter }, out);
  for (const scenario of result.scenarios) printer.judged(scenario);
  printer.ended(result);
  await write(result, out, { reporter }).catch((error) => {
    throw unwritable(out, error);
  });
  return exitStatus(result.verdict);
}

/** @throws CliError where it is not there, or no result of hopcheck */
function partOf(path: string): Part {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const name = shown(isFolder ? join(path, "results.json") : path);
  try {
    return { name, result: readResult(readFileSync(name, "utf8"), name) };
  } catch (error) {
    if (error instanceof ResultFormatError) throw new CliError(STATUS.badInput, error.message);
    const { code, message } = error as NodeJS.ErrnoException;
    const why =
      code === "ENOENT" ? "there is no such result; give a results.json, or its folder" : `cannot be read: ${message}`;
    throw new CliError(STATUS.badInput, `${visible(name)}: ${why}`);
  }
}

/** A capture of the whole may have the name that one of a part's has. */
function checkOut(parts: readonly Part[], out: string | undefined): void {
  const taken = parts.find(({ name }) => out !== undefined && dirname(resolve(name)) === resolve(out));
  if (parts.length > 1 && taken !== undefined)
    throw new CliError(
      STATUS.badInput,
      `--out ${out}: that is the folder of ${taken.name}, which is to be read; choose another one`,
    );
}

/** Lays the captures beside the report; a scenario whose capture is not there any more goes without. */
function withCaptures({ result, captures }: Merged, out: string): RunResult {
  const missing = new Set(captures.filter((capture) => !copy(capture, out)).map(({ to }) => to));
  const kept = (scenario: ScenarioResult): ScenarioResult => {
    const { capture, ...without } = scenario;
    return capture !== undefined && missing.has(capture) ? without : scenario;
  };
  return { ...result, scenarios: result.scenarios.map(kept) };
}

/** Returns false, and says why on stderr, where there is none to copy. */
function copy({ part, from, to }: CaptureCopy, out: string): boolean {
  const folder = dirname(resolve(part.name));
  const [source, target] = [join(folder, from), join(out, to)];
  try {
    // A result may come from anywhere, and must not fetch what lies outside of its own folder.
    if (!realpathSync(source).startsWith(`${realpathSync(folder)}${sep}`))
      throw new Error("it leads out of its folder");
    if (!statSync(source).isFile()) throw new Error("it is no file");
  } catch (error) {
    process.stderr.write(`the capture ${visible(shown(source))} is left out: ${reasonOf(error)}\n`);
    return false;
  }
  if (source === target) return true;
  try {
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(source, target);
  } catch (error) {
    throw unwritable(out, error);
  }
  return true;
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === "ENOENT" ? "it is not there" : visible(message);
}
