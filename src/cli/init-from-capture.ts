import { existsSync } from "node:fs";
import { basename, dirname, relative, resolve } from "node:path";
import { conclude } from "../forwarding/captured/conclude.js";
import { evidenceOf } from "../forwarding/captured/evidence.js";
import { catalogue } from "../forwarding/catalogue.js";
import { scenarioFrom } from "../scenario/from-capture/scenario.js";
import { scenarioText } from "../scenario/from-capture/text.js";
import { CliError, STATUS } from "./error.js";
import { writeFile } from "./results.js";
import { readAll, readSetup, withCaptures } from "./verify-files.js";

export interface InitOptions {
  readonly fromCapture: string;
  readonly out: string;
  readonly force: boolean;
}

/** Writes a scenario that sends the packets of captures again; returns the exit status. */
export async function initFromCapture({ fromCapture, out, force }: InitOptions): Promise<number> {
  if (existsSync(out) && !force)
    throw new CliError(STATUS.badInput, `${out} is there already; choose another file with --out, or give --force`);
  const captured = readSetup(fromCapture);
  const { captures, flaws } = await readAll(withCaptures(captured, { capture: [] }));
  const { evidence } = evidenceOf(captured.setup, captures, captured.withoutModel);
  const { findings } = conclude(evidence, catalogue);
  const from = scenarioFrom(`As captured: ${titleOf(fromCapture)}`, evidence, findings);
  if (typeof from === "string") throw new CliError(STATUS.violated, from);
  for (const sentence of [...flaws, ...from.leftOut]) process.stderr.write(`${sentence}\n`);
  try {
    writeFile(resolve(out), scenarioText(from.scenario));
  } catch (error) {
    throw new CliError(STATUS.badInput, `the scenario cannot be written to ${out}: ${(error as Error).message}`);
  }
  process.stderr.write(`scenario: hopcheck run ${relative(process.cwd(), resolve(out))}\n`);
  return STATUS.holds;
}

function titleOf(file: string): string {
  return basename(dirname(resolve(file)));
}
