/** What captures prove about their services, beyond the findings of the rules. */

import { endpoint } from "../../packet/address.js";
import { missingTaps } from "../coverage.js";
import { core, portsOf, protocolOf } from "../datagram.js";
import type { Evidence } from "../evidence.js";
import { groupBy } from "../group.js";
import { judge } from "../judge.js";
import { modelsSeen } from "../observed.js";
import { answersOf } from "../paths.js";
import type { Finding, Rule } from "../rule.js";
import { type Host, type Model, type Role, type Service, type Setup, serviceName } from "../setup.js";
import { type View, viewOf } from "../view.js";
import type { Capture } from "./capture.js";
import { askedInVain, unansweredClients } from "./unanswered.js";

/** The findings about captures, and why they prove too little. */
export interface Conclusion {
  readonly findings: readonly Finding[];
  /** In whole sentences, what the captures lack for a verdict; left out where they lack nothing. */
  readonly problem?: string;
}

/** The rule that says what a model makes of a packet: it alone is broken where the model is another one. */
const SHAPE: Readonly<Record<Model, string>> = { nat: "NAT-REQ-01", dr: "DR-REQ-01", tun: "TUN-ENC-03" };

/**
 * Holds captures against the rules. Where a service shows another model than the setup says, that is a failure of the rule
 * which says what the declared model is; everything else is judged by the model that there is, or all of it would fail.
 */
export function conclude(evidence: Evidence, rules: readonly Rule[]): Conclusion {
  const otherwise = servicesOtherwise(evidence);
  const findings = judge(withModels(evidence, otherwise), rules);
  const mistaken = rules.filter(({ id }) => [...otherwise.keys()].some(({ model }) => SHAPE[model] === id));
  const mismatches = judge(evidence, mistaken).filter(({ status }) => status === "fail");
  const others = findings.filter(({ rule }) => !mismatches.some((mismatch) => mismatch.rule === rule));
  const known = withModels(evidence, otherwise);
  // Where something failed, that is why.
  const hasFailed = [...mismatches, ...others].some(({ status }) => status === "fail");
  const problem = [...untested(known), ...(hasFailed ? [] : inVain(known))].join(" ");
  return { findings: [...mismatches, ...others], ...(problem === "" ? {} : { problem }) };
}

/** Services that show one model alone, and not the one that they have in the setup. */
function servicesOtherwise({ setup, frames }: Evidence): Map<Service, Model> {
  const otherwise = new Map<Service, Model>();
  for (const [service, seen] of modelsSeen(setup, frames)) {
    const [model, ...others] = seen;
    if (model !== undefined && others.length === 0 && model !== service.model) otherwise.set(service, model);
  }
  return otherwise;
}

function withModels(evidence: Evidence, models: ReadonlyMap<Service, Model>): Evidence {
  if (models.size === 0) return evidence;
  const services = evidence.setup.services.map((service) => {
    const model = models.get(service);
    return model === undefined ? service : { ...service, model };
  });
  return { ...evidence, setup: { ...evidence.setup, services } };
}

/** For each service what is missing: a request that was forwarded, or an answer. */
function* untested(evidence: Evidence): Iterable<string> {
  const view = viewOf(evidence);
  const passed = [...view.crossings, ...view.relayed.filter(({ seen }) => seen === "around")];
  const answered = new Set([
    ...answersOf(view).map(({ flow }) => serviceName(flow.service)),
    ...passed
      .filter(({ kind, outs }) => kind === "reply" && outs.length > 0)
      .map(({ service }) => serviceName(service)),
  ]);
  const { setup } = evidence;
  for (const service of setup.services) {
    const name = serviceName(service);
    const requests = passed.filter((one) => one.kind === "request" && serviceName(one.service) === name);
    if (!evidence.frames.some(({ packet }) => isAbout(packet, service)))
      yield `There is no frame to or from ${name} in the captures.`;
    else if (!requests.some(({ outs }) => outs.length > 0))
      yield `No capture shows a request to ${name} before and behind the director${wanted(evidence, rolesNextTo(view, service))}.`;
    else if (!answered.has(name)) {
      const roles: Role[] = service.model === "nat" ? ["director"] : ["real-server", "client"];
      yield `No answer from ${name} was captured: what never answers does not pass${wanted(evidence, roles)}.`;
    }
  }
}

