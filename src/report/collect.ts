import { ruleById } from "../forwarding/catalogue.js";
import type { Evidence } from "../forwarding/evidence.js";
import type { Journey, Sighting } from "../forwarding/journey.js";
import { modelsSeen } from "../forwarding/observed.js";
import { type Finding, RUNS_ON } from "../forwarding/rule.js";
import { type Model, modelsOf, type Setup, tapName } from "../forwarding/setup.js";
import { isPartial } from "../forwarding/sightings.js";
import { endpoint } from "../packet/address.js";
import { LINK_TYPE, linkOf } from "../packet/link.js";
import type { Packet } from "../packet/packet.js";
import { aligned, headerOf, isOfTunnel, nameIn } from "./align.js";
import { frameKey } from "./link.js";
import type {
  CapturedResult,
  ChangedField,
  FindingResult,
  HopResult,
  HostResult,
  JourneyResult,
  LogResult,
  Place,
  ScenarioResult,
  ServiceResult,
} from "./result.js";
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
  readonly problemIn?: "step" | "lab";
  readonly problemAt?: Place;
  /** Where the scenario file speaks of a rule or an assertion; left out where captures were judged. */
  readonly positionOf?: (rule: string) => Place;
  /** Place in the order of the run, from 1. */
  readonly order?: number;
  /** Why the director could not be asked. */
  readonly notSupported?: string;
  readonly durationMs: number;
  readonly capture?: string;
  readonly captured?: CapturedResult;
  readonly log?: LogResult;
  readonly reproduce: string;
}

/** Turns what was judged into what is reported. */
export function collect(judgement: Judgement): ScenarioResult {
  const { evidence, file, title, durationMs, reproduce, problem, order, capture, captured, notSupported, log } =
    judgement;
  const covered = new Set(judgement.covers);
  const findings = judgement.findings.map((finding) => {
    const described = describe(finding, covered.has(finding.rule));
    const position = isOfInterest(described) ? judgement.positionOf?.(finding.rule) : undefined;
    return position === undefined ? described : { ...described, position: placeOf(position) };
  });
  const start = evidence.frames[0]?.time ?? 0n;
  const kept = chosen(evidence.journeys, judgement.findings);
  const violated = violations(evidence.journeys, judgement.findings);
  const leftOut = evidence.journeys.length - kept.length;
  return {
    file,
    title,
    verdict: notSupported === undefined ? scenarioVerdict(findings, problem) : "not-supported",
    durationMs: Math.round(durationMs * 1000) / 1000,
    models: { declared: one(modelsOf(evidence.setup)) ?? "mixed", observed: observedModel(evidence) },
    ...(problem === undefined ? {} : { problem, ...whereItBroke(judgement) }),
    ...(order === undefined ? {} : { order }),
    ...(notSupported === undefined ? {} : { reason: notSupported }),
    services: services(evidence.setup),
    hosts: hosts(evidence.setup),
    findings,
    journeys: kept.map((journey) => journeyResult(journey, start, violated)),
    ...(leftOut === 0 ? {} : { journeysLeftOut: leftOut }),
    ...(capture === undefined ? {} : { capture }),
    ...(captured === undefined ? {} : { captured }),
    ...(log === undefined ? {} : { log }),
    reproduce,
  };
}

/** What a reader can do without comes last, and is the first to go where there is too much: chatter that nothing cites. */
const CHATTER = 4;

/** The journeys worth keeping: those that a failure rests on before all others. */
function chosen(journeys: readonly Journey[], findings: readonly Finding[]): readonly Journey[] {
  const ranks = new Map<string, number>();
  for (const { status, frames } of findings) {
    const rank = status === "fail" ? 0 : status === "inconclusive" ? 1 : 2;
    for (const key of frames.map(frameKey)) ranks.set(key, Math.min(rank, ranks.get(key) ?? rank));
  }
  const rankOf = ({ sightings }: Journey) => {
    const uncited = sightings.some(({ packet }) => packet.ip) ? CHATTER - 1 : CHATTER;
    return Math.min(
      uncited,
      ...sightings.flatMap(({ frames }) => frames.map((frame) => ranks.get(frameKey(frame)) ?? uncited)),
    );
  };
  const ranked = journeys.map((journey, index) => ({ journey, index, rank: rankOf(journey) }));
  return ranked
    .toSorted((left, right) => left.rank - right.rank)
    .slice(0, KEPT_JOURNEYS)
    .toSorted(
      (left, right) => Number(left.rank === CHATTER) - Number(right.rank === CHATTER) || left.index - right.index,
    )
    .map(({ journey }) => journey);
}

