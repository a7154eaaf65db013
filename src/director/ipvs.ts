import { isCutAnyway } from "../forwarding/fate.js";
import {
  directorsOf,
  type ForwardingModel,
  forwardingModel,
  type Host,
  type Protocol,
  type RealServer,
  type Service,
  type Setup,
} from "../forwarding/setup.js";
import { hostKernelHas } from "../lab/kernel.js";
import type { Machine, Where } from "../lab/machine.js";
import { endpoint, ipFromNumber, isIp6 } from "../packet/address.js";
import { GUE_PORT } from "../packet/gue.js";
import type { Driver, RunningDirector } from "./director.js";

const SERVICE_OPTION: Record<Protocol, string> = { tcp: "-t", udp: "-u", sctp: "--sctp-service" };
const FORWARDING_OPTION: Record<ForwardingModel, string> = { nat: "-m", dr: "-g", tun: "-i" };

/** Linux Virtual Server, the kernel's own load balancer, by `ipvsadm`. */
export const ipvs: Driver = {
  get places() {
    return ipvsPlaces();
  },
  async start(lab) {
    const { setup } = lab;
    const tables = directorsOf(setup).map(({ name }) => new Table(lab.machine(name)));
    const running: RunningDirector = {
      async configure(services) {
        await Promise.all(tables.map((table) => table.change(services)));
      },
    };
    for (const host of directorsOf(setup)) await prepareKernel(lab.machine(host.name), host, setup);
    await running.configure(setup.services);
    return running;
  },
};

/** Where IPVS can run here. */
export function ipvsPlaces(): readonly Where[] {
  return hostKernelHas("ip_vs") ? ["host-kernel", "user-mode-linux"] : ["user-mode-linux"];
}

/** The service table of one kernel. */
class Table {
  readonly #machine: Machine;
  /** Unknown after a change that failed. */
  #services: readonly Service[] | undefined = [];

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  async change(services: readonly Service[]): Promise<void> {
    if (this.#services === undefined) await this.#machine.run(["ipvsadm", "-C"]);
    const lines = changes(this.#services ?? [], services);
    this.#services = undefined;
    // Its exit status is that of the last line alone; where all went well it prints nothing.
    const output = lines.length === 0 ? "" : await this.#machine.run(["ipvsadm", "-R"], `${lines.join("\n")}\n`);
    if (output.trim()) throw new Error(`ipvsadm -R: ${output.trim()}\nfor:\n${lines.join("\n")}`);
    this.#services = services;
  }
}

/** Tells a director's kernel what is no matter of its service table. */
export async function prepareKernel(machine: Machine, host: Host, setup: Setup): Promise<void> {
  await machine.sysctl(pmtuSettings(setup));
  const marks = markLines(setup, host);
  if (marks.length > 0) await machine.run(["tc", "-batch", "-"], `${marks.join("\n")}\n`);
}

/** One setting for all tunnels: a setup's services agree about it. */
function pmtuSettings({ services }: Setup): Record<string, string> {
  return services.some(isCutAnyway) ? { "net.ipv4.vs.pmtu_disc": "0" } : {};
}

/** The input of `ipvsadm -R` for these services. */
export function ipvsCommands(services: readonly Service[]): string {
  return changes([], services)
    .map((line) => `${line}\n`)
    .join("");
}

/** The `tc -batch` lines that give packets their services' marks as they come in. */
function markLines(setup: Setup, { nics }: Host): string[] {
  const marked = setup.services.filter(({ mark }) => mark !== undefined);
  if (marked.length === 0) return [];
  return nics.flatMap(({ name }) => [
    `qdisc add dev ${name} clsact`,
    ...marked.map(({ vip, protocol, port, mark }) => {
      const match = `protocol ${isIp6(vip) ? "ipv6" : "ip"} flower dst_ip ${vip} ip_proto ${protocol} dst_port ${port}`;
      return `filter add dev ${name} ingress ${match} action skbedit mark ${mark}`;
    }),
  ]);
}

/** The `ipvsadm -R` lines that turn one service table into another, leaving connections alone. */
export function changes(from: readonly Service[], to: readonly Service[]): string[] {
  const before = new Map(from.map((service) => [address(service), service]));
  const after = new Map(to.map((service) => [address(service), service]));
  return [
    ...[...before.keys()].filter((key) => !after.has(key)).map((key) => `-D ${key}`),
    ...[...after].flatMap(([key, service]) => {
      const known = before.get(key);
      const head = `${key} ${scheduling(service)}`;
      const edit = known === undefined ? [`-A ${head}`] : head === `${key} ${scheduling(known)}` ? [] : [`-E ${head}`];
      return [...edit, ...serverChanges(key, service, known)];
    }),
  ];
}

function scheduling({ vip, scheduler, schedulerFlags, persistence, onePacket }: Service): string {
  return [
    `-s ${scheduler}`,
    ...(schedulerFlags.length > 0 ? [`-b ${schedulerFlags.join(",")}`] : []),
    ...(persistence ? [`-p ${persistence.timeout}`] : []),
    ...(persistence ? [`-M ${isIp6(vip) ? persistence.prefix : netmask(persistence.prefix)}`] : []),
    ...(onePacket ? ["-o"] : []),
  ].join(" ");
}

/** `/29` as ipvsadm wants it of IPv4: 255.255.255.248. */
export function netmask(prefix: number): string {
  return ipFromNumber(prefix === 0 ? 0 : (-1 << (32 - prefix)) >>> 0);
}

function serverChanges(key: string, service: Service, known: Service | undefined): string[] {
  const before = new Map(known?.realServers.map((server) => [destination(service, server), server]));
  const wanted = new Set(service.realServers.map((server) => destination(service, server)));
  const gone = [...before].filter(([id]) => !wanted.has(id));
  return [
    ...gone.map(([, server]) => `-d ${key} -r ${stored(service, server)}`),
    ...service.realServers.flatMap((server) => {
      const id = destination(service, server);
      const line = `${key} -r ${id} ${settings(service, server)}`;
      const old = before.get(id);
      if (!old) return [`-a ${line}`];
      return settings(service, old) === settings(service, server) ? [] : [`-e ${line}`];
    }),
  ];
}

function settings(service: Service, { weight, limit }: RealServer): string {
  return [
    FORWARDING_OPTION[forwardingModel(service)],
    `-w ${weight}`,
    ...(limit === undefined ? [] : [`-x ${limit}`]),
    ...(service.model === "tun" ? tunnelSettings(service) : []),
  ].join(" ");
}

function tunnelSettings({ tunnel: { kind, checksum } }: Service): string[] {
  if (kind === "ipip") return [];
  const port = kind === "gue" ? [`--tun-port ${GUE_PORT}`] : [];
  return [`--tun-type ${kind}`, ...port, checksum ? "--tun-csum" : "--tun-nocsum"];
}

/** A service with a mark knows no port: its packets keep theirs. */
function destination({ mark }: Service, { ip, port }: RealServer): string {
  return endpoint(ip, mark === undefined ? port : 0);
}

/** Where it cannot map, ipvsadm stores the service's port (and only then finds what it is to delete). */
function stored(service: Service, server: RealServer): string {
  return destination(service, service.model === "nat" ? server : { ...server, port: service.port });
}

function address({ mark, protocol, vip, port }: Service): string {
  if (mark !== undefined) return `-f ${mark}${isIp6(vip) ? " -6" : ""}`;
  return `${SERVICE_OPTION[protocol]} ${endpoint(vip, port)}`;
}
