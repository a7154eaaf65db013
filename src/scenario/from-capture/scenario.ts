/** A scenario out of captures: a bug that was seen once becomes a case. */

import { core, opensConnection } from "../../forwarding/datagram.js";
import type { Evidence } from "../../forwarding/evidence.js";
import { groupBy } from "../../forwarding/group.js";
import type { Sighting } from "../../forwarding/journey.js";
import { Network } from "../../forwarding/network.js";
import type { Finding } from "../../forwarding/rule.js";
import type { Setup } from "../../forwarding/setup.js";
import { startOf } from "../../forwarding/sightings.js";
import { viewOf } from "../../forwarding/view.js";
import type { Frame } from "../../packet/frame.js";
import { readDeclaration } from "../load.js";
import type { RawScenario } from "../raw.js";
import { faultsIn } from "./faults.js";
import { labSetup } from "./lab-setup.js";
import { neighbourSteps, type Timed } from "./neighbours.js";
import { isTooLong, routersBefore, stepOf } from "./packets.js";
import { isFromClient, type Recorded, recordedOf } from "./recorded.js";
import type { Note } from "./text.js";

/** Packets of a scenario; more would only take time. */
const MOST_STEPS = 400;

export interface FromCapture {
  readonly scenario: RawScenario;
  /** What its reader has to know. */
  readonly notes: readonly Note[];
  /** In whole sentences: what of the captures it does not have, or has otherwise. */
  readonly told: readonly string[];
}

/**
 * The packets of clients, for a lab with the same addresses, and the questions for the VIPs. Of several connections those
 * come first that something is wrong with. Real servers answer as they did; where one of them is at fault they answer by
 * themselves, or whatever it is told wrong would not matter.
 * @param withFault whether the lab has what is wrong with hosts; otherwise it is the network as mended
 * @returns a sentence that says what is missing where there is nothing to send
 */
export function scenarioFrom(
  title: string,
  evidence: Evidence,
  findings: readonly Finding[],
  withFault: boolean,
): FromCapture | string {
  const network = new Network(evidence.setup);
  const failures = findings.filter(({ status }) => status === "fail");
  const isServers = ({ suspect = "" }: Finding) => network.host(suspect)?.role === "real-server";
  const isHosts = (finding: Finding) => isServers(finding) || network.isDirector(finding.suspect ?? "");
  const isAnsweredLive = failures.some(isServers);
  const cited = new Set(
    failures.flatMap(({ frames }) => frames.map(({ tap, number, file = "" }) => key(tap, number, file))),
  );
  const isCited = (at: Sighting) => at.frames.some((frame) => cited.has(keyOf(frame)));
  const { flows, begun } = connectionsOf(evidence, network);
  const [first] = begun[0] ?? [];
  if (first === undefined)
    return "The captures hold no connection of these services from its beginning, and a director takes none up in the middle.";
  const { chosen, tooLong } = choose(begun, network, isCited, isAnsweredLive);
  const isOnLink = failures.some(({ causes }) => causes[0]?.id === "client-on-link");
  const mended = labSetup(evidence.setup, {
    client: first.client,
    isClientMoved: isOnLink && !withFault,
    isAnsweredLive,
  });
  const lab = readDeclaration("the lab of the captures", { title: "a lab", setup: mended }).setup;
  const steps = [
    ...packetSteps(chosen, network, lab, isAnsweredLive),
    ...neighbourSteps(viewOf(evidence), lab, isCited),
  ];
  const { setup, notes, told } = faultsIn(mended, lab, evidence, failures, withFault);
  const covers = [...new Set(failures.filter(isHosts).map(({ rule }) => rule))];
  return {
    scenario: {
      title,
      setup,
      ...(covers.length === 0 ? {} : { covers }),
      steps: steps.toSorted((one, other) => compare(one.at, other.at)).map(({ step }) => step),
    },
    notes,
    told: [...told, ...leftOut(flows - begun.length, begun.length - chosen.length, tooLong)],
  };
}

/** All that is recorded of each client's endpoint, and which of them the captures have the beginning of. */
function connectionsOf({ journeys, setup }: Evidence, network: Network): { flows: number; begun: Recorded[][] } {
  const all = journeys.flatMap(({ sightings }) => {
    return sightings.flatMap((at) => recordedOf(at, setup.services, network) ?? []);
  });
  const flows = [
    ...groupBy(all, ({ service, from }) => `${service.vip}:${service.port} ${service.protocol} ${from}`).values(),
  ];
  return { flows: flows.length, begun: flows.filter((packets) => packets.some(begins)) };
}

