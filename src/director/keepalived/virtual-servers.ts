import { type ForwardingModel, forwardingModel, type RealServer, type Service } from "../../forwarding/setup.js";
import { isIp6 } from "../../packet/address.js";
import { GUE_PORT } from "../../packet/gue.js";
import { netmask } from "../ipvs.js";

const METHOD: Readonly<Record<ForwardingModel, string>> = { nat: "NAT", dr: "DR", tun: "TUN" };

/** The text of a keepalived.conf for these services: no checks of their health, and no VRRP. */
export function virtualServers(services: readonly Service[]): string {
  const seen = new Set<string>();
  const blocks = services.flatMap((service) => {
    // Services with one mark are one virtual server.
    const head = headOf(service);
    if (seen.has(head)) return [];
    seen.add(head);
    return virtualServer(head, service);
  });
  return blocks.map((line) => `${line}\n`).join("");
}

function virtualServer(head: string, service: Service): string[] {
  const { vip, protocol, scheduler, schedulerFlags, onePacket, mark, persistence, realServers } = service;
  return [
    `virtual_server ${head} {`,
    `  lvs_sched ${scheduler}`,
    ...schedulerFlags.map((flag) => `  ${flag}`),
    `  lvs_method ${methodOf(service)}`,
    ...(mark === undefined
      ? [`  protocol ${protocol.toUpperCase()}`]
      : [`  ip_family ${isIp6(vip) ? "inet6" : "inet"}`]),
    ...(onePacket ? ["  ops"] : []),
    ...(persistence
      ? [
          `  persistence_timeout ${persistence.timeout}`,
          `  persistence_granularity ${isIp6(vip) ? persistence.prefix : netmask(persistence.prefix)}`,
        ]
      : []),
    ...realServers.flatMap((server) => realServer(service, server)),
    "}",
  ];
}

function realServer({ mark }: Service, { ip, port, weight, limit }: RealServer): string[] {
  return [
    `  real_server ${mark === undefined ? `${ip} ${port}` : ip} {`,
    `    weight ${weight}`,
    ...(limit === undefined ? [] : [`    uthreshold ${limit}`]),
    "  }",
  ];
}

function headOf({ mark, vip, port }: Service): string {
  return mark === undefined ? `${vip} ${port}` : `fwmark ${mark}`;
}

function methodOf(service: Service): string {
  const { kind, checksum } = service.tunnel;
  const model = forwardingModel(service);
  if (model !== "tun" || kind === "ipip") return METHOD[model];
  return `TUN type ${kind}${kind === "gue" ? ` port ${GUE_PORT}` : ""} ${checksum ? "csum" : "nocsum"}`;
}
