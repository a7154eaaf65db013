/** Faults of TUN: the tunnel's header, and the packet in it. */

import { IPV4_HEADER_LENGTH, Ipv4 } from "../../../packet/ipv4.js";
import { decodeIp } from "../../../packet/packet.js";
import { portHeader } from "../connections.js";
import { clampMss, requests, type Sent4, sealed } from "./edit.js";
import { BY_DIRECTOR, type DirectorFault } from "./fault.js";

/** IP within IP encapsulation (IANA, Assigned Internet Protocol Numbers), which nobody takes out. */
const OTHER_TUNNEL = 94;

export const tunFaults: readonly DirectorFault[] = [
  {
    ...BY_DIRECTOR,
    rule: "TUN-ENC-01",
    title: "the tunnel leads to the VIP",
    steps: requests(
      "tun",
      sealed(({ outer, connection }) => {
        outer.dst = connection.request.dst;
      }),
    ),
    cases: ["tun/request.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-ENC-02",
    title: "the tunnel comes from the VIP",
    steps: requests(
      "tun",
      sealed(({ outer, connection }) => {
        outer.src = connection.request.dst;
      }),
    ),
    cause: "vip-is-primary-address",
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-ENC-03",
    title: "requests for real servers on the link are not encapsulated",
    steps: requests("tun", ({ packet, outer }) => {
      const isOnLink = outer.dst.startsWith(outer.src.replace(/\d+$/, ""));
      return isOnLink ? packet.bytes : undefined;
    }),
    cause: "wrong-forwarding-method",
    cases: ["tun/request.yaml", "tun/headers.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-ENC-03",
    title: "the tunnel is of another protocol",
    steps: requests(
      "tun",
      sealed(({ outer }) => {
        outer.protocol = OTHER_TUNNEL;
      }),
    ),
    cause: "wrong-forwarding-method",
    cases: ["tun/request.yaml", "tun/headers.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-ENC-03",
    title: "the client's IP options are copied outward",
    steps: requests("tun", withOptionsOutside),
    cases: ["tun/headers.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-ENC-03",
    title: "the tunnel's header checksum is wrong",
    steps: requests("tun", ({ outer }) => {
      outer.checksum ^= 1;
    }),
    cases: ["tun/request.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-ENC-04",
    title: "the destination in the tunnel becomes the RIP",
    steps: requests(
      "tun",
      sealed(({ ip, connection }) => {
        ip.dst = connection.server.ip;
      }),
    ),
    cases: ["tun/request.yaml", "tun/headers.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-ENC-04",
    title: "requests get an identification of the director's own",
    steps: requests(
      "tun",
      sealed(({ ip }, { nextId }) => {
        ip.id = nextId() ^ 0xffff;
      }),
    ),
    cases: ["tun/request.yaml", "tun/headers.yaml", "tun/datagrams.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-ENC-05",
    title: "the TTL in the tunnel is set anew",
    steps: requests(
      "tun",
      sealed(({ ip }) => {
        ip.ttl = 255;
      }),
    ),
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-ENC-06",
    title: "the tunnel's TTL is 0",
    steps: requests(
      "tun",
      sealed(({ outer }) => {
        outer.ttl = 0;
      }),
    ),
    cases: ["tun/request.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-ENC-06",
    title: "the tunnel's TTL does not last for a router",
    steps: requests(
      "tun",
      sealed(({ outer }) => {
        outer.ttl = 1;
      }),
    ),
    cases: ["tun/request.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-ENC-07",
    title: "DF is not copied outward",
    steps: requests(
      "tun",
      sealed(({ outer }, { nextId }) => {
        if (!outer.df) return;
        outer.df = false;
        outer.id = nextId();
      }),
    ),
    cause: "pmtu-disc-off",
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-ENC-08",
    title: "all tunnelled packets have one identification",
    steps: requests(
      "tun",
      sealed(({ outer }) => {
        outer.id = 1;
      }),
    ),
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-ENC-09",
    title: "the tunnel has no DSCP and no ECN",
    steps: requests(
      "tun",
      sealed(({ outer }) => {
        outer.tos = 0;
      }),
    ),
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-ENC-10",
    title: "every tunnel takes the default route",
    steps: { route: (network, ip) => network.defaultRoute(ip) ?? network.route(ip) },
    cause: "wrong-route-to-server",
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-ENC-11",
    title: "the port is mapped to the real server's own",
    steps: requests(
      "tun",
      sealed(({ packet, connection }) => {
        const ports = portHeader(packet);
        if (ports !== undefined) ports.dstPort = connection.server.port;
      }),
    ),
    cause: "port-mapping-configured",
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-MTU-05",
    title: "the MSS is clamped to what the tunnel has room for",
    steps: requests(
      "tun",
      sealed(({ packet }) => clampMss(packet, 1300)),
    ),
    cause: "mss-clamping",
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-SEC-02",
    title: "a tunnelled packet to the VIP is taken out and balanced",
    steps: { unwrap: (packet) => (packet.inner === undefined ? packet : decodeIp(new Uint8Array(packet.inner.bytes))) },
    cause: "tunnel-on-director",
  },
];

/** The tunnel's header with the options of the packet in it. */
function withOptionsOutside({ packet, ip, outer }: Sent4): Uint8Array {
  const fixed = outer.bytes.slice(0, IPV4_HEADER_LENGTH);
  const bytes = Buffer.concat([fixed, ip.options, packet.bytes]);
  const header = Object.assign(new Ipv4(bytes, 0), { options: ip.options.slice(), length: bytes.length });
  header.updateChecksum();
  return bytes;
}
