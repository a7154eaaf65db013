/** Direct routing: who answers ARP for the VIP, and in whose name hosts ask. */

import { Icmpv6 } from "../../packet/icmpv6.js";
import { type Question, questionsAt } from "../arp.js";
import { noMacs } from "../cut.js";
import { rule } from "../declare.js";
import { groupBy } from "../group.js";
import type { Sighting } from "../journey.js";
import { masterAt } from "../mastership.js";
import { DIRECTOR, fail, missing, type Outcome, pass } from "../outcome.js";
import { hasDirectorMac, mayBeDirectors, pathTo } from "../paths.js";
import type { Rule } from "../rule.js";
import { hasMac, isOnLink, isRedundant, type Nic, shareSegment, tapName } from "../setup.js";
import { startOf } from "../sightings.js";
import type { View } from "../view.js";
import {
  announcesNoVip,
  answersForRip,
  asksInOwnName,
  directorPorts,
  resolvesWithDip,
  silentAboutVip,
  vipsOf,
} from "./arp-rules.js";
import { forModel } from "./shared.js";

const DR = forModel("dr");
const ARP = { ...DR, level: "MUST NOT", observedAt: "real servers' NICs" } as const;

export const drArpRules: readonly Rule[] = [
  rule({
    ...DR,
    id: "DR-ARP-01",
    title: "The director answers ARP for the VIP",
    statement:
      "A who-has for the VIP gets exactly one answer from the director, however many of its NICs hear it, sent to the asker alone, that gives the MAC of the NIC that answers.",
    source: "RFC 826 (Packet Reception)",
    observedAt: "director in → director out",
    lookedFor: "a who-has for the VIP at the director",
    judge: directorAnswers,
  }),
  rule({
    ...ARP,
    id: "DR-ARP-02",
    title: "A real server never answers a broadcast who-has for the VIP",
    statement:
      "A broadcast who-has for the VIP is not answered by a real server; its answer to a later who-has for its own address proves it.",
    source: "arp_ignore (ip-sysctl)",
    lookedFor: "a broadcast who-has for the VIP at a real server",
    judge: (view) => silentAboutVip(view, "dr", ["broadcast"]),
  }),
  rule({
    ...ARP,
    id: "DR-ARP-03",
    title: "… nor a unicast one",
    statement:
      "A who-has for the VIP that is sent to the real server's own MAC, as neighbours are revalidated, is not answered.",
    source: "arp_ignore (ip-sysctl); RFC 1122 §2.3.2.1",
    lookedFor: "a unicast who-has for the VIP at a real server",
    judge: (view) => silentAboutVip(view, "dr", ["unicast"]),
  }),
  rule({
    ...ARP,
    id: "DR-ARP-04",
    title: "… nor a probe, nor an asker of another subnet",
    statement:
      "A who-has for the VIP with the sender 0.0.0.0, or with one of another subnet, is not answered by a real server.",
    source: "RFC 5227 §2.1.1; arp_ignore (ip-sysctl)",
    lookedFor: "a who-has for the VIP with the sender 0.0.0.0 or one of another subnet at a real server",
    judge: (view) => silentAboutVip(view, "dr", ["unusual"]),
  }),
  rule({
    ...ARP,
    id: "DR-ARP-05",
    level: "MUST",
    title: "A real server still answers for its RIP",
    statement:
      "A who-has for the real server's own address is answered: the director could not reach it otherwise, and no silence about the VIP would prove anything.",
    source: "RFC 826 (Packet Reception)",
    lookedFor: "a who-has for a real server's own address",
    judge: (view) => answersForRip(view, "dr"),
  }),
  rule({
    ...ARP,
    id: "DR-ARP-06",
    title: "A real server never asks in the name of the VIP",
    statement:
      "Where a real server has to resolve its next hop for a packet from the VIP, the ARP request names its own address as sender.",
    source: "arp_announce=2 (ip-sysctl)",
    lookedFor: "an ARP request of a real server that resolves the next hop for a packet from the VIP",
    judge: (view) => asksInOwnName(view, "dr"),
  }),
  rule({
    ...ARP,
    id: "DR-ARP-07",
    title: "A real server never announces the VIP",
    statement: "No ARP frame of a real server has the VIP as both its sender and its target.",
    source: "RFC 5227 §2.3, §2.4",
    lookedFor: "any ARP frame of a real server",
    judge: (view) => announcesNoVip(view, "dr"),
  }),
  rule({
    ...DR,
    id: "DR-ARP-08",
    title: "Clients reach the VIP at the director's MAC",
    statement:
      "Every packet to the VIP that comes onto the director's segment is addressed to the director's MAC; one that goes to a real server is balanced by nobody.",
    source: "RFC 826: who answered for the VIP",
    observedAt: "the director's segment",
    lookedFor: "a packet of a client to the VIP on the director's segment",
    judge: reachesDirector,
  }),
  rule({
    ...DR,
    id: "DR-ARP-09",
    title: "The director resolves real servers with its own address",
    statement:
      "A who-has for a real server's address names the address of the director's NIC as its sender: asked in the name of the VIP, which they hold, real servers do not answer.",
    source: "arp_solicit (source address selection)",
    observedAt: "director out",
    lookedFor: "an ARP request of the director for a real server's address",
    judge: (view) => resolvesWithDip(view, "dr"),
  }),
];

