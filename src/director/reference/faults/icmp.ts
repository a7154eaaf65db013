/** Faults of NAT-ICMP, DR-ICMP and TUN-ICMP: whom ICMP errors about a flow reach, and in whose terms. */

import { CORRECT_STEPS, type Steps } from "../steps.js";
import { errors, seal, sealed } from "./edit.js";
import { BY_DIRECTOR, type DirectorFault } from "./fault.js";

/** What is wrong with errors of the client's side in every model. */
function clientErrors(rule: string): DirectorFault[] {
  return [
    {
      ...BY_DIRECTOR,
      rule,
      title: "ICMP errors about a flow end at the director",
      steps: { relaysError: () => false },
      cause: "icmp-filtered",
    },
    {
      ...BY_DIRECTOR,
      rule,
      title: "ICMP errors go to another real server than the one that has the flow",
      steps: { findQuoted },
    },
  ];
}

const findQuoted: Steps["findQuoted"] = (connections, tuple) => {
  const right = CORRECT_STEPS.findQuoted(connections, tuple);
  const others = [...connections.all()].filter(({ model }) => model === right?.model);
  return right && (others.find(({ server }) => server.ip !== right.server.ip) ?? right);
};

export const icmpFaults: readonly DirectorFault[] = [
  {
    ...BY_DIRECTOR,
    rule: "NAT-ICMP-01",
    title: "ICMP errors of real servers end at the director",
    steps: { relaysError: () => false },
    cause: "icmp-filtered",
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-ICMP-01",
    title: "ICMP errors of real servers are translated outside only",
    steps: {
      translateErrorToClient: (packet, connection) => {
        const quote = new Uint8Array(packet.quoted?.bytes ?? []);
        CORRECT_STEPS.translateErrorToClient(packet, connection);
        packet.quoted?.bytes.set(quote);
        seal(packet);
      },
    },
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-ICMP-01",
    title: "ICMP errors of real servers are translated inside only",
    steps: {
      translateErrorToClient: (packet, connection) => {
        const { ip4: ip } = packet;
        CORRECT_STEPS.translateErrorToClient(packet, connection);
        if (ip === undefined) return;
        ip.src = connection.server.ip;
        ip.updateChecksum();
      },
    },
  },
  ...clientErrors("NAT-ICMP-02"),
  {
    ...BY_DIRECTOR,
    rule: "NAT-ICMP-02",
    title: "ICMP errors of the client's side are translated outside only",
    steps: errors(
      "nat",
      sealed(({ packet: { quoted }, connection: { request } }) => {
        const ports = quoted?.tcp ?? quoted?.udp;
        if (quoted?.ip4 === undefined || ports === undefined) return;
        quoted.ip4.src = request.dst;
        ports.srcPort = request.dstPort;
        quoted.ip4.updateChecksum();
      }),
    ),
  },
  ...clientErrors("DR-ICMP-01"),
  {
    ...BY_DIRECTOR,
    rule: "DR-ICMP-01",
    title: "ICMP errors come from the director's own address",
    steps: errors(
      "dr",
      sealed(({ ip }, { src }) => {
        ip.src = src;
      }),
    ),
  },
  ...clientErrors("TUN-ICMP-01"),
];
