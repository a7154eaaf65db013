/** Faults of hosts: what real servers, routers and directors are told wrong, on real kernels. */

import { fileURLToPath } from "node:url";
import type { SetupFault } from "./fault.js";

const ARP_IGNORE_OFF = { "net.ipv4.conf.all.arp_ignore": 0 };
/** Answers of a proxy to a broadcast wait (`proxy_delay`, in hundredths of a second), those to a unicast do not. */
const PROXY_ARP = {
  vipDevice: "none",
  forwarding: true,
  sysctl: { "net.ipv4.conf.eth0.proxy_arp_pvlan": 1, "net.ipv4.neigh.eth0.proxy_delay": 100_000_000 },
};
const HAND_OVER = "the router learns the real server's MAC for the VIP, and sends it the client's packets";

/** A host that does not forward takes them where either setting says so. */
const DEAF_TO_REDIRECTS = { "net.ipv4.conf.all.accept_redirects": 0, "net.ipv4.conf.eth0.accept_redirects": 0 };

const nat: readonly SetupFault[] = [
  {
    rule: "NAT-RSP-04",
    title: "a real server answers in the name of the VIP, past the director",
    hosts: {},
    answers: { "ip.src": "vip", "tcp.srcport": 8082, "eth.dst": "router/eth0" },
    cases: ["nat/one-arm.yaml"],
    suspect: "rs1",
    cause: "gateway-not-director",
  },
  {
    rule: "NAT-TOP-01",
    title: "a real server's gateway is another host, which drops its answers",
    hosts: { rs1: { gateway: "192.168.10.12" } },
    cases: ["nat/session.yaml"],
    suspect: "rs1",
    cause: "gateway-not-director",
  },
  {
    rule: "NAT-TOP-02",
    title: "a real server's gateway is the router, which brings its answers to the client past the director",
    hosts: { rs1: { gateway: "10.0.0.254" } },
    cases: ["nat/one-arm.yaml"],
    suspect: "rs1",
    cause: "gateway-not-director",
  },
  {
    rule: "NAT-TOP-02",
    title: "a client is on a real server's own link, and gets its answers past the director and every gateway",
    hosts: { rs1: { interfaces: [{ ip: "172.16.0.11/24" }] } },
    cases: ["nat/session.yaml"],
    suspect: "rs1",
    cause: "client-on-link",
  },
  {
    rule: "NAT-TOP-04",
    title: "the director does not forward (ip_forward=0)",
    hosts: { director: { forwarding: false } },
    director: "ipvs",
    cases: ["nat/session.yaml"],
    suspect: "director",
    cause: "ip-forward-off",
  },
  {
    rule: "NAT-TOP-05",
    title: "the director tells real servers a shorter way (send_redirects=1)",
    // Servers that took it would bypass the director from then on, with some of their answers or with all.
    hosts: {
      director: { sysctl: { "net.ipv4.conf.all.send_redirects": 1, "net.ipv4.conf.eth0.send_redirects": 1 } },
      rs1: { sysctl: DEAF_TO_REDIRECTS },
      rs2: { sysctl: DEAF_TO_REDIRECTS },
    },
    director: "ipvs",
    suspect: "director",
    cause: "send-redirects-on",
  },
];

