import { ruleById } from "../forwarding/catalogue.js";
import type { Evidence } from "../forwarding/evidence.js";
import type { Journey, Sighting } from "../forwarding/journey.js";
import type { Finding } from "../forwarding/rule.js";
import { type Model, modelsOf, type Setup, tapName } from "../forwarding/setup.js";
import { fields } from "../packet/fields.js";
import type { FindingResult, HopField, HopResult, HostResult, JourneyResult, ScenarioResult } from "./result.js";
import { scenarioVerdict } from "./verdict.js";

/** Bytes of a datagram that a result keeps. */
const KEPT_BYTES = 256;
/** Journeys that a result keeps: a burst has thousands, all alike. */
const KEPT_JOURNEYS = 200;

/** What a scenario's result is made of. */
export interface Judgement {
  readonly file: string;
  readonly title: string;
  readonly covers: readonly string[];
  readonly evidence: Evidence;
  readonly findings: readonly Finding[];
  readonly problem?: string;
  readonly durationMs: number;
  readonly capture?: string;
  readonly reproduce: string;
}

/** Turns what was judged into what is reported. */
export function collect(judgement: Judgement): ScenarioResult {
  const { evidence, file, title, durationMs, reproduce, problem, capture } = judgement;
  const covered = new Set(judgement.covers);
  const findings = judgement.findings.map((finding) => describe(finding, covered.has(finding.rule)));
  const start = evidence.frames[0]?.time ?? 0n;
  return {
    file,
    title,
    verdict: scenarioVerdict(findings, problem),
    durationMs: Math.round(durationMs * 1000) / 1000,
    models: { declared: one(modelsOf(evidence.setup)) ?? "mixed", observed: observedModel(evidence) },
    ...(problem === undefined ? {} : { problem }),
    hosts: hosts(evidence.setup),
    findings,
    journeys: evidence.journeys
      .slice(0, KEPT_JOURNEYS)
      .map((journey) => journeyResult(journey, start, judgement.findings)),
    ...(capture === undefined ? {} : { capture }),
    reproduce,
  };
}

function describe(finding: Finding, covered: boolean): FindingResult {
  const rule = ruleById(finding.rule);
  if (rule) {
    const { title, level, profile, statement, source } = rule;
    return { ...finding, title, level, profile, statement, source, covered };
  }
  const asserted = finding.lookedFor ?? finding.rule;
  return {
    ...finding,
    title: "the scenario's own assertion",
    level: finding.rule.startsWith("absent") ? "MUST NOT" : "MUST",
    profile: "core",
    statement: asserted,
    source: "the scenario file",
    covered: true,
  };
}

function one<T>(values: ReadonlySet<T>): T | undefined {
  return values.size === 1 ? [...values][0] : undefined;
}

function hosts(setup: Setup): HostResult[] {
  return setup.hosts.map((host) => ({
    name: host.name,
    role: host.role,
    nics: host.nics.map((nic) => ({ name: nic.name, tap: tapName(host, nic), ip: nic.ip, mac: nic.mac })),
  }));
}

/** The model that the director's own frames show: what it did with datagrams addressed to a VIP. */
function observedModel({ journeys, setup }: Evidence): Model | "mixed" | "none" {
  const vips = new Set(setup.services.map((service) => service.vip));
  const director = setup.hosts.find((host) => host.role === "director")?.name;
  const servers = new Set(setup.services.flatMap((service) => service.realServers.map((server) => server.ip)));
  const seen = new Set<Model>();
  for (const { sightings } of journeys)
    for (const out of sightings) {
      if (out.host !== director || out.direction !== "out" || !out.from?.packet.ip) continue;
      if (!vips.has(out.from.packet.ip.dst) || !out.packet.ip) continue;
      if (out.packet.inner) seen.add("tun");
      else if (vips.has(out.packet.ip.dst)) seen.add("dr");
      else if (servers.has(out.packet.ip.dst)) seen.add("nat");
    }
  return seen.size === 0 ? "none" : (one(seen) ?? "mixed");
}

function journeyResult({ sightings }: Journey, start: bigint, findings: readonly Finding[]): JourneyResult {
  const first = sightings[0];
  return {
    title: first ? datagramTitle(first) : "nothing",
    hops: sightings.map((sighting, i) => hopResult(sighting, i, sightings, start, findings)),
  };
}

function datagramTitle({ packet: outer }: Sighting): string {
  const packet = outer.inner ?? outer;
  const { arp, ip, tcp, udp, icmp } = packet;
  if (arp) {
    return arp.opcode === 1
      ? `arp who-has ${arp.targetIp} tell ${arp.senderIp}`
      : `arp ${arp.senderIp} is-at ${arp.senderMac}`;
  }
  if (!ip) return "frame";
  if (tcp) return `tcp ${ip.src}:${tcp.srcPort} > ${ip.dst}:${tcp.dstPort} ${tcp.flagsText}`;
  if (udp) return `udp ${ip.src}:${udp.srcPort} > ${ip.dst}:${udp.dstPort}`;
  if (icmp) return `icmp ${ip.src} > ${ip.dst} type ${icmp.type} code ${icmp.code}`;
  return `ip ${ip.src} > ${ip.dst} protocol ${ip.protocol}`;
}

function hopResult(
  sighting: Sighting,
  index: number,
  sightings: readonly Sighting[],
  start: bigint,
  findings: readonly Finding[],
): HopResult {
  const { packet, tap, host, direction, frames, from } = sighting;
  const before = from && new Map(fields(from.packet).map((field) => [field.name, field.value]));
  const violated = new Set(
    findings
      .filter(
        (finding) =>
          finding.status === "fail" &&
          finding.frames.some((frame) => frame.tap === tap && frames.some(({ number }) => number === frame.number)),
      )
      .map((finding) => finding.field),
  );
  const parent = from ? sightings.indexOf(from) : -1;
  return {
    tap,
    host,
    direction,
    frames: frames.map((frame) => frame.number),
    timeNs: Number((frames[0]?.time ?? start) - start),
    bytes: Buffer.from(packet.bytes.subarray(0, KEPT_BYTES)).toString("hex"),
    fields: fields(packet).map(({ name, value, offset, length }): HopField => {
      const changed = before !== undefined && before.get(name) !== value;
      const change = violated.has(name) ? "violation" : changed ? "allowed" : undefined;
      return { name, value, offset, length, ...(change ? { change } : {}) };
    }),
    ...(parent >= 0 && parent !== index - 1 ? { from: parent } : {}),
  };
}
