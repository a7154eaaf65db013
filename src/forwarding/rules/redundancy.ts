/** Two directors: the one that takes over says so, and no two answer for the VIP. */

import { isIp } from "../../packet/address.js";
import { isVirtualRouter } from "../../packet/ethernet.js";
import { isAnnouncement, type Question, questionsAt, solicitationsAt } from "../arp.js";
import { coveredUntil } from "../coverage.js";
import { noMacs } from "../cut.js";
import { rule } from "../declare.js";
import type { Sighting } from "../journey.js";
import { type Accession, accessionsOf, masterAt } from "../mastership.js";
import { isBroadcast, ownsMac } from "../network.js";
import { absent, fail, inconclusive, type Outcome, pass, unknown } from "../outcome.js";
import type { Rule } from "../rule.js";
import type { Host } from "../setup.js";
import { startOf } from "../sightings.js";
import type { View } from "../view.js";
import { directorPorts } from "./arp-rules.js";

const REDUNDANT = { profile: "extended", models: ["nat", "dr", "tun"] } as const;

/** Nanoseconds in which a new master has to have announced the VIPs. */
const PROMPTLY = 1_000_000_000n;

export const redundancyRules: readonly Rule[] = [
  rule({
    ...REDUNDANT,
    id: "HA-GARP-01",
    level: "MUST",
    title: "A new master announces the VIP",
    statement:
      "A director that becomes the VRRP master sends within a second a broadcast ARP frame with the VIP as both its sender and its target and its own MAC, or the virtual router's; a director that is not the master sends none.",
    source: "RFC 5798 §6.4.2, §8.1.2; RFC 5227 §1.1, §2.3",
    observedAt: "the directors' segment",
    lookedFor: "a VRRP advertisement of a director that was not the master before",
    judge: announcesVips,
  }),
  rule({
    ...REDUNDANT,
    id: "HA-GARP-02",
    level: "MUST NOT",
    title: "Two directors never answer for the VIP at the same time",
    statement:
      "A who-has for the VIP that reaches several directors is answered by one of them; answers of the others to later questions for their own addresses prove that they keep silent.",
    source: "RFC 826; RFC 5798 §6.4.2 (a backup must not answer ARP for the virtual address)",
    observedAt: "directors in → directors out",
    lookedFor: "a who-has for the VIP that reached two directors",
    judge: oneAnswers,
  }),
];

function* announcesVips(view: View): Iterable<Outcome> {
  const end = view.sightings.at(-1);
  const announcements = announcementsOf(view);
  for (const accession of accessionsOf(view)) {
    const { host, addresses, time } = accession;
    for (const ip of addresses.filter((one) => isIp(one) && view.services.some(({ vip }) => vip === one))) {
      const own = announcements.filter(({ at, by }) => by === host.name && at.packet.arp?.senderIp === ip);
      const prompt = own.find(({ at }) => startOf(at) >= time && startOf(at) <= time + PROMPTLY);
      const expected = `a broadcast announcement: ${ip} is at ${host.name}`;
      const violation = { suspect: host.name, field: "arp.src.proto_ipv4", expected };
      if (prompt !== undefined) yield announcement(view, accession, prompt.at);
      else if (!isCovered(view, host, time)) yield unknown([accession.at]);
      else if (end !== undefined && startOf(end) > time + PROMPTLY)
        yield fail([accession.at], { ...violation, observed: "none within a second" });
      else
        yield inconclusive([accession.at], { ...violation, observed: "none until the evidence ends, within a second" });
    }
  }
  for (const { at, by } of announcements) {
    const ip = at.packet.arp?.senderIp ?? "";
    const master = masterAt(view, ip, startOf(at));
    if (master === undefined || master.name === by || !view.network.isDirector(by)) continue;
    const observed = `${by} announces ${ip}`;
    yield fail([at], {
      suspect: by,
      field: "arp.src.proto_ipv4",
      expected: `silence: ${master.name} is the master`,
      observed,
    });
  }
}

/** Whether all that the new master sent in the time that it has was recorded. */
function isCovered({ evidence: { coverage } }: View, host: Host, time: bigint): boolean {
  if (coverage === undefined) return true;
  const until = coveredUntil(coverage, host, time);
  return until !== undefined && until >= time + PROMPTLY;
}

/** An announcement must be heard by all, and name a MAC that reaches the new master. */
function announcement(view: View, { at: first, host }: Accession, at: Sighting): Outcome {
  const { arp, linkDst } = at.packet;
  const mac = arp?.senderMac ?? "";
  if (linkDst === undefined) return noMacs(first, at);
  if (!isBroadcast(linkDst))
    return fail([first, at], {
      suspect: host.name,
      field: "eth.dst",
      expected: "broadcast",
      observed: linkDst,
    });
  if (ownsMac(host, mac) || isVirtualRouter(mac)) return pass(first, at);
  const expected = `a MAC of ${host.name}`;
  const violation = { suspect: host.name, field: "arp.src.hw_mac", expected, observed: view.network.macText(mac) };
  return fail([first, at], violation);
}

interface Announcement {
  readonly at: Sighting;
  /** The host that sent it. */
  readonly by: string;
}

/** ARP frames that tell everybody where a VIP is, where they were first seen. */
function announcementsOf(view: View): Announcement[] {
  const vips = new Set(view.services.map(({ vip }) => vip));
  return view.evidence.journeys.flatMap(({ sightings: [at] }) => {
    if (at === undefined || !isAnnouncement(at) || !vips.has(at.packet.arp?.senderIp ?? "")) return [];
    const by = at.direction === "out" ? at.host : view.network.byMac(at.packet.linkSrc)?.host.name;
    return by === undefined ? [] : [{ at, by }];
  });
}

function* oneAnswers(view: View): Iterable<Outcome> {
  const vips = new Set(view.services.map(({ vip }) => vip));
  const asked = new Map<Sighting, Question>();
  for (const port of directorPorts(view))
    for (const question of [...questionsAt(view, port, vips), ...solicitationsAt(view, port)])
      if (vips.has(question.ip)) asked.set(question.at, question);
  for (const { sightings } of view.evidence.journeys) {
    const questions = sightings.flatMap((at) => asked.get(at) ?? []);
    if (new Set(questions.map(({ port }) => port.host.name)).size < 2) continue;
    const answering = questions.filter(({ answers }) => answers.length > 0);
    if (answering.length > 0) yield answered(view, questions, answering);
  }
}

function answered(view: View, questions: readonly Question[], answering: readonly Question[]): Outcome {
  const [{ at, ip } = questions[0] as Question] = questions;
  const names = answering.map(({ port }) => port.host.name);
  const replies = answering.flatMap(({ answers }) => answers.slice(0, 1));
  const master = masterAt(view, ip, startOf(at))?.name ?? names[0];
  const expected = `one answer to who-has ${ip}`;
  if (new Set(names).size > 1) {
    const suspect = names.find((name) => name !== master) ?? "director";
    const field = replies[0]?.packet.arp ? "arp.src.hw_mac" : "eth.src";
    return fail([at, ...replies], { suspect, field, expected, observed: `answers of ${names.join(" and ")}` });
  }
  const silent = questions.filter(({ answers }) => answers.length === 0);
  const canaries = silent.flatMap(({ canary }) => canary ?? []);
  if (canaries.length === silent.length) return pass(at, ...replies, ...canaries);
  const suspect = silent.find(({ canary }) => canary === undefined)?.port.host.name ?? "director";
  return absent(view, [at, ...replies], { suspect, expected, observed: "one answer so far" });
}
