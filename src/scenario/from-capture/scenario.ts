/** A scenario out of captures: a bug that was seen once becomes a case. */

import { core, opensConnection } from "../../forwarding/datagram.js";
import type { Evidence } from "../../forwarding/evidence.js";
import { groupBy } from "../../forwarding/group.js";
import type { Sighting } from "../../forwarding/journey.js";
import { Network } from "../../forwarding/network.js";
import type { Finding } from "../../forwarding/rule.js";
import { startOf } from "../../forwarding/sightings.js";
import type { Frame } from "../../packet/frame.js";
import type { RawScenario, RawStep } from "../raw.js";
import { labSetup } from "./lab-setup.js";
import { OBSTACLES, obstacleTo, type Recorded, recordedOf, routersBefore, stepOf } from "./packets.js";

/** Packets of a scenario; more would only take time. */
const MOST_STEPS = 400;

export interface FromCapture {
  readonly scenario: RawScenario;
  /** In whole sentences: what of the captures it does not have. */
  readonly leftOut: readonly string[];
}

/**
 * The packets of clients, and of real servers where the captures have any, for a lab with the same addresses. Of several
 * connections those come first that something is wrong with. A sentence that says what is missing where there are none.
 */
export function scenarioFrom(title: string, evidence: Evidence, findings: readonly Finding[]): FromCapture | string {
  const network = new Network(evidence.setup);
  const failures = findings.filter(({ status }) => status === "fail");
  const cited = new Set(
    failures.flatMap(({ frames }) => frames.map(({ tap, number, file = "" }) => key(tap, number, file))),
  );
  const isCited = ({ at }: Recorded) => at.frames.some((frame) => cited.has(keyOf(frame)));
  const all = evidence.journeys.flatMap(({ sightings }) => {
    return sightings.flatMap((at) => recordedOf(at, evidence.setup.services) ?? []);
  });
  const flows = [
    ...groupBy(all, ({ service, client }) => `${service.vip}:${service.port} ${service.protocol} ${client}`),
  ];
  const begun = flows.filter(([, packets]) =>
    packets.some(({ at, isAnswer }) => !isAnswer && opensConnection(core(at.packet))),
  );
  const [first] = begun[0]?.[1] ?? [];
  if (first === undefined)
    return "The captures hold no connection of these services from its beginning, and a director takes none up in the middle.";
  const ranked = begun.toSorted(([, one], [, other]) => Number(other.some(isCited)) - Number(one.some(isCited)));
  const chosen: Recorded[][] = [];
  const obstacles: (keyof typeof OBSTACLES)[] = [];
  let count = 0;
  for (const [, packets] of ranked) {
    const once = fromItsOwnTaps(packets, network);
    const whole = once.filter((packet) => obstacleTo(packet) === undefined);
    obstacles.push(...once.flatMap((packet) => obstacleTo(packet) ?? []));
    if (count > 0 && count + whole.length > MOST_STEPS) continue;
    chosen.push(whole.slice(0, MOST_STEPS));
    count += whole.length;
  }
  const setup = labSetup(evidence.setup, first.client.replace(/:\d+$/, "").replace(/^\[|\]$/g, ""));
  const covers = [
    ...new Set(failures.filter(({ suspect }) => network.isDirector(suspect ?? "")).map(({ rule }) => rule)),
  ];
  const steps = stepsOf(chosen, network, setup.router !== undefined);
  return {
    scenario: { title, setup, ...(covers.length === 0 ? {} : { covers }), steps },
    leftOut: leftOut(flows.length - begun.length, ranked.length - chosen.length, obstacles),
  };
}

/** Each packet once: requests as near to the client as there is a tap, answers as near to the real server. */
function fromItsOwnTaps(packets: readonly Recorded[], network: Network): Recorded[] {
  const rankOf = ({ at, isAnswer }: Recorded) => {
    const role = network.host(at.host)?.role ?? "client";
    const order = ["client", "router", "director", "real-server"];
    const place = order.indexOf(role);
    const way = 2 * (isAnswer ? order.length - place : place);
    return way + (at.direction === "out" ? 0 : 1);
  };
  return [false, true].flatMap((isAnswer) => {
    const byRank = groupBy(
      packets.filter((packet) => packet.isAnswer === isAnswer),
      rankOf,
    );
    // A capture may have begun when the connection had.
    const begun = [...byRank].filter(([, own]) => isAnswer || own.some(({ at }) => opensConnection(core(at.packet))));
    return byRank.get(Math.min(...begun.map(([rank]) => rank))) ?? [];
  });
}

function stepsOf(flows: readonly Recorded[][], network: Network, isRouted: boolean): RawStep[] {
  const named = flows.flatMap((packets, index) => packets.map((packet) => ({ packet, flow: `f${index + 1}` })));
  const inOrder = named.toSorted((one, other) => compare(one.packet.at, other.packet.at));
  const begun = new Set<string>();
  return inOrder.flatMap(({ packet, flow }) => {
    const isFirst = !begun.has(flow);
    // Nobody has got the flow yet, who could answer.
    if (isFirst && (packet.isAnswer || !opensConnection(core(packet.at.packet)))) return [];
    begun.add(flow);
    return [stepOf(packet, flow, isFirst, routersBefore(packet, network, isRouted))];
  });
}

function leftOut(unbegun: number, tooMany: number, obstacles: readonly (keyof typeof OBSTACLES)[]): string[] {
  const obstructed = [...groupBy(obstacles, (obstacle) => obstacle)];
  return [
    ...(unbegun > 0 ? [`Left out: connections that were under way when the captures began (${unbegun}).`] : []),
    ...(tooMany > 0 ? [`Left out: connections beyond the first ${MOST_STEPS} packets (${tooMany}).`] : []),
    ...obstructed.map(([obstacle, { length }]) => `Left out: packets that ${OBSTACLES[obstacle]} (${length}).`),
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
