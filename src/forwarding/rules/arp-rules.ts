/** What ARP rules have in common: DR has one rule for each way to ask, TUN one for all of them. */

import {
  isAnnouncement,
  type Question,
  questionsAt,
  repliesSeenElsewhere,
  requestsFrom,
  solicitationsAt,
  unaskedAdvertisements,
  unaskedReplies,
  type Variant,
} from "../arp.js";
import { core } from "../datagram.js";
import type { Sighting } from "../journey.js";
import type { Port } from "../network.js";
import { absent, DIRECTOR, fail, inconclusive, missing, type Outcome, pass } from "../outcome.js";
import { addressFor, hasAddress, isOnLink, type Model, tapName } from "../setup.js";
import { startOf } from "../sightings.js";
import type { View } from "../view.js";

export function vipsOf(view: View, model: Model): ReadonlySet<string> {
  return new Set(view.services.filter((service) => service.model === model).map((service) => service.vip));
}

/** The NICs of the real servers of a model's services. */
function serverPorts(view: View, model: Model): Port[] {
  const services = view.services.filter((service) => service.model === model);
  const names = new Set(services.flatMap((service) => service.realServers.map((server) => server.name)));
  return portsOfHosts(
    view,
    view.network.realServers.map((host) => host.name).filter((name) => names.has(name)),
  );
}

export function directorPorts(view: View): Port[] {
  return portsOfHosts(
    view,
    view.network.directors.map((host) => host.name),
  );
}

/** No real server answers who-has VIP; the answer to a later who-has RIP proves that it is done with the question. */
export function* silentAboutVip(view: View, model: Model, variants: readonly Variant[]): Iterable<Outcome> {
  const vips = vipsOf(view, model);
  for (const port of serverPorts(view, model)) {
    for (const question of questionsAt(view, port, vips)) {
      if (vips.has(question.ip) && variants.includes(question.variant)) yield silence(view, question);
    }
  }
  for (const { at, variant } of repliesSeenElsewhere(view, vips)) {
    if (!variants.includes(variant)) continue;
    const { senderIp = "", senderMac = "" } = at.packet.arp ?? {};
    const suspect = view.network.byMac(senderMac)?.host.name ?? "network";
    const expected = `no answer to who-has ${senderIp}`;
    const observed = `${senderIp} is at ${view.network.macText(senderMac)}`;
    yield fail([at], { suspect, field: "arp.src.proto_ipv4", expected, observed });
  }
}

/** The same for neighbour solicitations, however they are addressed; nor is the VIP advertised to those who did not ask. */
export function* silentToSolicitations(view: View, model: Model): Iterable<Outcome> {
  const vips = vipsOf(view, model);
  for (const port of serverPorts(view, model)) {
    for (const question of solicitationsAt(view, port)) if (vips.has(question.ip)) yield silence(view, question);
    for (const at of unaskedAdvertisements(view, port, vips)) {
      const observed = `advertised at ${view.network.macText(at.packet.linkSrc ?? "")}`;
      const expected = "no advertisement of the VIP";
      yield fail([at], { suspect: port.host.name, field: "icmpv6.nd.na.target_address", expected, observed });
    }
  }
}

function silence(view: View, { at, port, ip, answers, canary, deaf }: Question): Outcome {
  const suspect = port.host.name;
  const expected = `no answer to who-has ${ip}`;
  const [answer] = answers;
  if (answer !== undefined) {
    const { arp, linkSrc } = answer.packet;
    const observed = `${ip} is at ${view.network.macText(arp?.senderMac ?? linkSrc ?? "")}`;
    const field = arp ? "arp.src.proto_ipv4" : "icmpv6.nd.na.target_address";
    return fail([at, answer], { suspect, field, expected, observed });
  }
  if (canary !== undefined) return pass(at, canary);
  if (deaf !== undefined) {
    const own = addressFor(port.nic, ip);
    const observed = `no answer, but none to who-has ${own} either, which must be answered`;
    return inconclusive([at, deaf], { suspect, expected, observed });
  }
  return absent(view, [at], { suspect, expected, observed: "no answer so far" });
}

/** No real server answers for an address of its network that the setup knows no owner of. */
export function* silentAboutNobody(view: View, model: Model): Iterable<Outcome> {
  const vips = new Set(view.services.map(({ vip }) => vip));
  for (const port of serverPorts(view, model)) {
    const { nic, host } = port;
    for (const { at, ip, answers, canary } of questionsAt(view, port)) {
      if (vips.has(ip) || view.network.byIp(ip) !== undefined || !isOnLink(nic, ip)) continue;
      const [answer] = answers;
      const expected = `no answer to who-has ${ip}`;
      if (answer !== undefined) {
        const observed = `${ip} is at ${view.network.macText(answer.packet.arp?.senderMac ?? "")}`;
        // Beside captures a setup need not list every address that a host has.
        yield missing(view, [at, answer], { suspect: host.name, field: "arp.src.proto_ipv4", expected, observed });
      } else if (canary !== undefined) yield pass(at, canary);
    }
  }
}

