/** The connections in captures, and which of their packets a scenario sends. */

import { core, opensConnection } from "../../forwarding/datagram.js";
import type { Evidence } from "../../forwarding/evidence.js";
import { groupBy } from "../../forwarding/group.js";
import type { Sighting } from "../../forwarding/journey.js";
import type { Network } from "../../forwarding/network.js";
import { isTooLong } from "./packets.js";
import { isFromClient, type Recorded, recordedOf } from "./recorded.js";

/** Packets of a scenario; more would only take time. */
export const MOST_STEPS = 400;

/** What a scenario sends of a client's connection. */
export interface Connection {
  readonly packets: readonly Recorded[];
  /** Whether an answer came to the client, or left for it where the client was not recorded. */
  readonly isAnswered: boolean;
}

/** Connections, and how many of them or of their packets are not among them. */
export interface Connections {
  readonly chosen: readonly Connection[];
  /** Connections that the captures do not have the beginning of. */
  readonly unbegun: number;
  /** Connections for which there is no room. */
  readonly tooMany: number;
  /** Packets that were never on a wire as they were captured. */
  readonly tooLong: number;
}

/**
 * Whole connections, up to as many packets as are sent; those first that something is wrong with.
 * @param isAnsweredLive whether what real servers sent is left to those of the lab
 */
export function connectionsOf(
  { frames, journeys, setup }: Evidence,
  network: Network,
  isCited: (at: Sighting) => boolean,
  isAnsweredLive: boolean,
): Connections {
  const all = journeys.flatMap(({ sightings }) => {
    return sightings.flatMap((at) => recordedOf(at, setup.services, network) ?? []);
  });
  const flows = [
    ...groupBy(all, ({ service, from }) => `${service.vip}:${service.port} ${service.protocol} ${from}`).values(),
  ];
  const begun = flows.filter((packets) => packets.some(begins));
  const isWrong = (packets: readonly Recorded[]) => Number(packets.some(({ at }) => isCited(at)));
  const isClients = ({ host }: { readonly host: string }) => network.host(host)?.role === "client";
  const hasClient = frames.some(isClients);
  const chosen: Connection[] = [];
  let count = 0;
  let tooLong = 0;
  for (const packets of begun.toSorted((one, other) => isWrong(other) - isWrong(one))) {
    const once = fromItsOwnTaps(packets, network).filter((packet) => isFromClient(packet) || !isAnsweredLive);
    const whole = once.filter((packet) => !isTooLong(packet));
    tooLong += once.length - whole.length;
    if (count > 0 && count + whole.length > MOST_STEPS) continue;
    const isAnswered = packets.some(({ kind, at }) => kind === "answer" && (!hasClient || isClients(at)));
    chosen.push({ packets: whole.slice(0, MOST_STEPS), isAnswered });
    count += whole.length;
  }
  return { chosen, unbegun: flows.length - begun.length, tooMany: begun.length - chosen.length, tooLong };
}

/** Whether a packet is one that makes a director take the connection up. */
export function begins({ at, kind }: Recorded): boolean {
  return kind === "echo" || (kind === "request" && opensConnection(core(at.packet)));
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