function* directorAnswers(view: View): Iterable<Outcome> {
  const asked = directorPorts(view).flatMap((port) =>
    questionsAt(view, port).filter((question) => isForVip(view, question)),
  );
  // Where several NICs are on one segment each of them hears the question, and one has to answer it.
  for (const heard of groupBy(asked, ({ at }) => pathTo(at)[0]).values()) {
    const replies = heard.flatMap(({ answers }) => answers);
    const question = heard.find(({ answers }) => answers.length > 0) ?? heard[0];
    if (question === undefined) continue;
    const { at, ip, port } = question;
    const expected = `one answer: ${ip} is at ${view.network.macText(port.nic.mac)}`;
    yield judgeReplies(view, at, replies, expected, port.nic);
  }
}

function isForVip(view: View, { at, ip, port }: Question): boolean {
  const vips = vipsOf(view, "dr");
  const asker = at.packet.arp?.senderIp ?? "";
  // A host ignores who asks in one of its own names.
  if (vips.has(asker) || view.network.byIp(asker)?.host === port.host) return false;
  if (!vips.has(ip) || !isOnLink(port.nic, ip)) return false;
  // Of two directors only the master has the VIP.
  return !isRedundant(view.evidence.setup) || masterAt(view, ip, startOf(at)) === port.host;
}

function judgeReplies(view: View, at: Sighting, replies: readonly Sighting[], expected: string, nic: Nic): Outcome {
  const [reply] = replies;
  if (reply === undefined) {
    return missing(view, [at], { suspect: DIRECTOR, field: "arp.opcode", expected, observed: "no answer" });
  }
  const violation = { suspect: DIRECTOR, expected };
  if (replies.length > 1) {
    return fail([at, ...replies], { ...violation, field: "arp.opcode", observed: `${replies.length} answers` });
  }
  const { arp: answer, linkSrc, linkDst } = reply.packet;
  const found = answer?.senderMac ?? "";
  if (nic.mac !== "" && !hasMac(nic, found)) {
    const observed = view.network.macText(found);
    return fail([at, reply], { ...violation, field: "arp.src.hw_mac", observed });
  }
  if (linkSrc === undefined || linkDst === undefined) return noMacs(at, reply);
  if (nic.mac !== "" && !hasMac(nic, linkSrc)) {
    const observed = view.network.macText(linkSrc);
    return fail([at, reply], { ...violation, field: "eth.src", observed });
  }
  if (linkDst === at.packet.linkSrc) return pass(at, reply);
  return fail([at, reply], { ...violation, field: "eth.dst", observed: `sent to ${linkDst}` });
}

function* reachesDirector(view: View): Iterable<Outcome> {
  const vips = vipsOf(view, "dr");
  const taps = tapsOnDirectorsLinks(view);
  for (const { sightings } of view.evidence.journeys) {
    const at = sightings.find((sighting) => sighting.addressed && taps.has(sighting.tap));
    if (at === undefined || !vips.has(at.packet.ip?.dst ?? "") || hasDirectorMac(view, at.packet.linkSrc)) continue;
    // Who has the VIP is asked of single hosts too.
    if (at.packet.icmp instanceof Icmpv6 && at.packet.icmp.isNeighbour) continue;
    // What a real server sends on is not the client's packet any more.
    if (pathTo(at).some(({ host }) => view.network.host(host)?.role === "real-server") && at.direction === "out")
      continue;
    const { linkSrc: from, linkDst: to } = at.packet;
    if (to === undefined) yield noMacs(at);
    else if (hasDirectorMac(view, to)) yield pass(at);
    else if (!mayBeDirectors(view, from)) {
      const suspect = view.network.byMac(to)?.host;
      const observed = view.network.macText(to);
      const violation = { field: "eth.dst", expected: "a MAC of the director", observed };
      yield fail([at], { ...violation, suspect: suspect?.role === "real-server" ? suspect.name : "network" });
    }
  }
}

function tapsOnDirectorsLinks(view: View): ReadonlySet<string> {
  const own = directorPorts(view).map(({ nic }) => nic);
  const hosts = view.evidence.setup.hosts.flatMap((host) => host.nics.map((nic) => ({ nic, tap: tapName(host, nic) })));
  return new Set(hosts.filter(({ nic }) => own.some((other) => shareSegment(nic, other))).map(({ tap }) => tap));
}
