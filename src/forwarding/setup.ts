/**
 * Who is who: the addresses, hosts and services that the rules compare frames against.
 *
 * A setup is what a scenario's lab is built from and what an engineer writes down beside captures.
 * Everything here is resolved: names are unique, defaults are filled in, nothing is left to guess.
 */

import { endpoint, inPrefix, isIp6 } from "../packet/address.js";

export type Model = "nat" | "dr" | "tun";
export type Protocol = "tcp" | "udp" | "sctp";

/** An address of a NIC; hosts whose addresses share a prefix sit on one segment. */
export interface Address {
  readonly ip: string;
  /** Length of the prefix, in bits. */
  readonly prefix: number;
}

/** One network interface of a host, with its primary address. */
export interface Nic extends Address {
  /** `eth0`, `eth1`, … in the order in which the setup lists them. */
  readonly name: string;
  /** Further addresses: at most one of each family, the primary one included. */
  readonly others: readonly Address[];
  /** Lower-case, colon-separated. In a lab always known; from captures learnt where the setup leaves it out. */
  readonly mac: string;
  /** Those of virtual routers whose master it is or may be, learnt from captures: it takes in frames for them as well. */
  readonly virtualMacs?: readonly string[];
  /** Largest IP packet in bytes; 0 where a setup beside captures leaves it out. */
  readonly mtu: number;
}

export type Role = "client" | "router" | "director" | "real-server";

/**
 * What a real server does with a request for one of its ports; a port that no service names is closed.
 * `absent`: there is no such host, nobody answers for its address.
 */
export type Answers = "echo" | "silent" | "closed" | "absent";

/** What the lab builds differently from the model's defaults: the place for deliberate faults. */
export interface HostOptions {
  /** Kernel settings by their dotted name (`net.ipv4.conf.all.arp_ignore`). */
  readonly sysctl: Readonly<Record<string, string>>;
  /**
   * The device that holds the VIPs of a real server: `lo` (default for DR), `tunl0` (default for TUN), a NIC, or `none`
   * (NAT); of a director beside another one that which holds them all the time, whoever is the master; `none` of a
   * director that answers for them itself, without its kernel.
   */
  readonly vipDevice?: string;
  /** Prefix length with which a real server holds an IPv4 VIP (default 32). */
  readonly vipPrefix: number;
  /** Whether the host forwards packets that are not its own; left out: as its role and the models demand. */
  readonly forwards?: boolean;
  /** Its address where it is not the one that the services name for it. */
  readonly actualIp?: string;
  /** Its UDP services are bound to no address and answer from whichever the kernel takes. */
  readonly wildcard?: boolean;
  /** From whom a real server takes tunnels (default `anyone`, as Linux' tunl0 does). */
  readonly tunnelFrom?: "anyone" | "director" | "nobody";
  /** Whether a real server's tunnel has checksums; left out: as its services say. */
  readonly tunnelChecksum?: boolean;
  /** Whether a real server reaches its gateway through its tunnel of IP in IP, and its answers go back into that. */
  readonly gatewayInTunnel?: boolean;
  /** A real server that is the director's backup: it has the same services, and balances once it is the master. */
  readonly backup?: boolean;
  /** Whether a director tells its segment when it takes over the VIPs (default true). */
  readonly announces?: boolean;
  /** Addresses whose MACs it has wrong: address, and name of the host whose MAC it takes. */
  readonly neighbours?: Readonly<Record<string, string>>;
}

export interface Host {
  readonly name: string;
  readonly role: Role;
  readonly nics: readonly Nic[];
  /** Next hops of the default routes, at most one of each family; none: on-link destinations only. */
  readonly gateways: readonly string[];
  readonly options: HostOptions;
}

export interface RealServer {
  /** The name of its host. */
  readonly name: string;
  readonly ip: string;
  /** The port NAT maps to (rport); equal to the service's port where none is configured. */
  readonly port: number;
  readonly weight: number;
  readonly answers: Answers;
  /** Connections beyond which it gets no new one (`ipvsadm -x`); left out: no limit. */
  readonly limit?: number;
}

/** All connections of a client go to one real server (`ipvsadm -p`). */
export interface Persistence {
  /** Seconds since the client's last connection after which it may go elsewhere. */
  readonly timeout: number;
  /** Clients whose addresses share a prefix of this length count as one (`ipvsadm -M`). */
  readonly prefix: number;
}

/** What the tunnels of TUN look like; the director and the real servers have to agree about it. */
export interface Tunnel {
  /** IP in IP, GRE (RFC 2784), or GUE: IP in UDP to port 6080. */
  readonly kind: "ipip" | "gre" | "gue";
  /** Whether GRE or UDP carries a checksum. */
  readonly checksum: boolean;
  /** Whether the director takes part in path MTU discovery: DF copied outward, what is too long refused. */
  readonly pmtuDiscovery: boolean;
}

