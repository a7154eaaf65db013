/** IP in IP: sizes, fragments, errors, and what must not come out of a tunnel. */

import type { Packet } from "../../packet/packet.js";
import { matrixOutcomes } from "../compare.js";
import { unknownAddress } from "../cut.js";
import { core, portsOf } from "../datagram.js";
import { rule } from "../declare.js";
import { fateOf, isCutAnyway, limitsOf } from "../fate.js";
import type { Sighting } from "../journey.js";
import { ownsIp } from "../network.js";
import { isRecordedWhole } from "../offload.js";
import { absent, DIRECTOR, fail, missing, type Outcome, pass } from "../outcome.js";
import { describe, passesDirector } from "../paths.js";
import type { Rule } from "../rule.js";
import { overheadOf } from "../setup.js";
import { isPartial, startOf } from "../sightings.js";
import { tunnelReports } from "../tunnel-reports.js";
import type { Crossing, View } from "../view.js";
import { vipsOf } from "./arp-rules.js";
import {
  errorOutcomes,
  forModel,
  fragmentedOutcomes,
  fragmentOutcomes,
  isSentWhole,
  longest,
  oversizeOutcomes,
} from "./shared.js";
import { unknownToVip } from "./unknown-errors.js";

const TUN = forModel("tun");

export const tunRules: readonly Rule[] = [
  rule({
    ...TUN,
    id: "TUN-MTU-01",
    title: "A packet with DF that does not fit the tunnel is refused with the tunnel's MTU",
    statement:
      "A request with DF that is larger than the egress MTU less the tunnel's 20 bytes is not forwarded but refused with ICMP fragmentation needed, that MTU, and a quote of the client's packet.",
    source: "RFC 2003 §5.1; RFC 1191 §4; ensure_mtu_is_adequate",
    observedAt: "director in → client in",
    lookedFor: "a request with DF, larger than the egress MTU less 20 bytes, at the director",
    judge: (view) => oversizeOutcomes(view, "tun"),
  }),
  rule({
    ...TUN,
    id: "TUN-MTU-02",
    title: "A packet without DF that does not fit is fragmented",
    statement: "The fragments of the outer packet make up the whole inner packet.",
    source: "RFC 2003 §3.1, §5.1",
    observedAt: "director out → real servers in",
    lookedFor: "a request without DF, larger than the egress MTU less 20 bytes, at the director",
    judge: (view) => fragmentedOutcomes(view, "tun"),
  }),
  rule({
    ...TUN,
    id: "TUN-MTU-03",
    level: "MAY",
    profile: "extended",
    title: "Without path MTU discovery packets with DF are fragmented outside",
    statement:
      "A director that takes no part in path MTU discovery sends a request with DF that does not fit the tunnel in fragments of the outer packet, none of them with DF; the one inside is whole, and keeps its DF.",
    source: "pmtu_disc (ipvs-sysctl); against RFC 2003 §3.1 (DF MUST be copied)",
    observedAt: "director out → real servers in",
    lookedFor: "a request with DF, larger than the tunnel takes, of a TUN service without path MTU discovery",
    *judge(view) {
      for (const crossing of view.crossings) {
        const { kind, service, in: at, outs } = crossing;
        const { ip } = at.packet;
        const limits = limitsOf(view.network, crossing);
        if (kind !== "request" || !isCutAnyway(service) || ip?.df !== true || limits.length === 0) continue;
        if (ip.length <= Math.max(...limits) || !isRecordedWhole(view.network, at)) continue;
        const [out] = outs;
        const expected = "forwarded in fragments that make up the whole packet, with its DF inside";
        const violation = { suspect: DIRECTOR, expected };
        if (out === undefined) {
          if (fateOf(view, crossing) === "forward")
            yield missing(view, [at], { ...violation, observed: `${describe(at)} was not forwarded` });
          continue;
        }
        if (!isRecordedWhole(view.network, out) && !isSentWhole(view, out)) continue;
        const wrong = wrongPieces(view, out);
        yield wrong === undefined ? pass(at, out) : fail([at, out], { ...violation, ...wrong });
      }
    },
  }),
  rule({
    ...TUN,
    id: "TUN-MTU-04",
    profile: "extended",
    title: "A client learns what does not fit on the way through the tunnel",
    statement:
      "Where a router on the way to the real server refuses an outer packet as too big, the director tells the client so about its request; from the second time on with an MTU that leaves room for the tunnel.",
    source: "RFC 2003 §4.1, §5.1; ip_vs_in_icmp (tunnel)",
    observedAt: "director in → client in",
    lookedFor: "an ICMP fragmentation needed about an outer packet, at the director",
    judge: relayedReports,
  }),
  rule({
    ...TUN,
    id: "TUN-FRAG-01",
    title: "The client's fragments arrive as one datagram at the real server",
    statement: "All fragments of a datagram go to one real server and make up the datagram that the client sent.",
    source: "ip_vs_gather_frags",
    observedAt: "director in → real servers in",
    lookedFor: "a fragmented datagram of a TUN service at the director",
    judge: (view) => fragmentOutcomes(view, "TUN-FRAG-01", "tun"),
  }),
  rule({
    ...TUN,
    id: "TUN-ICMP-01",
    title: "ICMP errors of the client's side are tunnelled to the flow's real server",
    statement:
      "An ICMP error to the VIP about an answer is forwarded in the tunnel to the real server that has the flow; only its TTL changes. One about a flow that does not exist goes to none.",
    source: "RFC 1191 §3; ip_vs_icmp_xmit",
    observedAt: "director in → real servers in",
    lookedFor: "an ICMP error to the VIP about an answer, at the director",
    *judge(view) {
      yield* matrixOutcomes(view, "TUN-ICMP-01");
      yield* errorOutcomes(view, "tun", "client-error");
      yield* unknownToVip(view, "tun");
    },
  }),
  rule({
    ...TUN,
    id: "TUN-SEC-01",
    level: "SHOULD NOT",
    profile: "extended",
    title: "A real server takes tunnels from nobody but the director",
    statement:
      "A packet in a tunnel whose outer source is no address of a director is not taken out by a real server: it would be answered, whatever kept its sender from the VIP.",
    source: "RFC 6169 §2.2; RFC 4213 §3.6 by analogy; ip_tunnel_lookup (tunl0 takes any sender)",
    observedAt: "real servers in → real servers out",
    lookedFor: "a packet in a tunnel from somebody else than a director, at a real server",
    judge: foreignTunnels,
  }),
  rule({
    ...TUN,
    id: "TUN-SEC-02",
    level: "MUST NOT",
    title: "The director does not take tunnelled packets to the VIP out and balance them",
    statement:
      "A packet in a tunnel that ends at the VIP reaches no real server: who may not send requests must not get them in by wrapping them.",
    source: "ipvs-sysctl (ignore_tunneled); RFC 6169 §2.2",
    observedAt: "director in → real servers in",
    lookedFor: "an IP-in-IP packet to the VIP at the director",
    *judge(view) {
      const expected = "not forwarded to any real server";
      for (const { in: at, outs, services } of view.strays) {
        const { ip, inner, problem } = at.packet;
        if (ip === undefined || inner === undefined || problem !== undefined || isPartial(at)) continue;
        if (!ip.checksumValid || ip.ttl <= 1) continue;
        if (!services.some(({ model, vip }) => model === "tun" && vip === ip.dst)) continue;
        const [out] = outs;
        const violation = { suspect: DIRECTOR, expected };
        if (out === undefined) yield absent(view, [at], { ...violation, observed: "no copy so far" });
        else yield fail([at, out], { ...violation, observed: `sent on as ${describe(out)}` });
      }
    },
  }),
];

