/** GEN-SVC-01: what a client sends to a service leaves the director once, and nothing leaves that nobody sent. */

import { endpoint } from "../../packet/address.js";
import type { Packet } from "../../packet/packet.js";
import { optionAt, TCP_OPTION } from "../../packet/tcp.js";
import { areAllRecorded } from "../coverage.js";
import { core, portsOf, protocolOf, sameBytes } from "../datagram.js";
import { rule } from "../declare.js";
import { mayBeEarlier, servicesAt } from "../evidence.js";
import { fateOf, isCutAnyway, isTooLong } from "../fate.js";
import type { Sighting } from "../journey.js";
import { ownsIp } from "../network.js";
import { isRecordedWhole } from "../offload.js";
import { DIRECTOR, fail, inconclusive, missing, type Outcome, pass } from "../outcome.js";
import { arrivalsOf, describe } from "../paths.js";
import type { Host } from "../setup.js";
import { isPartial, startOf } from "../sightings.js";
import type { Crossing, View } from "../view.js";
import { needsForwarding } from "./dr-topology.js";
import { deafServer } from "./unreachable.js";

const ONE_COPY = "one copy, to one real server";

export const exactlyOne = rule({
  id: "GEN-SVC-01",
  title: "A packet of a service goes to exactly one real server",
  level: "MUST",
  profile: "core",
  models: ["nat", "dr", "tun"],
  statement:
    "A TCP SYN or first UDP datagram to a virtual service leaves the director exactly once, towards exactly one of the service's real servers; no later packet, answer or ICMP error is multiplied either, and none is made up in the name of a client or of the service.",
  source: "ip_vs_in_hook, ip_vs_schedule, packet_xmit; RFC 2391 §4.1",
  observedAt: "director in → real servers in",
  lookedFor: "a TCP SYN or UDP datagram to a virtual service at the director",
  *judge(view) {
    for (const crossing of view.crossings) {
      if (crossing.kind === "request") yield* exactlyOnce(view, crossing);
      else if (crossing.outs.length > 0 && isRecordedWhole(view.network, crossing.in)) yield* notTwice(view, crossing);
    }
    for (const crossing of view.relayed)
      if (crossing.kind === "request" && areAllRecorded(view, crossing.service)) yield* exactlyOnce(view, crossing);
    yield* invented(view);
  },
});

function* exactlyOnce(view: View, crossing: Crossing): Iterable<Outcome> {
  const { in: sighting, outs, isNew } = crossing;
  const fate = fateOf(view, crossing);
  if (fate === "drop" || outs.some(isPartial)) return;
  if (outs.length === 0) {
    const expected = ONE_COPY;
    if (!isNew || fate !== "forward" || sighting.frames.length > 1) return;
    // What becomes of a mark is GEN-SCH-10's to tell.
    if (crossing.service.mark !== undefined) return;
    // What is too long for a tunnel that takes everything is TUN-MTU-03's.
    if (isCutAnyway(crossing.service) && sighting.packet.ip?.df && isTooLong(view.network, crossing)) return;
    // So is forwarding, which is none of DR's business, DR-REQ-07's.
    if (crossing.model === "dr" && needsForwarding(view)) return;
    const deaf = deafServer(view, crossing);
    // A server that is not there on purpose: what the director says about it is GEN-UNR-01's.
    if (deaf?.answers === "absent") return;
    const observed = `${describe(sighting)} was not forwarded`;
    yield missing(
      view,
      [sighting],
      deaf === undefined
        ? { suspect: DIRECTOR, expected, observed }
        : { suspect: deaf.name, expected, observed: `${observed}: who-has ${deaf.ip} got no answer` },
    );
    return;
  }
  const multiplied = [...notTwice(view, crossing)];
  if (multiplied.length > 0) yield* multiplied;
  else if (isNew) yield pass(sighting, ...outs);
}