const dr: readonly SetupFault[] = [
  {
    rule: "DR-RSP-01",
    title: "a real server answers from its own address",
    hosts: {},
    answers: { "ip.src": "rs1" },
    cases: ["dr/flows.yaml"],
    suspect: "rs1",
    cause: "server-answers-from-rip",
  },
  {
    rule: "DR-RSP-02",
    title: "a real server's UDP service is bound to no address, and answers from the RIP",
    hosts: { rs1: { wildcard: true } },
    cases: ["dr/answers.yaml"],
    suspect: "rs1",
    cause: "server-answers-from-rip",
  },
  {
    rule: "DR-RSP-03",
    title: "a real server's gateway is another real server",
    hosts: { rs1: { gateway: "10.0.0.12" } },
    cases: ["dr/answers.yaml"],
    suspect: "rs1",
    cause: "wrong-default-gateway",
  },
  {
    rule: "DR-RSP-03",
    title: "a real server's answers go by another one, which sends them on with a TTL of 63",
    hosts: {
      rs1: { gateway: "10.0.0.12" },
      rs2: { forwarding: true, sysctl: { "net.ipv4.conf.all.accept_local": 1 } },
    },
    cases: ["dr/answers.yaml"],
    suspect: "rs1",
    cause: "wrong-default-gateway",
  },
  {
    rule: "DR-RSP-04",
    title: "a real server's gateway is the director",
    hosts: { rs1: { gateway: "10.0.0.1" } },
    cases: ["dr/answers.yaml"],
    suspect: "rs1",
    cause: "gateway-is-director",
  },
  {
    rule: "DR-RS-01",
    title: "a real server does not hold the VIP",
    hosts: { rs1: { vipDevice: "none" } },
    cases: ["dr/answers.yaml"],
    suspect: "rs1",
    cause: "vip-not-on-real-server",
  },
  {
    rule: "DR-RS-02",
    title: "a real server does not hold the VIP, and routes what comes for it",
    hosts: { rs1: { vipDevice: "none", forwarding: true } },
    cases: ["dr/request.yaml"],
    suspect: "rs1",
    cause: "vip-not-on-real-server",
  },
  {
    rule: "DR-RS-03",
    title: "a real server holds the VIP with the prefix of its network, and answers ARP for all of it",
    hosts: { rs1: { vipPrefix: 24, sysctl: ARP_IGNORE_OFF } },
    suspect: "rs1",
    cause: "vip-prefix",
    also: { "DR-ARP-05": "it takes the router's address for one of its own as well, and does not answer itself" },
  },
  {
    rule: "DR-RS-03",
    title: "a real server holds the VIP with a prefix of 30, and answers ARP for the addresses beside it",
    hosts: { rs1: { vipPrefix: 30, sysctl: ARP_IGNORE_OFF } },
    suspect: "rs1",
    cause: "vip-prefix",
  },
  {
    rule: "DR-RS-04",
    title: "a real server with two NICs filters by the reverse path (rp_filter=1)",
    hosts: { rs1: { sysctl: { "net.ipv4.conf.all.rp_filter": 1 } } },
    suspect: "rs1",
    cause: "rp-filter-strict",
  },
  {
    rule: "DR-LOOP-01",
    title: "a real server that is a backup director balances as well (backup_only=0)",
    hosts: { rs1: { sysctl: { "net.ipv4.vs.backup_only": 0 } } },
    suspect: "rs1",
    cause: "backup-balances",
  },
];

