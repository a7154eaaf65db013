/** Holds packets against the matrix: once for all rules and for the report. */

import type { Packet } from "../packet/packet.js";
import { verdictFromAfar } from "./afar.js";
import { isCut, noMacs, unknownAddress, unknownMacs, unseen, unseenAtDirector } from "./cut.js";
import { isInUnknownTunnel } from "./datagram.js";
import type { Expected, Passage, Row } from "./expectations.js";
import { fateOf, isCutAnyway, isRelayed, isTorn } from "./fate.js";
import { difference, equal, type FieldName, read, type Value, wiresharkName, written } from "./header-fields.js";
import type { Sighting } from "./journey.js";
import { tableOf } from "./matrix.js";
import { isChecksumReady, isRecordedWhole } from "./offload.js";
import { DIRECTOR, fail, inconclusive, type Outcome, pass } from "./outcome.js";
import { indivisible, isPartial } from "./sightings.js";
import type { Table } from "./table.js";
import type { Crossing, View } from "./view.js";

/** One header field at the director. */
export interface FieldChange {
  /** Wireshark's name; `#2` for the header inside another. */
  readonly field: string;
  /** `none` where there was no such header. */
  readonly before: string;
  readonly after: string;
  readonly verdict: "allowed" | "violation" | "same";
  /** The rule that decides about the field. */
  readonly rule?: string;
  /** What the rule demands; only with a violation. */
  readonly expected?: string;
}

interface Check {
  readonly row: Row;
  readonly rule: string;
  readonly passage: Passage;
  readonly nested: boolean;
  /** The header was not there before: nothing to compare with. */
  readonly added: boolean;
  readonly before: Value;
  readonly after: Value;
  readonly expected: Expected;
  /** Undefined where the captures do not have what decides about it. */
  readonly holds: boolean | undefined;
  /** It does not hold, and nobody can say that it was the director. */
  readonly isDoubtful?: boolean;
  /** It is unknown because the director was not recorded. */
  readonly isFromAfar?: boolean;
  /** Which frame it is about, where that is not all of them: `fragment 2 of 3`. */
  readonly fragment?: string;
}

const FRAGMENTATION: readonly FieldName[] = ["ip.flags.mf", "ip.frag_offset"];
const CONTENT: readonly FieldName[] = ["data.data", "l4.checksum"];
/** Fields of which every fragment has one of its own, and must have it as the whole datagram would. */
const OF_EACH_FRAGMENT: readonly FieldName[] = ["ip.ttl", "ip.dsfield", "ip.flow", "ip.flags.df", "ip.checksum"];
const outcomes = new WeakMap<View, ReadonlyMap<string, readonly Outcome[]>>();

/** What the matrix says about a rule: one outcome for each packet whose fields it owns. */
export function matrixOutcomes(view: View, rule: string): readonly Outcome[] {
  let known = outcomes.get(view);
  if (known === undefined) {
    known = compareAll(view);
    outcomes.set(view, known);
  }
  return known.get(rule) ?? [];
}

/**
 * Every header field that changed or must have, for one copy of a packet that crossed the director.
 *
 * @param out one of the crossing's `outs`
 */
export function changes(view: View, crossing: Crossing, out: Sighting): FieldChange[] {
  const byField = new Map<string, FieldChange>();
  for (const check of checksOf(view, crossing, out)) {
    const field = nameOf(check);
    if (check.holds === undefined) continue;
    const known = byField.get(field);
    if (known === undefined || (known.verdict !== "violation" && !check.holds))
      byField.set(field, changeOf(check, field));
  }
  return [...byField.values()];
}

function compareAll(view: View): Map<string, Outcome[]> {
  const all = new Map<string, Outcome[]>();
  const add = (rule: string, outcome: Outcome) => {
    const list = all.get(rule);
    if (list === undefined) all.set(rule, [outcome]);
    else list.push(outcome);
  };
  for (const crossing of [...view.crossings, ...view.relayed]) {
    if (fateOf(view, crossing) === "drop") continue;
    for (const out of crossing.outs) {
      const holding = new Set<string>();
      const broken = new Set<string>();
      const open = new Map<string, Outcome>();
      for (const check of checksOf(view, crossing, out)) {
        if (check.holds) holding.add(check.rule);
        else if (check.holds === undefined) open.set(check.rule, openOutcome(check, crossing, out));
        else {
          broken.add(check.rule);
          add(check.rule, violationOf(check, crossing, out));
        }
      }
      for (const [rule, outcome] of open) if (!broken.has(rule)) add(rule, outcome);
      for (const rule of holding) if (!broken.has(rule) && !open.has(rule)) add(rule, pass(crossing.in, out));
    }
  }
  for (const crossing of view.unproven) {
    const { rows, outer = [], shape } = tableOf(crossing);
    const rules = new Set([shape, ...[...rows, ...outer].map(({ rule }) => rule)]);
    for (const rule of rules) add(rule, unknownMacs(crossing.in));
  }
  return all;
}

