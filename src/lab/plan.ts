import {
  type Address,
  addressesOf,
  addressFor,
  directorsOf,
  type Host,
  type HostOptions,
  hasAddress,
  isOnLink,
  isRedundant,
  modelsOf,
  type Nic,
  type Service,
  type Setup,
} from "../forwarding/setup.js";
import { isIp, isIp6 } from "../packet/address.js";
import type { Echo } from "./machine.js";
import { type Member, nicTowards, type Segment, segmentsOf } from "./segments.js";
import { tunnelLines } from "./tunnels.js";

/** Client ports of crafted flows. The client's kernel has no socket behind them and must not answer for them. */
export const CRAFTED_PORTS = { first: 10_000, last: 49_999 } as const;

/** Ports of the client's own sockets. */
export const CONVERSATION_PORTS = { first: 50_000, last: 60_999 } as const;

/** What canaries ask a NIC for that has no IPv4 address of its own; nobody else does (RFC 3927). */
const CANARY_IP = "169.254.77.77";

/** By number: a small system has no /etc/protocols. */
const PROTOCOL_NUMBER = { icmp: 1, tcp: 6, icmp6: 58, sctp: 132 } as const;

/** What one host is told, whichever kernel runs it. */
export interface HostPlan {
  readonly host: Host;
  /** Kernel settings before the NICs are there. */
  readonly before: Readonly<Record<string, string>>;
  /** Lines for `ip -batch` inside the host. */
  readonly ip: readonly string[];
  /** Lines for `ip -6 -batch`: of those that do not say by themselves which family they are about. */
  readonly ip6: readonly string[];
  /** Kernel settings once the NICs are there. */
  readonly after: Readonly<Record<string, string>>;
  /** Whether it forwards packets that are not its own. */
  readonly forwards: boolean;
  readonly echoes: readonly Echo[];
}

/** What every host of the setup is told, apart from the director's balancing. */
export function planHosts(setup: Setup): HostPlan[] {
  const segments = segmentsOf(setup);
  return setup.hosts.map((host) => {
    const services = servicesBehind(setup, host);
    const vips = virtualAddresses(setup, host, services);
    return {
      host,
      before: { ...quietDefaults, ...familySettings(host), ...roleSettings(setup, host, services) },
      ip: [
        "link set lo up",
        ...host.nics.flatMap((nic) => nicLines(host, nic)),
        ...tunnelLines(setup, host),
        ...vips.lines,
        ...host.gateways.map((gateway) => defaultRoute(gateway, host.options)),
        ...neighbours(setup, segments, host),
        ...silence(host, services).map(([, line]) => line),
      ],
      ip6: usesIp6(host) ? silence(host, services).map(([line6]) => line6) : [],
      after: {
        ...(vips.device === "tunl0" ? { "net.ipv4.conf.tunl0.rp_filter": "0" } : {}),
        ...host.options.sysctl,
      },
      forwards: forwards(setup, host) ?? false,
      echoes: echoes(host, services),
    };
  });
}

function nicLines(host: Host, nic: Nic): string[] {
  const { actualIp } = host.options;
  const own = ({ ip, prefix }: Address) => `address add ${ip}/${prefix} dev ${nic.name}${isIp6(ip) ? " nodad" : ""}`;
  const isFirst = nic === host.nics[0];
  const addresses = addressesOf(nic).map((address) =>
    isFirst && actualIp !== undefined && isIp6(address.ip) === isIp6(actualIp)
      ? own({ ...address, ip: actualIp })
      : own(address),
  );
  const hasIpv4 = addressesOf(nic).some(({ ip }) => isIp(ip));
  return [
    ...(hasIpv4 ? [] : [`address add ${CANARY_IP}/32 dev ${nic.name} scope link`]),
    // IPv6 gives addresses only to a device that is up, IPv4 sends from the first that it was given.
    `link set ${nic.name} mtu ${nic.mtu} up`,
    ...addresses,
  ];
}

function defaultRoute(gateway: string, { gatewayInTunnel = false }: HostOptions): string {
  const way = gatewayInTunnel ? " dev tunl0 onlink" : "";
  return `route add ${isIp6(gateway) ? "::/0" : "default"} via ${gateway}${way}`;
}

/** The IPv4 address that a NIC answers canaries for. */
export function canaryAddress(host: Host, nic: Nic): string {
  const { actualIp } = host.options;
  if (nic === host.nics[0] && actualIp !== undefined && isIp(actualIp)) return actualIp;
  return addressFor(nic, CANARY_IP) ?? CANARY_IP;
}