export interface Service {
  readonly vip: string;
  readonly port: number;
  readonly protocol: Protocol;
  readonly model: Model;
  /** IPVS name of the scheduler: rr, wrr, sh, … */
  readonly scheduler: string;
  /** IPVS flags of the scheduler (`sh-port`, `sh-fallback`, `mh-port`, `mh-fallback`). */
  readonly schedulerFlags: readonly string[];
  readonly persistence?: Persistence;
  /** Every datagram is scheduled by itself (`ipvsadm --ops`). */
  readonly onePacket: boolean;
  /** Firewall mark of its packets; services with the same mark are balanced as one (`ipvsadm -f`). */
  readonly mark?: number;
  /** Of TUN only. */
  readonly tunnel: Tunnel;
  readonly realServers: readonly RealServer[];
}

export interface Setup {
  readonly services: readonly Service[];
  /** All hosts, the director among them. */
  readonly hosts: readonly Host[];
}

/** Bytes of IP headers without options, and of what GRE (RFC 2784 §2) and GUE put behind them. */
const IP_HEADER = { 4: 20, 6: 40 } as const;
const GRE_HEADER = 4;
const GRE_CHECKSUM = 4;
const UDP_AND_GUE_HEADER = 12;

/** Bytes that a service's tunnel puts around a packet for a real server; 0 but for TUN. */
export function overheadOf(
  { model, tunnel }: Pick<Service, "model" | "tunnel">,
  server: Pick<RealServer, "ip">,
): number {
  if (model !== "tun") return 0;
  const outer = IP_HEADER[isIp6(server.ip) ? 6 : 4];
  if (tunnel.kind === "gre") return outer + GRE_HEADER + (tunnel.checksum ? GRE_CHECKSUM : 0);
  return tunnel.kind === "gue" ? outer + UDP_AND_GUE_HEADER : outer;
}

/** Where nothing else is said: IP in IP. */
export const IP_IN_IP: Tunnel = { kind: "ipip", checksum: false, pmtuDiscovery: true };

/** The name of the tap at a NIC: the host's name, with the NIC's behind it where the host has several. */
export function tapName(host: Host, nic: Nic): string {
  return host.nics.length === 1 ? host.name : `${host.name}/${nic.name}`;
}

/** All addresses of a NIC, the primary one first. */
export function addressesOf(nic: Nic): readonly Address[] {
  return [nic, ...nic.others];
}

export function hasAddress(nic: Nic, ip: string): boolean {
  return addressesOf(nic).some((own) => own.ip === ip);
}

/** Whether a NIC takes in frames for a MAC, and may send with it. */
export function hasMac({ mac: own, virtualMacs = [] }: Nic, mac: string): boolean {
  return mac !== "" && (own === mac || virtualMacs.includes(mac));
}

/** Whether an address lies in a network of the NIC. */
export function isOnLink(nic: Nic, ip: string): boolean {
  return addressesOf(nic).some((own) => inPrefix(ip, own.ip, own.prefix));
}

/** Whether two NICs are on one segment. */
export function shareSegment(one: Nic, other: Nic): boolean {
  return addressesOf(one).some(({ ip, prefix }) => {
    return addressesOf(other).some((address) => address.prefix === prefix && inPrefix(address.ip, ip, prefix));
  });
}

/** The NIC's address of the family of another address. */
export function addressFor(nic: Nic, ip: string): string | undefined {
  return addressesOf(nic).find((own) => isIp6(own.ip) === isIp6(ip))?.ip;
}

/** The next hop of the default route of an address's family. */
export function gatewayFor({ gateways }: Host, ip: string): string | undefined {
  return gateways.find((gateway) => isIp6(gateway) === isIp6(ip));
}

/** The load balancer under test, and behind it the one that takes over when it fails. */
export function directorsOf({ hosts }: Setup): Host[] {
  return hosts.filter(({ role }) => role === "director");
}

/** Whether the VIPs move between two directors by VRRP. */
export function isRedundant(setup: Setup): boolean {
  return directorsOf(setup).length > 1;
}

/** The models that the setup's services use. */
export function modelsOf(setup: Setup): ReadonlySet<Model> {
  return new Set(setup.services.map((service) => service.model));
}

/** What the director's scheduler takes for one service: its name, or the mark that it shares with others. */
export function balancedAs(service: Service): string {
  return service.mark === undefined ? serviceName(service) : `mark ${service.mark}`;
}

/** `10.0.0.10:80/tcp`, `[fd00::10]:80/tcp` */
export function serviceName({ vip, port, protocol }: Pick<Service, "vip" | "port" | "protocol">): string {
  return `${endpoint(vip, port)}/${protocol}`;
}
