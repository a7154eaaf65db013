/** What goes wrong with directors, and on the way to them. */

import { endpoint, isIp6 } from "../../packet/address.js";
import type { Site } from "../site.js";
import {
  addresses,
  alone,
  editServer,
  inNetwork,
  listed,
  methodOf,
  onDirector,
  REVERSE_PATH,
  serviceFlag,
  wayToClient,
} from "./cause.js";

export const implementation = onDirector(
  "director-implementation",
  "The director's forwarding code changes or loses what it must not.",
  { confirm: ({ service, server }) => `tcpdump -nnevv -i any host ${service.vip} or host ${server.ip}` },
);
export const staleConnection = onDirector(
  "connection-not-found",
  "The director does not find the connection's entry (it expired, or is keyed wrongly) and schedules the packet anew or drops it.",
  {
    confirm: ({ service }) => `ipvsadm -lnc | grep -F ${endpoint(service.vip, service.port)}`,
    fix: () => "ipvsadm --set 900 120 300",
  },
);
export const wrongModel = onDirector(
  "wrong-forwarding-method",
  ({ service }) => `The real server is not configured for ${service.model.toUpperCase()}.`,
  { confirm: listed, fix: (site) => editServer(site, methodOf(site.service)) },
);
export const proxy = onDirector(
  "director-is-a-proxy",
  "The director is a proxy: the client's connection ends there, and it has one of its own with the real server.",
  {
    confirm: ({ service }) => `ss -tlnp src ${service.vip}`,
    fix: ({ service }) => `ss -tlnp src ${service.vip} # stop it, or declare the service's model as proxy`,
  },
);
export const notAProxy = onDirector(
  "director-forwards",
  "The director forwards the client's packets: nothing listens on the VIP.",
  { confirm: ({ service }) => `ss -tln src ${service.vip}; ipvsadm -Ln; nft list ruleset` },
);
export const nat = onDirector("masquerading", "A source NAT rule on the director rewrites the client's address.", {
  confirm: () => "nft list ruleset | grep -n -e masquerade -e snat",
  fix: () => "nft list ruleset | grep -n -e masquerade -e snat",
});
export const forwardingOff = onDirector(
  "ip-forward-off",
  "The director does not forward: IPVS sends requests on by itself, but answers pass FORWARD.",
  { confirm: () => "sysctl net.ipv4.ip_forward", fix: () => "sysctl -w net.ipv4.ip_forward=1" },
);
export const filtered = onDirector("packet-filter", "A packet filter on the director drops the packet.", {
  confirm: () => "nft list ruleset | grep -n -e drop -e reject",
  fix: () => "nft list ruleset",
});
export const noService = onDirector(
  "service-not-configured",
  "The virtual service or its real server is not in the director's table.",
  {
    confirm: listed,
    fix: (site) =>
      `ipvsadm -a ${serviceFlag(site.service)} -r ${endpoint(site.server.ip, site.server.port)} ${methodOf(site.service)}`,
  },
);
export const unreachable = onDirector(
  "neighbour-unresolved",
  ({ server }) => `The director gets no answer to its ARP requests for ${server.ip}.`,
  {
    confirm: ({ server }) => `ip neigh show to ${server.ip}`,
    fix: ({ server, directorNic }) => `arping -c 3 -I ${directorNic} ${server.ip}`,
  },
);
export const staleNeighbour = onDirector(
  "stale-neighbour",
  "The director's neighbour table gives another MAC for the next hop.",
  {
    confirm: (site) => `ip neigh show ${entriesAt(site)}`,
    fix: (site) => `ip neigh flush ${entriesAt(site)}`,
  },
);
/** Under DR only the MAC tells which server was meant: where it is nobody's, any of them may be. */
function entriesAt({ service, server, directorNic }: Site): string {
  const isAnybody = service.model === "dr" && service.realServers.length > 1;
  return `${isAnybody ? "" : `to ${server.ip} `}dev ${directorNic}`;
}
export const wrongRouteToServer = onDirector(
  "wrong-route-to-server",
  ({ server }) => `The director's route to ${server.ip} leads by a router.`,
  {
    confirm: ({ server }) => `ip route get ${server.ip}`,
    fix: ({ server, directorNic }) =>
      `ip route get ${server.ip}; ip route replace ${alone(server.ip)} dev ${directorNic}`,
  },
);
export const vipPrimary = onDirector(
  "vip-is-primary-address",
  ({ service, directorNic }) =>
    `${service.vip} is the first address of the director's ${directorNic}, or its preferred source.`,
  {
    confirm: ({ server, directorNic }) => `ip addr show dev ${directorNic}; ip route get ${server.ip}`,
    fix: ({ service: { vip }, directorNic, dip }) =>
      isIp6(vip)
        ? `ip addr change ${alone(vip)} dev ${directorNic} preferred_lft 0`
        : `ip addr del ${vip} dev ${directorNic}; ip addr add ${alone(vip)} dev ${directorNic}; ip addr show ${directorNic} # ${dip} first`,
  },
);
export const vipNotUp = onDirector(
  "vip-not-on-director",
  ({ service }) => `The director does not hold ${service.vip}.`,
  { confirm: addresses, fix: ({ service, directorNic }) => `ip addr add ${alone(service.vip)} dev ${directorNic}` },
);
export const wrongRouteToClient = onDirector(
  "wrong-route-to-client",
  "The director's route to the client, or its neighbour entry for the next hop, is wrong.",
  { confirm: wayToClient, fix: () => "ip route get CLIENT; ip neigh" },
);
export const rpFilter = onDirector("rp-filter-strict", REVERSE_PATH.text, {
  confirm: REVERSE_PATH.confirm,
  fix: ({ directorNic }) => `sysctl -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.${directorNic}.rp_filter=0`,
});
export const redirects = onDirector(
  "send-redirects-on",
  "The director's stack routes the packet by itself and finds a shorter way.",
  {
    confirm: ({ directorNic }) => `sysctl net.ipv4.conf.all.send_redirects net.ipv4.conf.${directorNic}.send_redirects`,
    fix: ({ directorNic }) =>
      `sysctl -w net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.${directorNic}.send_redirects=0`,
  },
);
export const scheduler = onDirector(
  "wrong-scheduler",
  ({ service }) => `The service's scheduler is not ${service.scheduler}, or it is persistent.`,
  { confirm: listed, fix: ({ service }) => `ipvsadm -E ${serviceFlag(service)} -s ${service.scheduler}` },
);
export const weights = onDirector("weights-not-effective", "The director's weights are not those of the setup.", {
  confirm: listed,
  fix: (site) => editServer(site, `${methodOf(site.service)} -w ${site.server.weight}`),
});
export const hashesPort = onDirector(
  "hash-includes-port",
  ({ service }) => `The scheduler ${service.scheduler} hashes the client's port as well.`,
  {
    confirm: listed,
    fix: ({ service }) =>
      `ipvsadm -E ${serviceFlag(service)} -s ${service.scheduler}   # without ${service.scheduler}-port`,
  },
);
export const notPersistent = onDirector(
  "not-persistent",
  "The service is not persistent on the director, or for a shorter time or a longer prefix.",
  {
    confirm: listed,
    fix: ({ service }) =>
      `ipvsadm -E ${serviceFlag(service)} -s ${service.scheduler} -p ${service.persistence?.timeout ?? ""}`.trimEnd(),
  },
);
export const notOnePacket = onDirector(
  "not-one-packet",
  "The service keeps connections: one-packet scheduling is not on.",
  { confirm: listed, fix: ({ service }) => `ipvsadm -E ${serviceFlag(service)} -s ${service.scheduler} --ops` },
);
export const notMarked = onDirector(
  "packets-not-marked",
  ({ service }) => `Packets to port ${service.port} do not get the mark ${service.mark} before the director sees them.`,
  {
    confirm: () => "nft list ruleset | grep -n mark",
    fix: ({ service }) =>
      `nft add rule ip mangle prerouting ip daddr ${service.vip} ${service.protocol} dport ${service.port} meta mark set ${service.mark}`,
  },
);
export const noReuse = onDirector(
  "conn-reuse-off",
  "The director binds a SYN to whatever connection had its ports before.",
  { confirm: () => "sysctl net.ipv4.vs.conn_reuse_mode", fix: () => "sysctl -w net.ipv4.vs.conn_reuse_mode=1" },
);
export const persistent = onDirector("persistence", "A persistence template still leads to the drained server.", {
  confirm: () => "sysctl net.ipv4.vs.expire_quiescent_template",
  fix: () => "sysctl -w net.ipv4.vs.expire_quiescent_template=1",
});
export const noLimit = onDirector(
  "threshold-not-configured",
  ({ server }) => `${server.name} has no upper threshold on the director.`,
  {
    confirm: ({ service }) => `ipvsadm -ln --thresholds ${serviceFlag(service)}`,
    fix: (site) => editServer(site, `${methodOf(site.service)} -x ${site.server.limit ?? 0}`),
  },
);
export const acceptsLocal = onDirector(
  "accept-local",
  "The director takes packets from its own addresses, and routes them.",
  {
    confirm: () => "sysctl net.ipv4.conf.all.accept_local net.ipv4.ip_forward",
    fix: () => "sysctl -w net.ipv4.conf.all.accept_local=0 net.ipv4.ip_forward=0",
  },
);
export const notAdjacent = onDirector(
  "real-server-not-adjacent",
  ({ server }) => `${server.name} is behind a router: DR reaches only what is on the director's own segment.`,
  { confirm: ({ server }) => `ip route get ${server.ip}`, fix: (site) => editServer(site, "-i") },
);
export const pmtuOn = onDirector("pmtu-disc-on", "The director takes part in path MTU discovery.", {
  confirm: () => "sysctl net.ipv4.vs.pmtu_disc",
  fix: () => "sysctl -w net.ipv4.vs.pmtu_disc=0",
});
export const tunnelOnDirector = onDirector(
  "tunnel-on-director",
  "A tunnel device of the director takes the packet out.",
  { confirm: () => "ip -d link show type ipip", fix: () => "ip link set tunl0 down" },
);
export const pmtu = onDirector("pmtu-disc-off", "The director does not take part in path MTU discovery.", {
  confirm: () => "sysctl net.ipv4.vs.pmtu_disc",
  fix: () => "sysctl -w net.ipv4.vs.pmtu_disc=1",
});
export const clamping = onDirector("mss-clamping", "A packet filter rule clamps the MSS.", {
  confirm: () => "nft list ruleset | grep -n maxseg",
  fix: () => "nft list ruleset | grep -n maxseg",
});
export const sloppy = onDirector("sloppy-tcp", "The director takes connections up in mid-stream.", {
  confirm: () => "sysctl net.ipv4.vs.sloppy_tcp",
  fix: () => "sysctl -w net.ipv4.vs.sloppy_tcp=0",
});
export const portMapped = onDirector(
  "port-mapping-configured",
  ({ service }) => `Another port than ${service.port} is configured for the real server, which only NAT may map.`,
  {
    confirm: listed,
    fix: ({ service, server }) =>
      `ipvsadm -e ${serviceFlag(service)} -r ${endpoint(server.ip, service.port)} ${methodOf(service)}`,
  },
);
export const noPortMapped = onDirector(
  "port-not-configured",
  ({ server }) => `The real server is not configured with port ${server.port}.`,
  { confirm: listed, fix: (site) => editServer(site, "-m") },
);
export const flooding = inNetwork("bridge-floods", "The network multiplies frames: a loop, or a port that mirrors.", {
  confirm: () => "bridge fdb show",
  fix: () => "bridge fdb show",
});
export const routers = inNetwork("router-touches-tunnel", "A router on the way changes the packet inside the tunnel.", {
  confirm: ({ server }) => `tcpdump -nnevv -i any host ${server.ip}`,
});
export const defragmentation = onDirector(
  "no-defragmentation",
  "The director handles fragments one by one: only the first carries ports.",
  { confirm: () => "lsmod | grep nf_defrag", fix: () => "modprobe nf_defrag_ipv4" },
);
export const icmpFiltered = onDirector(
  "icmp-filtered",
  "A packet filter on the director drops ICMP, and path MTU discovery with it.",
  { confirm: () => "nft list ruleset | grep -n icmp", fix: () => "nft list ruleset | grep -n icmp" },
);
export const offload = onDirector("checksum-offload", "The checksum was left to a NIC that does not fill it in.", {
  confirm: ({ directorNic }) => `ethtool -k ${directorNic} | grep checksum`,
  fix: ({ directorNic }) => `ethtool -K ${directorNic} tx off`,
});
export const notAnnounced = onDirector(
  "vip-not-announced",
  "The new master sends no gratuitous ARP, or something between it and its neighbours drops it as forged.",
  {
    confirm: ({ directorNic }) => `tcpdump -nne -i ${directorNic} arp`,
    fix: ({ service, directorNic }) => `arping -U -c 3 -I ${directorNic} ${service.vip}`,
  },
);
export const vipOnBackup = onDirector(
  "vip-on-backup",
  "A director that is not the master holds the VIP on another device, as real servers do, and answers ARP for it.",
  { confirm: addresses, fix: () => "sysctl -w net.ipv4.conf.all.arp_ignore=1" },
);
export const endedUncleanly = onDirector(
  "vrrp-ended-uncleanly",
  "The VRRP daemon of the former master was killed, and its addresses are still there.",
  { confirm: () => "systemctl status keepalived", fix: () => "systemctl restart keepalived" },
);
