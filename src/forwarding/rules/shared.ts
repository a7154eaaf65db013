/** What the models' rule files have in common: rules that differ in their model and their number only. */

import { l4ChecksumState } from "../../packet/checksum.js";
import { matrixOutcomes } from "../compare.js";
import { core, portsOf } from "../datagram.js";
import { fateOf, isCutAnyway, isTorn, limitsOf, usualLimitsOf } from "../fate.js";
import type { Sighting } from "../journey.js";
import { ownsIp } from "../network.js";
import { isChecksumReady, isRecordedWhole } from "../offload.js";
import { DIRECTOR, fail, missing, type Outcome, pass } from "../outcome.js";
import { describe } from "../paths.js";
import type { Rule } from "../rule.js";
import type { Model } from "../setup.js";
import { indivisible, isPartial, startOf } from "../sightings.js";
import type { Crossing, Kind, View } from "../view.js";

/** What nearly all rules of one model have in common. */
export function forModel(model: Model) {
  return { level: "MUST", profile: "core", models: [model] } as const satisfies Partial<Rule>;
}

/** ICMP errors about a flow that were not forwarded, though they must be; what those look like that were, the matrix says. */
export function* errorOutcomes(view: View, model: Model, kind: Kind, family?: 4 | 6): Iterable<Outcome> {
  for (const crossing of view.crossings) {
    if (crossing.kind !== kind || crossing.model !== model || crossing.outs.length > 0) continue;
    if (family !== undefined && crossing.in.packet.ip?.version !== family) continue;
    if (crossing.flow.servers.length === 0 || fateOf(view, crossing) !== "forward") continue;
    const expected =
      kind === "client-error" ? `forwarded to ${crossing.flow.servers[0]?.name}` : "forwarded to the client";
    const observed = `${describe(crossing.in)} was not forwarded`;
    yield missing(view, [crossing.in], { suspect: DIRECTOR, expected, observed });
  }
}

/** Fragmented datagrams: one whole datagram leaves, to one real server, and its content is as the matrix says. */
export function* fragmentOutcomes(view: View, rule: string, model: Model): Iterable<Outcome> {
  const wrong = matrixOutcomes(view, rule).filter((outcome) => outcome.status !== "pass");
  yield* wrong;
  for (const crossing of view.crossings) {
    const { in: sighting, outs } = crossing;
    if (crossing.model !== model || sighting.frames.length === 1 || wrong.some(({ at }) => at[0] === sighting))
      continue;
    const fate = fateOf(view, crossing);
    const expected = "all fragments of the datagram, in one piece, to one receiver";
    if (outs.length === 0) {
      if (fate !== "forward") continue;
      const observed = `${describe(sighting)} in ${sighting.frames.length} fragments was not forwarded`;
      yield missing(view, [sighting], { suspect: DIRECTOR, expected, observed });
    } else if (!outs.some(isPartial)) yield pass(sighting, ...outs);
    else {
      const parts = outs.map((out) => `${out.frames.length} to ${out.packet.ip?.dst} at ${out.packet.eth?.dst}`);
      const violation = { suspect: DIRECTOR, field: "ip.frag_offset", expected, observed: parts.join(", ") };
      const receivers = new Set(outs.map(({ packet }) => packet.ip?.dst));
      // To one end of a tunnel, each in a header of its own: some may not have been recorded.
      if (outs.every(hasOwnTunnel) && receivers.size === 1) yield missing(view, [sighting, ...outs], violation);
      else yield fail([sighting, ...outs], violation);
    }
  }
}

/** A fragment, or several, in tunnel headers of their own: legal (RFC 2003 §3.1), put together by the real server. */
function hasOwnTunnel({ packet }: Sighting): boolean {
  return packet.inner?.ip?.isFragment === true;
}

/** Requests larger than the way to the real server takes, with DF: refused with the MTU that fits. */
export function* oversizeOutcomes(view: View, model: Model): Iterable<Outcome> {
  const refusals = refusalsOf(view);
  const fitting: Outcome[] = [];
  let tooLarge = false;
  for (const crossing of view.crossings) {
    if (crossing.kind !== "request" || crossing.model !== model) continue;
    const { in: sighting } = crossing;
    const { ip } = sighting.packet;
    const known = limitsOf(view.network, crossing);
    const limits = known.length > 0 ? known : usualLimitsOf(view, crossing);
    if (ip === undefined || !ip.checksumValid || ip.ttl <= 1 || limits.length === 0) continue;
    // Where nobody tells the MTU what was forwarded was not too long.
    if (known.length === 0 && crossing.outs.length > 0) continue;
    const length = indivisible(sighting);
    if (length === undefined || isCutAnyway(crossing.service) || !isRecordedWhole(view.network, sighting)) continue;
    if (length > Math.max(...limits)) {
      tooLarge = true;
      yield refused(view, crossing, limits, refusals);
    } else if (length === Math.min(...limits)) fitting.push(passesThrough(view, crossing));
  }
  // That what fits passes says nothing about what does not.
  yield* tooLarge ? fitting : fitting.filter(({ status }) => status !== "pass");
}

