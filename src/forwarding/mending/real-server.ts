/** What goes wrong with real servers. */

import { endpoint, isIp6 } from "../../packet/address.js";
import { addresses, alone, listeners, onServer, REVERSE_PATH, sysctlOfNic, wayToClient, when } from "./cause.js";

export const arpIgnore = onServer(
  "arp-ignore-not-effective",
  "The real server answers ARP for addresses of other devices; it is conf.all or the receiving NIC that counts, not conf.lo.",
  { confirm: sysctlOfNic("arp_ignore"), fix: () => "sysctl -w net.ipv4.conf.all.arp_ignore=1" },
);
export const vipOnNic = onServer(
  "vip-on-lan-device",
  ({ service, nic }) => {
    const device = nic?.name ?? "a LAN device";
    const why = isIp6(service.vip)
      ? "which it answers neighbour solicitations for"
      : "where arp_ignore=1 does not hide it";
    return `The real server holds ${service.vip} on ${device}, ${why}.`;
  },
  {
    confirm: addresses,
    fix: ({ service, nic }) =>
      `ip addr del ${alone(service.vip)} dev ${nic?.name ?? "eth0"}; ip addr add ${alone(service.vip)} dev lo`,
  },
);
export const proxyArp = onServer(
  "proxy-arp",
  ({ service }) => `The real server does not hold ${service.vip}, and answers ARP in the stead of others.`,
  {
    confirm: ({ nic }) => `sysctl -ar 'net.ipv4.conf.(all|${nic?.name ?? "eth0"}).proxy_arp'`,
    fix: ({ nic }) => {
      const ofNic = `net.ipv4.conf.${nic?.name ?? "eth0"}`;
      return `sysctl -w net.ipv4.conf.all.proxy_arp=0 ${ofNic}.proxy_arp=0 ${ofNic}.proxy_arp_pvlan=0`;
    },
  },
);
export const arpAnnounce = onServer(
  "arp-announce-not-effective",
  "The real server takes the packet's source, the VIP, as ARP sender; 1 is not enough where VIP and RIP share a subnet.",
  { confirm: sysctlOfNic("arp_announce"), fix: () => "sysctl -w net.ipv4.conf.all.arp_announce=2" },
);
export const arpOff = onServer(
  "arp-off",
  "The real server's NIC answers no ARP at all (arp_ignore=8, or the NOARP flag).",
  {
    confirm: ({ nic }) => `ip link show dev ${nic?.name ?? "eth0"}; sysctl net.ipv4.conf.all.arp_ignore`,
    fix: ({ nic }) => `sysctl -w net.ipv4.conf.all.arp_ignore=1; ip link set ${nic?.name ?? "eth0"} arp on`,
  },
);
export const announced = onServer(
  "vip-announced",
  "A script of the real server announces its addresses when the NIC comes up, the VIP among them.",
  { confirm: sysctlOfNic("arp_notify"), fix: () => "sysctl -w net.ipv4.conf.all.arp_notify=0" },
);
export const gatewayIsDirector = onServer(
  "gateway-is-director",
  ({ server, dip }) => `The default gateway of ${server.name} is the director (${dip}).`,
  { confirm: wayToClient, fix: ({ router }) => `ip route replace default via ${router}` },
);
export const wrongGateway = onServer(
  "wrong-default-gateway",
  ({ server, router }) => `${server.name} sends packets for the client to none of its routers (${router}).`,
  { confirm: wayToClient, fix: ({ router }) => `ip route replace default via ${router}` },
);
export const gatewayNotDirector = onServer(
  "gateway-not-director",
  ({ server, dip }) => `The default gateway of ${server.name} is not the director (${dip}).`,
  { confirm: wayToClient, fix: ({ dip }) => `ip route replace default via ${dip}` },
);
const onLink = onServer(
  "client-on-link",
  "The client is on the real server's own subnet: no gateway takes part in the answer.",
  {
    confirm: wayToClient,
    fix: ({ nic, clientNic, dip }) =>
      `ip route replace ${clientNic?.ip.replace(/\.\d+$/, ".0") ?? "SUBNET"}/${clientNic?.prefix ?? 24} via ${dip} onlink dev ${nic?.name ?? "eth0"}`,
  },
);
export const clientOnLink = when(({ clientsOnLink }) => clientsOnLink === true, onLink);
export const clientPerhapsOnLink = when(({ clientsOnLink }) => clientsOnLink === undefined, onLink);
export const noVip = onServer(
  "vip-not-on-real-server",
  ({ server, service }) => `${server.name} does not hold ${service.vip}.`,
  {
    confirm: addresses,
    fix: ({ service, host }) => {
      const device = host?.options.vipDevice ?? "none";
      const usual = service.model === "tun" ? "tunl0" : "lo";
      return `ip addr add ${alone(service.vip)} dev ${device === "none" ? usual : device}`;
    },
  },
);
export const vipPrefix = onServer(
  "vip-prefix",
  ({ server, service }) =>
    `${server.name} holds ${service.vip} with a prefix shorter than 32 and takes all of it for itself.`,
  {
    confirm: addresses,
    fix: ({ service, host }) =>
      `ip addr del ${service.vip}/${host?.options.vipPrefix ?? 24} dev lo; ip addr add ${alone(service.vip)} dev lo`,
  },
);
export const forwardingOn = onServer(
  "real-server-forwards",
  "The real server has forwarding on and routes what is not its own.",
  { confirm: () => "sysctl net.ipv4.ip_forward", fix: () => "sysctl -w net.ipv4.ip_forward=0" },
);
export const rpFilter = onServer("rp-filter-strict", REVERSE_PATH.text, {
  confirm: REVERSE_PATH.confirm,
  fix: ({ service, nic }) => {
    const device = service.model === "tun" ? "tunl0" : (nic?.name ?? "eth0");
    return `sysctl -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.${device}.rp_filter=0`;
  },
});
export const noListener = onServer(
  "server-not-listening",
  ({ service }) =>
    `Nothing on the real server listens on ${endpoint(service.vip, service.port)}, or a filter drops it.`,
  {
    confirm: listeners,
  },
);
export const noTunnel = onServer("no-tunnel-device", "The real server has no IP-in-IP tunnel, or its device is down.", {
  confirm: () => "ip -d link show type ipip",
  fix: ({ service }) => `modprobe ipip && ip link set tunl0 up && ip addr add ${alone(service.vip)} dev tunl0`,
});
export const tunnelsDiffer = onServer(
  "tunnel-checksum-differs",
  ({ server, service: { tunnel } }) =>
    `The tunnel of ${server.name} is not set up ${tunnel.checksum ? "with" : "without"} checksums, as the director's is.`,
  {
    confirm: ({ service: { tunnel } }) => (tunnel.kind === "gre" ? "ip -d link show type gre" : "ip fou show"),
    fix: ({ service: { tunnel } }) =>
      tunnel.kind === "gre"
        ? `ip tunnel change gretun ${tunnel.checksum ? "icsum ocsum" : "noicsum noocsum"}`
        : `ip fou show   # and \`ip -d link\` for the device behind it`,
  },
);
export const replyInTunnel = onServer(
  "route-into-tunnel",
  "The real server's route to the client leads into the tunnel.",
  { confirm: wayToClient, fix: ({ router }) => `ip route replace default via ${router}` },
);
export const ownSource = onServer(
  "server-answers-from-rip",
  ({ server, service }) =>
    `The program on ${service.port} answers from ${server.ip}: bound to 0.0.0.0, it must take the address it was asked at.`,
  {
    confirm: listeners,
    fix: ({ service }) => `ss -lnup sport = :${service.port}   # bind to ${service.vip}, or use IP_PKTINFO`,
  },
);
export const hijacked = onServer(
  "vip-hijacked-by-arp",
  "The router learnt a real server's MAC for the VIP: that server answers or announces it.",
  {
    confirm: () => "sysctl net.ipv4.conf.all.arp_ignore net.ipv4.conf.all.arp_announce",
    fix: ({ service, directorNic }) =>
      `sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2 # then on the director: arping -U -c 3 -I ${directorNic} ${service.vip}`,
  },
);
export const balancesAsBackup = onServer(
  "backup-balances",
  ({ server }) => `${server.name} has the same services, and balances although it is no master.`,
  { confirm: () => "sysctl net.ipv4.vs.backup_only; ipvsadm -ln", fix: () => "sysctl -w net.ipv4.vs.backup_only=1" },
);
export const tunnelFromAnyone = onServer(
  "tunnel-from-anyone",
  "The real server's tunnel device takes packets from any sender.",
  {
    confirm: () => "ip tunnel show",
    fix: ({ server, dip }) =>
      `ip tunnel add director mode ipip local ${server.ip} remote ${dip} && ip link set director up && ip link set tunl0 down`,
  },
);
