/**
 * Who is who: the addresses, hosts and services that the rules compare frames against.
 *
 * A setup is what a scenario's lab is built from and what an engineer writes down beside captures.
 * Everything here is resolved: names are unique, defaults are filled in, nothing is left to guess.
 */

export type Model = "nat" | "dr" | "tun";
export type Protocol = "tcp" | "udp" | "sctp";

/** One network interface of a host, with its one primary address. */
export interface Nic {
  /** `eth0`, `eth1`, … in the order in which the setup lists them. */
  readonly name: string;
  readonly ip: string;
  /** Prefix length of the address; hosts whose addresses share a prefix sit on one segment. */
  readonly prefix: number;
  /** Lower-case, colon-separated. In a lab always known; from captures learnt where the setup leaves it out. */
  readonly mac: string;
  /** Largest IP packet in bytes. */
  readonly mtu: number;
}

export type Role = "client" | "router" | "director" | "real-server";

/** What a real server does with a request for one of its ports; a port that no service names is closed. */
export type Answers = "echo" | "silent" | "closed";

/** What the lab builds differently from the model's defaults: the place for deliberate faults. */
export interface HostOptions {
  /** Kernel settings by their dotted name (`net.ipv4.conf.all.arp_ignore`). */
  readonly sysctl: Readonly<Record<string, string>>;
  /** The device that holds the VIPs of a real server: `lo` (default for DR), `tunl0` (default for TUN), a NIC, or `none` (NAT). */
  readonly vipDevice?: string;
  /** Prefix length with which a real server holds the VIP (default 32). */
  readonly vipPrefix: number;
}

export interface Host {
  readonly name: string;
  readonly role: Role;
  readonly nics: readonly Nic[];
  /** Next hop of the default route; left out: on-link destinations only. */
  readonly gateway?: string;
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
  readonly realServers: readonly RealServer[];
}

export interface Setup {
  readonly services: readonly Service[];
  /** All hosts, the director among them. */
  readonly hosts: readonly Host[];
}

/** The name of the tap at a NIC: the host's name, with the NIC's behind it where the host has several. */
export function tapName(host: Host, nic: Nic): string {
  return host.nics.length === 1 ? host.name : `${host.name}/${nic.name}`;
}

/** The models that the setup's services use. */
export function modelsOf(setup: Setup): ReadonlySet<Model> {
  return new Set(setup.services.map((service) => service.model));
}

/** What the director's scheduler takes for one service: its name, or the mark that it shares with others. */
export function balancedAs(service: Service): string {
  return service.mark === undefined ? serviceName(service) : `mark ${service.mark}`;
}

export function serviceName(service: Pick<Service, "vip" | "port" | "protocol">): string {
  return `${service.vip}:${service.port}/${service.protocol}`;
}