/** Fields that break a rule, by the sighting at which a failing finding says that it shows. */
type Violations = ReadonlyMap<Sighting, ReadonlySet<string>>;

function violations(journeys: readonly Journey[], findings: readonly Finding[]): Violations {
  const byFrame = new Map<string, Sighting>();
  for (const { sightings } of journeys)
    for (const sighting of sightings) for (const frame of sighting.frames) byFrame.set(frameKey(frame), sighting);
  const found = new Map<Sighting, Set<string>>();
  for (const { status, tap, field, frames } of findings) {
    if (status !== "fail" || field === undefined) continue;
    const named = frames.flatMap((frame) => (frame.tap === tap ? (byFrame.get(frameKey(frame)) ?? []) : []));
    // A finding names what came in as well; where both are at one tap, it is what the host sent that is wrong.
    const sent = named.filter(({ direction }) => direction === "out");
    for (const sighting of sent.length > 0 ? sent : named) {
      const fields = found.get(sighting) ?? new Set();
      found.set(sighting, fields.add(field));
    }
  }
  return found;
}

function describe(finding: Finding, covered: boolean): FindingResult {
  const rule = ruleById(finding.rule);
  if (rule) {
    const { title, level, profile, statement, source } = rule;
    return { ...finding, title, level, profile, statement, source, covered };
  }
  const [, kind, line] = /^(expect|absent)@(\d+)(?::\d+)?$/.exec(finding.rule) ?? [];
  if (finding.rule === RUNS_ON) {
    const statement = "The director's program runs until it is told to end.";
    const title = "The director's program runs on";
    return { ...finding, title, level: "MUST", profile: "core", statement, source: "the director's file", covered };
  }
  return {
    ...finding,
    title: "the scenario's own assertion",
    level: kind === "absent" ? "MUST NOT" : "MUST",
    profile: "core",
    statement: finding.lookedFor ?? finding.rule,
    source: line === undefined ? "the scenario file" : `line ${line} of the scenario file`,
    covered: true,
  };
}

/** Whether somebody will look for the place in the file: what the author speaks of, and whatever did not pass. */
function isOfInterest({ covered, status }: FindingResult): boolean {
  return covered || !["pass", "not-exercised"].includes(status);
}

function whereItBroke({ problemIn, problemAt }: Judgement): Pick<ScenarioResult, "problemIn" | "problemAt"> {
  return {
    ...(problemIn === undefined ? {} : { problemIn }),
    ...(problemAt === undefined ? {} : { problemAt: placeOf(problemAt) }),
  };
}

function placeOf({ line, column }: Place): Place {
  return { line, column };
}

function one<T>(values: ReadonlySet<T>): T | undefined {
  return values.size === 1 ? [...values][0] : undefined;
}

function hosts(setup: Setup): HostResult[] {
  return setup.hosts.map((host) => ({
    name: host.name,
    role: host.role,
    nics: host.nics.map((nic) => ({
      name: nic.name,
      tap: tapName(host, nic),
      ip: nic.ip,
      prefix: nic.prefix,
      mac: nic.mac,
    })),
  }));
}

function services(setup: Setup): ServiceResult[] {
  return setup.services.map(({ vip, port, protocol, model }) => ({ vip, port, protocol, model }));
}

/** The model that the director's own frames show: what it did with datagrams addressed to a VIP. */
function observedModel({ journeys, frames, setup, changes = [], coverage }: Evidence): Model | "mixed" | "none" {
  const services = [...setup.services, ...changes.flatMap((change) => change.services)];
  const vips = new Set(services.map((service) => service.vip));
  const servers = new Set(services.flatMap((service) => service.realServers.map((server) => server.ip)));
  const directors = new Set(setup.hosts.filter((host) => host.role === "director").map((host) => host.name));
  // Captures may lack the director: then what came to real servers tells.
  const atServers = coverage === undefined ? [] : [...modelsSeen(setup, frames).values()].flatMap((seen) => [...seen]);
  const seen = new Set<Model>(atServers);
  for (const { sightings } of journeys)
    for (const { host, direction, packet, from } of sightings) {
      if (!directors.has(host) || direction !== "out" || !from?.packet.ip || !packet.ip) continue;
      if (!vips.has(from.packet.ip.dst)) continue;
      if (tunnels(packet) > tunnels(from.packet)) seen.add("tun");
      else if (vips.has(packet.ip.dst)) seen.add("dr");
      else if (servers.has(packet.ip.dst)) seen.add("nat");
    }
  return seen.size === 0 ? "none" : (one(seen) ?? "mixed");
}

