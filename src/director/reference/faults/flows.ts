/** Faults of GEN-L4, GEN-TTL and GEN-FLOW: what every packet of a flow may expect. */

import { decodeIp, type Packet } from "../../../packet/packet.js";
import { TCP_FLAG } from "../../../packet/tcp.js";
import { CORRECT_STEPS, type Steps } from "../steps.js";
import { allRequests, replies, seal } from "./edit.js";
import { BY_DIRECTOR, type DirectorFault } from "./fault.js";

export const flowFaults: readonly DirectorFault[] = [
  {
    ...BY_DIRECTOR,
    rule: "GEN-L4-01",
    title: "checksums of requests are computed afresh, wrong ones as well",
    steps: allRequests(({ packet }) => {
      if (packet.udp?.checksum !== 0) seal(packet);
    }),
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-L4-01",
    title: "checksums of answers are computed afresh, wrong ones as well",
    steps: replies(({ packet }) => {
      if (packet.udp?.checksum !== 0) seal(packet);
    }),
    cases: ["nat/corrupt.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-TTL-01",
    title: "the TTL is left as it is",
    steps: { countDown: () => undefined },
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-TTL-01",
    title: "the TTL is counted down twice",
    steps: {
      countDown: (ip) => {
        ip.ttl -= ip.ttl > 2 ? 2 : 1;
        ip.updateChecksum();
      },
    },
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-TTL-01",
    title: "the TTL of answers is left as it is",
    steps: replies(({ ip }) => {
      ip.ttl += 1;
      ip.updateChecksum();
    }),
    cases: ["nat/reply.yaml", "nat/ttl.yaml", "nat/one-arm.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-TTL-02",
    title: "a packet with TTL 1 is sent on with TTL 0",
    steps: { isExpired: ({ ttl }) => ttl === 0 },
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-FLOW-01",
    title: "a SYN that is sent again, and every datagram, is scheduled anew",
    steps: { replaces: (_, packet) => CORRECT_STEPS.opensConnection(packet) },
    cause: "connection-not-found",
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-FLOW-01",
    title: "every segment with data is scheduled anew",
    steps: {
      replaces: (connection, packet) => hasData(packet) || CORRECT_STEPS.replaces(connection, packet),
      opensConnection: (packet) => hasData(packet) || CORRECT_STEPS.opensConnection(packet),
    },
    cause: "connection-not-found",
    cases: ["dr/flows.yaml", "tun/flows.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-FLOW-01",
    title: "a connection is found by its SYN alone",
    steps: swallowing((flags) => (flags & (TCP_FLAG.syn | TCP_FLAG.rst | TCP_FLAG.fin)) === 0),
    cause: "connection-not-found",
    cases: ["nat/affinity.yaml", "dr/flows.yaml", "tun/flows.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-FLOW-02",
    title: "a RST ends its connection before it is sent on",
    steps: swallowing((flags) => (flags & TCP_FLAG.rst) !== 0),
    cause: "connection-not-found",
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-FLOW-02",
    title: "a FIN ends its connection before it is sent on",
    steps: swallowing((flags) => (flags & TCP_FLAG.fin) !== 0),
    cause: "connection-not-found",
  },
];

const hasData = ({ tcp, payload }: Packet) => tcp !== undefined && payload.length > 0;

/** No frame for a segment with such flags. */
function swallowing(isSwallowed: (flags: number) => boolean): Partial<Steps> {
  return {
    frames: (datagram, nic, to) => {
      const { tcp } = decodeIp(datagram);
      return tcp !== undefined && isSwallowed(tcp.flags) ? [] : CORRECT_STEPS.frames(datagram, nic, to);
    },
  };
}
