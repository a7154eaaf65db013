/** Faults of GEN-SCH-06 to -12 and of GEN-UNR: what a service is told beside its scheduler, and servers that are not there. */

import { ICMP_HOST_UNREACHABLE, ICMP_TYPE } from "../../../packet/icmp.js";
import { hashOf } from "../hash.js";
import { CORRECT_STEPS, type Steps } from "../steps.js";
import { BY_DIRECTOR, type DirectorFault } from "./fault.js";
import { balancing } from "./scheduling.js";

export const serviceOptionFaults: readonly DirectorFault[] = [
  {
    ...BY_DIRECTOR,
    rule: "GEN-SCH-06",
    title: "the hash of a client includes its port",
    steps: balancing((service) => ({ ...service, schedulerFlags: [...service.schedulerFlags, "sh-port"] })),
    cause: "hash-includes-port",
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-SCH-07",
    title: "a client's hash is taken modulo the number of servers",
    steps: { schedule: modulo },
    cause: "wrong-scheduler",
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-SCH-08",
    title: "no client is remembered",
    steps: balancing(({ persistence: _, ...service }) => service),
    cause: "not-persistent",
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-SCH-08",
    title: "a client is remembered by its address, whatever the prefix",
    steps: balancing(({ persistence, ...service }) =>
      persistence === undefined ? service : { ...service, persistence: { ...persistence, prefix: 32 } },
    ),
    cause: "not-persistent",
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-SCH-09",
    title: "datagrams of one client port follow the first one",
    steps: { keepsConnection: () => true },
    cause: "not-one-packet",
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-SCH-10",
    title: "of the ports that share a mark only the first is balanced",
    steps: {
      findService: (services, tuple) => {
        const found = services.find(tuple);
        const first = services.all().find(({ mark }) => mark !== undefined && mark === found?.mark);
        return first === undefined || first === found ? found : undefined;
      },
    },
    cause: "packets-not-marked",
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-SCH-12",
    title: "a server's limit is not minded",
    steps: balancing((service) => ({
      ...service,
      realServers: service.realServers.map(({ limit: _, ...server }) => server),
    })),
    cause: "threshold-not-configured",
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-UNR-01",
    title: "nobody is told that a real server does not answer",
    steps: {
      icmpError: (about, error, src, id) =>
        error.type === ICMP_TYPE.unreachable && error.code === ICMP_HOST_UNREACHABLE
          ? undefined
          : CORRECT_STEPS.icmpError(about, error, src, id),
    },
    cause: "icmp-filtered",
  },
];

function modulo(...[services, service, tuple, connections]: Parameters<Steps["schedule"]>) {
  const { scheduler, realServers } = service;
  if (scheduler !== "mh") return CORRECT_STEPS.schedule(services, service, tuple, connections);
  return realServers[hashOf(tuple.src) % realServers.length];
}