function begins({ at, kind }: Recorded): boolean {
  return kind === "echo" || (kind === "request" && opensConnection(core(at.packet)));
}

/** Whole connections, up to as many packets as are sent. */
function choose(
  begun: readonly Recorded[][],
  network: Network,
  isCited: (at: Sighting) => boolean,
  isAnsweredLive: boolean,
): { chosen: Recorded[][]; tooLong: number } {
  const isWrong = (packets: readonly Recorded[]) => Number(packets.some(({ at }) => isCited(at)));
  const chosen: Recorded[][] = [];
  let count = 0;
  let tooLong = 0;
  for (const packets of begun.toSorted((one, other) => isWrong(other) - isWrong(one))) {
    const once = fromItsOwnTaps(packets, network).filter((packet) => isFromClient(packet) || !isAnsweredLive);
    const whole = once.filter((packet) => !isTooLong(packet));
    tooLong += once.length - whole.length;
    if (count > 0 && count + whole.length > MOST_STEPS) continue;
    chosen.push(whole.slice(0, MOST_STEPS));
    count += whole.length;
  }
  return { chosen, tooLong };
}

/** Each packet once: requests as near to the client as there is a tap, answers as near to the real server. */
function fromItsOwnTaps(packets: readonly Recorded[], network: Network): Recorded[] {
  const rankOf = (recorded: Recorded) => {
    const { at } = recorded;
    const role = network.host(at.host)?.role ?? "client";
    const order = ["client", "router", "director", "real-server"];
    const place = order.indexOf(role);
    const way = 2 * (isFromClient(recorded) ? place : order.length - place);
    return way + (at.direction === "out" ? 0 : 1);
  };
  return [...groupBy(packets, ({ kind }) => kind).values()].flatMap((same) => {
    const byRank = groupBy(same, rankOf);
    // A capture may have begun when the connection had.
    const begun = [...byRank].filter(([, own]) => own.some((one) => one.kind !== "request" || begins(one)));
    return byRank.get(Math.min(...begun.map(([rank]) => rank))) ?? [];
  });
}

function packetSteps(flows: readonly Recorded[][], network: Network, lab: Setup, isAnsweredLive: boolean): Timed[] {
  const named = flows.flatMap((packets, index) => packets.map((packet) => ({ packet, flow: `f${index + 1}` })));
  const inOrder = named.toSorted((one, other) => compare(one.packet.at, other.packet.at));
  const router = lab.hosts.find(({ role }) => role === "router")?.name;
  const begun = new Set<string>();
  const answered = new Set<string>();
  return inOrder.flatMap(({ packet, flow }) => {
    const isFirst = !begun.has(flow);
    // Nobody has got the flow yet, who could answer; nor is there an answer yet that an error could be about.
    if (isFirst && !begins(packet)) return [];
    if (packet.kind === "client-error" && !isAnsweredLive && !answered.has(flow)) return [];
    begun.add(flow);
    if (packet.kind === "answer") answered.add(flow);
    const routers = routersBefore(packet, network, router !== undefined);
    return { at: packet.at, step: stepOf(packet, { flow, isFirst, routers, router, isAnsweredLive }) };
  });
}

function leftOut(unbegun: number, tooMany: number, tooLong: number): string[] {
  return [
    ...(unbegun > 0 ? [`Left out: connections that were under way when the captures began (${unbegun}).`] : []),
    ...(tooMany > 0 ? [`Left out: connections beyond the first ${MOST_STEPS} packets (${tooMany}).`] : []),
    ...(tooLong > 0
      ? [
          `Left out: packets that are larger than any wire carries: a NIC had joined them, or was still to cut them (${tooLong}).`,
        ]
      : []),
  ];
}

function compare(one: Sighting, other: Sighting): number {
  const [left, right] = [startOf(one), startOf(other)];
  return left < right ? -1 : left > right ? 1 : 0;
}

function keyOf({ tap, number, file = "" }: Frame): string {
  return key(tap, number, file);
}

function key(tap: string, number: number, file: string): string {
  return `${number} ${file} ${tap}`;
}
