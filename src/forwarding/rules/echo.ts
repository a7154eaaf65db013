/** GEN-SVC-05: who answers an echo request to the VIP. */

import { isCut, noMacs, unseen } from "../cut.js";
import { isEchoRequest, sameBytes } from "../datagram.js";
import { rule } from "../declare.js";
import type { Sighting } from "../journey.js";
import { absent, DIRECTOR, fail, type Outcome } from "../outcome.js";
import { describe, hasDirectorMac } from "../paths.js";
import { startOf } from "../sightings.js";
import type { Stray, View } from "../view.js";
import { servicesAtAddress } from "./stray.js";

export const echo = rule({
  id: "GEN-SVC-05",
  title: "The director answers ICMP echo to the VIP, never a real server",
  level: "MUST",
  profile: "core",
  models: ["nat", "dr", "tun"],
  statement:
    "An echo request to the VIP reaches no real server; where an echo reply comes, it comes from the director's MAC with the VIP as source and the request's identifier, sequence number and data.",
  source: "RFC 1122 §3.2.2.6 (source: the address that was asked); ip_vs_in_icmp handles error types only",
  observedAt: "director in → client in",
  lookedFor: "an ICMP echo request to the VIP at the director",
  *judge(view) {
    const replies = view.sightings.filter(
      ({ from, packet }) => from === undefined && packet.icmp?.kind === "echo-reply",
    );
    const asked = new Set(view.sightings.filter(({ packet }) => isEchoRequest(packet)).map(echoKey));
    const unasked = replies.filter(
      (reply) => reply.direction === "out" && view.network.isDirector(reply.host) && !asked.has(echoKey(reply)),
    );
    for (const stray of view.strays) {
      if (!isEchoRequest(stray.in.packet) || servicesAtAddress(stray).length === 0) continue;
      yield judgeEcho(view, stray, replies, unasked);
    }
  },
});

/** Past a router a frame has the router's MAC, whoever answered. */
const BEHIND_ROUTER = {
  status: "not-exercised",
  reason: "the answer was not recorded on the director's segment, where its MAC would tell who sent it",
} as const;

function judgeEcho(
  view: View,
  { in: request, outs }: Stray,
  replies: readonly Sighting[],
  unasked: readonly Sighting[],
): Outcome {
  const expected = "answered by the director or by nobody";
  const [out] = outs;
  if (out !== undefined) {
    return fail([request, out], {
      suspect: DIRECTOR,
      field: "eth.dst",
      expected,
      observed: `forwarded: ${describe(out)}`,
    });
  }
  const reply =
    replies.find((sighting) => isReplyTo(request, sighting)) ??
    unasked.find((sighting) => isLikeReplyTo(request, sighting));
  if (reply === undefined)
    return absent(view, [request], { suspect: DIRECTOR, expected, observed: "no answer so far" });
  const { packet } = reply;
  if (packet.linkSrc === undefined) return noMacs(request, reply);
  if (!hasDirectorMac(view, packet.linkSrc)) {
    const sender = view.network.byMac(packet.linkSrc)?.host;
    if (!view.evidence.settled && sender?.role !== "real-server") return { ...BEHIND_ROUTER, at: [request, reply] };
    const observed = view.network.macText(packet.linkSrc);
    return fail([request, reply], { suspect: DIRECTOR, field: "eth.src", expected: "the director's MAC", observed });
  }
  const [asked, answered] = [request, reply].map(({ packet: { ip, icmp } }) => ({ ip, rest: icmp?.rest ?? 0 }));
  if (answered?.ip?.src !== asked?.ip?.dst) {
    const [expected, observed] = [asked?.ip?.dst ?? "", answered?.ip?.src ?? ""];
    return fail([request, reply], { suspect: DIRECTOR, field: "ip.src", expected, observed });
  }
  if (answered?.rest !== asked?.rest) {
    const [expected, observed] = [asked, answered].map((message) => echoNumbers(message?.rest ?? 0));
    const field = (((answered?.rest ?? 0) ^ (asked?.rest ?? 0)) & 0xffff) === 0 ? "icmp.ident" : "icmp.seq";
    return fail([request, reply], { suspect: DIRECTOR, field, expected: expected ?? "", observed: observed ?? "" });
  }
  const isPartly = isCut(request, reply);
  const [sent, returned] = [request, reply].map((at) => (isPartly ? at.common : at.packet));
  const isSame = !sent?.icmp || !returned?.icmp || sameBytes(sent.payload, returned.payload);
  if (!isSame || lengthOf(request) !== lengthOf(reply)) {
    const observed = `${lengthOf(reply)} other bytes`;
    return fail([request, reply], { suspect: DIRECTOR, field: "data.data", expected: "the request's data", observed });
  }
  if (isPartly) return unseen(request, reply);
  return absent(view, [request, reply], {
    suspect: DIRECTOR,
    expected,
    observed: "answered, but a copy may still follow",
  });
}

function lengthOf({ packet: { payload, missing } }: Sighting): number {
  return payload.length + missing;
}

function isReplyTo(request: Sighting, { packet, frames }: Sighting): boolean {
  const { ip, icmp } = request.packet;
  if (packet.icmp?.kind !== "echo-reply" || packet.icmp.rest !== icmp?.rest || packet.ip?.src !== ip?.dst) return false;
  return packet.ip?.dst === ip?.src && (frames[0]?.time ?? 0n) > startOf(request);
}

/** The same for an echo request and its answer. */
function echoKey({ packet: { ip, icmp } }: Sighting): string {
  const ends = icmp?.kind === "echo-reply" ? [ip?.dst, ip?.src] : [ip?.src, ip?.dst];
  return `${ends.join(" ")} ${icmp?.rest}`;
}

/** A reply that fits no request: to this client, with the sequence number or the data of this one. */
function isLikeReplyTo(request: Sighting, { packet, common, frames }: Sighting): boolean {
  const { ip, icmp, payload } = request.common;
  if (packet.ip?.dst !== ip?.src || (frames[0]?.time ?? 0n) <= startOf(request)) return false;
  const hasNumber = (((packet.icmp?.rest ?? 0) ^ (icmp?.rest ?? 0)) & 0xffff) === 0;
  return hasNumber || (payload.length > 0 && sameBytes(common.payload, payload));
}

function echoNumbers(rest: number): string {
  return `identifier ${rest >>> 16}, sequence number ${rest & 0xffff}`;
}
