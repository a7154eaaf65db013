import { type Host, type HostOptions, modelsOf, type Nic, type Service, type Setup } from "../forwarding/setup.js";
import { inPrefix, networkOf } from "../packet/address.js";
import { IP_PROTOCOL } from "../packet/ip.js";

/** Client ports of crafted flows. The client's kernel has no socket behind them and must not answer for them. */
export const CRAFTED_PORTS = { first: 10_000, last: 49_999 } as const;

/** Ports of the client's own sockets. */
export const CONVERSATION_PORTS = { first: 50_000, last: 60_999 } as const;

/** NICs whose addresses share a prefix. */
export interface Segment {
  /** `10.0.0.0/24`. */
  readonly network: string;
  readonly members: readonly { readonly host: Host; readonly nic: Nic }[];
}

/** What one host is told, whichever kernel runs it. */
export interface HostPlan {
  readonly host: Host;
  /** Kernel settings before the NICs are there. */
  readonly before: Readonly<Record<string, string>>;
  /** Lines for `ip -batch` inside the host. */
  readonly ip: readonly string[];
  /** Kernel settings once the NICs are there. */
  readonly after: Readonly<Record<string, string>>;
  readonly echoes: readonly { readonly protocol: "tcp" | "udp"; readonly ip: string; readonly port: number }[];
}

export function segmentsOf(setup: Setup): Segment[] {
  const segments = new Map<string, { host: Host; nic: Nic }[]>();
  for (const host of setup.hosts)
    for (const nic of host.nics) {
      const network = networkOf(nic.ip, nic.prefix);
      segments.set(network, [...(segments.get(network) ?? []), { host, nic }]);
    }
  return [...segments].map(([network, members]) => ({ network, members }));
}

/** The NIC on whose segment the address lies; else the first. */
export function nicTowards(host: Host, ip: string): Nic {
  const nic = host.nics.find((nic) => inPrefix(ip, nic.ip, nic.prefix)) ?? host.nics[0];
  if (!nic) throw new Error(`${host.name} has no NIC`);
  return nic;
}

/** What every host of the setup is told, apart from the director's balancing. */
export function planHosts(setup: Setup): HostPlan[] {
  const segments = segmentsOf(setup);
  return setup.hosts.map((host) => {
    const services = servicesBehind(setup, host);
    const vips = virtualAddresses(setup, host, services);
    return {
      host,
      before: { ...quietDefaults, ...roleSettings(setup, host, services) },
      ip: [
        "link set lo up",
        ...host.nics.flatMap((nic) => [
          `address add ${nic.ip}/${nic.prefix} dev ${nic.name}`,
          `link set ${nic.name} mtu ${nic.mtu} up`,
        ]),
        ...(vips.device === "tunl0" ? ["link set tunl0 up"] : []),
        ...vips.addresses.map((address) => `address add ${address} dev ${vips.device}`),
        ...(host.gateway ? [`route add default via ${host.gateway}`] : []),
        ...neighbours(setup, segments, host),
        ...silence(host, services),
      ],
      after: { ...(vips.device === "tunl0" ? { "net.ipv4.conf.tunl0.rp_filter": "0" } : {}), ...host.options.sysctl },
      echoes: echoes(host, services),
    };
  });
}

/** What makes captures deterministic: no IPv6 chatter, no redirects, no reverse-path filter, no limit on ICMP errors. */
const quietDefaults: HostOptions["sysctl"] = {
  "net.ipv6.conf.all.disable_ipv6": "1",
  "net.ipv6.conf.default.disable_ipv6": "1",
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

function roleSettings(setup: Setup, host: Host, services: readonly ServiceBehind[]): Record<string, string> {
  if (host.role === "router") return { "net.ipv4.ip_forward": "1" };
  if (host.role === "director") return { "net.ipv4.ip_forward": modelsOf(setup).has("nat") ? "1" : "0" };
  if (host.role === "client")
    return { "net.ipv4.ip_local_port_range": `${CONVERSATION_PORTS.first} ${CONVERSATION_PORTS.last}` };
  if (services.every(({ service }) => service.model === "nat")) return {};
  return { "net.ipv4.conf.all.arp_ignore": "1", "net.ipv4.conf.all.arp_announce": "2" };
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
): { device: string; addresses: string[] } {
  if (host.role === "director") {
    const vips = [...new Set(setup.services.map((service) => service.vip))];
    return { device: nicTowards(host, vips[0] ?? "").name, addresses: vips.map((vip) => `${vip}/32`) };
  }
  const device = host.options.vipDevice ?? "none";
  if (device === "none") return { device, addresses: [] };
  const vips = new Set(services.filter(({ service }) => service.model !== "nat").map(({ service }) => service.vip));
  return { device, addresses: [...vips].map((vip) => `${vip}/${host.options.vipPrefix}`) };
}

/** Everybody knows everybody from the start: an unresolved neighbour would hold a packet back while later ones overtake it. */
function neighbours(setup: Setup, segments: readonly Segment[], host: Host): string[] {
  const director = setup.hosts.find((other) => other.role === "director");
  return segments.flatMap(({ members }) => {
    const own = members.find((member) => member.host === host);
    if (!own) return [];
    const others = members.filter((member) => member.host !== host);
    const known = others.map(({ nic }) => ({ ip: nic.ip, mac: nic.mac }));
    const knowsVip = host.role === "router" || host.role === "client";
    if (director && knowsVip)
      for (const vip of new Set(setup.services.map((service) => service.vip))) {
        const nic = nicTowards(director, vip);
        if (inPrefix(vip, own.nic.ip, own.nic.prefix) && others.some((other) => other.nic === nic))
          known.push({ ip: vip, mac: nic.mac });
      }
    return known.map(({ ip, mac }) => `neigh replace ${ip} lladdr ${mac} dev ${own.nic.name} nud permanent`);
  });
}

/**
 * What the kernel must not answer by itself, because the scenario crafts it: rules without a route keep its RSTs and
 * ICMP errors in. Protocols by number: a small system has no /etc/protocols.
 */
function silence(host: Host, services: readonly ServiceBehind[]): string[] {
  if (host.role === "client")
    return [
      `rule add ipproto ${IP_PROTOCOL.tcp} sport ${CRAFTED_PORTS.first}-${CRAFTED_PORTS.last} blackhole`,
      `rule add ipproto ${IP_PROTOCOL.icmp} blackhole`,
    ];
  const silent = services.filter(({ realServer }) => realServer.answers === "silent");
  return [
    ...silent
      .filter(({ service }) => service.protocol === "tcp")
      .map((behind) => `rule add ipproto ${IP_PROTOCOL.tcp} sport ${localPort(behind)} blackhole`),
    ...(silent.some(({ service }) => service.protocol === "udp")
      ? [`rule add ipproto ${IP_PROTOCOL.icmp} blackhole`]
      : []),
  ];
}

function echoes(host: Host, services: readonly ServiceBehind[]): HostPlan["echoes"] {
  const nic = host.nics[0];
  return services.flatMap((behind) => {
    const { service, realServer } = behind;
    if (realServer.answers !== "echo" || service.protocol === "sctp" || !nic) return [];
    // Without the VIP there is nothing to listen at: the fault is for the rules to find.
    if (service.model !== "nat" && host.options.vipDevice === "none") return [];
    const ip = service.model === "nat" ? nic.ip : service.vip;
    return [{ protocol: service.protocol, ip, port: localPort(behind) }];
  });
}

/** Only NAT maps ports; DR and TUN real servers hear what the client asked for. */
function localPort({ service, realServer }: ServiceBehind): number {
  return service.model === "nat" ? realServer.port : service.port;
}
