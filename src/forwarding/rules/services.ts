/** GEN-SVC: what a virtual service is, and what is none. */

import {
  core,
  endpoint,
  isEchoRequest,
  isReset,
  isSyn,
  opensConnection,
  portsOf,
  protocolOf,
  sameBytes,
} from "../datagram.js";
import { rule } from "../declare.js";
import { mayBeEarlier, servicesAt } from "../evidence.js";
import { fateOf } from "../fate.js";
import type { Sighting } from "../journey.js";
import { ownsIp } from "../network.js";
import { isRecordedWhole } from "../offload.js";
import { absent, DIRECTOR, fail, missing, type Outcome, pass } from "../outcome.js";
import { wrongReply } from "../own-replies.js";
import { arrivalsOf, describe, hasDirectorMac } from "../paths.js";
import type { Rule } from "../rule.js";
import type { RealServer, Service } from "../setup.js";
import { isPartial, startOf } from "../sightings.js";
import type { Crossing, Stray, View } from "../view.js";

const ALL = ["nat", "dr", "tun"] as const;

const ONE_COPY = "one copy, to one real server";

const exactlyOne = rule({
  id: "GEN-SVC-01",
  title: "A packet of a service goes to exactly one real server",
  level: "MUST",
  profile: "core",
  models: ALL,
  statement:
    "A TCP SYN or first UDP datagram to a virtual service leaves the director exactly once, towards exactly one of the service's real servers; no later packet, answer or ICMP error is multiplied either, and no connection is opened that no client asked for.",
  source: "ip_vs_in, ip_vs_schedule, packet_xmit",
  observedAt: "director in → real servers in",
  lookedFor: "a TCP SYN or UDP datagram to a virtual service at the director",
  *judge(view) {
    for (const crossing of view.crossings) {
      if (crossing.kind === "request") yield* exactlyOnce(view, crossing);
      else if (crossing.outs.length > 0 && isRecordedWhole(view.network, crossing.in)) yield* notTwice(view, crossing);
    }
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
    const deaf = deafServer(view, crossing);
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
    (at) => view.network.byMac(at.packet.eth?.dst)?.tap ?? at.tap,
  );
  const suspect = outs.length > 1 ? DIRECTOR : "network";
  yield fail([sighting, ...outs], { suspect, expected, observed: `${copies} copies: to ${where.join(", ")}` });
}

/** A SYN to a real server of a service, in the name of somebody who sent none. */
function* invented(view: View): Iterable<Outcome> {
  // Elsewhere the SYN may have come in unseen.
  if (!view.evidence.settled) return;
  for (const at of view.sightings) {
    const director = view.network.host(at.host);
    if (director?.role !== "director" || at.direction !== "out" || at.from !== undefined || isPartial(at)) continue;
    const packet = core(at.packet);
    const ports = portsOf(packet);
    if (packet.ip === undefined || ports === undefined || !isSyn(packet)) continue;
    const { src, dst } = packet.ip;
    // Its own connections are its own matter: it may check whether servers are alive.
    if (ownsIp(director, src) || view.services.some(({ vip }) => vip === src)) continue;
    if (mayBeEarlier(view.evidence, endpoint(src, ports.src))) continue;
    const isToServer = servicesAt(view.evidence, startOf(at)).some(({ protocol, model, vip, port, realServers }) => {
      const ends = model === "nat" ? realServers : [{ ip: vip, port }];
      return protocol === "tcp" && ends.some((end) => end.ip === dst && end.port === ports.dst);
    });
    if (!isToServer) continue;
    yield fail([at], {
      suspect: DIRECTOR,
      expected: "only what a client sent",
      observed: `${describe(at)} out of nothing`,
    });
  }
}

/** A real server that the director asked for by ARP, in its own name and in vain, when it had the packet to forward. */
function deafServer(view: View, { director, service, time }: Crossing): RealServer | undefined {
  const vips = new Set(view.services.map(({ vip }) => vip));
  const arps = view.sightings.filter((at) => at.host === director.name && at.packet.arp && startOf(at) >= time);
  const speaks = (ip: string) => arps.some((at) => at.direction === "in" && at.packet.arp?.senderIp === ip);
  const asked = arps.filter(({ direction, packet: { arp } }) => direction === "out" && !vips.has(arp?.senderIp ?? ""));
  return service.realServers.find(
    ({ ip }) => asked.some(({ packet: { arp } }) => arp?.opcode === 1 && arp.targetIp === ip) && !speaks(ip),
  );
}

/** A rule about packets that the director must keep to itself. */
function notForwarded(
  declared: Omit<Rule, "judge" | "level" | "profile" | "models" | "observedAt">,
  isMeant: (stray: Stray, view: View) => boolean,
  excuse: (stray: Stray, view: View) => boolean = () => false,
): Rule {
  return rule({
    level: "MUST NOT",
    profile: "core",
    models: ALL,
    observedAt: "director in → real servers in",
    ...declared,
    *judge(view) {
      for (const stray of view.strays) {
        if (isPartial(stray.in) || !isMeant(stray, view)) continue;
        const expected = "not forwarded to any real server";
        const [out] = stray.outs;
        const wrong = wrongReply(view, stray.in);
        if (out === undefined && wrong !== undefined) yield wrong;
        else if (out === undefined) {
          const observed = "no copy so far, but nothing proves that none can follow";
          yield absent(view, [stray.in], { suspect: DIRECTOR, expected, observed });
        } else if (!excuse(stray, view)) {
          const observed = `${describe(stray.in)} left the director as ${describe(out)}`;
          yield fail([stray.in, out], { suspect: DIRECTOR, expected, observed });
        }
      }
    },
  });
}

/** Services at the address that a packet to a port is for. */
function servicesAtAddress({ in: sighting, services }: Stray): Service[] {
  const { ip } = sighting.packet;
  return ip === undefined || !isSound(sighting) ? [] : services.filter((service) => service.vip === ip.dst);
}

/** What any IP host would take in: the packet is not dropped for another reason. */
function isSound({ packet }: Sighting): boolean {
  return packet.ip !== undefined && packet.problem === undefined && packet.ip.checksumValid && packet.ip.ttl > 1;
}

const unknownPort = notForwarded(
  {
    id: "GEN-SVC-02",
    title: "An unknown port on the VIP is not forwarded",
    statement:
      "A packet to a port of the VIP that no service names reaches no real server; it belongs to the director's own stack, which may answer from the VIP with a RST that fits or with port unreachable, or be silent.",
    source: "ip_vs_try_to_schedule (NF_ACCEPT); RFC 9293 §3.5.2; RFC 1122 §3.2.2.1",
    lookedFor: "a TCP or UDP packet to the VIP, to a port without a service",
  },
  (stray) => {
    const port = portsOf(stray.in.packet)?.dst;
    const services = servicesAtAddress(stray);
    return port !== undefined && services.length > 0 && services.every((service) => service.port !== port);
  },
);

const otherProtocol = notForwarded(
  {
    id: "GEN-SVC-03",
    title: "The protocol is part of the service's key",
    statement: "A UDP datagram to the port of a service that is TCP only is not forwarded, and the other way round.",
    source: "ip_vs_service_find(protocol, vaddr, vport)",
    lookedFor: "a UDP datagram to a TCP-only service, or a TCP segment to a UDP-only one",
  },
  (stray) => {
    const port = portsOf(stray.in.packet)?.dst;
    const services = servicesAtAddress(stray).filter((service) => service.port === port);
    return services.length > 0 && services.every((service) => service.protocol !== protocolOf(stray.in.packet));
  },
);

const otherAddress = notForwarded(
  {
    id: "GEN-SVC-04",
    title: "Only the VIP is balanced, not the director's other addresses",
    statement: "A new connection to a service's port at one of the director's own addresses is not scheduled.",
    source: "ip_vs_service_find: the address is part of the key",
    lookedFor: "a TCP SYN or UDP datagram to a service's port at an address of the director that is no VIP",
  },
  ({ in: sighting, services, director }) => {
    const { packet } = sighting;
    const [dst, port, protocol] = [packet.ip?.dst ?? "", portsOf(packet)?.dst, protocolOf(packet)];
    if (!isSound(sighting) || !ownsIp(director, dst) || services.some((service) => service.vip === dst)) return false;
    if (packet.tcp !== undefined && !opensConnection(packet)) return false;
    return services.some((service) => service.port === port && service.protocol === protocol);
  },
);

const midStream = notForwarded(
  {
    id: "GEN-SVC-06",
    title: "A segment in mid-stream without a connection is not scheduled",
    statement:
      "A TCP segment without SYN, or with RST, for which the director has no connection neither creates one nor reaches a real server; where the director answers, its RST fits, and a RST gets no answer.",
    source: "tcp_conn_schedule(): (sysctl_sloppy_tcp || th->syn) && !th->rst",
    lookedFor: "a TCP segment without SYN to a service, from a client port that has no connection",
  },
  (stray, view) => {
    const { packet } = stray.in;
    const [ip, ports] = [packet.ip, portsOf(packet)];
    if (ip === undefined || ports === undefined || packet.tcp === undefined || opensConnection(packet)) return false;
    const isService = servicesAtAddress(stray).some(
      (service) => service.port === ports.dst && service.protocol === "tcp",
    );
    return isService && !mayBeEarlier(view.evidence, endpoint(ip.src, ports.src));
  },
  (stray, view) => openedBefore(stray, view) || isKnownToServer(stray, view),
);

/** The connection was opened before our eyes, and only what became of its SYN is unknown. */
function openedBefore(stray: Stray, view: View): boolean {
  const { ip } = stray.in.packet;
  const port = portsOf(stray.in.packet)?.src;
  return view.crossings.some(
    ({ kind, isNew, flow, time }) =>
      kind === "request" && isNew && flow.clientIp === ip?.src && flow.clientPort === port && time < startOf(stray.in),
  );
}

/** A real server that answers with anything but RST has the connection: it is older than the evidence. */
function isKnownToServer(stray: Stray, view: View): boolean {
  const { ip } = stray.in.packet;
  const ports = portsOf(stray.in.packet);
  return view.sightings.some((sighting) => {
    const packet = core(sighting.packet);
    if (packet.tcp === undefined || packet.ip?.dst !== ip?.src || packet.tcp.dstPort !== ports?.src) return false;
    const role = view.network.host(sighting.host)?.role;
    return role === "real-server" && sighting.direction === "out" && !isReset(packet);
  });
}

const echo = rule({
  id: "GEN-SVC-05",
  title: "The director answers ICMP echo to the VIP, never a real server",
  level: "MUST",
  profile: "core",
  models: ALL,
  statement:
    "An echo request to the VIP reaches no real server; where an echo reply comes, it comes from the director's MAC with the VIP as source and the request's identifier, sequence number and data.",
  source: "ip_vs_in_icmp handles error types only",
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
  if (!hasDirectorMac(view, packet.eth?.src)) {
    const observed = view.network.macText(packet.eth?.src ?? "");
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
  if (!sameBytes(packet.payload, request.packet.payload)) {
    const observed = `${packet.payload.length} other bytes`;
    return fail([request, reply], { suspect: DIRECTOR, field: "data.data", expected: "the request's data", observed });
  }
  return absent(view, [request, reply], {
    suspect: DIRECTOR,
    expected,
    observed: "answered, but a copy may still follow",
  });
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
function isLikeReplyTo(request: Sighting, { packet, frames }: Sighting): boolean {
  const { ip, icmp, payload } = request.packet;
  if (packet.ip?.dst !== ip?.src || (frames[0]?.time ?? 0n) <= startOf(request)) return false;
  const hasNumber = (((packet.icmp?.rest ?? 0) ^ (icmp?.rest ?? 0)) & 0xffff) === 0;
  return hasNumber || (payload.length > 0 && sameBytes(packet.payload, payload));
}

function echoNumbers(rest: number): string {
  return `identifier ${rest >>> 16}, sequence number ${rest & 0xffff}`;
}

const corruptHeader = rule({
  id: "GEN-SVC-07",
  title: "A packet with a corrupt IP header is discarded",
  level: "MUST",
  profile: "core",
  models: ALL,
  statement:
    "A packet whose IPv4 header checksum is wrong is silently discarded: it is neither forwarded nor answered.",
  source: "RFC 1812 §5.2.2(4); ip_rcv",
  observedAt: "director in → real servers in",
  lookedFor: "a packet to a service with a wrong IPv4 header checksum at the director",
  *judge(view) {
    const expected = "discarded";
    for (const { in: sighting, outs } of view.crossings) {
      if (sighting.packet.ip?.checksumValid !== false) continue;
      const [out] = outs;
      const wrong = wrongReply(view, sighting);
      if (out === undefined && wrong !== undefined) yield wrong;
      else if (out === undefined) {
        yield absent(view, [sighting], { suspect: DIRECTOR, expected, observed: "no copy so far" });
      } else {
        const observed = `forwarded as ${describe(out)}`;
        yield fail([sighting, out], { suspect: DIRECTOR, field: "ip.checksum", expected, observed });
      }
    }
  },
});

export const serviceRules: readonly Rule[] = [
  exactlyOne,
  unknownPort,
  otherProtocol,
  otherAddress,
  echo,
  midStream,
  corruptHeader,
];
