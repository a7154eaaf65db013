import type { Model, Protocol, RealServer, Service } from "../forwarding/setup.js";
import { hostKernelHas } from "../lab/kernel.js";
import type { Where } from "../lab/machine.js";
import { type Director, directorHost, type RunningDirector } from "./director.js";

const SERVICE_OPTION: Record<Protocol, string> = { tcp: "-t", udp: "-u", sctp: "--sctp-service" };
const FORWARDING_OPTION: Record<Model, string> = { nat: "-m", dr: "-g", tun: "-i" };

/** Linux Virtual Server, the kernel's own load balancer, by `ipvsadm`. */
export const ipvs: Director = {
  name: "ipvs",
  models: ["nat", "dr", "tun"],
  get places(): readonly Where[] {
    return hostKernelHas("ip_vs") ? ["host-kernel", "user-mode-linux"] : ["user-mode-linux"];
  },
  async start(lab) {
    const { setup } = lab;
    const machine = lab.machine(directorHost(setup).name);
    /** What the kernel's table holds; unknown after a change that failed. */
    let current: readonly Service[] | undefined = [];
    const running: RunningDirector = {
      async configure(services) {
        if (current === undefined) await machine.run(["ipvsadm", "-C"]);
        const lines = changes(current ?? [], services);
        current = undefined;
        // Its exit status is that of the last line alone; where all went well it prints nothing.
        const output = lines.length === 0 ? "" : await machine.run(["ipvsadm", "-R"], `${lines.join("\n")}\n`);
        if (output.trim()) throw new Error(`ipvsadm -R: ${output.trim()}\nfor:\n${lines.join("\n")}`);
        current = services;
      },
    };
    await running.configure(setup.services);
    return running;
  },
};

/** The `ipvsadm -R` lines that turn one service table into another, leaving connections alone. */
export function changes(from: readonly Service[], to: readonly Service[]): string[] {
  const before = new Map(from.map((service) => [address(service), service]));
  const after = new Map(to.map((service) => [address(service), service]));
  return [
    ...[...before.keys()].filter((key) => !after.has(key)).map((key) => `-D ${key}`),
    ...[...after].flatMap(([key, service]) => {
      const known = before.get(key);
      const head = known
        ? known.scheduler === service.scheduler
          ? []
          : [`-E ${key} -s ${service.scheduler}`]
        : [`-A ${key} -s ${service.scheduler}`];
      return [...head, ...serverChanges(key, service, known?.realServers ?? [])];
    }),
  ];
}

function serverChanges(key: string, service: Service, before: readonly RealServer[]): string[] {
  const id = (server: RealServer) => `${server.ip}:${server.port}`;
  // Where it cannot map, ipvsadm stores the service's port (and only then finds what it is to delete).
  const stored = (server: RealServer) => `${server.ip}:${service.model === "nat" ? server.port : service.port}`;
  const known = new Map(before.map((server) => [id(server), server]));
  const wanted = new Set(service.realServers.map(id));
  const forwarding = FORWARDING_OPTION[service.model];
  return [
    ...before.filter((server) => !wanted.has(id(server))).map((server) => `-d ${key} -r ${stored(server)}`),
    ...service.realServers.flatMap((server) => {
      const line = `${key} -r ${id(server)} ${forwarding} -w ${server.weight}`;
      const old = known.get(id(server));
      if (!old) return [`-a ${line}`];
      return old.weight === server.weight ? [] : [`-e ${line}`];
    }),
  ];
}

function address(service: Service): string {
  return `${SERVICE_OPTION[service.protocol]} ${service.vip}:${service.port}`;
}