function checksOf(view: View, crossing: Crossing, out: Sighting): Check[] {
  if (isPartial(out) || isTorn(view.network, crossing, out) || isRoutedAsIs(crossing, out)) return [];
  const table = tableOf(crossing);
  const base = passageOf(view, crossing, out);
  const isTunnelled = out.packet.inner !== undefined;
  const isOtherwise = isTunnelled !== (table.outer !== undefined) || isInUnknownTunnel(out.packet);
  if (isOtherwise) return [shapeCheck(table, base)];
  const inside = { ...base, found: base.after };
  const isSecond = isTunnelled && base.outer.ip?.version === base.after.ip?.version;
  const checks = table.rows.flatMap((row) => {
    const nested = isSecond && isIp(row);
    return inFragments(check(row, inside, nested), nested, isTunnelled ? insideOf : wholeOf);
  });
  for (const row of table.outer ?? []) checks.push(...inFragments(check(row, base, false), false, wholeOf));
  const { quoted: before } = base.before;
  const { quoted: after } = base.after;
  if (table.quoted !== undefined && before !== undefined && after !== undefined) {
    const passage = { ...base, before, after, found: after };
    for (const row of table.quoted) checks.push(check(row, passage, isIp(row)));
  } else if (base.isCut) for (const row of table.quoted ?? []) checks.push(openCheck(row, base));
  return checks.filter((found) => found !== undefined);

  /** A field of the whole datagram as its fragments have it: the first one that has it wrong, else as it is. */
  function inFragments(whole: Check | undefined, nested: boolean, headerOf: (frame: Packet) => Packet | undefined) {
    if (!whole?.holds || out.frames.length === 1 || !OF_EACH_FRAGMENT.includes(whole.row.field)) return [whole];
    // What came in fragments may leave in them as they were, or as if the first one had been the whole.
    const before = [whole.passage.before, ...crossing.in.frames.map(({ packet }) => packet)];
    for (const [index, { packet: frame }] of out.frames.entries()) {
      const found = headerOf(frame);
      if (found === undefined) continue;
      const after = isTunnelled && headerOf === wholeOf ? whole.passage.after : found;
      const passages = before.map((from) => ({ ...whole.passage, before: from, after, found, outer: frame }));
      const checks = passages.flatMap((passage) => check(whole.row, passage, nested) ?? []);
      const [first] = checks;
      if (first === undefined || checks.some(({ holds }) => holds !== false)) continue;
      return [{ ...first, fragment: `fragment ${index + 1} of ${out.frames.length}` }];
    }
    return [whole];
  }

  function check(row: Row, passage: Passage, nested: boolean): Check | undefined {
    const isFragmented = crossing.in.frames.length > 1;
    const isCut = (isFragmented || out.frames.length > 1) && FRAGMENTATION.includes(row.field);
    const mayBeCut = isFragmented || indivisible(crossing.in) === undefined || isCutAnyway(crossing.service);
    if (isCut && mayBeCut && !nested) return undefined;
    const isFrame = row.field.startsWith("eth.");
    // Put together again nobody would see that it was cut.
    const piece = isCut && !mayBeCut ? pieceOf(out, nested) : undefined;
    const after = read(piece ?? (isFrame ? passage.outer : passage.found), row.field);
    const added = table.outer?.includes(row) === true && !isFrame;
    const before = added ? undefined : read(passage.before, row.field);
    const expected = row.expect(passage);
    if (expected === undefined) return undefined;
    const isUnknown = after === undefined && (isFrame || (passage.isCut && !isIp(row)));
    if (expected.isOpen || isUnknown) return openCheck(row, passage);
    if (before === undefined && after === undefined) return undefined;
    // No packet without options shows that they are kept.
    if (row.field === "ip.options" && isEmpty(before) && isEmpty(after)) return undefined;
    const holds = expected.holds ?? equal(expected.value, after);
    const byContent = isFragmented && table.fragments !== undefined && CONTENT.includes(row.field);
    const rule = byContent && row.rule !== "GEN-L4-01" ? (table.fragments as string) : row.rule;
    const known = { row, rule, passage, nested, added, before, after, expected };
    if (crossing.seen === undefined) return { ...known, holds };
    const steps = (passage.before.ip?.ttl ?? 0) - (passage.after.ip?.ttl ?? 0);
    const isOuter = table.outer?.includes(row) === true;
    const verdict = verdictFromAfar(view.network, crossing, out, row, holds, steps, isOuter);
    if (verdict === undefined) return { ...openCheck(row, passage), isFromAfar: true };
    return verdict === "doubt" ? { ...known, holds: false, isDoubtful: true } : { ...known, holds: verdict };
  }
}

