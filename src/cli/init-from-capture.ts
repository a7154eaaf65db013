import { existsSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { conclude } from "../forwarding/captured/conclude.js";
import { evidenceOf } from "../forwarding/captured/evidence.js";
import type { Wanted } from "../forwarding/captured/infer.js";
import { catalogue } from "../forwarding/catalogue.js";
import { scenarioFrom } from "../scenario/from-capture/scenario.js";
import { scenarioText } from "../scenario/from-capture/text.js";
import { CliError, STATUS } from "./error.js";
import { shown, writeFile } from "./paths.js";
import { bySetup, byVip } from "./verify-subject.js";

export interface InitOptions {
  readonly fromCapture: readonly string[];
  readonly vip?: Wanted;
  readonly out: string;
  readonly force: boolean;
}

/** Writes a scenario that sends the packets of captures again; returns the exit status. */
export async function initFromCapture({ fromCapture: files, vip, out, force }: InitOptions): Promise<number> {
  if (existsSync(out) && !force)
    throw new CliError(STATUS.badInput, `${out} is there already; choose another file with --out, or give --force`);
  const [file = "", ...others] = files;
  if (vip === undefined && others.length > 0)
    throw new CliError(
      STATUS.badInput,
      "--from-capture takes one setup file, which names its captures under `captures`; without a setup give --vip ADDRESS and the captures",
    );
  const subject = vip === undefined ? await bySetup(file, []) : await byVip(vip, files, undefined);
  if (subject.problem !== undefined) throw new CliError(STATUS.violated, subject.problem);
  const { evidence } = evidenceOf(subject.setup, subject.captures, subject.withoutModel);
  const { findings } = conclude(evidence, catalogue);
  const from = scenarioFrom(`As captured: ${titleOf(file)}`, evidence, findings);
  if (typeof from === "string") throw new CliError(STATUS.violated, from);
  for (const sentence of [...subject.flaws, ...subject.assumed, ...from.leftOut]) process.stderr.write(`${sentence}\n`);
  try {
    writeFile(resolve(out), scenarioText(from.scenario));
  } catch (error) {
    throw new CliError(STATUS.badInput, `the scenario cannot be written to ${out}: ${(error as Error).message}`);
  }
  process.stderr.write(`scenario: hopcheck run ${shown(out)}\n`);
  return STATUS.holds;
}

function titleOf(file: string): string {
  return basename(dirname(resolve(file)));
}
