/** From capture files to evidence: who sent what when, on one clock, and where nobody looked. */

import { isIp6 } from "../../packet/address.js";
import type { Frame } from "../../packet/frame.js";
import type { Coverage, Window } from "../coverage.js";
import type { Evidence } from "../evidence.js";
import { groupBy } from "../group.js";
import { followJourneys } from "../journey.js";
import { modelled } from "../observed.js";
import { type Host, isOnLink, type Service, type Setup, tapName } from "../setup.js";
import { earliest, latest } from "../times.js";
import type { Capture } from "./capture.js";
import { type Clock, Clocks, uniquePairs } from "./clocks.js";
import { withoutCopies } from "./duplicates.js";
import { learnMacs } from "./learn.js";
import { heaviest } from "./neighbours.js";
import { inOrder, type Ordered } from "./order.js";
import { type PlacedCapture, placeFrames } from "./place.js";

/** Evidence out of captures, and what had to be found out for it. */
export interface CapturedEvidence {
  readonly evidence: Evidence;
  /** In whole sentences: where the captures contradict the setup. */
  readonly contradictions: readonly string[];
  /** One of each file but that whose clock the others are compared with. */
  readonly clocks: readonly Clock[];
  /** The file whose clock the evidence's times are of. */
  readonly reference: string;
  readonly files: readonly CapturedFile[];
  /** In whole sentences: what files without frames are taken to say. */
  readonly assumed: readonly string[];
}

/** What was made of a capture. */
export interface CapturedFile {
  readonly file: string;
  /** The taps that its frames were recorded at. */
  readonly taps: readonly string[];
  readonly frames: number;
  /** Frames between other hosts, which were left out. */
  readonly foreign: number;
  /** Copies that the capture made of its own frames, which were left out. */
  readonly copies: number;
}

/**
 * @param setup MACs, and MTUs of 0, need not be known
 * @param withoutModel the services whose model is to be read off the frames: that which the setup has is none
 */
export function evidenceOf(
  setup: Setup,
  captures: readonly Capture[],
  withoutModel: readonly Service[] = [],
): CapturedEvidence {
  const learnt = learnMacs(withClient(setup, captures), captures);
  const placed = captures.flatMap(
    (capture) => placeFrames(learnt.setup, capture, learnt.taps.get(capture) ?? "") ?? [],
  );
  const cleaned = placed.map((one) => ({ ...one, ...withoutCopies(one.frames) }));
  const timed = placed.map(({ capture: { file }, host }) => ({ file, host: host.name }));
  const isDirector = ({ host }: PlacedCapture) => host.role === "director";
  const first = timed[Math.max(0, placed.findIndex(isDirector))];
  const pairs = uniquePairs(cleaned.flatMap(({ frames }) => frames));
  const files = new Map([...(first ? [first] : []), ...timed].map((one) => [one.file, one]));
  const clocks = new Clocks([...files.values()], pairs);
  const merged = inOrder(
    cleaned.map(({ frames }) => frames),
    clocks,
    pairs,
  );
  const frames = framesOf(merged, cleaned);
  const known = modelled(learnt.setup, frames, withoutModel);
  const evidence: Evidence = {
    setup: known,
    frames,
    journeys: followJourneys(frames, known, true),
    settled: false,
    coverage: coverageOf(placed, clocks),
    ...(captures.some(({ whole }) => whole !== undefined) ? { isSelection: true } : {}),
  };
  const made = cleaned.map(({ capture, taps, foreign, copies }) => {
    return { file: capture.file, taps, frames: framesIn(capture), foreign, copies };
  });
  return {
    evidence,
    contradictions: learnt.contradictions,
    clocks: clocks.clocks,
    reference: first?.file ?? "",
    files: made,
    assumed: placed.flatMap((one) => emptiness(one, placed)),
  };
}

