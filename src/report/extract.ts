/** The packets that findings are about, for Wireshark: a few frames out of a capture of millions. */

import type { Evidence } from "../forwarding/evidence.js";
import type { Journey } from "../forwarding/journey.js";
import type { Finding } from "../forwarding/rule.js";
import type { Frame } from "../packet/frame.js";
import { MOST_JOURNEYS } from "./choose.js";
import { STATUS_WORDS } from "./format.js";
import { frameKey } from "./link.js";
import { shortened, visible } from "./visible.js";

/** Characters of one part of a comment: what was observed may be a whole payload. */
const LONGEST_PART = 1000;

/** The journeys that one finding rests on. */
export interface Extract {
  /** For the file's name: the rule, numbered where it has several findings. */
  readonly name: string;
  readonly finding: Finding;
  /** In the order of their times. */
  readonly frames: readonly Frame[];
  /** For each of the frames one: what was judged of it. */
  readonly comments: ReadonlyMap<Frame, string>;
  /** Position, from 1, of the frame in which it shows: what Wireshark is to open at (`wireshark -g`). */
  readonly shownAt: number;
}

/** One extract for each finding that something is wrong with and that rests on frames. */
export function extractsOf({ journeys }: Evidence, findings: readonly Finding[]): Extract[] {
  const names = new Map<string, number>();
  return findings.flatMap((finding) => {
    if (!isWrong(finding)) return [];
    const extract = extractOf(finding, journeys);
    if (extract.frames.length === 0) return [];
    const number = (names.get(finding.rule) ?? 0) + 1;
    names.set(finding.rule, number);
    const rule = finding.rule.replaceAll(/[^\w-]+/g, "-");
    return [{ ...extract, name: number === 1 ? rule : `${rule}-${number}` }];
  });
}

function isWrong({ status }: Finding): boolean {
  return status === "fail" || status === "inconclusive" || status === "declared";
}

function extractOf(finding: Finding, journeys: readonly Journey[]): Omit<Extract, "name"> {
  const cited = new Map(finding.frames.map((frame, index) => [frameKey(frame), index]));
  const isCited = (frame: Frame) => cited.has(frameKey(frame));
  const chosen = journeys
    .filter(({ sightings }) => sightings.some((sighting) => sighting.frames.some(isCited)))
    .slice(0, MOST_JOURNEYS);
  const comments = new Map<Frame, string>();
  for (const { sightings } of chosen)
    for (const frame of sightings.flatMap((sighting) => sighting.frames))
      comments.set(frame, isCited(frame) ? judged(finding, frame) : context(finding, frame));
  const frames = [...comments.keys()].sort((one, other) => Number(one.time - other.time));
  // The last of those that a finding names is where it shows; several times over, the first time says it as well.
  const shown = frames.filter((frame) => isCited(frame) && frame.tap === (finding.tap ?? frame.tap));
  const rank = (frame: Frame) => cited.get(frameKey(frame)) ?? Number.POSITIVE_INFINITY;
  const atTap = shown.toSorted((one, other) => rank(one) - rank(other));
  const first = atTap.find((frame) => frame.direction === "out") ?? atTap[0] ?? frames.find(isCited);
  return { finding, frames, comments, shownAt: first === undefined ? 1 : frames.indexOf(first) + 1 };
}

/**
 * What was judged of each frame, for the capture of a whole scenario: findings that something is wrong with at length,
 * of those that hold the rules alone.
 */
export function commentsOf(frames: readonly Frame[], findings: readonly Finding[]): ReadonlyMap<Frame, string> {
  const byFrame = new Map<string, Finding[]>();
  for (const finding of findings)
    for (const key of finding.frames.map(frameKey)) byFrame.set(key, [...(byFrame.get(key) ?? []), finding]);
  const comments = new Map<Frame, string>();
  for (const frame of frames) {
    const found = byFrame.get(frameKey(frame)) ?? [];
    const held = found.filter(({ status }) => status === "pass").map(({ rule }) => visible(rule));
    const others = found.filter(isWrong).map((finding) => judged(finding, frame));
    const parts = held.length > 0 ? [...others, `${STATUS_WORDS.pass.word}: ${held.join(", ")}`] : others;
    if (parts.length > 0) comments.set(frame, parts.join("\n\n"));
  }
  return comments;
}

function judged(finding: Finding, frame: Frame): string {
  const { rule, status, suspect, field, expected, observed, lookedFor } = finding;
  const cause = finding.causes[0]?.text;
  return [
    `${rule} ${STATUS_WORDS[status].word}`,
    field && `field: ${field}`,
    expected && `expected: ${part(expected)}`,
    observed && `observed: ${part(observed)}`,
    lookedFor && `looked for: ${part(lookedFor)}`,
    suspect && `suspect: ${suspect}`,
    cause && `likely cause: ${part(cause)}`,
    place(frame),
  ]
    .filter((line) => line !== undefined && line !== "")
    .map((line) => visible(line as string))
    .join("\n");
}

function context({ rule }: Finding, frame: Frame): string {
  return `${visible(rule)}: the same packet at another hop\n${visible(place(frame))}`;
}

/** Where the frame was recorded, and its number there. */
function place({ tap, direction, file, number }: Frame): string {
  return `${direction} at ${tap}, frame ${number}${file === undefined ? "" : ` of ${file}`}`;
}

function part(text: string): string {
  return shortened(text, LONGEST_PART);
}
