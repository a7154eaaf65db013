import { existsSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { conclude, nothingOfServices } from "../forwarding/captured/conclude.js";
import { evidenceOf } from "../forwarding/captured/evidence.js";
import { catalogue } from "../forwarding/catalogue.js";
import { scenarioFrom } from "../scenario/from-capture/scenario.js";
import { scenarioText } from "../scenario/from-capture/text.js";
import { CliError, STATUS } from "./error.js";
import { shown, writeFile } from "./paths.js";
import { type SubjectOptions, subjectOf } from "./verify-subject.js";

export interface InitOptions extends SubjectOptions {
  readonly fromCapture: readonly string[];
  readonly withFault: boolean;
  readonly out: string;
  readonly force: boolean;
}

/** Writes a scenario that sends the packets of captures again; returns the exit status. */
export async function initFromCapture(options: InitOptions): Promise<number> {
  const { fromCapture: files, withFault, out, force } = options;
  if (existsSync(out) && !force)
    throw new CliError(STATUS.badInput, `${out} is there already; choose another file with --out, or give --force`);
  const { setup, withoutModel, captures, ...subject } = await subjectOf("--from-capture", files, options);
  const problem = subject.problem ?? nothingOfServices(setup, captures);
  if (problem !== undefined) throw new CliError(STATUS.violated, problem);
  const { evidence } = evidenceOf(setup, captures, withoutModel);
  const { findings } = conclude(evidence, catalogue);
  const from = scenarioFrom(`As captured: ${titleOf(files[0] ?? "")}`, evidence, findings, withFault);
  if (typeof from === "string") throw new CliError(STATUS.violated, from);
  for (const sentence of [...subject.flaws, ...subject.assumed, ...from.told]) process.stderr.write(`${sentence}\n`);
  try {
    writeFile(resolve(out), scenarioText(from.scenario, from.notes));
  } catch (error) {
    throw new CliError(STATUS.badInput, `the scenario cannot be written to ${out}: ${(error as Error).message}`);
  }
  process.stderr.write(`scenario: hopcheck run ${shown(out)}\n`);
  return STATUS.holds;
}

function titleOf(file: string): string {
  return basename(dirname(resolve(file)));
}