/** Every who-has for a real server's own address is answered. */
export function* answersForRip(view: View, model: Model): Iterable<Outcome> {
  const vips = vipsOf(view, model);
  for (const port of serverPorts(view, model)) {
    for (const { at, ip, answers } of questionsAt(view, port)) {
      const sender = at.packet.arp?.senderIp ?? "";
      // A host ignores who asks in its own name (ip_rcv of a martian): that is the asker's fault.
      if (!hasAddress(port.nic, ip) || vips.has(sender)) continue;
      const [answer] = answers;
      if (answer !== undefined) yield pass(at, answer);
      else {
        const expected = `${ip} is at ${port.nic.mac}`;
        const violation = { suspect: port.host.name, field: "arp.opcode", expected, observed: "no answer" };
        yield missing(view, [at], violation);
      }
    }
  }
}

/** A real server that resolves its next hop for a packet from the VIP does so in the name of its own address. */
export function* asksInOwnName(view: View, model: Model): Iterable<Outcome> {
  const vips = vipsOf(view, model);
  for (const port of serverPorts(view, model)) {
    const packets = view.sightings.filter(({ tap, direction, packet }) => {
      return tap === port.tap && direction === "out" && packet.ip !== undefined;
    });
    for (const at of requestsFrom(view, port)) {
      const { arp } = at.packet;
      if (arp === undefined || isAnnouncement(at)) continue;
      const isVip = vips.has(arp.senderIp);
      const next = packets.find((sighting) => startOf(sighting) > startOf(at));
      if (isVip) {
        const observed = `who-has ${arp.targetIp} tell ${arp.senderIp}`;
        const expected = `tell ${port.nic.ip}`;
        yield fail([at], { suspect: port.host.name, field: "arp.src.proto_ipv4", expected, observed });
      } else if (next !== undefined && vips.has(core(next.packet).ip?.src ?? "")) yield pass(at, next);
    }
  }
}

/** No real server announces the VIP. */
export function* announcesNoVip(view: View, model: Model): Iterable<Outcome> {
  const vips = vipsOf(view, model);
  for (const port of serverPorts(view, model)) {
    const sent = view.sightings.filter(({ tap, direction, packet }) => {
      return tap === port.tap && direction === "out" && packet.arp !== undefined;
    });
    const expected = "no ARP announcement of the VIP";
    const suspect = port.host.name;
    const announced = sent.filter((at) => isAnnouncement(at) && vips.has(at.packet.arp?.senderIp ?? ""));
    const wrong = [...announced, ...unaskedReplies(view, port, vips)];
    for (const at of wrong) {
      const observed = `${at.packet.arp?.senderIp} announced at ${at.packet.arp?.senderMac}`;
      yield fail([at], { suspect, field: "arp.src.proto_ipv4", expected, observed });
    }
    const [first] = sent;
    if (wrong.length === 0 && first !== undefined) {
      yield absent(view, [first], { suspect, expected, observed: "none so far" });
    }
  }
}

/** The director resolves real servers in the name of the NIC's own address, never of the VIP, which they hold as well. */
export function* resolvesWithDip(view: View, model: Model): Iterable<Outcome> {
  const services = view.services.filter((service) => service.model === model);
  const rips = new Set(services.flatMap((service) => service.realServers.map((server) => server.ip)));
  for (const port of directorPorts(view)) {
    for (const at of requestsFrom(view, port)) {
      const { arp } = at.packet;
      if (arp === undefined || !rips.has(arp.targetIp)) continue;
      if (hasAddress(port.nic, arp.senderIp)) yield pass(at);
      else if (model !== "nat" || !asksForOwnAnswer(view, at)) {
        const observed = `who-has ${arp.targetIp} tell ${arp.senderIp}`;
        const expected = `tell ${port.nic.ip}`;
        yield fail([at], { suspect: DIRECTOR, field: "arp.src.proto_ipv4", expected, observed });
      }
    }
  }
}

/**
 * Whether the director asks for the sake of a packet of its own from the VIP (RST, ICMP), which the real server asked
 * for as a client: its ARP then has the VIP as sender as well, rightly.
 */
function asksForOwnAnswer(view: View, at: Sighting): boolean {
  const { senderIp = "", targetIp = "" } = at.packet.arp ?? {};
  if (!vipsOf(view, "nat").has(senderIp)) return false;
  const next = view.sightings.find((sighting) => {
    const { host, direction, packet } = sighting;
    return host === at.host && direction === "out" && packet.ip?.dst === targetIp && startOf(sighting) > startOf(at);
  });
  if (next !== undefined) return next.from === undefined && next.packet.ip?.src === senderIp;
  const cause = view.sightings.findLast((sighting) => {
    const { host, direction, packet } = sighting;
    return host === at.host && direction === "in" && packet.ip?.src === targetIp && startOf(sighting) < startOf(at);
  });
  return cause?.packet.ip?.dst === senderIp && (view.children.get(cause) ?? []).length === 0;
}

function portsOfHosts(view: View, names: readonly string[]): Port[] {
  return names.flatMap((name) => {
    const host = view.network.host(name);
    return host === undefined ? [] : host.nics.flatMap((nic) => view.network.port(tapName(host, nic)) ?? []);
  });
}
