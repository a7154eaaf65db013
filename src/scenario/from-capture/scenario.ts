/** A scenario out of captures: a bug that was seen once becomes a case. */

import type { Evidence } from "../../forwarding/evidence.js";
import type { Sighting } from "../../forwarding/journey.js";
import { Network } from "../../forwarding/network.js";
import type { Finding, FrameReference } from "../../forwarding/rule.js";
import type { Service, Setup } from "../../forwarding/setup.js";
import { startOf } from "../../forwarding/sightings.js";
import { viewOf } from "../../forwarding/view.js";
import { readDeclaration } from "../load.js";
import type { RawScenario, RawStep } from "../raw.js";
import { begins, type Connection, type Connections, connectionsOf, MOST_STEPS } from "./connections.js";
import { faultsIn } from "./faults.js";
import { labSetup } from "./lab-setup.js";
import { neighbourSteps, type Timed } from "./neighbours.js";
import { routersBefore, type Standing, stepOf } from "./packets.js";
import type { Note } from "./text.js";

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
  const isAnsweredLive = failures.some(isServers);
  const isCited = citedBy(failures);
  const connections = connectionsOf(evidence, network, isCited, isAnsweredLive);
  const client = connections.chosen.flatMap(({ packets }) => packets)[0]?.client;
  if (client === undefined)
    return "The captures hold no connection of these services from its beginning, and a director takes none up in the middle.";
  const isOnLink = failures.some(({ causes }) => causes[0]?.id === "client-on-link");
  const plain = labSetup(evidence.setup, { client, isClientMoved: isOnLink && !withFault, isAnsweredLive });
  const lab = readDeclaration("the lab of the captures", { title: "a lab", setup: plain }).setup;
  const timed = [
    ...connections.chosen.flatMap((connection, index) => {
      const isAwaited = isAnsweredLive && (connection.isAnswered || !withFault);
      return packetSteps(connection, { flow: `f${index + 1}`, network, lab, isAnsweredLive, isAwaited });
    }),
    ...neighbourSteps(viewOf(evidence), lab, isCited),
  ];
  const { setup, notes, told } = faultsIn(plain, lab, evidence, failures, withFault);
  const promised = failures.filter((finding) => isServers(finding) || network.isDirector(finding.suspect ?? ""));
  const covers = [...new Set(promised.map(({ rule }) => rule))];
  return {
    scenario: {
      title,
      setup,
      ...(covers.length === 0 ? {} : { covers }),
      steps: [
        ...aimedAt(failures.filter(isServers), evidence.setup.services, connections),
        ...timed.toSorted((one, other) => compare(one.at, other.at)).map(({ step }) => step),
      ],
    },
    notes,
    told: [...told, ...leftOut(connections)],
  };
}

/** Whether a finding rests on a packet. */
function citedBy(failures: readonly Finding[]): (at: Sighting) => boolean {
  const key = ({ tap, number, file = "" }: FrameReference) => `${number} ${file} ${tap}`;
  const cited = new Set(failures.flatMap(({ frames }) => frames.map(key)));
  return ({ frames }) => frames.some((frame) => cited.has(key(frame)));
}

/** Where a service has fewer connections than real servers, those of the lab go to the servers that are at fault. */
function aimedAt(accusing: readonly Finding[], services: readonly Service[], { chosen }: Connections): RawStep[] {
  const accused = new Set(accusing.map(({ suspect }) => suspect));
  const missed = services.filter((service) => {
    const own = chosen.filter(({ packets: [first] }) => first?.service === service && first.kind !== "echo");
    const isAccused = service.realServers.some(({ name }) => accused.has(name));
    return isAccused && own.length > 0 && own.length < service.realServers.length;
  });
  const others = missed.flatMap(({ realServers }) => realServers.filter(({ name }) => !accused.has(name)));
  return [...new Set(others.map(({ name }) => name))].map((server) => ({ weight: { server, weight: 0 } }));
}

type Sent = Omit<Standing, "isFirst" | "routers" | "router"> & { readonly network: Network; readonly lab: Setup };

function packetSteps({ packets }: Connection, { network, lab, ...sent }: Sent): Timed[] {
  const router = lab.hosts.find(({ role }) => role === "router")?.name;
  let [isFirst, hasAnswer] = [true, sent.isAnsweredLive];
  return packets
    .toSorted((one, other) => compare(one.at, other.at))
    .flatMap((packet) => {
      // Nobody has got the flow yet, who could answer; nor is there an answer yet that an error could be about.
      if ((isFirst && !begins(packet)) || (packet.kind === "client-error" && !hasAnswer)) return [];
      const routers = routersBefore(packet, network, router !== undefined);
      const step = stepOf(packet, { ...sent, isFirst, routers, router });
      isFirst = false;
      hasAnswer ||= packet.kind === "answer";
      return { at: packet.at, step };
    });
}

function leftOut({ unbegun, tooMany, tooLong }: Connections): string[] {
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