const arp: readonly SetupFault[] = [
  {
    rule: "DR-ARP-02",
    title: "a real server answers ARP for the addresses of its other devices (arp_ignore=0)",
    hosts: { rs1: { sysctl: ARP_IGNORE_OFF } },
    cases: ["dr/arp.yaml"],
    suspect: "rs1",
    cause: "arp-ignore-not-effective",
  },
  {
    rule: "DR-ARP-02",
    title: "arp_ignore is set for the device that holds the VIP, where it has no effect",
    hosts: { rs1: { sysctl: { ...ARP_IGNORE_OFF, "net.ipv4.conf.lo.arp_ignore": 1 } } },
    cases: ["dr/arp-router.yaml"],
    suspect: "rs1",
    cause: "arp-ignore-not-effective",
    also: { "DR-ARP-08": HAND_OVER },
  },
  {
    rule: "DR-ARP-02",
    title: "a real server holds the VIP on its NIC, where arp_ignore=1 does not hide it",
    hosts: { rs1: { vipDevice: "eth0" } },
    cases: ["dr/arp.yaml"],
    suspect: "rs1",
    cause: "vip-on-lan-device",
  },
  {
    rule: "DR-ARP-03",
    title: "a real server answers a unicast who-has for the VIP (arp_ignore=0)",
    hosts: { rs1: { sysctl: ARP_IGNORE_OFF } },
    suspect: "rs1",
    cause: "arp-ignore-not-effective",
  },
  {
    rule: "DR-ARP-03",
    title: "a real server stands in for its whole link (proxy_arp_pvlan), at once for who asks it alone",
    hosts: { rs1: PROXY_ARP },
    suspect: "rs1",
    cause: "proxy-arp",
  },
  {
    rule: "DR-ARP-04",
    title: "a real server answers probes for the VIP, and askers of another subnet (arp_ignore=0)",
    hosts: { rs1: { sysctl: ARP_IGNORE_OFF } },
    suspect: "rs1",
    cause: "arp-ignore-not-effective",
  },
  {
    rule: "DR-ARP-04",
    title: "a real server is silent to its own subnet alone, all of which it takes for itself",
    hosts: { rs1: { vipPrefix: 24, sysctl: ARP_IGNORE_OFF } },
    suspect: "rs1",
    cause: "arp-ignore-not-effective",
    also: { "DR-ARP-05": "it is silent about its own address as well" },
  },
  {
    rule: "DR-ARP-05",
    title: "a real server holds the VIP with the prefix of its network, and is deaf to all of it",
    hosts: { rs1: { vipPrefix: 24 } },
    cases: ["dr/arp.yaml"],
    suspect: "rs1",
    cause: "vip-prefix",
  },
  {
    rule: "DR-ARP-05",
    title: "a real server has another address than the one it is known by",
    hosts: { rs1: { ip: "10.0.0.21" } },
    cases: ["dr/arp.yaml", "dr/arp-unicast.yaml", "dr/arp-unusual.yaml"],
    suspect: "rs1",
    cause: "arp-off",
  },
  {
    rule: "DR-ARP-06",
    title: "a real server asks in the name of the packet it sends (arp_announce=0)",
    hosts: { rs1: { sysctl: { "net.ipv4.conf.all.arp_announce": 0 } } },
    suspect: "rs1",
    cause: "arp-announce-not-effective",
  },
  {
    rule: "DR-ARP-06",
    title: "arp_announce=1, which is not enough where VIP and RIP share a subnet",
    hosts: { rs1: { sysctl: { "net.ipv4.conf.all.arp_announce": 1 } } },
    suspect: "rs1",
    cause: "arp-announce-not-effective",
  },
  {
    rule: "DR-ARP-07",
    title: "a real server announces the addresses of its NIC when that comes up, the VIP among them",
    hosts: { rs1: { vipDevice: "eth0", sysctl: { "net.ipv4.conf.eth0.arp_notify": 1 } } },
    cases: ["dr/arp-link-up.yaml"],
    suspect: "rs1",
    cause: "vip-announced",
  },
  {
    rule: "DR-ARP-08",
    title: "the router has a real server's MAC for the VIP",
    hosts: { router: { neighbours: { "10.0.0.10": "rs1" } } },
    cases: ["dr/request.yaml"],
    suspect: "rs1",
    cause: "vip-hijacked-by-arp",
  },
];

const ndp: readonly SetupFault[] = [
  {
    rule: "DR-NDP-01",
    title: "a real server holds the VIP on its NIC, and answers neighbour solicitations for it",
    hosts: { rs1: { vipDevice: "eth0" } },
    suspect: "rs1",
    cause: "vip-on-lan-device",
  },
];

