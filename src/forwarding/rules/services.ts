/** GEN-SVC: what a virtual service is, and what is none. */

import { endpoint } from "../../packet/address.js";
import { core, isReset, opensConnection, portsOf, protocolOf } from "../datagram.js";
import { type Declared, rule } from "../declare.js";
import { mayBeEarlier } from "../evidence.js";
import { ownsIp } from "../network.js";
import { absent, DIRECTOR, fail } from "../outcome.js";
import { wrongReply } from "../own-replies.js";
import { arrivalsOf, describe } from "../paths.js";
import type { Rule } from "../rule.js";
import type { Host } from "../setup.js";
import { isCorrupt, isPartial, startOf } from "../sightings.js";
import type { Stray, View } from "../view.js";
import { echo } from "./echo.js";
import { exactlyOne } from "./exactly-one.js";
import { isSound, servicesAtAddress } from "./stray.js";

const ALL = ["nat", "dr", "tun"] as const;

/** A rule about packets that the director must keep to itself. */
function notForwarded(
  declared: Omit<Declared, "level" | "profile" | "models" | "observedAt">,
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
        } else if (mayReachServer(view, stray) && !excuse(stray, view)) {
          const observed = `${describe(stray.in)} left the director as ${describe(out)}`;
          yield fail([stray.in, out], { suspect: DIRECTOR, expected, observed });
        }
      }
    },
  });
}

/** False only where it is known that it is for somebody else: a director may as well pass on what it does not balance. */
function mayReachServer(view: View, { outs, services }: Stray): boolean {
  const servers = new Set(services.flatMap(({ realServers, vip }) => [vip, ...realServers.map(({ ip }) => ip)]));
  return outs.some((out) => {
    const isServers = (host: Host | undefined) => host?.role === "real-server";
    const { packet } = out;
    const destinations = [packet.ip?.dst ?? "", core(packet).ip?.dst ?? ""];
    if (destinations.some((ip) => servers.has(ip) || isServers(view.network.byIp(ip)?.host))) return true;
    return isServers(view.network.byMac(packet.linkDst)?.host) || arrivalsOf(view, out).length > 0;
  });
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
    if (!opensConnection(packet)) return false;
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

const corruptHeader = rule({
  id: "GEN-SVC-07",
  title: "A packet with a corrupt IP header is discarded",
  level: "MUST",
  profile: "core",
  models: ALL,
  statement:
    "A packet whose IPv4 header checksum is wrong is silently discarded: it is neither forwarded nor answered.",
  source: "RFC 1812 §5.2.2(2); ip_rcv",
  observedAt: "director in → real servers in",
  lookedFor: "a packet to a service with a wrong IPv4 header checksum at the director",
  *judge(view) {
    const expected = "discarded";
    for (const { in: sighting, outs } of view.crossings) {
      if (!isCorrupt(sighting)) continue;
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
