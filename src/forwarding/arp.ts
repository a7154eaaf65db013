/** Who was asked for an address, and what was answered. */

import { inPrefix } from "../packet/address.js";
import type { Sighting } from "./journey.js";
import { isBroadcast, type Port } from "./network.js";
import type { View } from "./view.js";

const REQUEST = 1;
const REPLY = 2;
const NOBODY = "0.0.0.0";

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

/** All who-has requests that reached a port's NIC, with what it answered to each; in the order of their times. */
export function questionsAt(view: View, port: Port): Question[] {
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
      const at = questionOf(questions, sighting, done);
      questions[at]?.answers.push(sighting);
      if (arp.senderIp === port.nic.ip && at >= done) done = at;
    }
  }
  let canary: Sighting | undefined;
  let deaf: Sighting | undefined;
  for (const question of questions.toReversed()) {
    if (canary !== undefined) question.canary = canary;
    else if (deaf !== undefined) question.deaf = deaf;
    if (question.ip !== port.nic.ip) continue;
    if (question.answers[0] !== undefined) canary = question.answers[0];
    else deaf = question.at;
  }
  return questions;
}

/** ARP frames that a port's NIC sent on its own: requests and announcements. */
export function requestsFrom(view: View, port: Port): Sighting[] {
  return arpAt(view, port).filter(({ direction, packet: { arp } }) => {
    return direction === "out" && (arp?.opcode === REQUEST || arp?.senderIp === arp?.targetIp);
  });
}

/** Sender and target are the same: it tells, it does not ask (RFC 5227 §3). */
export function isAnnouncement({ packet: { arp } }: Sighting): boolean {
  return arp !== undefined && arp.senderIp === arp.targetIp;
}

function arpAt(view: View, port: Port): Sighting[] {
  return view.sightings.filter(({ tap, packet }) => tap === port.tap && packet.arp !== undefined);
}

function variantOf({ packet: { arp, eth } }: Sighting, { nic }: Port): Variant {
  const sender = arp?.senderIp ?? NOBODY;
  if (sender === NOBODY || !inPrefix(sender, nic.ip, nic.prefix)) return "unusual";
  return isBroadcast(eth?.dst ?? "") ? "broadcast" : "unicast";
}

/** The first open request that a reply fits; where all are answered, the last one, which then has one answer too many. */
function questionOf(questions: readonly Question[], { packet: { arp } }: Sighting, done: number): number {
  const fits = ({ at, ip }: Question) => {
    const request = at.packet.arp;
    return ip === arp?.senderIp && request?.senderMac === arp.targetMac && request.senderIp === arp.targetIp;
  };
  const open = questions.findIndex(
    (question, index) => index >= done && question.answers.length === 0 && fits(question),
  );
  return open >= 0 ? open : questions.findLastIndex(fits);
}
