/** Faults of GEN-SVC: what is taken for a service, and who answers what is none. */

import type { Service } from "../../../forwarding/setup.js";
import { IP_PROTOCOL } from "../../../packet/ip.js";
import { decode, decodeIp, type Packet } from "../../../packet/packet.js";
import { TCP_FLAG } from "../../../packet/tcp.js";
import type { Tuple } from "../connections.js";
import { CORRECT_STEPS, type Steps } from "../steps.js";
import { seal } from "./edit.js";
import { BY_DIRECTOR, type DirectorFault } from "./fault.js";

const isProtocolOf = (service: Service, { protocol }: Tuple) => IP_PROTOCOL[service.protocol] === protocol;

export const serviceFaults: readonly DirectorFault[] = [
  {
    ...BY_DIRECTOR,
    rule: "GEN-SVC-01",
    title: "every frame leaves twice",
    steps: {
      frames: (...leaving) => [...CORRECT_STEPS.frames(...leaving), ...CORRECT_STEPS.frames(...leaving)],
    },
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-SVC-01",
    title: "every request goes to all real servers, as a hub would flood it",
    steps: { frames: flooding() },
    cases: ["dr/round-robin.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-SVC-01",
    title: "a SYN to a service is answered with a reset",
    steps: { opensConnection: ({ udp }) => udp !== undefined },
    cases: ["nat/round-robin.yaml", "dr/request.yaml", "tun/request.yaml"],
    cause: "service-not-configured",
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-SVC-02",
    title: "any port of the VIP is balanced, whatever the services say",
    steps: {
      findService: (services, tuple) => {
        const own = services.all().filter(({ vip }) => vip === tuple.dst);
        const other = own.find((service) => isProtocolOf(service, tuple));
        return services.find(tuple) ?? (own.some(({ port }) => port === tuple.dstPort) ? undefined : other);
      },
    },
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-SVC-03",
    title: "a service is found by address and port, whatever the protocol",
    steps: {
      findService: (services, tuple) => {
        const found = services.all().find(({ vip, port }) => vip === tuple.dst && port === tuple.dstPort);
        return services.find(tuple) ?? found;
      },
    },
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-SVC-04",
    title: "a service is found by protocol and port, at any address of the director",
    steps: {
      findService: (services, tuple) => {
        const isVip = services.all().some(({ vip }) => vip === tuple.dst);
        const found = services.all().find((one) => one.port === tuple.dstPort && isProtocolOf(one, tuple));
        return services.find(tuple) ?? (isVip ? undefined : found);
      },
    },
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-SVC-05",
    title: "every IP protocol is balanced, echo requests as well",
    steps: {
      tupleOf: (packet) => CORRECT_STEPS.tupleOf(packet) ?? echoTuple(packet),
      findService: (services, tuple) =>
        tuple.protocol === IP_PROTOCOL.icmp
          ? services.all().find(({ vip }) => vip === tuple.dst)
          : CORRECT_STEPS.findService(services, tuple),
      opensConnection: (packet) => packet.icmp !== undefined || CORRECT_STEPS.opensConnection(packet),
    },
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-SVC-05",
    title: "an echo reply has another sequence number than its request",
    steps: {
      echoReply: (request, id) => {
        const reply = CORRECT_STEPS.echoReply(request, id);
        if (reply === undefined) return undefined;
        const packet = decodeIp(reply);
        if (packet.icmp !== undefined) packet.icmp.rest ^= 1;
        seal(packet);
        return reply;
      },
    },
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-SVC-06",
    title: "any segment opens a connection",
    steps: { opensConnection: ({ tcp, udp }) => (tcp ?? udp) !== undefined },
    cause: "sloppy-tcp",
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-SVC-06",
    title: "a reset is answered with a reset",
    steps: {
      reset: (segment, id) => {
        const { tcp } = segment;
        if (tcp !== undefined) tcp.flags &= ~TCP_FLAG.rst;
        return CORRECT_STEPS.reset(segment, id);
      },
    },
  },
  {
    ...BY_DIRECTOR,
    rule: "GEN-SVC-07",
    title: "a corrupt IP header is mended",
    steps: {
      accepts: (packet, network) => {
        const copy = decode(new Uint8Array(packet.bytes));
        copy.ip?.updateChecksum();
        return CORRECT_STEPS.accepts(copy, network);
      },
    },
  },
];

/** A frame for every MAC that has been sent one from the NIC so far. */
function flooding(): Steps["frames"] {
  const receivers = new Map<string, Set<string>>();
  return (datagram, nic, to) => {
    const known = receivers.get(nic.mac) ?? new Set();
    receivers.set(nic.mac, known.add(to));
    return [...known].flatMap((mac) => CORRECT_STEPS.frames(datagram, nic, mac));
  };
}

function echoTuple({ ip, icmp }: Packet): Tuple | undefined {
  if (ip === undefined || icmp?.kind !== "echo") return undefined;
  return { protocol: ip.protocol, src: ip.src, srcPort: icmp.id, dst: ip.dst, dstPort: 0 };
}