/** A frame's MACs are unknown where the capture has none, or nobody knows whose they are; all else, where it did not keep all. */
function openOutcome({ row, passage, isFromAfar }: Check, crossing: Crossing, out: Sighting): Outcome {
  const isFrame = row.field.startsWith("eth.");
  if (isFromAfar && crossing.seen !== undefined && !isFrame) return unseenAtDirector(crossing.seen, crossing.in, out);
  if (row.field === "ip.src" && !passage.isCut) return unknownAddress(out.packet.ip?.src ?? "", crossing.in, out);
  if (!isFrame) return unseen(crossing.in, out);
  const isRecorded = read(out.packet, row.field) !== undefined;
  return isRecorded ? unknownMacs(crossing.in, out) : noMacs(crossing.in, out);
}

function openCheck(row: Row, passage: Passage): Check {
  const values = { before: undefined, after: undefined, expected: {}, holds: undefined };
  return { row, rule: row.rule, passage, nested: false, added: false, ...values };
}

/** What NAT need not translate, an error or what is of no connection any more: forwarded like any other packet of a real server. */
function isRoutedAsIs({ kind, mayBeForgotten, in: { packet } }: Crossing, out: Sighting): boolean {
  if (out.packet.ip?.src !== packet.ip?.src) return false;
  if (kind === "reply") return mayBeForgotten;
  return kind === "server-error" && (mayBeForgotten || !isRelayed(packet));
}

function wholeOf(frame: Packet): Packet {
  return frame;
}

/** None where the tunnel header itself was cut: then the packet inside is whole, and its header may stand in several pieces. */
function insideOf({ ip, inner }: Packet): Packet | undefined {
  return ip?.isFragment === true ? undefined : inner;
}

/** The first frame of what was cut on the way; of the packet inside, where that was cut before it was encapsulated. */
function pieceOf({ frames }: Sighting, nested: boolean): Packet | undefined {
  const first = frames[0]?.packet;
  return nested ? first?.inner : first;
}

function isEmpty(value: Value): boolean {
  return value instanceof Uint8Array && value.length === 0;
}

function isIp(row: Row): boolean {
  return row.field.startsWith("ip.");
}

function passageOf(view: View, crossing: Crossing, out: Sighting): Passage {
  const cut = isCut(crossing.in, out);
  const whole = isRecordedWhole(view.network, crossing.in) && isRecordedWhole(view.network, out);
  const outer = cut ? out.common : out.packet;
  const common = {
    crossing,
    network: view.network,
    isComplete: view.evidence.settled,
    out,
    before: crossing.seen === "behind" ? (outer.inner ?? outer) : cut ? crossing.in.common : crossing.in.packet,
    after: outer.inner ?? outer,
    outer,
    found: outer,
    isCut: cut,
    checksumsReady: whole && isChecksumReady(crossing.in) && isChecksumReady(out),
  };
  return { ...common, server: serverOf(view, crossing, out) };
}

/** The server that this copy is for; of several copies each has its own. */
function serverOf(view: View, crossing: Crossing, out: Sighting) {
  if (crossing.outs.length === 1 || crossing.kind !== "request") return crossing.server;
  const { dst } = out.packet.ip ?? {};
  const mac = view.network.byMac(out.packet.linkDst)?.host.name;
  const servers = crossing.service.realServers;
  const atMac = servers.find((server) => server.name === mac);
  const atIp = servers.find((server) => server.ip === dst);
  return crossing.model === "dr" ? (atMac ?? atIp) : (atIp ?? atMac);
}

function shapeCheck(table: Table, passage: Passage): Check {
  const isTunnel = table.outer !== undefined;
  const row: Row = { field: "ip.proto", rule: table.shape, expect: () => undefined };
  const text = isTunnel ? "4 (the client's packet in another IP header)" : "not encapsulated";
  const [before, after] = [read(passage.before, "ip.proto"), read(passage.outer, "ip.proto")];
  const expected = { text };
  return { row, rule: table.shape, passage, nested: false, added: false, before, after, expected, holds: false };
}

function violationOf(check: Check, crossing: Crossing, out: Sighting): Outcome {
  const { expected, observed } = texts(check);
  const suspect = check.row.suspect ?? DIRECTOR;
  const violation = { suspect, field: nameOf(check), expected, observed };
  return (check.isDoubtful ? inconclusive : fail)([crossing.in, out], violation);
}

function texts({ row, before, after, expected, fragment }: Check): { expected: string; observed: string } {
  const { field } = row;
  const value = fragment === undefined ? written(field, after) : `${written(field, after)} in ${fragment}`;
  if (expected.text !== undefined) return { expected: expected.text, observed: value };
  const isBytes = before instanceof Uint8Array && after instanceof Uint8Array;
  return {
    expected: written(field, expected.value),
    observed: isBytes ? difference(before, after) : value,
  };
}

function nameOf({ row, passage, nested }: Check): string {
  return wiresharkName(row.field, passage.found, nested);
}

function changeOf(check: Check, field: string): FieldChange {
  const { row, rule, added, before, after, holds } = check;
  const values = { field, before: added ? "none" : written(row.field, before), after: written(row.field, after), rule };
  if (!holds) return { ...values, verdict: "violation", expected: texts(check).expected };
  return { ...values, verdict: !added && equal(before, after) ? "same" : "allowed" };
}