/** What is wrong with a packet that was to be cut outside, although it has DF inside. */
function wrongPieces({ network }: View, out: Sighting): { field: string; observed: string } | undefined {
  if (!isRecordedWhole(network, out)) {
    return { field: "ip.len", observed: `a packet of ${longest(out)} bytes` };
  }
  if (isPartial(out)) return { field: "ip.frag_offset", observed: "in part" };
  if (out.packet.inner?.ip?.df === false) return { field: "ip.flags.df", observed: "without DF inside" };
  // A router that finds one of them too large may not cut it again.
  const isFixed = out.frames.some(({ packet: { ip4 } }) => ip4?.isFragment === true && ip4.df);
  return isFixed ? { field: "ip.flags.df", observed: "fragments with DF outside" } : undefined;
}

/** What the director tells clients about packets that were too big for the way through the tunnel. */
function* relayedReports(view: View): Iterable<Outcome> {
  for (const report of tunnelReports(view)) {
    const { at, quoted, mtu } = report;
    const asked = view.crossings.find(
      ({ kind, outs }) => kind === "request" && outs.some((out) => isQuoted(out, quoted)),
    );
    if (asked === undefined) continue;
    const room = mtu - overheadOf(asked.service, { ip: quoted.ip?.dst ?? "" });
    const told = refusalsFor(view, asked);
    const expected = `ICMP fragmentation needed to ${asked.flow.clientIp}, in the end with an MTU of at most ${room}`;
    const violation = { suspect: DIRECTOR, field: "icmp.mtu", expected };
    const [first] = told.filter((refusal) => startOf(refusal) > startOf(at));
    if (first === undefined) {
      yield missing(view, [asked.in, at], { ...violation, observed: "none, though the router told the director" });
      continue;
    }
    // The first may tell what was known before it: Linux learns the new MTU only after it has told the client.
    const last = told.at(-1) ?? first;
    const found = last.packet.icmp?.mtu ?? 0;
    if (found <= room && found > 0) yield pass(asked.in, at, last);
    else if (told.length > 1) yield fail([asked.in, at, last], { ...violation, observed: `an MTU of ${found}` });
    else {
      const reason = `the client was told once only, of an MTU of ${found}, which may be what was known before; it has to send again`;
      yield { status: "not-exercised", at: [asked.in, at, first], reason };
    }
  }
}

