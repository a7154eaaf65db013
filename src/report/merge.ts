import { isDeepStrictEqual } from "node:util";
import { captureLink } from "./link.js";
import type { DirectorResult, RunResult, ScenarioResult } from "./result.js";
import { runVerdict } from "./verdict.js";
import { visible } from "./visible.js";

/** A result, and what the user calls it. */
export interface Part {
  /** Its path. */
  readonly name: string;
  readonly result: RunResult;
}

/** Results that are none of one run; the text says why, in a sentence. */
export class MergeError extends Error {
  override readonly name = "MergeError";
}

export interface Merged {
  readonly result: RunResult;
  /** What has to lie beside it. */
  readonly captures: readonly CaptureCopy[];
}

/** A capture of one of the parts, by its path beside that part and beside the whole. */
export interface CaptureCopy {
  readonly part: Part;
  readonly from: string;
  readonly to: string;
}

/**
 * Puts results together into what one run would have given: its scenarios in its order, and those that several results have
 * one after the other, as a run that repeats them has.
 *
 * @param parts one or more; a single one is taken as it is, be it a shard or not
 * @throws {MergeError} where they are of different runs, or where a shard is missing
 */
export function mergeResults(parts: readonly Part[]): Merged {
  const [first, ...others] = parts;
  if (first === undefined) throw new MergeError("there is no result to put together");
  if (others.length === 0) return alone(first);
  for (const [index, one] of parts.entries()) for (const other of parts.slice(index + 1)) checkPair(one, other);
  checkShards(parts);
  const captures = new CaptureNames();
  const scenarios = inOrder(parts).map((one) => captures.named(one));
  const { shard: _, reproduce, ...common } = first.result;
  const isSame = parts.every(({ result }) => result.reproduce === reproduce);
  return {
    result: {
      ...common,
      verdict: verdictOf(parts, scenarios),
      ...(first.result.director === undefined ? {} : { director: directorOf(parts, first.result.director) }),
      startedAt: parts.map(({ result }) => result.startedAt).toSorted()[0] as string,
      durationMs: parts.reduce((sum, { result }) => sum + result.durationMs, 0),
      ...(reproduce === undefined || !isSame ? {} : { reproduce }),
      scenarios,
    },
    captures: captures.copies,
  };
}

function alone(part: Part): Merged {
  const captures: CaptureCopy[] = [];
  const scenarios = part.result.scenarios.map((scenario) => {
    const { capture, ...without } = scenario;
    if (capture === undefined) return scenario;
    if (!isBeside(capture)) return without;
    captures.push({ part, from: capture, to: capture });
    return scenario;
  });
  return { result: { ...part.result, verdict: verdictOf([part], scenarios), scenarios }, captures };
}

/** A path that leads out of its folder is none of a report's. */
function isBeside(capture: string): boolean {
  return captureLink(capture) !== undefined;
}

function checkPair(one: Part, other: Part): void {
  const differs = (what: (result: RunResult) => string, why: string) => {
    const [left, right] = [what(one.result), what(other.result)];
    if (left !== right)
      throw new MergeError(`${quote(one)} is ${visible(left)}, and ${quote(other)} ${visible(right)}: ${why}`);
  };
  differs(({ tool }) => `of hopcheck ${tool.version}`, "results of different versions make no run");
  differs(
    ({ director }) => (director === undefined ? "of captures" : `of the director ${director.name}`),
    "results of different directors make no run; --compare holds them against each other",
  );
  differs(({ director }) => {
    const version = director?.implementation?.version;
    return version === undefined ? "of a version that is not said" : `of version ${version}`;
  }, "results of different versions of a director make no run; --compare holds them against each other");
  differs(({ director }) => `of ${director?.where ?? "captures"}`, "what forwarded is not the same");
  differs(({ profile }) => `of the profile ${profile ?? "that is not said"}`, "they were judged by different rules");
  const kernels = [one, other].map(({ result }) => result.director?.kernel);
  // A part that needed no guest does not know its kernel.
  if (!kernels.includes(undefined))
    differs(({ director }) => `of Linux ${director?.kernel}`, "what forwarded is not the same");
  if (one.result.startedAt === other.result.startedAt && isDeepStrictEqual(one.result, other.result))
    throw new MergeError(`${quote(one)} and ${quote(other)} are the same result; give it once`);
}

function checkShards(parts: readonly Part[]): void {
  const [first, ...others] = parts as readonly [Part, ...Part[]];
  const { shard, reproduce } = first.result;
  for (const other of others) {
    if (other.result.shard?.count !== shard?.count)
      throw new MergeError(
        `${quote(first)} is ${shardText(first)}, and ${quote(other)} ${shardText(other)}: they are parts of different runs`,
      );
    if (shard !== undefined && other.result.reproduce !== reproduce)
      throw new MergeError(
        `${quote(first)} is a shard of \`${visible(reproduce ?? "")}\`, and ${quote(other)} one of \`${visible(other.result.reproduce ?? "")}\`: put each run's shards together by themselves`,
      );
  }
  if (shard === undefined) return;
  const there = new Set(parts.map(({ result }) => result.shard?.index));
  const missing = [...naturals(shard.count, there.size + MOST_NAMED)].filter((index) => !there.has(index));
  if (missing.length === 0) return;
  const named = missing.slice(0, MOST_NAMED).join(", ");
  const more = shard.count - there.size > MOST_NAMED ? ", …" : "";
  throw new MergeError(
    `of ${shard.count} shards ${there.size === 1 ? "only one is" : `only ${there.size} are`} here; give the results of the others as well: ${named}${more}`,
  );
}

