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
  for (const sighting of arpAt(view, port)) {
    const { arp } = sighting.packet;
    if (arp === undefined) continue;
    if (sighting.direction === "in" && arp.opcode === REQUEST && sighting.addressed && arp.senderIp !== arp.targetIp) {
      const variant = variantOf(sighting, port);
      questions.push({ at: sighting, port, ip: arp.targetIp, variant, answers: [] });
    } else if (sighting.direction === "out" && arp.opcode === REPLY) answer(questions, sighting);
  }
  for (const [index, question] of questions.entries()) {
    const own = questions.slice(index + 1).filter((later) => later.ip === port.nic.ip);
    const canary = own.find((later) => later.answers.length > 0)?.answers[0];
    const deaf = own.find((later) => later.answers.length === 0)?.at;
    if (canary !== undefined) question.canary = canary;
    else if (deaf !== undefined) question.deaf = deaf;
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

/**
 * A host answers in the order in which it was asked. A second answer to the same request is one too many and counted
 * with the request, unless another request of the same asker is still open.
 */
function answer(questions: readonly Question[], reply: Sighting): void {
  const { arp } = reply.packet;
  const asked = questions.filter(({ at, ip }) => {
    const request = at.packet.arp;
    return ip === arp?.senderIp && (request?.senderMac === arp?.targetMac || request?.senderIp === arp?.targetIp);
  });
  const isClosed = (question: Question) => questions.some(({ at, answers, ip, port }) => {
    return ip === port.nic.ip && answers.length > 0 && questions.indexOf(question) < questions.findIndex((q) => q.at === at);
  });
  const open = asked.find((question) => question.answers.length === 0 && !isClosed(question));
  (open ?? asked.at(-1))?.answers.push(reply);
}
