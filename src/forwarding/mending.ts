/** What goes wrong with load balancers, and the commands that mend it. */

import { endpoint, isIp6 } from "../packet/address.js";
import { GUE_PORT } from "../packet/gue.js";
import type { Packet } from "../packet/packet.js";
import type { Cause, Finding } from "./rule.js";
import type { Host, Nic, RealServer, Service } from "./setup.js";

/** The names and addresses that mending commands are filled in with. */
export interface Site {
  readonly finding: Finding;
  readonly service: Service;
  readonly server: RealServer;
  /** The real server that is suspected; the service's first where another host is. */
  readonly host: Host | undefined;
  readonly nic: Nic | undefined;
  /** Address and NIC of the director on the real server's segment, or its first. */
  readonly dip: string;
  readonly directorNic: string;
  /** Address of a router on the real server's segment. */
  readonly router: string;
  /** Whether a client is on a segment of the real server's; undefined where the setup does not say where clients are. */
  readonly clientsOnLink: boolean | undefined;
  /** The real server's NIC on that segment; `nic` where none is known. */
  readonly clientNic: Nic | undefined;
  /** The frame in which it shows; unknown where the finding has left some out. */
  readonly shown: Packet | undefined;
  /** Whether that frame goes to a router. */
  readonly isToRouter: boolean;
  /** Whether any of the finding's frames left the director. */
  readonly isSentOn: boolean;
}

export interface CauseOf {
  readonly id: string;
  /** The cause at a site; undefined where it cannot be the cause there. */
  at(site: Site): Cause | undefined;
}

/** A cause that comes into question only where the frame in which it shows is of a kind. */
export function where(shows: (frame: Packet) => boolean, then: CauseOf): CauseOf {
  return when(({ shown }) => shown === undefined || shows(shown), then);
}

/** A cause that comes into question only for findings of a kind. */
export function when(holds: (site: Site) => boolean, then: CauseOf): CauseOf {
  return { id: then.id, at: (site) => (holds(site) ? then.at(site) : undefined) };
}

export function cause(id: string, text: string | ((site: Site) => string), fix?: (site: Site) => string): CauseOf {
  return {
    id,
    at(site) {
      const common = { id, text: typeof text === "string" ? text : text(site) };
      return fix === undefined ? common : { ...common, fix: fix(site) };
    },
  };
}

function methodOf({ model, tunnel }: Service): string {
  if (model !== "tun") return { nat: "-m", dr: "-g" }[model];
  if (tunnel.kind === "ipip") return "-i";
  const port = tunnel.kind === "gue" ? ` --tun-port ${GUE_PORT}` : "";
  return `-i --tun-type ${tunnel.kind}${port}${tunnel.checksum ? " --tun-csum" : ""}`;
}

function serviceFlag({ protocol, vip, port }: Service): string {
  return `-${{ tcp: "t", udp: "u", sctp: "-sctp-service" }[protocol]} ${endpoint(vip, port)}`;
}

/** An address as `ip` wants it where it stands alone. */
function alone(ip: string): string {
  return `${ip}/${isIp6(ip) ? 128 : 32}`;
}

function editServer({ service, server }: Site, more: string): string {
  return `ipvsadm -e ${serviceFlag(service)} -r ${endpoint(server.ip, server.port)} ${more}`;
}