/** Connections of which nobody knows why they were not answered. */
function* inVain(evidence: Evidence): Iterable<string> {
  for (const service of evidence.setup.services) {
    const clients = unansweredClients(viewOf(evidence), service);
    if (clients.length > 0) yield `${askedInVain(service, clients)}${wanted(evidence, ["director", "real-server"])}.`;
  }
}

/** Where a request has to be seen as well: on one side of the director the other one will do. */
function rolesNextTo(view: View, service: Service): Role[] {
  const isBehind = view.relayed.some(
    (one) => one.seen === "behind" && serviceName(one.service) === serviceName(service),
  );
  return isBehind ? ["client", "director"] : ["director"];
}

function isAbout(outer: Parameters<typeof core>[0], { vip, port, protocol }: Service): boolean {
  const packet = core(outer);
  const ports = portsOf(packet);
  if (packet.ip === undefined || ports === undefined || protocolOf(packet) !== protocol) return false;
  return (packet.ip.dst === vip && ports.dst === port) || (packet.ip.src === vip && ports.src === port);
}

/** The captures that would settle it. */
function wanted(evidence: Evidence, roles: readonly Role[]): string {
  const isWanted = ({ role }: Host) => roles.includes(role);
  const taps = evidence.setup.hosts.filter(isWanted).flatMap((host) => missingTaps(evidence, host));
  if (taps.length === 0) return "";
  return `; a capture of ${new Intl.ListFormat("en", { type: "disjunction" }).format(taps)} would settle it`;
}

/** Conversations named where nothing that was looked for is in the captures. */
const TALKERS = 5;

/** What is in the captures instead of the services; undefined where a service is in them. */
export function nothingOfServices(setup: Setup, captures: readonly Capture[]): string | undefined {
  const frames = captures.flatMap((capture) => capture.frames);
  if (frames.some(({ packet }) => setup.services.some((service) => isAbout(packet, service)))) return undefined;
  const names = new Intl.ListFormat("en", { type: "disjunction" }).format(setup.services.map(serviceName));
  const count = captures.reduce((sum, { frames: own, whole }) => sum + (whole?.frames ?? own.length), 0);
  return `None of the ${count} frames in the captures is to or from ${names}. ${instead(captures)}`;
}

/** Who talks most in the captures, in a whole sentence. */
export function instead(captures: readonly Capture[]): string {
  const talks = captures.flatMap(({ frames }) => frames.flatMap(({ packet }) => conversation(packet) ?? []));
  const counts = [...groupBy(talks, (talk) => talk)].map(([talk, same]) => ({ talk, count: same.length }));
  const most = counts.toSorted((left, right) => right.count - left.count).slice(0, TALKERS);
  const seen = most.map(({ talk, count }) => `${talk} (${count} ${count === 1 ? "frame" : "frames"})`);
  return `What is in them most: ${seen.length === 0 ? "no IP at all" : seen.join(", ")}.`;
}

function conversation(outer: Parameters<typeof core>[0]): string | undefined {
  const packet = core(outer);
  const { ip } = packet;
  if (ip === undefined) return undefined;
  const ports = portsOf(packet);
  const protocol = protocolOf(packet) ?? `protocol ${ip.protocol}`;
  return ports === undefined
    ? `${protocol} ${ip.src} > ${ip.dst}`
    : `${protocol} ${endpoint(ip.src, ports.src)} > ${endpoint(ip.dst, ports.dst)}`;
}