/** Shards that are named as missing: a file may say that there are billions. */
const MOST_NAMED = 8;

function naturals(last: number, most: number): number[] {
  return Array.from({ length: Math.min(last, most) }, (_, index) => index + 1);
}

function shardText({ result: { shard } }: Part): string {
  return shard === undefined ? "a whole run" : `shard ${shard.index} of ${shard.count}`;
}

/** A scenario with where it comes from, and how many of the parts up to that one have it. */
interface Placed {
  readonly scenario: ScenarioResult;
  readonly part: Part;
  readonly repetition: number;
}

function inOrder(parts: readonly Part[]): readonly Placed[] {
  const having = new Map<string, Set<number>>();
  const placed = parts.flatMap((part, partIndex) =>
    part.result.scenarios.map((scenario, index) => {
      const key = scenarioKey(scenario);
      const owners = having.get(key) ?? new Set();
      having.set(key, owners.add(partIndex));
      const repetition = owners.size;
      const order = scenario.order ?? index;
      // Whole runs stand one behind the other; shards are dealt out like cards.
      const place = part.result.shard === undefined ? [repetition, partIndex, order] : [repetition, order, partIndex];
      return { scenario, part, repetition, place };
    }),
  );
  return placed.toSorted((one, other) => compareLists(one.place, other.place));
}

/** What makes scenarios of several results the same one. */
export function scenarioKey({ file, title }: Pick<ScenarioResult, "file" | "title">): string {
  return JSON.stringify([file, title]);
}

function compareLists(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((value, index) => value !== other[index]);
  return at < 0 ? 0 : (one[at] as number) - (other[at] as number);
}

/** Names captures as one run would: `-2` is the second scenario of a file, and `_2` the second time of a scenario. */
class CaptureNames {
  readonly copies: CaptureCopy[] = [];
  readonly #taken = new Set<string>();
  /** The name of the first scenario of each file, and that of the first time of each scenario. */
  readonly #ofFiles = new Map<string, string>();
  readonly #ofScenarios = new Map<string, string>();

  named({ scenario, part, repetition }: Placed): ScenarioResult {
    const { capture, ...without } = scenario;
    // As in one run: every repetition of what passed would say the same.
    if (repetition > 1 && scenario.verdict === "pass") return { ...without, journeys: [] };
    if (capture === undefined) return scenario;
    if (!isBeside(capture)) return without;
    const to = this.#nameOf(scenario, capture, repetition);
    this.copies.push({ part, from: capture, to });
    return { ...scenario, capture: to };
  }

  #nameOf(scenario: ScenarioResult, capture: string, repetition: number): string {
    const key = scenarioKey(scenario);
    const known = this.#ofScenarios.get(key);
    const name =
      known === undefined
        ? this.#unused(this.#ofFiles.get(scenario.file) ?? capture, "-", 2)
        : this.#unused(known, "_", Math.max(repetition, 2));
    this.#taken.add(name);
    if (known === undefined) this.#ofScenarios.set(key, name);
    if (!this.#ofFiles.has(scenario.file)) this.#ofFiles.set(scenario.file, name);
    return name;
  }

  #unused(wanted: string, sign: string, from: number): string {
    if (!this.#taken.has(wanted)) return wanted;
    const [, stem = wanted, ending = ""] = /^(.*?)(\.[^./]+)?$/.exec(wanted) ?? [];
    for (let number = from; ; number++) {
      const candidate = `${stem}${sign}${number}${ending}`;
      if (!this.#taken.has(candidate)) return candidate;
    }
  }
}

/** The worst of all scenarios; a part that was interrupted left some out, and cannot pass. */
function verdictOf(parts: readonly Part[], scenarios: readonly ScenarioResult[]): RunResult["verdict"] {
  const verdict = runVerdict(scenarios);
  const isCutShort = parts.some(
    ({ result }) => result.verdict === "inconclusive" && runVerdict(result.scenarios) === "pass",
  );
  return verdict === "pass" && isCutShort ? "inconclusive" : verdict;
}

/** A shard that needed no guest does not know its kernel: another one does. */
function directorOf(parts: readonly Part[], first: DirectorResult): DirectorResult {
  const kernel = parts.map(({ result }) => result.director?.kernel).find((kernel) => kernel !== undefined);
  return kernel === undefined ? first : { ...first, kernel };
}

function quote({ name }: Part): string {
  return visible(name);
}
