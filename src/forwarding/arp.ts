/** Who was asked for an address, and what was answered: ARP, and neighbour discovery. */

import { NOBODY } from "../packet/arp.js";
import { Icmpv6 } from "../packet/icmpv6.js";
import type { Packet } from "../packet/packet.js";
import { SLL_PACKET_TYPE } from "../packet/sll.js";
import type { Sighting } from "./journey.js";
import { isBroadcast, type Port } from "./network.js";
import { hasAddress, isOnLink } from "./setup.js";
import type { View } from "./view.js";

const REQUEST = 1;
const REPLY = 2;

/** How a request is addressed: RFC 5227 probes and askers of another subnet are `unusual`, whoever they are sent to. */
export type Variant = "broadcast" | "unicast" | "unusual";

/** A who-has that reached a NIC. */
export interface Question {
  readonly at: Sighting;
  readonly port: Port;
  readonly ip: string;
  readonly variant: Variant;
  readonly answers: Sighting[];
  /** An answer to a later request for the NIC's own address: this one was dealt with before it. */
  canary?: Sighting;
  /** A later request for the NIC's own address that got no answer. */
  deaf?: Sighting;
}

/**
 * All who-has requests that reached a port's NIC, with what it answered to each; in the order of their times.
 *
 * @param forbidden addresses for which any reply is an answer to an open request, whoever it names as the asker
 */
export function questionsAt(view: View, port: Port, forbidden: ReadonlySet<string> = new Set()): Question[] {
  const questions: Question[] = [];
  // A host answers in the order in which it was asked: what comes before an answered request is done with.
  let done = 0;
  for (const sighting of arpAt(view, port)) {
    const { arp } = sighting.packet;
    if (arp === undefined) continue;
    if (sighting.direction === "in" && arp.opcode === REQUEST && sighting.addressed && arp.senderIp !== arp.targetIp) {
      const variant = variantOf(sighting, port);
      questions.push({ at: sighting, port, ip: arp.targetIp, variant, answers: [] });
    } else if (sighting.direction === "out" && arp.opcode === REPLY) {
      const at = questionOf(questions, sighting, done, port, forbidden);
      questions[at]?.answers.push(sighting);
      if (hasAddress(port.nic, arp.senderIp) && at >= done) done = at;
    }
  }
  proveByCanaries(questions, port);
  return questions;
}

/** Notes for each question the next one for the NIC's own address: answered, it proves that this one is dealt with. */
function proveByCanaries(questions: readonly Question[], port: Port): void {
  let canary: Sighting | undefined;
  let deaf: Sighting | undefined;
  for (const question of questions.toReversed()) {
    if (canary !== undefined) question.canary = canary;
    else if (deaf !== undefined) question.deaf = deaf;
    if (!hasAddress(port.nic, question.ip)) continue;
    if (question.answers[0] !== undefined) canary = question.answers[0];
    else deaf = question.at;
  }
}

/** All neighbour solicitations that reached a port's NIC, with the advertisements that answered them (RFC 4861 §7.2.4). */
export function solicitationsAt(view: View, port: Port): Question[] {
  const questions: Question[] = [];
  for (const at of view.sightings) {
    const icmp = at.packet.icmp;
    if (at.tap !== port.tap || !(icmp instanceof Icmpv6)) continue;
    if (at.direction === "in" && icmp.kind === "neighbour-solicitation" && at.addressed) {
      const { linkDst } = at.packet;
      const isUnicast = linkDst === port.nic.mac || isForHost(at.packet);
      const variant = isUnicast ? "unicast" : linkDst === undefined ? "unusual" : "broadcast";
      questions.push({ at, port, ip: icmp.target, variant, answers: [] });
    } else if (at.direction === "out" && icmp.kind === "neighbour-advertisement") {
      const fits = questions.filter(({ ip }) => ip === icmp.target);
      (fits.find(({ answers }) => answers.length === 0) ?? fits.at(-1))?.answers.push(at);
    }
  }
  proveByCanaries(questions, port);
  return questions;
}

/** Replies of a port's NIC for one of the addresses that fit no request, and announce nothing either. */
export function unaskedReplies(view: View, port: Port, ips: ReadonlySet<string>): Sighting[] {
  const asked = new Set(questionsAt(view, port, ips).flatMap(({ answers }) => answers));
  return arpAt(view, port).filter((at) => {
    const { arp } = at.packet;
    const isReply = at.direction === "out" && arp?.opcode === REPLY && !isAnnouncement(at);
    return isReply && ips.has(arp.senderIp) && !asked.has(at);
  });
}

