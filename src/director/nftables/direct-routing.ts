import type { Host, Nic, Service } from "../../forwarding/setup.js";
import { nicTowards } from "../../lab/segments.js";
import { flowMap, inTurn, MOST_FLOWS, markOf, nameOf } from "./shares.js";

/**
 * What a flow is known by within its service: the client's address and port. Bytes and no fields, so that nft takes them
 * for the same type as those of a packet that an ICMP error quotes; and the port in halves, for in one piece it is a field.
 */
const FLOW = "@nh,96,32 . @th,0,8 . @th,8,8";
const QUOTED_FLOW = "@nh,352,32 . @nh,400,8 . @nh,408,8";
/** The service that the quoted packet came from: its protocol, address and port; and that its header has no options. */
const QUOTED_SERVICE = "@nh,296,8 . @nh,320,32 . @nh,384,16";
const QUOTED_IS_PLAIN = "@nh,228,4 5";

/** Seconds in which the ports of a closed connection are remembered, as IPVS has it for FIN. */
const CLOSED_TIMEOUT = 120;

const ERRORS = "{ destination-unreachable, time-exceeded, parameter-problem }";
const PROTOCOL_NUMBER = { tcp: 6, udp: 17, sctp: 132 } as const;

/**
 * The lines for `nft -f` by which the services of DR are balanced, in the place of what there was: at the ingress of the
 * director's NICs, before its IP stack. Nothing is tracked there; a flow is remembered with the mark of its real server.
 */
export function directRouting(services: readonly Service[], host: Host): string[] {
  const own = services.filter(({ model }) => model === "dr");
  if (own.length === 0) return [];
  const nics = host.nics.map(({ name }) => name);
  return [
    "table netdev hopcheck",
    "flush table netdev hopcheck",
    "table netdev hopcheck {",
    ...own.flatMap((service) => flowMap(service, FLOW)),
    ...forward(own, host),
    ...own.flatMap(chainsOf),
    "  chain ingress {",
    `    type filter hook ingress devices = { ${nics.join(", ")} } priority filter;`,
    // Behind the first fragment there are no ports, and nothing puts datagrams together here.
    `    ip frag-off & 0x3fff != 0 ip daddr ${oneOf(own.map(({ vip }) => vip))} drop`,
    `    icmp type ${ERRORS} ${QUOTED_IS_PLAIN} ${QUOTED_SERVICE} vmap { ${own.map(quotedService).join(", ")} }`,
    `    ip daddr . meta l4proto . th dport vmap { ${own.map(addressedService).join(", ")} }`,
    "  }",
    "}",
  ];
}

/**
 * Sends a packet to the real server that its mark stands for. `fwd ip to` takes one off its TTL and asks for the MAC; that a
 * packet may be too old or too long is left to the rules, which can only drop it.
 */
function forward(services: readonly Service[], host: Host): string[] {
  const servers = new Map<Nic, Set<string>>();
  for (const { ip } of services.flatMap(({ realServers }) => realServers)) {
    const nic = nicTowards(host, ip);
    servers.set(nic, (servers.get(nic) ?? new Set()).add(`${markOf({ ip })} : ${ip}`));
  }
  return [
    "  chain forward {",
    "    ip ttl < 2 drop",
    ...[...servers].map(([{ name, mtu }, entries]) => {
      return `    meta length <= ${mtu} fwd ip to meta mark map { ${[...entries].join(", ")} } device ${name}`;
    }),
    // Too long, or its real server was removed.
    "    drop",
    "  }",
  ];
}

function chainsOf(service: Service): string[] {
  const name = nameOf(service);
  const isTcp = service.protocol === "tcp";
  const keep = `update @flows_${name} { ${FLOW} : meta mark } goto forward`;
  const chosen = inTurn(service, markOf);
  return [
    ...(isTcp ? closedSet(name) : []),
    `  chain new_${name} {`,
    ...(isTcp ? ["    tcp flags & (syn | rst) != syn return"] : []),
    chosen === undefined ? "    reject with icmp port-unreachable" : `    meta mark set ${chosen} ${keep}`,
    "  }",
    `  chain service_${name} {`,
    ...(isTcp ? closing(name) : []),
    `    meta mark set ${FLOW} map @flows_${name} ${keep}`,
    `    goto new_${name}`,
    "  }",
    `  chain quoted_${name} {`,
    `    meta mark set ${QUOTED_FLOW} map @flows_${name} goto forward`,
    "  }",
  ];
}

function closedSet(name: string): string[] {
  return [
    `  set closed_${name} {`,
    `    typeof ${FLOW}`,
    `    size ${MOST_FLOWS}; flags dynamic,timeout; timeout ${CLOSED_TIMEOUT}s`,
    "  }",
  ];
}

/** A SYN with the ports of a connection that was closed begins a new one; all else still belongs to the old one. */
function closing(name: string): string[] {
  return [
    `    tcp flags & (fin | rst) != 0 update @closed_${name} { ${FLOW} }`,
    `    tcp flags & (syn | rst) == syn ${FLOW} @closed_${name} delete @closed_${name} { ${FLOW} } goto new_${name}`,
  ];
}

function addressedService(service: Service): string {
  const { vip, protocol, port } = service;
  return `${vip} . ${protocol} . ${port} : goto service_${nameOf(service)}`;
}

function quotedService(service: Service): string {
  const { vip, protocol, port } = service;
  return `${PROTOCOL_NUMBER[protocol]} . ${markOf({ ip: vip })} . ${port} : goto quoted_${nameOf(service)}`;
}

function oneOf(values: readonly string[]): string {
  return `{ ${[...new Set(values)].join(", ")} }`;
}
