import { endpoint } from "../packet/address.js";
/** What the director's own stack answers to packets that it keeps: resets and ICMP errors. */

import type { IcmpKind } from "../packet/icmp-message.js";
import type { Packet } from "../packet/packet.js";
import { TCP_FLAG } from "../packet/tcp.js";
import { isReset, portsOf, protocolOf } from "./datagram.js";
import { groupBy } from "./group.js";
import type { Sighting } from "./journey.js";
import { ownsIp } from "./network.js";
import { DIRECTOR, fail, type Outcome, type Violation } from "./outcome.js";
import { describe } from "./paths.js";
import { isPartial, startOf } from "./sightings.js";
import type { View } from "./view.js";

/** Sent in the name of the address that was asked (RFC 1122 §3.3.4.2). */
const LOCAL_KINDS: readonly IcmpKind[] = ["protocol-unreachable", "port-unreachable"];

interface Reply {
  readonly at: Sighting;
  /** The packets that it may be an answer to. */
  readonly causes: readonly Sighting[];
}

const replies = new WeakMap<View, ReadonlyMap<Sighting, readonly Reply[]>>();

/** A reset or an ICMP error of the director that is no right answer to this packet, nor to any other. */
export function wrongReply(view: View, asked: Sighting): Outcome | undefined {
  let known = replies.get(view);
  if (known === undefined) {
    known = repliesOf(view);
    replies.set(view, known);
  }
  for (const { at, causes } of known.get(asked) ?? []) {
    const [fault] = [asked, ...causes].map((cause) => faultOf(view, cause, at));
    if (fault !== undefined && causes.every((cause) => faultOf(view, cause, at) !== undefined)) {
      return fail([asked, at], fault);
    }
  }
  return undefined;
}

function repliesOf(view: View): Map<Sighting, Reply[]> {
  const atDirector = view.sightings.filter((at) => view.network.isDirector(at.host) && at.packet.ip && !isPartial(at));
  const kept = atDirector.filter((at) => at.direction === "in" && at.addressed && !isForwarded(view, at));
  const bySender = groupBy(kept, ({ packet }) => endpoint(packet.ip?.src ?? "", portsOf(packet)?.src ?? 0));
  const found = new Map<Sighting, Reply[]>();
  for (const at of atDirector) {
    if (at.direction !== "out" || at.from !== undefined) continue;
    const causes = (bySender.get(receiverOf(at.packet) ?? "") ?? []).filter(
      (cause) => startOf(cause) < startOf(at) && isAbout(at.packet, cause.packet),
    );
    for (const cause of causes) found.set(cause, [...(found.get(cause) ?? []), { at, causes }]);
  }
  return found;
}

function isForwarded(view: View, at: Sighting): boolean {
  return view.children.get(at)?.some(({ direction }) => direction === "out") === true;
}

/** Address and port of whom a reset or an ICMP error is for. */
function receiverOf(packet: Packet): string | undefined {
  const { ip, tcp, icmp, quoted } = packet;
  if (tcp !== undefined) return isReset(packet) ? endpoint(ip?.dst ?? "", tcp.dstPort) : undefined;
  if (icmp?.isError !== true || quoted?.ip === undefined) return undefined;
  return endpoint(quoted.ip.src, portsOf(quoted)?.src ?? 0);
}

/** By what also a wrong answer has in common with the packet that it answers. */
function isAbout(reply: Packet, asked: Packet): boolean {
  if (reply.tcp !== undefined) return asked.tcp?.dstPort === reply.tcp.srcPort;
  const { quoted } = reply;
  return quoted?.ip?.id === asked.ip?.id && quoted?.ip?.protocol === asked.ip?.protocol;
}

function faultOf(view: View, { packet: asked }: Sighting, at: Sighting): Violation | undefined {
  const { packet } = at;
  if (asked.ip === undefined || packet.ip === undefined) return undefined;
  const common = { suspect: DIRECTOR };
  if (!asked.ip.checksumValid) {
    return { ...common, expected: "silently discarded", observed: `answered: ${describe(at)}` };
  }
  const isLocal = packet.icmp !== undefined && LOCAL_KINDS.includes(packet.icmp.kind);
  const { src } = packet.ip;
  if (src !== asked.ip.dst && (packet.tcp !== undefined || isLocal || !isOwn(view, src))) {
    return { ...common, field: "ip.src", expected: asked.ip.dst, observed: src };
  }
  return packet.tcp === undefined ? quoteFault(asked, packet) : resetFault(asked, at);
}

function isOwn(view: View, ip: string): boolean {
  return view.services.some(({ vip }) => vip === ip) || view.network.directors.some((host) => ownsIp(host, ip));
}

/** The quote is the packet as it came in, not as it would have left. */
function quoteFault(asked: Packet, { quoted }: Packet): Violation | undefined {
  const [expected, found] = [portsOf(asked)?.dst, quoted && portsOf(quoted)?.dst];
  if (quoted?.ip?.dst !== asked.ip?.dst) {
    const [right, wrong] = [asked.ip?.dst ?? "", quoted?.ip?.dst ?? "none"];
    return { suspect: DIRECTOR, field: "ip.dst#2", expected: right, observed: wrong };
  }
  if (found === undefined || found === expected) return undefined;
  const field = `${protocolOf(asked) ?? "l4"}.dstport#2`;
  return { suspect: DIRECTOR, field, expected: String(expected), observed: String(found) };
}

/** RFC 9293 §3.5.2: a reset takes its sequence number from the ACK that it answers, else it acknowledges. */
function resetFault({ tcp: asked, payload, missing }: Packet, at: Sighting): Violation | undefined {
  const { tcp } = at.packet;
  if (asked === undefined || tcp === undefined || asked.isPartial || tcp.isPartial) return undefined;
  const violation = (field: string, expected: string, observed: string) => ({
    suspect: DIRECTOR,
    field,
    expected,
    observed,
  });
  if ((asked.flags & TCP_FLAG.rst) !== 0) return violation("tcp.flags", "no answer to a RST", describe(at));
  if ((asked.flags & TCP_FLAG.ack) !== 0) {
    return tcp.seq === asked.ack ? undefined : violation("tcp.seq_raw", String(asked.ack), String(tcp.seq));
  }
  if ((tcp.flags & TCP_FLAG.ack) === 0) return violation("tcp.flags", "RA", tcp.flagsText);
  const controls = [TCP_FLAG.syn, TCP_FLAG.fin].filter((flag) => (asked.flags & flag) !== 0).length;
  const ack = (asked.seq + payload.length + missing + controls) >>> 0;
  return tcp.ack === ack ? undefined : violation("tcp.ack_raw", String(ack), String(tcp.ack));
}
