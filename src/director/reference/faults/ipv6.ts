/** Faults of NAT-V6, DR-V6 and TUN-V6: what is IPv6's own. */

import { IP_PROTOCOL } from "../../../packet/ip.js";
import { Ipv4 } from "../../../packet/ipv4.js";
import { CORRECT_STEPS } from "../steps.js";
import { replies6, requests6, seal, sealed } from "./edit.js";
import { BY_DIRECTOR, type DirectorFault } from "./fault.js";

export const ipv6Faults: readonly DirectorFault[] = [
  {
    ...BY_DIRECTOR,
    rule: "NAT-V6-01",
    title: "the flow label of requests is cleared",
    steps: requests6("nat", ({ ip }) => {
      ip.flowLabel = 0;
      return undefined;
    }),
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-V6-01",
    title: "the traffic class of answers is cleared",
    steps: replies6(({ ip }) => {
      ip.trafficClass = 0;
    }),
    cases: ["nat/ipv6.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-V6-01",
    title: "the checksum is that of the address before translation",
    steps: requests6("nat", ({ packet, ip, connection }) => {
      ip.dst = connection.request.dst;
      seal(packet);
      ip.dst = connection.server.ip;
      return undefined;
    }),
    cases: ["nat/ipv6.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-V6-02",
    title: "ICMPv6 errors end at the director",
    steps: { relaysError: () => false },
    cause: "icmp-filtered",
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-V6-02",
    title: "ICMPv6 errors of real servers are translated outside only",
    steps: {
      translateErrorToClient: (packet, connection) => {
        const quote = new Uint8Array(packet.quoted?.bytes ?? []);
        CORRECT_STEPS.translateErrorToClient(packet, connection);
        packet.quoted?.bytes.set(quote);
        seal(packet);
      },
    },
  },
  {
    ...BY_DIRECTOR,
    rule: "DR-V6-01",
    title: "the flow label is cleared",
    steps: requests6("dr", ({ ip }) => {
      ip.flowLabel = 0;
      return undefined;
    }),
  },
  {
    ...BY_DIRECTOR,
    rule: "DR-V6-01",
    title: "the destination becomes the RIP",
    steps: requests6(
      "dr",
      sealed(({ ip, connection }) => {
        ip.dst = connection.server.ip;
      }),
    ),
    cause: "wrong-forwarding-method",
    cases: ["dr/ipv6.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-V6-01",
    title: "the tunnel comes from the VIP",
    steps: requests6(
      "tun",
      sealed(({ outer, connection }) => {
        if (!(outer instanceof Ipv4)) outer.src = connection.request.dst;
      }),
    ),
    cause: "vip-is-primary-address",
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-V6-01",
    title: "the flow label in the tunnel is cleared",
    steps: requests6("tun", ({ ip, outer }) => {
      if (!(outer instanceof Ipv4)) ip.flowLabel = 0;
      return undefined;
    }),
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-V6-02",
    title: "IPv6 in a tunnel of IPv4 is called IPv4",
    steps: requests6(
      "tun",
      sealed(({ outer }) => {
        if (outer instanceof Ipv4) outer.protocol = IP_PROTOCOL.ipip;
      }),
    ),
    cause: "wrong-forwarding-method",
  },
];