export const implementation = cause(
  "director-implementation",
  "The director's forwarding code changes or loses what it must not.",
);
export const staleConnection = cause(
  "connection-not-found",
  "The director does not find the connection's entry (it expired, or is keyed wrongly) and schedules the packet anew or drops it.",
  () => "ipvsadm --set 900 120 300",
);
export const wrongModel = cause(
  "wrong-forwarding-method",
  ({ service }) => `The real server is not configured for ${service.model.toUpperCase()}.`,
  (site) => editServer(site, methodOf(site.service)),
);
export const nat = cause(
  "masquerading",
  "A source NAT rule on the director rewrites the client's address.",
  () => "nft list ruleset | grep -n -e masquerade -e snat",
);
export const forwardingOff = cause(
  "ip-forward-off",
  "The director does not forward: IPVS sends requests on by itself, but answers pass FORWARD.",
  () => "sysctl -w net.ipv4.ip_forward=1",
);
export const filtered = cause(
  "packet-filter",
  "A packet filter on the director drops the packet.",
  () => "nft list ruleset",
);
export const noService = cause(
  "service-not-configured",
  "The virtual service or its real server is not in the director's table.",
  (site) =>
    `ipvsadm -a ${serviceFlag(site.service)} -r ${endpoint(site.server.ip, site.server.port)} ${methodOf(site.service)}`,
);
export const unreachable = cause(
  "neighbour-unresolved",
  ({ server }) => `The director gets no answer to its ARP requests for ${server.ip}.`,
  ({ server, directorNic }) => `arping -c 3 -I ${directorNic} ${server.ip}`,
);
export const staleNeighbour = cause(
  "stale-neighbour",
  "The director's neighbour table gives another MAC for the next hop.",
  ({ server, directorNic }) => `ip neigh flush to ${server.ip} dev ${directorNic}`,
);
export const wrongRouteToServer = cause(
  "wrong-route-to-server",
  ({ server }) => `The director's route to ${server.ip} leads by a router.`,
  ({ server, directorNic }) => `ip route get ${server.ip}; ip route replace ${alone(server.ip)} dev ${directorNic}`,
);
export const arpIgnore = cause(
  "arp-ignore-not-effective",
  "The real server answers ARP for addresses of other devices; it is conf.all or the receiving NIC that counts, not conf.lo.",
  () => "sysctl -w net.ipv4.conf.all.arp_ignore=1",
);
export const vipOnNic = cause(
  "vip-on-lan-device",
  ({ service, nic }) => {
    const device = nic?.name ?? "a LAN device";
    const why = isIp6(service.vip)
      ? "which it answers neighbour solicitations for"
      : "where arp_ignore=1 does not hide it";
    return `The real server holds ${service.vip} on ${device}, ${why}.`;
  },
  ({ service, nic }) =>
    `ip addr del ${alone(service.vip)} dev ${nic?.name ?? "eth0"}; ip addr add ${alone(service.vip)} dev lo`,
);
export const proxyArp = cause(
  "proxy-arp",
  ({ service }) => `The real server does not hold ${service.vip}, and answers ARP in the stead of others.`,
  ({ nic }) => {
    const ofNic = `net.ipv4.conf.${nic?.name ?? "eth0"}`;
    return `sysctl -w net.ipv4.conf.all.proxy_arp=0 ${ofNic}.proxy_arp=0 ${ofNic}.proxy_arp_pvlan=0`;
  },
);
export const arpAnnounce = cause(
  "arp-announce-not-effective",
  "The real server takes the packet's source, the VIP, as ARP sender; 1 is not enough where VIP and RIP share a subnet.",
  () => "sysctl -w net.ipv4.conf.all.arp_announce=2",
);
export const arpOff = cause(
  "arp-off",
  "The real server's NIC answers no ARP at all (arp_ignore=8, or the NOARP flag).",
  ({ nic }) => `sysctl -w net.ipv4.conf.all.arp_ignore=1; ip link set ${nic?.name ?? "eth0"} arp on`,
);
export const announced = cause(
  "vip-announced",
  "A script of the real server announces its addresses when the NIC comes up, the VIP among them.",
  () => "sysctl -w net.ipv4.conf.all.arp_notify=0",
);
export const vipPrimary = cause(
  "vip-is-primary-address",
  ({ service, directorNic }) =>
    `${service.vip} is the first address of the director's ${directorNic}, or its preferred source.`,
  ({ service: { vip }, directorNic, dip }) =>
    isIp6(vip)
      ? `ip addr change ${alone(vip)} dev ${directorNic} preferred_lft 0`
      : `ip addr del ${vip} dev ${directorNic}; ip addr add ${alone(vip)} dev ${directorNic}; ip addr show ${directorNic} # ${dip} first`,
);
export const vipNotUp = cause(
  "vip-not-on-director",
  ({ service }) => `The director does not hold ${service.vip}.`,
  ({ service, directorNic }) => `ip addr add ${alone(service.vip)} dev ${directorNic}`,
);
export const gatewayIsDirector = cause(
  "gateway-is-director",
  ({ server, dip }) => `The default gateway of ${server.name} is the director (${dip}).`,
  ({ router }) => `ip route replace default via ${router}`,
);
export const wrongGateway = cause(
  "wrong-default-gateway",
  ({ server, router }) => `${server.name} sends packets for the client to none of its routers (${router}).`,
  ({ router }) => `ip route replace default via ${router}`,
);
export const gatewayNotDirector = cause(
  "gateway-not-director",
  ({ server, dip }) => `The default gateway of ${server.name} is not the director (${dip}).`,
  ({ dip }) => `ip route replace default via ${dip}`,
);
const onLink = cause(
  "client-on-link",
  "The client is on the real server's own subnet: no gateway takes part in the answer.",
  ({ nic, clientNic, dip }) =>
    `ip route replace ${clientNic?.ip.replace(/\.\d+$/, ".0") ?? "SUBNET"}/${clientNic?.prefix ?? 24} via ${dip} onlink dev ${nic?.name ?? "eth0"}`,
);
export const clientOnLink = when(({ clientsOnLink }) => clientsOnLink === true, onLink);
export const clientPerhapsOnLink = when(({ clientsOnLink }) => clientsOnLink === undefined, onLink);
export const wrongRouteToClient = cause(
  "wrong-route-to-client",
  "The director's route to the client, or its neighbour entry for the next hop, is wrong.",
  () => "ip route get CLIENT; ip neigh",
);
export const noVip = cause(
  "vip-not-on-real-server",
  ({ server, service }) => `${server.name} does not hold ${service.vip}.`,
  ({ service, host }) => {
    const device = host?.options.vipDevice ?? "none";
    const usual = service.model === "tun" ? "tunl0" : "lo";
    return `ip addr add ${alone(service.vip)} dev ${device === "none" ? usual : device}`;
  },
);
export const vipPrefix = cause(
  "vip-prefix",
  ({ server, service }) =>
    `${server.name} holds ${service.vip} with a prefix shorter than 32 and takes all of it for itself.`,
  ({ service, host }) =>
    `ip addr del ${service.vip}/${host?.options.vipPrefix ?? 24} dev lo; ip addr add ${alone(service.vip)} dev lo`,
);
export const forwardingOn = cause(
  "real-server-forwards",
  "The real server has forwarding on and routes what is not its own.",
  () => "sysctl -w net.ipv4.ip_forward=0",
);
export const rpFilter = cause(
  "rp-filter-strict",
  "Strict reverse path filtering drops the packet; the greater of conf.all and the NIC's own value counts.",
  ({ service, nic }) => {
    const device = service.model === "tun" ? "tunl0" : (nic?.name ?? "eth0");
    return `sysctl -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.${device}.rp_filter=0`;
  },
);
export const noListener = cause(
  "server-not-listening",
  ({ service }) =>
    `Nothing on the real server listens on ${endpoint(service.vip, service.port)}, or a filter drops it.`,
  ({ service }) => `ss -ln${service.protocol === "udp" ? "u" : "t"}p sport = :${service.port}`,
);
export const noTunnel = cause(
  "no-tunnel-device",
  "The real server has no IP-in-IP tunnel, or its device is down.",
  ({ service }) => `modprobe ipip && ip link set tunl0 up && ip addr add ${alone(service.vip)} dev tunl0`,
);
export const tunnelsDiffer = cause(
  "tunnel-checksum-differs",
  ({ server, service: { tunnel } }) =>
    `The tunnel of ${server.name} is not set up ${tunnel.checksum ? "with" : "without"} checksums, as the director's is.`,
  ({ service: { tunnel } }) =>
    tunnel.kind === "gre"
      ? `ip tunnel change gretun ${tunnel.checksum ? "icsum ocsum" : "noicsum noocsum"}`
      : `ip fou show   # and \`ip -d link\` for the device behind it`,
);
export const replyInTunnel = cause(
  "route-into-tunnel",
  "The real server's route to the client leads into the tunnel.",
  ({ router }) => `ip route replace default via ${router}`,
);
export const ownSource = cause(
  "server-answers-from-rip",
  ({ server, service }) =>
    `The program on ${service.port} answers from ${server.ip}: bound to 0.0.0.0, it must take the address it was asked at.`,
  ({ service }) => `ss -lnup sport = :${service.port}   # bind to ${service.vip}, or use IP_PKTINFO`,
);
export const hijacked = cause(
  "vip-hijacked-by-arp",
  "The router learnt a real server's MAC for the VIP: that server answers or announces it.",
  ({ service, directorNic }) =>
    `sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2; arping -U -c 3 -I ${directorNic} ${service.vip} # on the director`,
);
export const redirects = cause(
  "send-redirects-on",
  "The director's stack routes the packet by itself and finds a shorter way.",
  ({ directorNic }) => `sysctl -w net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.${directorNic}.send_redirects=0`,
);
export const scheduler = cause(
  "wrong-scheduler",
  ({ service }) => `The service's scheduler is not ${service.scheduler}, or it is persistent.`,
  ({ service }) => `ipvsadm -E ${serviceFlag(service)} -s ${service.scheduler}`,
);
export const weights = cause("weights-not-effective", "The director's weights are not those of the setup.", (site) =>
  editServer(site, `${methodOf(site.service)} -w ${site.server.weight}`),
);
export const hashesPort = cause(
  "hash-includes-port",
  ({ service }) => `The scheduler ${service.scheduler} hashes the client's port as well.`,
  ({ service }) => `ipvsadm -E ${serviceFlag(service)} -s ${service.scheduler}   # without ${service.scheduler}-port`,
);
export const notPersistent = cause(
  "not-persistent",
  "The service is not persistent on the director, or for a shorter time or a longer prefix.",
  ({ service }) =>
    `ipvsadm -E ${serviceFlag(service)} -s ${service.scheduler} -p ${service.persistence?.timeout ?? ""}`.trimEnd(),
);
export const notOnePacket = cause(
  "not-one-packet",
  "The service keeps connections: one-packet scheduling is not on.",
  ({ service }) => `ipvsadm -E ${serviceFlag(service)} -s ${service.scheduler} --ops`,
);
export const notMarked = cause(
  "packets-not-marked",
  ({ service }) => `Packets to port ${service.port} do not get the mark ${service.mark} before the director sees them.`,
  ({ service }) =>
    `nft add rule ip mangle prerouting ip daddr ${service.vip} ${service.protocol} dport ${service.port} meta mark set ${service.mark}`,
);
export const noReuse = cause(
  "conn-reuse-off",
  "The director binds a SYN to whatever connection had its ports before.",
  () => "sysctl -w net.ipv4.vs.conn_reuse_mode=1",
);
export const persistent = cause(
  "persistence",
  "A persistence template still leads to the drained server.",
  () => "sysctl -w net.ipv4.vs.expire_quiescent_template=1",
);
export const noLimit = cause(
  "threshold-not-configured",
  ({ server }) => `${server.name} has no upper threshold on the director.`,
  (site) => editServer(site, `${methodOf(site.service)} -x ${site.server.limit ?? 0}`),
);
export const acceptsLocal = cause(
  "accept-local",
  "The director takes packets from its own addresses, and routes them.",
  () => "sysctl -w net.ipv4.conf.all.accept_local=0 net.ipv4.ip_forward=0",
);
export const notAdjacent = cause(
  "real-server-not-adjacent",
  ({ server }) => `${server.name} is behind a router: DR reaches only what is on the director's own segment.`,
  (site) => editServer(site, "-i"),
);
export const balancesAsBackup = cause(
  "backup-balances",
  ({ server }) => `${server.name} has the same services, and balances although it is no master.`,
  () => "sysctl -w net.ipv4.vs.backup_only=1",
);
export const pmtuOn = cause(
  "pmtu-disc-on",
  "The director takes part in path MTU discovery.",
  () => "sysctl -w net.ipv4.vs.pmtu_disc=0",
);
export const tunnelOnDirector = cause(
  "tunnel-on-director",
  "A tunnel device of the director takes the packet out.",
  () => "ip link set tunl0 down",
);
export const tunnelFromAnyone = cause(
  "tunnel-from-anyone",
  "The real server's tunnel device takes packets from any sender.",
  ({ server, dip }) =>
    `ip tunnel add director mode ipip local ${server.ip} remote ${dip} && ip link set director up && ip link set tunl0 down`,
);
export const pmtu = cause(
  "pmtu-disc-off",
  "The director does not take part in path MTU discovery.",
  () => "sysctl -w net.ipv4.vs.pmtu_disc=1",
);
export const clamping = cause(
  "mss-clamping",
  "A packet filter rule clamps the MSS.",
  () => "nft list ruleset | grep -n maxseg",
);
export const sloppy = cause(
  "sloppy-tcp",
  "The director takes connections up in mid-stream.",
  () => "sysctl -w net.ipv4.vs.sloppy_tcp=0",
);
export const portMapped = cause(
  "port-mapping-configured",
  ({ service }) => `Another port than ${service.port} is configured for the real server, which only NAT may map.`,
  ({ service, server }) =>
    `ipvsadm -e ${serviceFlag(service)} -r ${endpoint(server.ip, service.port)} ${methodOf(service)}`,
);
export const noPortMapped = cause(
  "port-not-configured",
  ({ server }) => `The real server is not configured with port ${server.port}.`,
  (site) => editServer(site, "-m"),
);
export const flooding = cause(
  "bridge-floods",
  "The network multiplies frames: a loop, or a port that mirrors.",
  () => "bridge fdb show",
);
export const routers = cause("router-touches-tunnel", "A router on the way changes the packet inside the tunnel.");
export const defragmentation = cause(
  "no-defragmentation",
  "The director handles fragments one by one: only the first carries ports.",
  () => "modprobe nf_defrag_ipv4",
);
export const icmpFiltered = cause(
  "icmp-filtered",
  "A packet filter on the director drops ICMP, and path MTU discovery with it.",
  () => "nft list ruleset | grep -n icmp",
);
export const offload = cause(
  "checksum-offload",
  "The checksum was left to a NIC that does not fill it in.",
  ({ directorNic }) => `ethtool -K ${directorNic} tx off`,
);
export const notAnnounced = cause(
  "vip-not-announced",
  "The new master sends no gratuitous ARP, or something between it and its neighbours drops it as forged.",
  ({ service, directorNic }) => `arping -U -c 3 -I ${directorNic} ${service.vip}`,
);
export const vipOnBackup = cause(
  "vip-on-backup",
  "A director that is not the master holds the VIP on another device, as real servers do, and answers ARP for it.",
  () => "sysctl -w net.ipv4.conf.all.arp_ignore=1",
);
export const endedUncleanly = cause(
  "vrrp-ended-uncleanly",
  "The VRRP daemon of the former master was killed, and its addresses are still there.",
  () => "systemctl restart keepalived",
);
