/** Who asked for whose MAC in captures, as the steps that ask again. */

import { isAnnouncement, type Question, questionsAt, requestsFrom, solicitationsAt } from "../../forwarding/arp.js";
import type { Sighting } from "../../forwarding/journey.js";
import type { Port } from "../../forwarding/network.js";
import { type Host, isOnLink, type Setup, tapName } from "../../forwarding/setup.js";
import type { View } from "../../forwarding/view.js";
import { NOBODY } from "../../packet/arp.js";
import { Icmpv6 } from "../../packet/icmpv6.js";
import type { RawStep } from "../raw.js";
import { adjacent } from "../topology.js";

/** A step, and the recorded packet that it stands for. */
export interface Timed {
  readonly at: Sighting;
  readonly step: RawStep;
}

/**
 * Each way in which a host was asked for a VIP, once; for another address only where a finding cites the question. A host
 * whose own question is cited forgets its neighbours, so that its kernel has to ask.
 * @param lab the hosts of the scenario
 */
export function neighbourSteps(view: View, lab: Setup, isCited: (at: Sighting) => boolean): Timed[] {
  const vips = new Set(view.services.map(({ vip }) => vip));
  const steps = new Map<string, Timed>();
  const add = (at: Sighting, step: RawStep) => {
    const key = JSON.stringify(step);
    if (!steps.has(key)) steps.set(key, { at, step });
  };
  for (const port of portsOf(view)) {
    for (const question of [...questionsAt(view, port), ...solicitationsAt(view, port)]) {
      if (!vips.has(question.ip) && !isCited(question.at)) continue;
      const asked = lab.hosts.find(({ name }) => name === port.host.name);
      const asker = asked && askerOf(question, asked, view, lab);
      if (asked === undefined || asker === undefined) continue;
      const ask = { "who-has": question.ip, from: asker.name, of: asked.name, ...wayOf(question, asked) };
      add(question.at, { ask });
    }
    for (const at of ownQuestions(view, port)) if (isCited(at)) add(at, { forget: { host: port.host.name } });
  }
  return [...steps.values()];
}

function portsOf({ network, evidence }: View): Port[] {
  const hosts = [...network.directors, ...network.realServers];
  const taps = new Set(evidence.frames.map(({ tap }) => tap));
  return hosts.flatMap((host) =>
    host.nics.flatMap((nic) => (taps.has(tapName(host, nic)) ? { host, nic, tap: tapName(host, nic) } : [])),
  );
}

/** The host of that MAC or address; a stranger on the segment is most likely the router that the setup leaves out. */
function askerOf({ at: { packet } }: Question, asked: Host, { network }: View, { hosts }: Setup): Host | undefined {
  const { arp, linkSrc } = packet;
  const known = network.byMac(arp?.senderMac ?? linkSrc) ?? network.byIp(arp?.senderIp ?? "");
  const possible = hosts.filter(({ name, role }) =>
    known === undefined ? role === "router" || role === "client" : name === known.host.name,
  );
  const nearest = possible.toSorted((one, other) => other.role.localeCompare(one.role));
  return nearest.find((host) => host !== asked && adjacent(host, asked));
}

function wayOf({ at: { packet }, variant }: Question, asked: Host): { as?: "unicast" | "probe" | "foreign" } {
  const sender = packet.arp?.senderIp ?? packet.ip?.src ?? "";
  if (sender === NOBODY || sender === "::") return { as: "probe" };
  if (packet.arp && !asked.nics.some((nic) => isOnLink(nic, sender))) return { as: "foreign" };
  return variant === "unicast" ? { as: "unicast" } : {};
}

function ownQuestions(view: View, port: Port): Sighting[] {
  const solicitations = view.sightings.filter(({ tap, direction, packet: { icmp } }) => {
    return tap === port.tap && direction === "out" && icmp instanceof Icmpv6 && icmp.kind === "neighbour-solicitation";
  });
  return [...requestsFrom(view, port).filter((at) => !isAnnouncement(at)), ...solicitations];
}
