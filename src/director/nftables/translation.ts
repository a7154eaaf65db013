import type { Service } from "../../forwarding/setup.js";
import { flowMap, inTurn, markOf, nameOf } from "./shares.js";

/** The client of a flow, which is all that it is known by within its service. */
const FLOW = "ip saddr . th sport";

/**
 * The lines for `nft -f` by which the services of NAT are balanced, in the place of what there was: conntrack chooses for
 * the first packet of a connection, and translates all others, answers and ICMP errors as well.
 */
export function translation(services: readonly Service[]): string[] {
  const own = services.filter(({ model }) => model === "nat");
  if (own.length === 0) return [];
  return [
    "table ip hopcheck",
    "flush table ip hopcheck",
    "table ip hopcheck {",
    ...own.flatMap((service) => flowMap(service, FLOW)),
    ...own.flatMap(translateUntracked),
    "  chain choose {",
    "    type nat hook prerouting priority dstnat;",
    ...own.flatMap(choose),
    "  }",
    // Conntrack takes for invalid what a firewall would not let pass, such as a segment between SYN and SYN/ACK. A load
    // balancer has to forward it all the same, and conntrack translates nothing that is invalid.
    "  chain invalid {",
    "    type filter hook prerouting priority filter;",
    ...own.map((service) => `    ct state invalid ${matching(service)} goto untracked_${nameOf(service)}`),
    "  }",
    "  chain refuse {",
    "    type filter hook input priority filter;",
    ...own
      .filter((service) => inTurn(service, markOf) === undefined)
      .map((service) => `    ct state new ${matching(service)} reject with icmp port-unreachable`),
    "  }",
    "  chain pass {",
    "    type filter hook forward priority filter;",
    // An answer that was not translated would show the real server's address.
    "    ct state invalid meta mark 0 drop",
    // A connection outlives its server's place in the table.
    `    ct status dnat ct direction original meta l4proto { tcp, udp } ${notToAny(own)}drop`,
    "  }",
    "}",
  ];
}

function choose(service: Service): string[] {
  const chosen = inTurn(service, markOf);
  if (chosen === undefined) return [];
  const flows = `@flows_${nameOf(service)}`;
  const targets = mapOf(service, ({ ip, port }) => `${ip} . ${port}`);
  const remember = `meta mark set ${chosen} update ${flows} { ${FLOW} : meta mark }`;
  return [`    ${matching(service)} ${remember} dnat ip addr . port to meta mark map ${targets}`];
}

function translateUntracked(service: Service): string[] {
  const address = mapOf(service, ({ ip }) => ip);
  const port = mapOf(service, (server) => String(server.port));
  return [
    `  chain untracked_${nameOf(service)} {`,
    `    meta mark set ${FLOW} map @flows_${nameOf(service)} goto translate_${nameOf(service)}`,
    "  }",
    `  chain translate_${nameOf(service)} {`,
    ...(service.realServers.length > 0
      ? [`    ${service.protocol} dport set meta mark map ${port} ip daddr set meta mark map ${address} accept`]
      : []),
    "    drop",
    "  }",
  ];
}

function mapOf({ realServers }: Service, value: (server: Service["realServers"][number]) => string): string {
  return `{ ${realServers.map((server) => `${markOf(server)} : ${value(server)}`).join(", ")} }`;
}

/** Matches what goes to none of the services' real servers. */
function notToAny(services: readonly Service[]): string {
  const servers = services.flatMap(({ protocol, realServers }) =>
    realServers.map(({ ip, port }) => `${ip} . ${protocol} . ${port}`),
  );
  if (servers.length === 0) return "";
  return `ip daddr . meta l4proto . th dport != { ${[...new Set(servers)].join(", ")} } `;
}

function matching({ vip, protocol, port }: Service): string {
  return `ip daddr ${vip} ${protocol} dport ${port}`;
}