function usesIp6({ nics }: Host): boolean {
  return nics.some((nic) => addressesOf(nic).some(({ ip }) => isIp6(ip)));
}

/** What makes captures deterministic: no redirects, no reverse-path filter, no limit on ICMP errors. */
const quietDefaults: HostOptions["sysctl"] = {
  "net.ipv4.conf.all.rp_filter": "0",
  "net.ipv4.conf.default.rp_filter": "0",
  "net.ipv4.conf.all.send_redirects": "0",
  "net.ipv4.conf.default.send_redirects": "0",
  "net.ipv4.icmp_ratelimit": "0",
  // Types outside the mask are spared the machine-wide bucket of some 50 errors as well.
  "net.ipv4.icmp_ratemask": "0",
  // An unanswered SYN/ACK would come again seconds later, in the middle of another scenario.
  "net.ipv4.tcp_synack_retries": "0",
};

/** IPv6 where a host has it, without what it says unasked; else none of it. */
function familySettings(host: Host): HostOptions["sysctl"] {
  const forAll = (name: string, value: string) => ({
    [`net.ipv6.conf.all.${name}`]: value,
    [`net.ipv6.conf.default.${name}`]: value,
  });
  if (!usesIp6(host)) return forAll("disable_ipv6", "1");
  return {
    ...forAll("disable_ipv6", "0"),
    ...forAll("accept_dad", "0"),
    ...forAll("accept_ra", "0"),
    ...forAll("router_solicitations", "0"),
    // Membership of a multicast group is reported while the lab is built, and not again seconds later (milliseconds).
    ...forAll("mldv2_unsolicited_report_interval", "1"),
    "net.ipv6.icmp.ratelimit": "0",
  };
}

function roleSettings(setup: Setup, host: Host, services: readonly ServiceBehind[]): Record<string, string> {
  const isOn = forwards(setup, host);
  const forwarding = isOn === undefined ? {} : forwardingSettings(host, isOn);
  if (host.role === "client")
    return { ...forwarding, "net.ipv4.ip_local_port_range": `${CONVERSATION_PORTS.first} ${CONVERSATION_PORTS.last}` };
  if (host.role !== "real-server" || services.every(({ service }) => service.model === "nat")) return forwarding;
  return { ...forwarding, "net.ipv4.conf.all.arp_ignore": "1", "net.ipv4.conf.all.arp_announce": "2" };
}

/** Undefined where it is the kernel's own choice. */
function forwards(setup: Setup, { role, options }: Host): boolean | undefined {
  if (options.forwards !== undefined) return options.forwards;
  if (role === "director") return modelsOf(setup).has("nat");
  return role === "router" ? true : undefined;
}

/** The kernel settings that turn a host's forwarding on or off. */
export function forwardingSettings(host: Host, on: boolean): Record<string, string> {
  const value = on ? "1" : "0";
  return {
    "net.ipv4.ip_forward": value,
    ...(usesIp6(host) ? { "net.ipv6.conf.all.forwarding": value } : {}),
  };
}

interface ServiceBehind {
  readonly service: Service;
  readonly realServer: Service["realServers"][number];
}

function servicesBehind(setup: Setup, host: Host): ServiceBehind[] {
  return setup.services.flatMap((service) =>
    service.realServers.filter((server) => server.name === host.name).map((realServer) => ({ service, realServer })),
  );
}

function virtualAddresses(
  setup: Setup,
  host: Host,
  services: readonly ServiceBehind[],
): { device: string; lines: string[] } {
  if (host.role === "director") {
    const { vipDevice } = host.options;
    if (vipDevice === "none") return { device: "", lines: [] };
    // Two of them have the VIPs in turn: see startVrrp.
    if (isRedundant(setup) && vipDevice === undefined) return { device: "", lines: [] };
    const vips = [...new Set(setup.services.map((service) => service.vip))];
    // Not a source that the kernel would choose by itself: real servers drop packets from an address of their own.
    const lines = vips.map((vip) =>
      vipLine(vip, vipDevice ?? nicTowards(host, vip).name, 32, isIp6(vip) ? " preferred_lft 0" : ""),
    );
    return { device: "", lines };
  }
  const device = host.options.vipDevice ?? "none";
  if (device === "none") return { device, lines: [] };
  const vips = new Set(services.filter(({ service }) => service.model !== "nat").map(({ service }) => service.vip));
  return {
    device,
    lines: [...vips].map((vip) => vipLine(vip, isIp6(vip) ? deviceFor6(device) : device, host.options.vipPrefix)),
  };
}