/** Neighbour advertisements of a port's NIC for one of the addresses that nobody asked for (RFC 4861 §7.2.6). */
export function unaskedAdvertisements(view: View, port: Port, ips: ReadonlySet<string>): Sighting[] {
  const asked = new Set(solicitationsAt(view, port).flatMap(({ answers }) => answers));
  return view.sightings.filter((at) => {
    const { icmp } = at.packet;
    if (at.tap !== port.tap || at.direction !== "out" || !(icmp instanceof Icmpv6)) return false;
    return icmp.kind === "neighbour-advertisement" && ips.has(icmp.target) && !asked.has(at);
  });
}

/** Replies seen where they came in alone: nothing was recorded at the NIC that sent them, the MAC in them tells whose. */
export function repliesSeenElsewhere(view: View, ips: ReadonlySet<string>): { at: Sighting; variant: Variant }[] {
  return view.sightings.flatMap((at) => {
    const { arp } = at.packet;
    if (at.direction !== "in" || at.from !== undefined || arp?.opcode !== REPLY || isAnnouncement(at)) return [];
    const port = view.network.port(at.tap);
    const owner = view.network.byMac(arp.senderMac);
    if (!ips.has(arp.senderIp) || port === undefined || owner?.host.role !== "real-server") return [];
    const question = view.sightings.findLast(
      ({ tap, packet }) =>
        tap === at.tap &&
        packet.arp?.opcode === REQUEST &&
        packet.arp.targetIp === arp.senderIp &&
        packet.arp.senderMac === arp.targetMac,
    );
    return [{ at, variant: question === undefined ? "broadcast" : variantOf(question, port) }];
  });
}

/** ARP frames that a port's NIC sent on its own: requests and announcements. */
export function requestsFrom(view: View, port: Port): Sighting[] {
  return arpAt(view, port).filter(({ direction, packet: { arp } }) => {
    return direction === "out" && (arp?.opcode === REQUEST || arp?.senderIp === arp?.targetIp);
  });
}

/** Sender and target are the same: it tells, it does not ask (RFC 5227 §1.1). */
export function isAnnouncement({ packet: { arp } }: Sighting): boolean {
  return arp !== undefined && arp.senderIp === arp.targetIp;
}

function arpAt(view: View, port: Port): Sighting[] {
  return view.sightings.filter(({ tap, packet }) => tap === port.tap && packet.arp !== undefined);
}

function variantOf({ packet }: Sighting, { nic }: Port): Variant {
  const { arp, linkDst } = packet;
  const sender = arp?.senderIp ?? NOBODY;
  if (sender === NOBODY || !isOnLink(nic, sender)) return "unusual";
  if (linkDst === undefined && !isForHost(packet)) return "unusual";
  return isBroadcast(linkDst ?? "") ? "broadcast" : "unicast";
}

/** The first open request that a reply fits; where all are answered, the last one, which then has one answer too many. */
function questionOf(
  questions: readonly Question[],
  sighting: Sighting,
  done: number,
  { nic }: Port,
  forbidden: ReadonlySet<string>,
): number {
  const { arp } = sighting.packet;
  const fits = ({ at, ip }: Question) => {
    const request = at.packet.arp;
    return ip === arp?.senderIp && request?.senderMac === arp.targetMac && request.senderIp === arp.targetIp;
  };
  const isOpen = (question: Question, index: number) =>
    index >= done && question.answers.length === 0 && fits(question);
  // What a NIC must answer it answers in turn. Other addresses may move to it, and earlier questions stay without answer.
  const mustAnswer = hasAddress(nic, arp?.senderIp ?? "");
  const open = mustAnswer ? questions.findIndex(isOpen) : questions.findLastIndex(isOpen);
  const known = open >= 0 ? open : questions.findLastIndex(fits);
  if (known >= 0 || isAnnouncement(sighting) || !forbidden.has(arp?.senderIp ?? "")) return known;
  return questions.findIndex(({ ip, answers }, index) => index >= done && answers.length === 0 && ip === arp?.senderIp);
}

/** A cooked capture has no MAC for it, but says that the frame was for the NIC's own. */
function isForHost({ sll }: Packet): boolean {
  return sll?.packetType === SLL_PACKET_TYPE.toHost;
}
