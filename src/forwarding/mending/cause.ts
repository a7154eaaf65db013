/** What causes are made of, and the commands that many of them share. */

import { endpoint, isIp6 } from "../../packet/address.js";
import { GUE_PORT } from "../../packet/gue.js";
import type { Packet } from "../../packet/packet.js";
import type { Cause } from "../rule.js";
import { forwardingModel, type Service } from "../setup.js";
import type { Site } from "../site.js";

export interface CauseOf {
  readonly id: string;
  /** The cause at a site; undefined where it cannot be the cause there. */
  at(site: Site): Cause | undefined;
}

/** A command for a site, ready to paste. */
export type Command = (site: Site) => string;

interface Commands {
  /** Shows whether it is the cause. */
  readonly confirm: Command;
  /** Mends it; left out where no command can. */
  readonly fix?: Command;
}

type Text = string | ((site: Site) => string);

/** A cause that comes into question only where the frame in which it shows is of a kind. */
export function where(shows: (frame: Packet) => boolean, then: CauseOf): CauseOf {
  return when(({ shown }) => shown === undefined || shows(shown), then);
}

/** A cause that comes into question only for findings of a kind. */
export function when(holds: (site: Site) => boolean, then: CauseOf): CauseOf {
  return { id: then.id, at: (site) => (holds(site) ? then.at(site) : undefined) };
}

/** What is wrong with a director, and looked into there. */
export function onDirector(id: string, text: Text, commands: Commands): CauseOf {
  return cause(id, text, commands, ({ director }) => director);
}

/** What is wrong with a real server, and looked into there. */
export function onServer(id: string, text: Text, commands: Commands): CauseOf {
  return cause(id, text, commands, ({ server }) => server.name);
}

/** What is wrong on the way between them. */
export function inNetwork(id: string, text: Text, commands: Commands): CauseOf {
  return cause(id, text, commands, () => undefined);
}

function cause(id: string, text: Text, { confirm, fix }: Commands, on: (site: Site) => string | undefined): CauseOf {
  return {
    id,
    at(site) {
      const host = on(site);
      return {
        id,
        text: typeof text === "string" ? text : text(site),
        ...(host === undefined ? {} : { on: host }),
        confirm: confirm(site),
        ...(fix === undefined ? {} : { fix: fix(site) }),
      };
    },
  };
}

/** The same on directors and real servers. */
export const REVERSE_PATH = {
  text: "Strict reverse path filtering drops the packet; the greater of conf.all and the NIC's own value counts.",
  confirm: () => "nstat -az TcpExtIPReversePathFilter; sysctl -ar '^net.ipv4.conf.*rp_filter'",
};

/** Shows a service with its scheduler, and the method, port and weight of each of its real servers. */
export const listed: Command = ({ service }) => `ipvsadm -ln ${serviceFlag(service)}`;

/** Shows whether the host holds the VIP, on which device and with which prefix. */
export const addresses: Command = ({ service }) => `ip addr show to ${service.vip}`;

/** Shows the next hop towards the client. */
export const wayToClient: Command = ({ client }) => `ip route get ${client}`;

/** Shows which program listens on the service's port, and at which address. */
export const listeners: Command = ({ service }) =>
  `ss -ln${service.protocol === "udp" ? "u" : "t"}p sport = :${service.port}`;

/** Shows a setting of a NIC, of which the greater one counts. */
export function sysctlOfNic(name: string): Command {
  return ({ nic }) => `sysctl net.ipv4.conf.all.${name} net.ipv4.conf.${nic?.name ?? "eth0"}.${name}`;
}

export function methodOf(service: Service): string {
  const { tunnel } = service;
  const model = forwardingModel(service);
  if (model !== "tun") return { nat: "-m", dr: "-g" }[model];
  if (tunnel.kind === "ipip") return "-i";
  const port = tunnel.kind === "gue" ? ` --tun-port ${GUE_PORT}` : "";
  return `-i --tun-type ${tunnel.kind}${port}${tunnel.checksum ? " --tun-csum" : ""}`;
}

export function serviceFlag({ protocol, vip, port }: Service): string {
  return `-${{ tcp: "t", udp: "u", sctp: "-sctp-service" }[protocol]} ${endpoint(vip, port)}`;
}

/** An address as `ip` wants it where it stands alone. */
export function alone(ip: string): string {
  return `${ip}/${isIp6(ip) ? 128 : 32}`;
}

export function editServer({ service, server }: Site, more: string): string {
  return `ipvsadm -e ${serviceFlag(service)} -r ${endpoint(server.ip, server.port)} ${more}`;
}