/** tunl0 is for IPv4 alone. */
function deviceFor6(device: string): string {
  return device === "tunl0" ? "lo" : device;
}

function vipLine(vip: string, device: string, prefix: number, more = ""): string {
  return isIp6(vip)
    ? `address add ${vip}/128 dev ${device} nodad${more}`
    : `address add ${vip}/${prefix} dev ${device}`;
}

/** Everybody knows everybody from the start: an unresolved neighbour would hold a packet back while later ones overtake it. */
function neighbours(setup: Setup, segments: readonly Segment[], host: Host): string[] {
  return segments.flatMap(({ members }) => {
    const own = members.find((member) => member.host === host);
    if (!own) return [];
    const others = members.filter((member) => member.host !== host);
    const known = new Map(others.flatMap(({ nic }) => addressesOf(nic).map(({ ip }) => [ip, nic.mac])));
    for (const [vip, mac] of virtualNeighbours(setup, own, others)) known.set(vip, mac);
    for (const [ip, name] of Object.entries(host.options.neighbours ?? {})) {
      const mistaken = others.find((member) => member.host.name === name)?.nic.mac;
      if (mistaken !== undefined) known.set(ip, mistaken);
    }
    return [...known]
      .filter(([ip]) => isOnLink(own.nic, ip))
      .map(([ip, mac]) => `neigh replace ${ip} lladdr ${mac} dev ${own.nic.name} nud permanent`);
  });
}

/** The VIPs, for those who send requests. */
function virtualNeighbours(setup: Setup, own: Member, others: readonly Member[]): [string, string][] {
  const [director] = directorsOf(setup);
  // Where the VIPs may move, a neighbour has to ask.
  if (director === undefined || isRedundant(setup) || (own.host.role !== "router" && own.host.role !== "client"))
    return [];
  return [...new Set(setup.services.map((service) => service.vip))].flatMap((vip) => {
    const nic = nicTowards(director, vip);
    const isHere = others.some((other) => other.nic === nic) && !hasAddress(own.nic, vip);
    return isHere ? [[vip, nic.mac] as [string, string]] : [];
  });
}

/**
 * What the kernel must not answer by itself, because the scenario crafts it: rules without a route keep its RSTs and
 * ICMP errors in. For each the line of IPv6 and the one of IPv4.
 */
function silence(host: Host, services: readonly ServiceBehind[]): [string, string][] {
  const same = (line: string): [string, string] => [line, line];
  const icmp: [string, string] = [
    `rule add ipproto ${PROTOCOL_NUMBER.icmp6} blackhole`,
    `rule add ipproto ${PROTOCOL_NUMBER.icmp} blackhole`,
  ];
  if (host.role === "client")
    return [
      same(`rule add ipproto ${PROTOCOL_NUMBER.tcp} sport ${CRAFTED_PORTS.first}-${CRAFTED_PORTS.last} blackhole`),
      icmp,
    ];
  const silent = services.filter(({ realServer }) => realServer.answers === "silent");
  return [
    ...silent
      .filter(({ service }) => service.protocol === "tcp")
      .map((behind) => same(`rule add ipproto ${PROTOCOL_NUMBER.tcp} sport ${localPort(behind)} blackhole`)),
    ...(silent.some(({ service }) => service.protocol === "sctp")
      ? [same(`rule add ipproto ${PROTOCOL_NUMBER.sctp} blackhole`)]
      : []),
    ...(silent.some(({ service }) => service.protocol !== "tcp") ? [icmp] : []),
  ];
}

function echoes(host: Host, services: readonly ServiceBehind[]): HostPlan["echoes"] {
  const nic = host.nics[0];
  return services.flatMap((behind) => {
    const { service, realServer } = behind;
    const { protocol, model, vip } = service;
    if (realServer.answers !== "echo" || protocol === "sctp" || !nic) return [];
    // Without the VIP there is nothing to listen at: the fault is for the rules to find.
    if (model !== "nat" && host.options.vipDevice === "none") return [];
    const isWild = host.options.wildcard && protocol === "udp";
    const ip = isWild ? (isIp6(vip) ? "::" : "0.0.0.0") : model === "nat" ? realServer.ip : vip;
    return [{ protocol, ip, port: localPort(behind) }];
  });
}

/** Only NAT maps ports; DR and TUN real servers hear what the client asked for. */
function localPort({ service, realServer }: ServiceBehind): number {
  return service.model === "nat" ? realServer.port : service.port;
}