function isQuoted({ packet }: Sighting, { ip, inner }: Packet): boolean {
  const own = packet.inner?.ip;
  if (packet.ip?.dst !== ip?.dst || own === undefined) return false;
  return own.src === inner?.ip?.src && own.id === inner.ip.id && own.length === inner.ip.length;
}

/** All that the director told the client of a flow about packets that were too big. */
function refusalsFor(view: View, { flow }: Crossing): Sighting[] {
  return view.sightings.filter(({ host, direction, packet: { icmp, ip, quoted } }) => {
    if (icmp?.kind !== "too-big" || direction !== "out" || !view.network.isDirector(host) || ip?.dst !== flow.clientIp)
      return false;
    return quoted?.ip?.dst === flow.service.vip && portsOf(quoted)?.src === flow.clientPort;
  });
}

/** Tunnelled packets of strangers at real servers, and whether they were answered. */
function* foreignTunnels(view: View): Iterable<Outcome> {
  const vips = vipsOf(view, "tun");
  for (const at of view.sightings) {
    const { ip, inner } = at.packet;
    if (at.direction !== "in" || !at.addressed || ip === undefined || inner?.ip === undefined) continue;
    if (view.network.host(at.host)?.role !== "real-server" || !vips.has(inner.ip.dst)) continue;
    if (view.network.directors.some((director) => ownsIp(director, ip.src)) || passesDirector(view, at)) continue;
    if (!view.evidence.settled && view.network.byIp(ip.src) === undefined) {
      yield unknownAddress(ip.src, at);
      continue;
    }
    const answer = view.sightings.find((other) => answers(other, at));
    const violation = { suspect: at.host, field: "ip.src", expected: `no answer to what ${ip.src} sent in a tunnel` };
    if (answer !== undefined) yield fail([at, answer], { ...violation, observed: describe(answer) });
    else yield absent(view, [at], { ...violation, observed: "none so far" });
  }
}

/** Whether a host sent back to the sender of the packet inside. */
function answers(answer: Sighting, at: Sighting): boolean {
  const [asked, packet] = [core(at.packet), core(answer.packet)];
  if (answer.host !== at.host || answer.direction !== "out" || startOf(answer) < startOf(at)) return false;
  const [to, from] = [portsOf(asked), portsOf(packet)];
  if (packet.ip?.src !== asked.ip?.dst || packet.ip?.dst !== asked.ip?.src) return false;
  return from === undefined || (from.src === to?.dst && from.dst === to.src);
}