function tunnels({ inner }: Packet): number {
  return inner === undefined ? 0 : 1 + tunnels(inner);
}

function journeyResult({ sightings }: Journey, start: bigint, violated: Violations): JourneyResult {
  const first = sightings[0];
  return {
    title: first ? datagramTitle(first) : "nothing",
    hops: sightings.map((sighting, i) => hopResult(sighting, i, sightings, start, violated.get(sighting))),
  };
}

function datagramTitle({ packet: outer }: Sighting): string {
  const packet = outer.inner ?? outer;
  const { arp, ip, tcp, udp, sctp, icmp } = packet;
  if (arp) {
    return arp.opcode === 1
      ? `arp who-has ${arp.targetIp} tell ${arp.senderIp}`
      : `arp ${arp.senderIp} is-at ${arp.senderMac}`;
  }
  if (!ip) return "frame";
  const ends = (ports: { srcPort: number; dstPort: number }) =>
    `${endpoint(ip.src, ports.srcPort)} > ${endpoint(ip.dst, ports.dstPort)}`;
  if (tcp) return `tcp ${ends(tcp)} ${tcp.flagsText}`;
  if (udp) return `udp ${ends(udp)}`;
  if (sctp) return `sctp ${ends(sctp)}`;
  const six = ip.version === 6 ? "v6" : "";
  if (icmp) return `icmp${six} ${ip.src} > ${ip.dst} type ${icmp.type} code ${icmp.code}`;
  return `ip${six} ${ip.src} > ${ip.dst} protocol ${ip.protocol}`;
}

function hopResult(
  sighting: Sighting,
  index: number,
  sightings: readonly Sighting[],
  start: bigint,
  violated: ReadonlySet<string> | undefined,
): HopResult {
  const { packet, tap, host, direction, frames, from } = sighting;
  const parent = from ? sightings.indexOf(from) : -1;
  const changed = changedFields(sighting, violated);
  const { linkType, start: begin } = linkOf(packet);
  return {
    tap,
    host,
    direction,
    ...(frames[0]?.file === undefined ? {} : { file: frames[0].file }),
    ...(parent >= 0 && parent !== index - 1 ? { from: parent } : {}),
    frames: frames.map((frame) => frame.number),
    timeNs: Number((frames[0]?.time ?? start) - start),
    ...(linkType === LINK_TYPE.ethernet ? {} : { linkType }),
    length: Math.max(packet.wireLength, frames.length === 1 ? (frames[0]?.wireLength ?? 0) : 0) - begin,
    bytes: Buffer.from(packet.bytes.subarray(begin, begin + KEPT_BYTES)).toString("hex"),
    ...(changed.length === 0 ? {} : { changed }),
  };
}

function changedFields(sighting: Sighting, violated: ReadonlySet<string> = new Set()): ChangedField[] {
  const verdict = (field: string): ChangedField => ({
    field,
    verdict: violated.has(field) ? "violation" : "allowed",
  });
  const changed = differences(sighting).map(verdict);
  // What should have changed and did not is in no difference.
  const others = [...violated].filter((field) => changed.every((one) => one.field !== field)).map(verdict);
  return [...changed, ...others];
}

/** Byte for byte, as a frame is at both ends of a wire. */
function isSame(one: Packet, other: Packet): boolean {
  return linkOf(one).linkType === linkOf(other).linkType && Buffer.compare(one.bytes, other.bytes) === 0;
}

/** Names of the fields that differ from the sighting before: other values, and what one of the two does not have. */
function differences(sighting: Sighting): string[] {
  const { packet, from } = sighting;
  if (from === undefined || isSame(packet, from.packet)) return [];
  const before = aligned(from.packet);
  const after = aligned(packet);
  const names: string[] = [];
  for (const { row, name, value } of after.rows.values())
    if ((!isOfTunnel(row) || before.headers.has(headerOf(row))) && before.rows.get(row)?.value !== value)
      names.push(name);
  // A fragment by itself has other headers than the whole has.
  if (isPartial(sighting) !== isPartial(from)) return names;
  for (const row of before.rows.keys()) {
    const isLost = !after.rows.has(row) && (after.headers.has(headerOf(row)) || headerOf(row) === "data");
    if (isLost) names.push(nameIn(packet, row));
  }
  return names;
}
