import { writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { stringify } from "yaml";
import { CaptureError } from "../capture/read-capture.js";
import type { Capture } from "../forwarding/captured/capture.js";
import { instead } from "../forwarding/captured/conclude.js";
import { type Inferred, inferSetup, type Wanted } from "../forwarding/captured/infer.js";
import { type Service, type Setup, tapName } from "../forwarding/setup.js";
import { type CapturedSetup, loadCapturedSetup, readCapturedSetup, ScenarioError } from "../scenario/load.js";
import { suggestion } from "../scenario/suggest.js";
import { readCaptures, readHeads, type TapFile } from "./captures/read.js";
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
  /** What was not judged packet by packet, in lines; and what was not judged at all, in whole sentences. */
  readonly notes: readonly string[];
  readonly problem?: string;
  /** What was taken for granted, in whole sentences. */
  readonly assumed: readonly string[];
}

/** What is to be judged by: a setup file, or a VIP that captures are asked about. */
export interface SubjectOptions {
  /** Tap and file: they take the place of those that the setup names. */
  readonly capture: readonly (readonly [string, string])[];
  readonly vip?: Wanted;
  /** Where the setup goes that is found behind the VIP. */
  readonly writeSetup?: string;
}

/** @param command as it was typed, for errors */
export async function subjectOf(
  command: string,
  files: readonly string[],
  { vip, capture, writeSetup }: SubjectOptions,
): Promise<Subject> {
  if (vip !== undefined) {
    if (capture.length > 0)
      throw new CliError(
        STATUS.badInput,
        "with --vip there is no setup whose taps --capture could name; give the files alone",
      );
    return byVip(vip, files, writeSetup);
  }
  if (writeSetup !== undefined)
    throw new CliError(STATUS.badInput, "--write-setup writes the setup that --vip finds; give --vip as well");
  const [file, ...others] = files;
  if (file === undefined || others.length > 0)
    throw new CliError(
      STATUS.badInput,
      `${command} takes one setup file, which names its captures under \`captures\`; without a setup give --vip ADDRESS and the captures`,
    );
  return bySetup(file, capture);
}

/** The captures that a setup file names, and those of the command line, which take the place of the file's. */
export async function bySetup(file: string, given: readonly (readonly [string, string])[]): Promise<Subject> {
  const captured = checked(() => loadCapturedSetup(file));
  const { setup, withoutModel, assumed } = captured;
  const read = await readable(readCaptures(filesOf(captured, given), setup));
  return { file: shown(file), setup, withoutModel, ...read, assumed };
}

/** Captures of which nobody says whose they are: they tell the setup themselves. */
async function byVip(wanted: Wanted, files: readonly string[], target: string | undefined): Promise<Subject> {
  const { isWhole, ...head } = await readable(readHeads(files.map((file) => ["", file])));
  const { captures, flaws } = head;
  const inference = inferSetup(wanted, captures);
  if (typeof inference === "string") {
    const nobody = { services: [], hosts: [] };
    const problem = `${inference} ${instead(captures)}`;
    return {
      file: shown(files[0] ?? ""),
      setup: nobody,
      withoutModel: [],
      captures,
      flaws,
      notes: [],
      assumed: [],
      problem,
    };
  }
  const { setup: found, assumed } = inference;
  if (target !== undefined) writeSetup(target, found);
  const known = checked(() => readCapturedSetup("the setup that was found", textOf(found, undefined)));
  const { setup, withoutModel } = known;
  const taps = new Map(Object.entries(found.captures).flatMap(([tap, own]) => own.map((file) => [file, tap] as const)));
  const placed = files.flatMap((file): TapFile[] => {
    const tap = taps.get(file === "-" ? file : shown(file));
    return tap === undefined ? [] : [[tap, file]];
  });
  const own = captures.flatMap((capture) => {
    const tap = taps.get(capture.file);
    return tap === undefined ? [] : [{ ...capture, tap }];
  });
  const read = isWhole ? { ...head, captures: own } : await readable(readCaptures(placed, setup));
  return {
    file: target === undefined ? shown(files[0] ?? "") : shown(target),
    setup,
    withoutModel,
    ...read,
    assumed: [...assumed, ...known.assumed],
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

/** Turns what is wrong with a file into what is printed. */
async function readable<Read>(reading: Promise<Read>): Promise<Read> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof CaptureError) throw new CliError(STATUS.badInput, error.message);
    throw error;
  }
}