/** The same without DF: cut into fragments that make up the whole datagram. */
export function* fragmentedOutcomes(view: View, model: Model): Iterable<Outcome> {
  for (const crossing of view.crossings) {
    const { in: sighting, outs, kind } = crossing;
    const { ip } = sighting.packet;
    if (kind !== "request" || crossing.model !== model || ip === undefined || ip.df || sighting.frames.length > 1)
      continue;
    const limits = limitsOf(view.network, crossing);
    const [out] = outs;
    if (out === undefined || limits.length === 0 || ip.length <= Math.max(...limits)) continue;
    if (!isRecordedWhole(view.network, sighting)) continue;
    if (!isRecordedWhole(view.network, out)) {
      if (!isSentWhole(view, out)) continue;
      const length = Math.max(...out.frames.map(({ packet }) => packet.ip?.length ?? 0));
      const expected = `fragments of at most ${view.network.port(out.tap)?.nic.mtu} bytes`;
      const observed = out.frames.length === 1 ? `forwarded whole with ${length} bytes` : `one of ${length} bytes`;
      yield fail([sighting, out], { suspect: DIRECTOR, field: "ip.len", expected, observed });
    } else if (!isPartial(out) && !isTorn(view.network, crossing, out)) yield pass(sighting, out);
    else {
      const frames = outs.flatMap((piece) => piece.frames);
      const observed = `${frames.length} fragments that do not make up the datagram`;
      const expected = "fragments that make up the whole datagram";
      const violation = { suspect: DIRECTOR, field: "ip.frag_offset", expected, observed };
      yield hasOwnTunnel(out) ? missing(view, [sighting, out], violation) : fail([sighting, out], violation);
    }
  }
}

/** Whether an oversize frame went out as it is: no NIC of a lab cuts it; otherwise where it arrived just so (TCP may be joined again). */
function isSentWhole(view: View, out: Sighting): boolean {
  if (view.evidence.settled) return true;
  if (core(out.packet).tcp !== undefined) return false;
  const { length } = out.packet.ip ?? {};
  return (view.children.get(out) ?? []).some(({ frames }) => frames.some(({ packet }) => packet.ip?.length === length));
}

/** A packet that just fits is not refused. */
function passesThrough(view: View, { in: sighting, outs }: Crossing): Outcome {
  const [out] = outs;
  if (out !== undefined) return pass(sighting, out);
  const expected = `forwarded: ${sighting.packet.ip?.length} bytes just fit`;
  const observed = `${describe(sighting)} was not forwarded`;
  return missing(view, [sighting], { suspect: DIRECTOR, field: "ip.len", expected, observed });
}

function refused(view: View, crossing: Crossing, limits: readonly number[], refusals: readonly Sighting[]): Outcome {
  const { in: sighting, outs, service } = crossing;
  const [out] = outs;
  const mtu = Math.max(...limits);
  const expected = `not forwarded; ICMP fragmentation needed with MTU ${mtu}, quoting ${service.vip}:${service.port}`;
  if (out !== undefined) {
    const observed = `forwarded with ${out.packet.ip?.length} bytes`;
    return fail([sighting, out], { suspect: DIRECTOR, field: "ip.len", expected, observed });
  }
  const refusal = refusals.find((candidate) => isAbout(candidate, sighting));
  if (refusal === undefined) {
    return missing(view, [sighting], { suspect: DIRECTOR, expected, observed: "neither forwarded nor refused" });
  }
  const { icmp, quoted } = refusal.packet;
  const found = icmp?.mtu ?? 0;
  // Outside of a lab a route may have a smaller MTU than the NIC that the setup tells of.
  const fits = limits.includes(found) || (!view.evidence.settled && found < mtu);
  if (!fits) {
    const observed = `ICMP fragmentation needed with MTU ${found}`;
    return fail([sighting, refusal], { suspect: DIRECTOR, field: "icmp.mtu", expected, observed });
  }
  const wrong = wrongRefusal(view, crossing, refusal);
  if (wrong !== undefined) return fail([sighting, refusal], { suspect: DIRECTOR, ...wrong });
  const port = quoted && portsOf(quoted)?.dst;
  if (quoted?.ip?.dst === service.vip && (port === undefined || port === service.port)) return pass(sighting, refusal);
  const observed = `it quotes ${quoted?.ip?.dst}:${port}`;
  return fail([sighting, refusal], { suspect: DIRECTOR, field: "ip.dst#2", expected, observed });
}

/** A refusal is for the client, from the VIP or another address of the director, and sound. */
function wrongRefusal({ network, evidence }: View, { in: sighting, director, service }: Crossing, refusal: Sighting) {
  const { ip } = refusal.packet;
  const client = sighting.packet.ip?.src ?? "";
  const from = ip?.src ?? "";
  if (ip?.dst !== client) return { field: "ip.dst", expected: client, observed: ip?.dst ?? "none" };
  const owner = network.byIp(from)?.host.name;
  // Beside captures a setup need not list every address that the director has.
  const isForeign = owner === undefined ? evidence.settled : !ownsIp(director, from);
  if (from !== service.vip && isForeign) {
    const observed = owner === undefined ? from : `${from} (${owner})`;
    return { field: "ip.src", expected: `${service.vip} or an address of ${director.name}`, observed };
  }
  if (!ip.checksumValid) return { field: "ip.checksum", expected: "a valid checksum", observed: "a wrong one" };
  if (l4ChecksumState(refusal.packet) === "invalid" && isChecksumReady(refusal)) {
    return { field: "icmp.checksum", expected: "a valid checksum", observed: "a wrong one" };
  }
  return undefined;
}

function refusalsOf(view: View): Sighting[] {
  return view.sightings.filter(({ host, direction, packet: { icmp } }) => {
    return icmp?.kind === "too-big" && direction === "out" && view.network.isDirector(host);
  });
}

/** By what no director changes in the quote: the client, the packet's number and its length. */
function isAbout(refusal: Sighting, sighting: Sighting): boolean {
  const [quoted, original] = [refusal.packet.quoted, sighting.packet];
  if (quoted?.ip === undefined || original.ip === undefined || startOf(refusal) < startOf(sighting)) return false;
  if (quoted.ip.src !== original.ip.src || quoted.ip.id !== original.ip.id) return false;
  return quoted.ip.length === original.ip.length && portsOf(quoted)?.src === portsOf(original)?.src;
}
