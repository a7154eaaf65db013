import { writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { stringify } from "yaml";
import { CaptureError, captureFrames } from "../capture/read-capture.js";
import type { Capture, CapturedFrame } from "../forwarding/captured/capture.js";
import { instead } from "../forwarding/captured/conclude.js";
import { type Inferred, inferSetup, type Wanted } from "../forwarding/captured/infer.js";
import { type Service, type Setup, tapName } from "../forwarding/setup.js";
import { decodeLink } from "../packet/link.js";
import { type CapturedSetup, loadCapturedSetup, readCapturedSetup, ScenarioError } from "../scenario/load.js";
import { suggestion } from "../scenario/suggest.js";
import { CliError, STATUS } from "./error.js";
import { shown } from "./paths.js";

/** What is to be judged, and by what. */
export interface Subject {
  /** What stands for the scenario's file in results: the setup, or the first of the captures. */
  readonly file: string;
  readonly setup: Setup;
  readonly withoutModel: readonly Service[];
  readonly captures: readonly Capture[];
  /** What keeps the rest of files from being read, in whole sentences. */
  readonly flaws: readonly string[];
  /** What was taken for granted, in whole sentences. */
  readonly assumed: readonly string[];
  /** Why nothing can be judged, in whole sentences. */
  readonly problem?: string;
}

/** The captures that a setup file names, and those of the command line, which take the place of the file's. */
export async function bySetup(file: string, given: readonly (readonly [string, string])[]): Promise<Subject> {
  const captured = checked(() => loadCapturedSetup(file));
  const { captures, flaws } = await readAll(filesOf(captured, given));
  const { setup, withoutModel } = captured;
  return { file: shown(file), setup, withoutModel, captures, flaws, assumed: [] };
}

/** Captures of which nobody says whose they are: they tell the setup themselves. */
export async function byVip(wanted: Wanted, files: readonly string[], target: string | undefined): Promise<Subject> {
  const { captures, flaws } = await readAll(files.map((file) => ["", file]));
  const inference = inferSetup(wanted, captures);
  if (typeof inference === "string") {
    const nobody = { services: [], hosts: [] };
    const problem = `${inference} ${instead(captures)}`;
    return { file: shown(files[0] ?? ""), setup: nobody, withoutModel: [], captures, flaws, assumed: [], problem };
  }
  const { setup: found, assumed } = inference;
  if (target !== undefined) writeSetup(target, found);
  const { setup, withoutModel } = checked(() =>
    readCapturedSetup("the setup that was found", textOf(found, undefined)),
  );
  const taps = new Map(Object.entries(found.captures).flatMap(([tap, own]) => own.map((file) => [file, tap] as const)));
  const placed = captures.flatMap((capture) => {
    const tap = taps.get(capture.file);
    return tap === undefined ? [] : [{ ...capture, tap }];
  });
  return {
    file: target === undefined ? shown(files[0] ?? "") : shown(target),
    setup,
    withoutModel,
    captures: placed,
    flaws,
    assumed,
  };
}

/** The setup for later, with its captures beside it. */
function writeSetup(target: string, found: Inferred): void {
  const folder = dirname(resolve(target));
  try {
    writeFileSync(target, textOf(found, folder));
  } catch (error) {
    throw new CliError(STATUS.badInput, `the setup cannot be written to ${target}: ${(error as Error).message}`);
  }
  process.stderr.write(`setup: ${shown(target)}\n`);
}

/** @param folder what the paths of the captures are to be relative to; left out: they are none of the setup's */
function textOf({ captures, ...setup }: Inferred, folder: string | undefined): string {
  const beside = Object.entries(captures).map(([tap, files]) => {
    return [tap, files.filter((file) => file !== "-").map((file) => relative(folder ?? "", resolve(file)))];
  });
  const whole = folder === undefined ? setup : { ...setup, captures: Object.fromEntries(beside) };
  return stringify(whole, { aliasDuplicateObjects: false });
}

function checked(load: () => CapturedSetup): CapturedSetup {
  try {
    return load();
  } catch (error) {
    if (error instanceof ScenarioError) throw new CliError(STATUS.badInput, error.message);
    throw error;
  }
}

/** Tap and path of each capture: those of the command line take the place of the setup's. */
function filesOf(
  { setup, captures }: CapturedSetup,
  given: readonly (readonly [string, string])[],
): (readonly [string, string])[] {
  const taps = setup.hosts.flatMap((host) => [host.name, ...host.nics.map((nic) => tapName(host, nic))]);
  const known = new Set(["client", ...taps]);
  for (const [tap] of given)
    if (!known.has(tap))
      throw new CliError(STATUS.badInput, `--capture ${tap}: the setup has no such tap${suggestion(tap, [...known])}`);
  const replaced = new Set(given.map(([tap]) => tap));
  const own = [...captures].filter(([tap]) => !replaced.has(tap));
  const all = [...own.flatMap(([tap, paths]) => paths.map((path) => [tap, path] as const)), ...given];
  if (all.length > 0) return all;
  throw new CliError(
    STATUS.badInput,
    "the setup names no captures; write them under `captures`, or give them as --capture TAP=FILE",
  );
}

/** The captures, and what keeps the rest of them from being read. */
interface Read {
  readonly captures: readonly Capture[];
  readonly flaws: readonly string[];
}

async function readAll(files: readonly (readonly [string, string])[]): Promise<Read> {
  const captures: Capture[] = [];
  const flaws: string[] = [];
  for (const [tap, path] of files) {
    const byInterface = new Map<string, CapturedFrame[]>();
    try {
      const { flaw } = await captureFrames(path, ({ linkType, interfaceName = "", ...frame }) => {
        const known = byInterface.get(interfaceName) ?? [];
        byInterface.set(interfaceName, known);
        known.push({ ...frame, packet: decodeLink(linkType, frame.bytes, frame.wireLength) });
      });
      if (flaw !== undefined) flaws.push(flaw);
    } catch (error) {
      if (error instanceof CaptureError) throw new CliError(STATUS.badInput, error.message);
      throw error;
    }
    // Nothing recorded is a capture as well.
    const recorded = byInterface.size === 0 ? [[]] : byInterface.values();
    for (const frames of recorded) captures.push({ tap, file: path === "-" ? path : shown(path), frames });
  }
  return { captures, flaws };
}
