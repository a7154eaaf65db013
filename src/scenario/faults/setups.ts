/** Faults of hosts: what real servers, routers and directors are told wrong, on real kernels. */

import type { SetupFault } from "./fault.js";

export const setupFaults: readonly SetupFault[] = [
  {
    rule: "DR-ARP-02",
    title: "a real server answers ARP for the addresses of its other devices (arp_ignore=0)",
    hosts: { rs1: { sysctl: { "net.ipv4.conf.all.arp_ignore": 0 } } },
    suspect: "rs1",
    cause: "arp-ignore-not-effective",
  },
];
