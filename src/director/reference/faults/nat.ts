/** Faults of NAT-REQ: what becomes of a request that is translated. */

import { incrementalUpdate } from "../../../packet/checksum.js";
import { IPV4_HEADER_LENGTH, Ipv4 } from "../../../packet/ipv4.js";
import { portHeader } from "../connections.js";
import { CORRECT_STEPS, type Steps } from "../steps.js";
import { clampMss, replaceText, requests, type Sent4, STRANGER, seal, sealed } from "./edit.js";
import { BY_DIRECTOR, type DirectorFault } from "./fault.js";

const ECN = 0b11;
const NO_OPERATION = 1;

export const natFaults: readonly DirectorFault[] = [
  {
    ...BY_DIRECTOR,
    rule: "NAT-REQ-01",
    title: "the port is translated, and the address is not",
    steps: requests(
      "nat",
      sealed(({ ip, connection }) => {
        ip.dst = connection.request.dst;
      }),
    ),
    cause: "wrong-forwarding-method",
    cases: ["nat/request.yaml", "nat/request-udp.yaml", "nat/burst.yaml", "nat/replay.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-REQ-02",
    title: "requests come from the director's own address",
    steps: requests(
      "nat",
      sealed(({ ip }, { src }) => {
        ip.src = src;
      }),
    ),
    cause: "masquerading",
    cases: ["nat/request.yaml", "nat/request-udp.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-REQ-02",
    title: "requests come from another port than the client's",
    steps: requests(
      "nat",
      sealed(({ packet }) => {
        const ports = portHeader(packet);
        if (ports !== undefined) ports.srcPort ^= 0x8000;
      }),
    ),
    cause: "masquerading",
    cases: ["nat/request.yaml", "nat/request-udp.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-REQ-03",
    title: "the address is translated, and the port is not",
    steps: requests(
      "nat",
      sealed(({ packet, connection }) => {
        const ports = portHeader(packet);
        if (ports !== undefined) ports.dstPort = connection.request.dstPort;
      }),
    ),
    cause: "port-not-configured",
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-REQ-04",
    title: "frames for real servers have another source MAC than the NIC's, as behind a bridge",
    steps: towardsServers((datagram, nic, to) => CORRECT_STEPS.frames(datagram, { ...nic, mac: STRANGER }, to)),
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-REQ-04",
    title: "frames for real servers go to a MAC that is none of theirs",
    steps: towardsServers((datagram, nic) => CORRECT_STEPS.frames(datagram, nic, STRANGER)),
    cause: "stale-neighbour",
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-REQ-05",
    title: "requests get a TTL of the director's own, as from a proxy",
    steps: requests(
      "nat",
      sealed(({ ip }) => {
        ip.ttl = 64;
      }),
    ),
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-REQ-06",
    title: "the header checksum is that of the address before translation",
    steps: requests("nat", ({ ip, connection }) => {
      ip.dst = connection.request.dst;
      ip.updateChecksum();
      ip.dst = connection.server.ip;
    }),
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-REQ-07",
    title: "the checksum follows the address, and not the port",
    steps: requests("nat", ({ packet, connection }) => {
      const header = packet.tcp ?? packet.udp;
      if (header === undefined || packet.udp?.checksum === 0) return;
      header.checksum = incrementalUpdate(header.checksum, connection.server.port, connection.request.dstPort);
    }),
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-REQ-08",
    title: "ECN is cleared",
    steps: requests(
      "nat",
      sealed(({ ip }) => {
        ip.tos &= ~ECN;
      }),
    ),
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-REQ-08",
    title: "DF is set",
    steps: requests(
      "nat",
      sealed(({ ip }) => {
        ip.df = true;
      }),
    ),
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-REQ-08",
    title: "requests get an identification of the director's own",
    steps: requests(
      "nat",
      sealed(({ ip }, { nextId }) => {
        ip.id = nextId();
      }),
    ),
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-REQ-09",
    title: "IP options are overwritten",
    steps: requests(
      "nat",
      sealed(({ ip }) => {
        ip.options.fill(NO_OPERATION);
      }),
    ),
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-REQ-09",
    title: "IP options are taken out",
    steps: requests("nat", withoutOptions),
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-REQ-10",
    title: "the VIP in the payload is translated as well",
    steps: requests(
      "nat",
      sealed(({ packet }) => replaceText(packet, "10.0.0.10", "10.0.0.11")),
    ),
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-REQ-10",
    title: "the MSS is clamped",
    steps: requests(
      "nat",
      sealed(({ packet }) => clampMss(packet, 1300)),
    ),
    cause: "mss-clamping",
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-REQ-10",
    title: "sequence numbers are the director's own",
    steps: requests(
      "nat",
      sealed(({ packet: { tcp } }) => {
        if (tcp !== undefined) tcp.seq ^= 1;
      }),
    ),
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-REQ-11",
    title: "a UDP checksum of 0 is adjusted to the new address",
    steps: requests("nat", ({ packet: { udp }, connection }) => {
      if (udp?.checksum === 0) udp.checksum = incrementalUpdate(0, connection.request.dstPort, connection.server.port);
    }),
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-SCTP-01",
    title: "the CRC32c of SCTP is that of the port before translation",
    steps: requests("nat", ({ packet, connection }) => {
      const { sctp } = packet;
      if (sctp === undefined) return;
      sctp.dstPort = connection.request.dstPort;
      seal(packet);
      sctp.dstPort = connection.server.port;
    }),
  },
];

/** What leaves by the NIC on the side of the real servers; with one NIC both sides are one. */
function towardsServers(frames: Steps["frames"]): Partial<Steps> {
  return {
    frames: (datagram, nic, to) => (nic.name === "eth1" ? frames : CORRECT_STEPS.frames)(datagram, nic, to),
  };
}

function withoutOptions({ ip }: Sent4): Uint8Array {
  const [fixed, rest] = [ip.bytes.slice(0, IPV4_HEADER_LENGTH), ip.bytes.slice(ip.headerLength)];
  const bytes = Buffer.concat([fixed, rest]);
  const header = Object.assign(new Ipv4(bytes, 0), { headerLength: IPV4_HEADER_LENGTH, length: bytes.length });
  header.updateChecksum();
  return bytes;
}
