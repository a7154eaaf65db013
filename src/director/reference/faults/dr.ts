/** Faults of DR: what becomes of a request that is passed on as it is. */

import { ICMP_TYPE, Icmp } from "../../../packet/icmp.js";
import { decodeIp } from "../../../packet/packet.js";
import { portHeader } from "../connections.js";
import { icmpError } from "../local.js";
import { CORRECT_STEPS, type Steps } from "../steps.js";
import { bridging, clampMss, requests, STRANGER, seal, sealed } from "./edit.js";
import { BY_DIRECTOR, type DirectorFault } from "./fault.js";

const OWN_CASES = ["dr/request.yaml", "dr/datagrams.yaml"];

export const drFaults: readonly DirectorFault[] = [
  {
    ...BY_DIRECTOR,
    rule: "DR-REQ-01",
    title: "the destination becomes the RIP",
    steps: requests(
      "dr",
      sealed(({ ip, connection }) => {
        ip.dst = connection.server.ip;
      }),
    ),
    cause: "wrong-forwarding-method",
  },
  {
    ...BY_DIRECTOR,
    rule: "DR-REQ-01",
    title: "requests come from another port than the client's",
    steps: requests(
      "dr",
      sealed(({ packet }) => {
        const ports = portHeader(packet);
        if (ports !== undefined) ports.srcPort ^= 0x8000;
      }),
    ),
  },
  {
    ...BY_DIRECTOR,
    rule: "DR-REQ-02",
    title: "requests keep the MAC of the router as their source, as behind a bridge",
    steps: bridging(() => true),
    cases: OWN_CASES,
  },
  {
    ...BY_DIRECTOR,
    rule: "DR-REQ-02",
    title: "requests go to a MAC that is no real server's",
    steps: {
      frames: (datagram, nic) => CORRECT_STEPS.frames(datagram, nic, STRANGER),
    },
    cause: "stale-neighbour",
    cases: OWN_CASES,
  },
  {
    ...BY_DIRECTOR,
    rule: "DR-REQ-03",
    title: "requests get an identification of the director's own",
    steps: requests(
      "dr",
      sealed(({ ip }, { nextId }) => {
        ip.id = nextId() ^ 0xffff;
      }),
    ),
  },
  {
    ...BY_DIRECTOR,
    rule: "DR-REQ-03",
    title: "requests get a TTL of the director's own",
    steps: requests(
      "dr",
      sealed(({ ip }) => {
        ip.ttl = 64;
      }),
    ),
  },
  {
    ...BY_DIRECTOR,
    rule: "DR-REQ-03",
    title: "the header checksum does not follow the TTL",
    steps: requests("dr", ({ ip }) => {
      ip.ttl += 1;
      ip.updateChecksum();
      ip.ttl -= 1;
    }),
  },
  {
    ...BY_DIRECTOR,
    rule: "DR-REQ-04",
    title: "the MSS is clamped",
    steps: requests(
      "dr",
      sealed(({ packet }) => clampMss(packet, 1300)),
    ),
    cause: "mss-clamping",
    cases: ["dr/request.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "DR-REQ-04",
    title: "a UDP checksum of 0 is filled in",
    steps: requests("dr", ({ packet }) => {
      if (packet.udp?.checksum === 0) seal(packet);
    }),
    cases: ["dr/datagrams.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "DR-REQ-05",
    title: "the port is mapped to the real server's own",
    steps: requests(
      "dr",
      sealed(({ packet, connection }) => {
        const ports = portHeader(packet);
        if (ports !== undefined) ports.dstPort = connection.server.port;
      }),
    ),
    cause: "port-mapping-configured",
  },
  {
    ...BY_DIRECTOR,
    rule: "DR-REQ-06",
    title: "clients are told a way past the director",
    steps: { redirect },
    cause: "send-redirects-on",
  },
  {
    ...BY_DIRECTOR,
    rule: "DR-REQ-07",
    title: "requests are forwarded only while the director routes",
    steps: { isTransmitted: (_, forwards) => forwards },
  },
  {
    ...BY_DIRECTOR,
    rule: "DR-RSP-05",
    title: "what comes from the VIP is taken in and routed",
    steps: {
      accepts: (packet, network) => CORRECT_STEPS.accepts(packet, network) || network.vips.has(packet.ip?.src ?? ""),
    },
    cause: "accept-local",
  },
  {
    ...BY_DIRECTOR,
    rule: "DR-TOP-01",
    title: "frames for real servers go to the router",
    steps: { route: (network, ip) => network.defaultRoute(ip) ?? network.route(ip) },
    suspect: "network",
    cause: "real-server-not-adjacent",
    cases: ["dr/request.yaml"],
  },
];

/** An ICMP redirect to the next hop, for every packet with ports. */
function redirect(...[packet, { src, nextHop }, nextId]: Parameters<Steps["redirect"]>): Uint8Array | undefined {
  if (portHeader(packet) === undefined) return undefined;
  const message = icmpError(packet, { type: ICMP_TYPE.redirect, code: 1 }, src, nextId());
  const sent = message && decodeIp(message);
  if (sent?.icmp instanceof Icmp) sent.icmp.gateway = nextHop;
  if (sent !== undefined) seal(sent);
  return message;
}