/** A setup beside captures may leave out the client: who asks the services where it was recorded is the one. */
function withClient(setup: Setup, captures: readonly Capture[]): Setup {
  const own = captures.filter(({ tap }) => tap === "client");
  if (own.length === 0 || setup.hosts.some(({ name }) => name === "client")) return setup;
  const vips = new Set(setup.services.map(({ vip }) => vip));
  const asking = new Map<string, number>();
  for (const { frames } of own)
    for (const { packet } of frames)
      if (vips.has(packet.ip?.dst ?? "")) asking.set(packet.ip?.src ?? "", (asking.get(packet.ip?.src ?? "") ?? 0) + 1);
  const ip = heaviest(asking);
  if (ip === undefined) return setup;
  const near = setup.hosts.flatMap(({ nics }) => nics).find((candidate) => isOnLink(candidate, ip));
  const prefix = near?.prefix ?? (isIp6(ip) ? 128 : 32);
  const nic = { name: "eth0", ip, prefix, others: [], mac: "", mtu: 0 };
  const client: Host = {
    name: "client",
    role: "client",
    nics: [nic],
    gateways: [],
    options: { sysctl: {}, vipPrefix: 32 },
  };
  return { ...setup, hosts: [client, ...setup.hosts] };
}

function framesOf(merged: readonly Ordered[], captures: readonly PlacedCapture[]): Frame[] {
  const filesOf = new Map<string, Set<string>>();
  for (const { capture, taps } of captures)
    for (const tap of taps) filesOf.set(tap, (filesOf.get(tap) ?? new Set()).add(capture.file));
  return merged.map(({ placed: { frame, host, tap, direction, capture }, time }) => {
    const { number, bytes, wireLength, packet } = frame;
    const isOneOfSeveral = (filesOf.get(tap)?.size ?? 0) > 1;
    const common = { number, tap, host, direction, time, bytes, wireLength, checksumReady: undefined, packet };
    return isOneOfSeveral ? { ...common, file: capture.file } : common;
  });
}

/** Nanoseconds between the pieces of a rotated capture in which nothing can have been lost. */
const SEAMLESS = 100_000_000n;

function coverageOf(captures: readonly PlacedCapture[], clocks: Clocks): Coverage {
  const windows = captures.flatMap(({ capture: { file, frames, whole }, taps }) => {
    const all = whole === undefined ? frames.map(({ time }) => time) : [whole.from, whole.to];
    const times = all.map((time) => clocks.read(file, time));
    const [from, to] = [earliest(times), latest(times)];
    if (from === undefined || to === undefined) return [];
    return taps.map((tap) => ({ tap, window: { from, to } }));
  });
  const coverage = new Map(
    [...groupBy(windows, ({ tap }) => tap)].map(([tap, own]) => [tap, joined(own.map(({ window }) => window))]),
  );
  // Of a NIC at which nothing came by while the others of its host were recorded.
  for (const { host, taps } of captures) {
    const windows = coverage.get(siblingOf(host, coverage) ?? "");
    if (windows !== undefined) for (const tap of taps) if (!coverage.has(tap)) coverage.set(tap, windows);
  }
  return coverage;
}

/** What a file without frames proves: when it was recorded only others can tell. */
function emptiness({ capture, host }: PlacedCapture, all: readonly PlacedCapture[]): string[] {
  if (framesIn(capture) > 0) return [];
  const siblings = all.filter((one) => one.host === host && framesIn(one.capture) > 0).map((one) => one.capture.file);
  const [sibling] = siblings;
  return sibling === undefined
    ? [`${capture.file} has no frames: nobody can say when it was recorded, so it proves nothing.`]
    : [`${capture.file} has no frames: it is taken to have been recorded as long as ${sibling}.`];
}

function framesIn({ frames, whole }: Capture): number {
  return whole?.frames ?? frames.length;
}

function siblingOf(host: Host, coverage: Coverage): string | undefined {
  return host.nics.map((nic) => tapName(host, nic)).find((tap) => coverage.has(tap));
}

function joined(windows: readonly Window[]): Window[] {
  const joint: Window[] = [];
  for (const next of windows.toSorted((left, right) => Number(left.from - right.from))) {
    const last = joint.at(-1);
    if (last !== undefined && next.from - last.to <= SEAMLESS) {
      joint[joint.length - 1] = { from: last.from, to: latest([last.to, next.to]) ?? next.to };
    } else joint.push(next);
  }
  return joint;
}