/** What was forwarded left once and arrived once. */
function* notTwice(view: View, crossing: Crossing): Iterable<Outcome> {
  const { in: sighting, outs, kind } = crossing;
  if (fateOf(view, crossing) === "drop" || outs.some(isPartial)) return;
  const arrivals = outs.flatMap((out) => arrivalsOf(view, out));
  const copies = Math.max(outs.length, arrivals.length);
  if (copies === 1) return;
  const expected = kind === "request" ? ONE_COPY : "one copy";
  const where = (arrivals.length > 1 ? arrivals : outs).map(
    (at) => view.network.byMac(at.packet.linkDst)?.tap ?? at.tap,
  );
  const suspect = outs.length > 1 ? DIRECTOR : "network";
  const violation = { suspect, expected, observed: `${copies} copies: to ${where.join(", ")}` };
  // The same bytes twice at one tap may be the capture's doing; several captures do not agree by chance.
  const isAlike = (at: readonly Sighting[]) =>
    at.every(({ tap, packet }) => tap === at[0]?.tap && sameBytes(packet.bytes, at[0].packet.bytes));
  const isSeenTwice = outs.length > 1 && arrivals.filter((at) => !outs.includes(at)).length > 1;
  const isOneTwice = isAlike(outs) && isAlike(arrivals) && !isSeenTwice;
  const isCaptured = view.evidence.coverage !== undefined;
  if (isCaptured && (isOneTwice || mayBeSeveral(sighting, outs))) yield inconclusive([sighting, ...outs], violation);
  else yield fail([sighting, ...outs], violation);
}

/** Whether a client may have sent one packet just like another, of which the capture has missed that it came in. */
function mayBeSeveral({ packet }: Sighting, outs: readonly Sighting[]): boolean {
  const { ip, tcp } = core(packet);
  const isUnique = ip?.id !== 0 || (tcp !== undefined && optionAt(tcp.options, TCP_OPTION.times) !== undefined);
  return !isUnique && outs.every((out) => out.packet.linkDst === outs[0]?.packet.linkDst);
}

/** What the director makes up: a packet for a real server in the name of a client, or for a client in that of the service. */
function* invented(view: View): Iterable<Outcome> {
  // Elsewhere what it comes from may have come in unseen.
  if (!view.evidence.settled) return;
  for (const at of view.sightings) {
    const director = view.network.host(at.host);
    if (director?.role !== "director" || at.direction !== "out" || at.from !== undefined || isPartial(at)) continue;
    const packet = core(at.packet);
    if (!isAsClient(view, director, at, packet) && !isAsService(view, at, packet)) continue;
    yield fail([at], {
      suspect: DIRECTOR,
      expected: "only what a client or a real server sent",
      observed: `${describe(at)} out of nothing`,
    });
  }
}

function isAsClient(view: View, director: Host, at: Sighting, packet: Packet): boolean {
  const [{ ip }, asked, ports] = [packet, protocolOf(packet), portsOf(packet)];
  if (ip === undefined || ports === undefined) return false;
  // Its own connections are its own matter: it may check whether servers are alive.
  if (ownsIp(director, ip.src) || view.services.some(({ vip }) => vip === ip.src)) return false;
  if (mayBeEarlier(view.evidence, endpoint(ip.src, ports.src))) return false;
  return servicesAt(view.evidence, startOf(at)).some(({ protocol, model, vip, port, realServers }) => {
    const ends = model === "nat" ? realServers : [{ ip: vip, port }];
    return protocol === asked && ends.some((end) => end.ip === ip.dst && end.port === ports.dst);
  });
}

function isAsService(view: View, at: Sighting, packet: Packet): boolean {
  const [{ ip }, asked, ports] = [packet, protocolOf(packet), portsOf(packet)];
  if (ip === undefined || asked === undefined || ports === undefined || packet !== at.packet) return false;
  const isService = servicesAt(view.evidence, startOf(at)).some(
    ({ protocol, vip, port }) => protocol === asked && vip === ip.src && port === ports.src,
  );
  return isService && !mayBeEarlier(view.evidence, endpoint(ip.dst, ports.dst)) && !hasKept(view, at);
}

/** Whether the director kept something of the receiver: its own stack, which has the VIP as well, may answer that. */
function hasKept(view: View, reply: Sighting): boolean {
  const { host, packet: answer } = reply;
  const answered = portsOf(answer);
  return view.sightings.some((at) => {
    const ports = portsOf(at.packet);
    if (at.host !== host || at.direction !== "in" || !at.addressed || startOf(at) > startOf(reply)) return false;
    if (at.packet.ip?.src !== answer.ip?.dst || at.packet.ip?.dst !== answer.ip?.src) return false;
    if (ports?.src !== answered?.dst || ports?.dst !== answered?.src) return false;
    return !view.children.get(at)?.some(({ direction }) => direction === "out");
  });
}
