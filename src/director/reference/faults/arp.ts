/** Faults of NAT-ARP and DR-ARP: in whose name the director asks, and what it answers. */

import { NOBODY } from "../../../packet/arp.js";
import { BROADCAST } from "../../../packet/ethernet.js";
import { decode } from "../../../packet/packet.js";
import type { Network } from "../network.js";
import { CORRECT_STEPS, type Steps } from "../steps.js";
import { STRANGER } from "./edit.js";
import { BY_DIRECTOR, type DirectorFault } from "./fault.js";

const NO_ANSWER = "real servers hold the VIP as well, and do not answer who asks in one of their own names";

export const arpFaults: readonly DirectorFault[] = [
  {
    ...BY_DIRECTOR,
    rule: "NAT-ARP-01",
    title: "real servers are asked for in the name of the VIP",
    steps: asking(({ vips }) => [...vips][0]),
    cause: "vip-is-primary-address",
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-ARP-01",
    title: "real servers are asked for in nobody's name",
    steps: asking(() => NOBODY),
  },
  {
    ...BY_DIRECTOR,
    rule: "DR-ARP-01",
    title: "nobody answers for the VIP",
    steps: {
      arpReply: (nic, request) => (request.targetIp === nic.ip ? CORRECT_STEPS.arpReply(nic, request) : undefined),
    },
    cause: "vip-not-on-director",
    cases: ["dr/arp.yaml", "dr/arp-unicast.yaml", "dr/arp-unusual.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "DR-ARP-01",
    title: "the answer for the VIP gives another MAC than the NIC's",
    steps: {
      arpReply: (nic, request) => {
        const reply = CORRECT_STEPS.arpReply(nic, request);
        const { arp } = decode(reply ?? new Uint8Array());
        if (arp !== undefined) arp.senderMac = STRANGER;
        return reply;
      },
    },
    cases: ["dr/arp.yaml", "dr/arp-unicast.yaml", "dr/arp-unusual.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "DR-ARP-01",
    title: "the answer for the VIP is broadcast",
    steps: {
      arpReply: (nic, request) => {
        const reply = CORRECT_STEPS.arpReply(nic, request);
        const { eth } = decode(reply ?? new Uint8Array());
        // Its other answers stay as they are: canaries go by one of them.
        if (eth !== undefined && request.targetIp !== nic.ip) eth.dst = BROADCAST;
        return reply;
      },
    },
    cases: ["dr/arp.yaml", "dr/arp-unicast.yaml", "dr/arp-unusual.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "DR-ARP-09",
    title: "real servers are asked for in the name of the VIP",
    steps: asking(({ vips }) => [...vips][0]),
    cause: "vip-is-primary-address",
    also: { "GEN-SVC-01": NO_ANSWER },
  },
  {
    ...BY_DIRECTOR,
    rule: "DR-ARP-09",
    title: "real servers are asked for in nobody's name",
    steps: asking(() => NOBODY),
  },
];

/** ARP requests with another sender. */
function asking(inTheNameOf: (network: Network) => string | undefined): Partial<Steps> {
  return {
    arpRequest: (nic, targetIp, network) => {
      const request = CORRECT_STEPS.arpRequest(nic, targetIp, network);
      const { arp } = decode(request);
      const sender = inTheNameOf(network);
      if (arp !== undefined && sender !== undefined) arp.senderIp = sender;
      return request;
    },
  };
}
