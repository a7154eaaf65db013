/** Faults of NAT-FRAG, DR-FRAG and TUN-FRAG: what came in fragments, and what leaves in them. */

import { decode, type Packet } from "../../../packet/packet.js";
import { CORRECT_STEPS, type Steps } from "../steps.js";
import { STRANGER } from "./edit.js";
import { BY_DIRECTOR, type DirectorFault } from "./fault.js";

/** Fragments that carry no ports belong to nobody. */
const firstFragmentsOnly: Partial<Steps> = {
  accepts: (packet, network) => packet.ip?.fragmentOffset === 0 && CORRECT_STEPS.accepts(packet, network),
};

export const fragmentFaults: readonly DirectorFault[] = [
  {
    ...BY_DIRECTOR,
    rule: "NAT-FRAG-01",
    title: "fragments behind the first, which carry no ports, are dropped",
    steps: firstFragmentsOnly,
    cause: "no-defragmentation",
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-FRAG-01",
    title: "only the first fragment of a request is translated",
    steps: laterFragments(({ ip4: ip }) => {
      if (ip === undefined || ip.dst.startsWith("172.")) return;
      ip.dst = "10.0.0.10";
      ip.updateChecksum();
    }),
    cause: "no-defragmentation",
    cases: ["nat/fragments.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-FRAG-01",
    title: "only the first fragment of an answer is translated",
    steps: laterFragments(({ ip4: ip }) => {
      if (ip === undefined || !ip.dst.startsWith("172.")) return;
      ip.src = "192.168.10.11";
      ip.updateChecksum();
    }),
    cause: "no-defragmentation",
    cases: ["nat/fragments-reply.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "DR-FRAG-01",
    title: "fragments behind the first, which carry no ports, are dropped",
    steps: firstFragmentsOnly,
    cause: "no-defragmentation",
  },
  {
    ...BY_DIRECTOR,
    rule: "DR-FRAG-01",
    title: "fragments behind the first go to another MAC",
    steps: laterFragments(({ eth }) => {
      if (eth !== undefined) eth.dst = STRANGER;
    }),
    cause: "no-defragmentation",
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-FRAG-01",
    title: "fragments behind the first, which carry no ports, are dropped",
    steps: firstFragmentsOnly,
    cause: "no-defragmentation",
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-FRAG-01",
    title: "fragments behind the first go to another real server",
    steps: laterFragments(({ ip4: ip }) => {
      if (ip !== undefined) ip.dst = ip.dst.replace(/1\d$/, (host) => (host === "11" ? "13" : "11"));
      ip?.updateChecksum();
    }),
    cause: "no-defragmentation",
  },
];

/** The frames of a datagram that is fragmented here, changed afterwards. */
export function cutting(edit: (pieces: readonly Uint8Array[]) => readonly Uint8Array[]): Partial<Steps> {
  return {
    frames: (datagram, nic, to) => {
      const pieces = CORRECT_STEPS.frames(datagram, nic, to);
      return pieces.length > 1 ? edit(pieces) : pieces;
    },
  };
}

/** All fragments but the first, changed one by one. */
export function laterFragments(edit: (piece: Packet) => void): Partial<Steps> {
  return cutting((pieces) => {
    for (const piece of pieces.slice(1)) edit(decode(piece));
    return pieces;
  });
}
