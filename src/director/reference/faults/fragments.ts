/** Faults of NAT-FRAG, DR-FRAG and TUN-FRAG: what came in fragments, and what leaves in them. */

import type { Ipv4 } from "../../../packet/ipv4.js";
import { decode, type Packet } from "../../../packet/packet.js";
import { CORRECT_STEPS, type Steps } from "../steps.js";
import { STRANGER } from "./edit.js";
import { BY_DIRECTOR, type DirectorFault } from "./fault.js";

/** Fragments that carry no ports belong to nobody. */
const firstFragmentsOnly: Partial<Steps> = {
  accepts: (packet, network) => packet.ip?.fragmentOffset === 0 && CORRECT_STEPS.accepts(packet, network),
};

/** What is wrong with the headers of all fragments but the first, which is as it must be. */
function laterHeaders(file: string, wrong: readonly (readonly [rule: string, title: string, edit: Edit])[]) {
  return wrong.map(
    ([rule, title, edit]): DirectorFault => ({
      ...BY_DIRECTOR,
      rule,
      title: `${title}, of fragments behind the first alone`,
      steps: laterFragments(({ ip4 }) => ip4 && edit(ip4)),
      cases: [file],
    }),
  );
}

type Edit = (ip: Ipv4) => void;

const withWrongChecksum: Edit = (ip) => {
  ip.checksum ^= 0x1111;
};

/** The checksum follows. */
function withFields(fields: Partial<Pick<Ipv4, "ttl" | "tos" | "df">>): Edit {
  return (ip) => Object.assign(ip, fields).updateChecksum();
}

export const fragmentFaults: readonly DirectorFault[] = [
  ...laterHeaders("nat/fragments.yaml", [
    ["NAT-REQ-05", "the TTL is the director's own", withFields({ ttl: 255 })],
    ["NAT-REQ-06", "the header checksum is wrong", withWrongChecksum],
    ["NAT-REQ-08", "DSCP and ECN are cleared", withFields({ tos: 0 })],
    ["NAT-REQ-08", "DF is set", withFields({ df: true })],
  ]),
  ...laterHeaders("dr/fragments.yaml", [
    ["DR-REQ-03", "the TTL is 0", withFields({ ttl: 0 })],
    ["DR-REQ-03", "the header checksum is wrong", withWrongChecksum],
  ]),
  ...laterHeaders("tun/fragments.yaml", [
    ["TUN-ENC-03", "the tunnel's header checksum is wrong", withWrongChecksum],
    ["TUN-ENC-06", "the tunnel's TTL is 0", withFields({ ttl: 0 })],
  ]),
  ...laterHeaders("tun/headers.yaml", [["TUN-ENC-09", "the tunnel has no DSCP and no ECN", withFields({ tos: 0 })]]),
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