const tun: readonly SetupFault[] = [
  {
    rule: "TUN-RS-01",
    title: "a real server has no tunnel",
    hosts: { rs1: { tunnelFrom: "nobody", vipDevice: "lo" } },
    cases: ["tun/answers.yaml"],
    suspect: "rs1",
    cause: "no-tunnel-device",
  },
  {
    rule: "TUN-RS-02",
    title: "a real server's UDP service is bound to no address, and answers from the RIP",
    hosts: { rs1: { wildcard: true } },
    cases: ["tun/answers.yaml"],
    suspect: "rs1",
    cause: "server-answers-from-rip",
  },
  {
    rule: "TUN-RS-02",
    title: "a real server's answers go back into the tunnel, to the director",
    hosts: { rs1: { gateway: "10.0.0.1", gatewayInTunnel: true } },
    cases: ["tun/answers.yaml"],
    suspect: "rs1",
    cause: "route-into-tunnel",
  },
  {
    rule: "TUN-RS-03",
    title: "a real server's gateway is the director",
    hosts: { rs1: { gateway: "10.0.0.1" } },
    cases: ["tun/answers.yaml"],
    suspect: "rs1",
    cause: "gateway-is-director",
  },
  {
    rule: "TUN-RS-04",
    title: "a real server filters what comes out of the tunnel by the reverse path (rp_filter=1)",
    hosts: { rs1: { sysctl: { "net.ipv4.conf.all.rp_filter": 1 } } },
    cases: ["tun/answers.yaml"],
    suspect: "rs1",
    cause: "rp-filter-strict",
  },
  {
    rule: "TUN-RS-05",
    title: "a real server relies on its tunnel device to hide the VIP from ARP (arp_ignore=0)",
    hosts: { rs1: { sysctl: ARP_IGNORE_OFF } },
    cases: ["tun/arp.yaml"],
    suspect: "rs1",
    cause: "arp-ignore-not-effective",
  },
  {
    rule: "TUN-RS-06",
    title: "a real server does not hold the VIP, and routes what comes out of the tunnel",
    hosts: { rs1: { vipDevice: "none", forwarding: true } },
    cases: ["tun/answers.yaml"],
    suspect: "rs1",
    cause: "vip-not-on-real-server",
  },
  {
    rule: "TUN-GRE-02",
    title: "a real server's tunnel has no checksums, where the director's has",
    hosts: { rs2: { tunnelChecksum: false } },
    suspect: "rs2",
    cause: "tunnel-checksum-differs",
  },
  {
    rule: "TUN-SEC-01",
    title: "a real server takes tunnels from anyone, as tunl0 does",
    hosts: { rs1: { tunnelFrom: "anyone" } },
    suspect: "rs1",
    cause: "tunnel-from-anyone",
  },
];

const redundancy: readonly SetupFault[] = [
  {
    rule: "HA-GARP-01",
    title: "a director takes the VIP over and tells nobody, as scripts without arping do",
    hosts: { standby: { announces: false } },
    director: "ipvs",
    suspect: "standby",
    cause: "vip-not-announced",
  },
  {
    rule: "HA-GARP-02",
    title: "the standby holds the VIP on lo all the time, and answers ARP for it (arp_ignore=0)",
    hosts: { standby: { vipDevice: "lo" } },
    director: "ipvs",
    suspect: "standby",
    cause: "vip-on-backup",
  },
];

/** Directors that are declared as proxies. */
const proxies: readonly SetupFault[] = [
  {
    rule: "PROXY-REQ-01",
    title: "a declared proxy forwards by NAT",
    hosts: { director: { forwarding: true } },
    director: faulty("forwards"),
    suspect: "director",
    cause: "director-forwards",
  },
  {
    rule: "PROXY-RSP-01",
    title: "a proxy answers the client in a real server's name",
    hosts: { director: {} },
    director: faulty("answers-as-server"),
    cases: ["proxy/handshake.yaml"],
    suspect: "director",
    cause: "director-implementation",
  },
];

function faulty(name: string): string {
  return fileURLToPath(new URL(`../../../fixtures/faults/directors/${name}.yaml`, import.meta.url));
}

export const setupFaults: readonly SetupFault[] = [...nat, ...dr, ...arp, ...ndp, ...tun, ...redundancy, ...proxies];
