/** Faults of NAT-RSP, NAT-TUP and NAT-TOP: what becomes of answers. */

import { incrementalUpdate } from "../../../packet/checksum.js";
import { TCP_FLAG } from "../../../packet/tcp.js";
import { portHeader } from "../connections.js";
import { CORRECT_STEPS, type Steps } from "../steps.js";
import { bridging, replaceText, replies, STRANGER, seal, sealed } from "./edit.js";
import { BY_DIRECTOR, type DirectorFault } from "./fault.js";

export const natAnswerFaults: readonly DirectorFault[] = [
  {
    ...BY_DIRECTOR,
    rule: "NAT-RSP-01",
    title: "answers come from the address of the NIC that they leave by",
    steps: replies(
      sealed(({ ip }, egress) => {
        ip.src = egress.ip;
      }),
    ),
    cause: "masquerading",
    cases: ["nat/reply.yaml", "nat/port-mapping.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-RSP-01",
    title: "answers come from the VIP and the real server's port",
    steps: replies(
      sealed(({ packet, connection }) => {
        const ports = portHeader(packet);
        if (ports !== undefined) ports.srcPort = connection.server.port;
      }),
    ),
    cases: ["nat/reply.yaml", "nat/port-mapping.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-RSP-02",
    title: "answers keep the MAC of the real server as their source, as behind a bridge",
    steps: bridging(({ name }) => name === "eth0"),
    cases: ["nat/reply.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-RSP-02",
    title: "answers go to a MAC that is not the router's",
    steps: towardsClients((datagram, nic) => CORRECT_STEPS.frames(datagram, nic, STRANGER)),
    cause: "wrong-route-to-client",
    cases: ["nat/reply.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-RSP-02",
    title: "answers go to another port than the client's",
    steps: replies(
      sealed(({ packet }) => {
        const ports = portHeader(packet);
        if (ports !== undefined) ports.dstPort ^= 1;
      }),
    ),
    cases: ["nat/reply.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-RSP-03",
    title: "DF of answers is cleared",
    steps: replies(
      sealed(({ ip }) => {
        ip.df = false;
      }),
    ),
    cases: ["nat/reply.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-RSP-03",
    title: "answers get a TTL of the director's own",
    steps: replies(
      sealed(({ ip }) => {
        ip.ttl = 128;
      }),
    ),
    cases: ["nat/reply.yaml", "nat/ttl.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-RSP-03",
    title: "the VIP in the payload of answers is translated as well",
    steps: replies(sealed(({ packet }) => replaceText(packet, "10.0.0.10", "10.0.0.11"))),
    cases: ["nat/reply.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-RSP-03",
    title: "the checksum of answers is not adjusted",
    steps: replies(({ packet }) => {
      const header = packet.tcp ?? packet.udp;
      if (header !== undefined) header.checksum ^= 0x0101;
    }),
    cases: ["nat/reply.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-RSP-05",
    title: "answers are translated while the connection opens, and no longer",
    steps: {
      translateReply: (packet, connection, egress) => {
        if (packet.tcp === undefined || packet.tcp.flags & TCP_FLAG.syn)
          CORRECT_STEPS.translateReply(packet, connection, egress);
      },
    },
    cause: "connection-not-found",
    cases: ["nat/reply.yaml", "nat/closing.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-REQ-11",
    title: "a UDP checksum of 0 of an answer is adjusted to the new address",
    steps: replies(({ packet: { udp }, connection: { request, server } }) => {
      if (udp?.checksum === 0) udp.checksum = incrementalUpdate(0, server.port, request.dstPort);
    }),
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-SCTP-01",
    title: "the CRC32c of an answer is that of the port before translation",
    steps: replies(({ packet, connection }) => {
      const { sctp } = packet;
      if (sctp === undefined) return;
      sctp.srcPort = connection.server.port;
      seal(packet);
      sctp.srcPort = connection.request.dstPort;
    }),
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-TUP-01",
    title: "whatever a real server sends to a client of a connection is translated",
    steps: {
      findReply: (connections, tuple) => {
        const ofClient = [...connections.all()].find(
          ({ model, request }) => model === "nat" && request.src === tuple.dst && request.srcPort === tuple.dstPort,
        );
        return CORRECT_STEPS.findReply(connections, tuple) ?? ofClient;
      },
    },
  },
];

/** What leaves by the NIC on the clients' side. */
function towardsClients(frames: Steps["frames"]): Partial<Steps> {
  return {
    frames: (datagram, nic, to) => (nic.name === "eth0" ? frames : CORRECT_STEPS.frames)(datagram, nic, to),
  };
}
