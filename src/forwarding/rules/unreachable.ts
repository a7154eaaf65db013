/** GEN-UNR-01: a real server whose address nobody answers for. */

import { ICMP_HOST_UNREACHABLE, ICMP_TYPE } from "../../packet/icmp.js";
import { portsOf } from "../datagram.js";
import { rule } from "../declare.js";
import { fateOf } from "../fate.js";
import type { Sighting } from "../journey.js";
import { DIRECTOR, fail, missing, pass } from "../outcome.js";
import { describe } from "../paths.js";
import type { Rule } from "../rule.js";
import type { RealServer } from "../setup.js";
import { startOf } from "../sightings.js";
import type { Crossing, View } from "../view.js";
import { wrongRefusal } from "./shared.js";

const unreachable = rule({
  id: "GEN-UNR-01",
  title: "A client learns that its real server cannot be reached",
  level: "SHOULD",
  profile: "extended",
  models: ["nat", "dr", "tun"],
  statement:
    "A request whose real server does not answer to address resolution is not forwarded to anybody else; the client is told by ICMP host unreachable, from one of the director's addresses, that quotes its request, but for what a limit of such reports leaves out.",
  source: "RFC 1812 §4.3.3.1, §5.2.7.1; arp_error_report, dst_link_failure",
  observedAt: "director in → client in",
  lookedFor: "a request that the director keeps because the real server answers no who-has",
  *judge(view) {
    for (const crossing of view.crossings) {
      const { kind, in: at, outs } = crossing;
      if (kind !== "request" || outs.length > 0 || fateOf(view, crossing) !== "forward") continue;
      const server = deafServer(view, crossing);
      if (server === undefined) continue;
      const told = reportOf(view, at);
      const wrong = told && wrongRefusal(view, crossing, told);
      if (told !== undefined) {
        yield wrong === undefined ? pass(at, told) : fail([at, told], { suspect: DIRECTOR, ...wrong });
      } else if (!isRateLimited(view, at)) {
        const expected = "ICMP host unreachable to the client";
        const observed = `none: ${describe(at)} was not forwarded, for who-has ${server.ip} got no answer`;
        yield missing(view, [at], { suspect: DIRECTOR, field: "icmp.type", expected, observed });
      }
    }
  },
});

/** What Linux tells a host at once, and afterwards one a second (icmp_ratelimit, XRLIM_BURST_FACTOR of inet_peer_xrlim_allow). */
const MOST_REPORTS = 6;
/** Nanoseconds in which it may tell that many again, give or take the seconds that address resolution takes. */
const REPORTED = 10_000_000_000n;

/** Whether the client was told of so much else at that time that the director may leave out the rest. */
function isRateLimited(view: View, asked: Sighting): boolean {
  const reports = view.sightings.filter((at) => {
    const { host, direction, packet } = at;
    if (packet.icmp?.isError !== true || direction !== "out" || !view.network.isDirector(host)) return false;
    const since = startOf(at) - startOf(asked);
    return packet.ip?.dst === asked.packet.ip?.src && since > -REPORTED && since < REPORTED;
  });
  return reports.length >= MOST_REPORTS;
}

function reportOf(view: View, asked: Sighting): Sighting | undefined {
  return view.sightings.find(({ host, direction, packet: { icmp, quoted }, ...at }) => {
    const isReport = icmp?.type === ICMP_TYPE.unreachable && icmp.code === ICMP_HOST_UNREACHABLE;
    if (!isReport || direction !== "out" || !view.network.isDirector(host) || quoted?.ip === undefined) return false;
    const { ip } = asked.packet;
    const isSame = quoted.ip.src === ip?.src && quoted.ip.dst === ip.dst && quoted.ip.id === ip.id;
    return isSame && portsOf(quoted)?.src === portsOf(asked.packet)?.src && (at.frames[0]?.time ?? 0n) > startOf(asked);
  });
}

/** A real server that the director asked for by ARP, in its own name and in vain, when it had the packet to forward. */
export function deafServer(view: View, { director, service, time }: Crossing): RealServer | undefined {
  const vips = new Set(view.services.map(({ vip }) => vip));
  const arps = view.sightings.filter((at) => at.host === director.name && at.packet.arp && startOf(at) >= time);
  const speaks = (ip: string) => arps.some((at) => at.direction === "in" && at.packet.arp?.senderIp === ip);
  const asked = arps.filter(({ direction, packet: { arp } }) => direction === "out" && !vips.has(arp?.senderIp ?? ""));
  return service.realServers.find(
    ({ ip }) => asked.some(({ packet: { arp } }) => arp?.opcode === 1 && arp.targetIp === ip) && !speaks(ip),
  );
}

export const unreachableRules: readonly Rule[] = [unreachable];
