/** Faults of GEN-SCH: whose turn it is. */

import type { RealServer, Service } from "../../../forwarding/setup.js";
import { ConnectionTable } from "../connections.js";
import { CORRECT_STEPS, type Steps } from "../steps.js";
import { BY_DIRECTOR, type DirectorFault } from "./fault.js";

const isAvailable = ({ weight }: RealServer) => weight > 0;

export const schedulingFaults: readonly DirectorFault[] = [
  {
    ...BY_DIRECTOR,
    rule: "GEN-SCH-01",
    title: "the turn begins anew before the last server had its own",
    steps: choosingFrom(({ scheduler, realServers }) => {
      const isSkipped = scheduler === "rr" && realServers.filter(isAvailable).length > 1;
      return isSkipped ? realServers.filter((server) => server !== realServers.findLast(isAvailable)) : realServers;
    }),
    cause: "wrong-scheduler",
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-SCH-02",
    title: "weights are priorities: the heaviest server gets all",
    steps: choosingFrom(({ scheduler, realServers }) => {
      const greatest = Math.max(...realServers.map(({ weight }) => weight));
      return scheduler === "wrr" ? realServers.filter(({ weight }) => weight === greatest) : realServers;
    }),
    cause: "weights-not-effective",
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-SCH-02",
    title: "all weights count as one",
    steps: choosingFrom(({ scheduler, realServers }) =>
      scheduler === "wrr" ? realServers.map((server) => ({ ...server, weight: 1 })) : realServers,
    ),
    cause: "weights-not-effective",
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-SCH-03",
    title: "a server of weight 0 takes its turn among others",
    steps: choosingFrom(({ realServers }) =>
      realServers.some(isAvailable) ? realServers.map((server) => ({ ...server, weight: 1 })) : realServers,
    ),
    cause: "persistence",
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-SCH-03",
    title: "weight 0 cuts the connections that a server has",
    steps: {
      standing: (services, connection) => {
        const { request, server } = connection;
        const drained = services.find(request)?.realServers.filter((own) => !isAvailable(own)) ?? [];
        return drained.some(({ ip }) => ip === server.ip) ? "removed" : services.standing(connection);
      },
    },
    cause: "connection-not-found",
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-SCH-04",
    title: "where all weights are 0 they count as 1",
    steps: choosingFrom(({ realServers }) =>
      realServers.some(isAvailable) ? realServers : realServers.map((server) => ({ ...server, weight: 1 })),
    ),
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-SCH-05",
    title: "a removed server still gets the packets of its connections",
    steps: { standing: () => "available" },
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-SCH-05",
    title: "the connections of a removed server are handed to another one",
    steps: { standing: handOver },
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-SCH-11",
    title: "a SYN goes where the last connection on its ports went, closed or not",
    steps: { replaces: () => false },
    cause: "conn-reuse-off",
  },
];

function handOver(...[services, connection]: Parameters<Steps["standing"]>) {
  const service = services.find(connection.request);
  if (service !== undefined && services.standing(connection) === "removed") {
    const server = services.schedule(service, connection.request, new ConnectionTable());
    if (server !== undefined) Object.assign(connection, { server });
  }
  return services.standing(connection);
}

/** The right scheduler, with other servers or weights than those configured. */
function choosingFrom(servers: (service: Service) => readonly RealServer[]): Partial<Steps> {
  return balancing((service) => ({ ...service, realServers: servers(service) }));
}

/** The right choice for another service than the one configured. */
export function balancing(edit: (service: Service) => Service): Partial<Steps> {
  return {
    schedule: (services, service, tuple, connections) =>
      CORRECT_STEPS.schedule(services, edit(service), tuple, connections),
  };
}
