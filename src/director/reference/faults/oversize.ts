/** Faults of NAT-MTU, DR-MTU and TUN-MTU, and of fragments: what is too long for a link, and what came in pieces. */

import { decode, decodeIp, type Packet } from "../../../packet/packet.js";
import type { IcmpError } from "../errors.js";
import { CORRECT_STEPS, type Steps } from "../steps.js";
import { STRANGER, seal } from "./edit.js";
import { BY_DIRECTOR, type DirectorFault } from "./fault.js";

/** What is wrong with requests that are too long and must not be fragmented, in every model. */
function refusals(rule: string): DirectorFault[] {
  return [
    {
      ...BY_DIRECTOR,
      rule,
      title: "what is too long is dropped in silence",
      steps: refusing(() => undefined),
      cause: "icmp-filtered",
    },
    {
      ...BY_DIRECTOR,
      rule,
      title: "a refusal names an MTU that nothing on the way has",
      steps: refusing((about, error, src, id) => CORRECT_STEPS.icmpError(about, { ...error, mtu: 1499 }, src, id)),
    },
    {
      ...BY_DIRECTOR,
      rule,
      title: "a refusal quotes another destination than the client's",
      steps: refusing((...refused) => {
        const message = CORRECT_STEPS.icmpError(...refused);
        const packet = message && decodeIp(message);
        const quoted = packet?.quoted?.ip4;
        if (packet === undefined || quoted === undefined) return message;
        quoted.dst = quoted.dst.replace(/\d+$/, "11");
        quoted.updateChecksum();
        seal(packet);
        return message;
      }),
    },
  ];
}

type Refuse = Steps["icmpError"];

function refusing(refuse: Refuse): Partial<Steps> {
  const isRefusal = ({ mtu = 0 }: IcmpError) => mtu > 0;
  return {
    icmpError: (about, error, src, id) =>
      isRefusal(error) ? refuse(about, error, src, id) : CORRECT_STEPS.icmpError(about, error, src, id),
  };
}

/** DF is ignored: what is too long is fragmented. */
const ignoringDf: Partial<Steps> = { isTooBig: () => false };

/** The frames of a datagram that is fragmented here, changed afterwards. */
function cutting(edit: (pieces: readonly Uint8Array[]) => readonly Uint8Array[]): Partial<Steps> {
  return {
    frames: (datagram, nic, to) => {
      const pieces = CORRECT_STEPS.frames(datagram, nic, to);
      return pieces.length > 1 ? edit(pieces) : pieces;
    },
  };
}

/** All fragments but the first, changed one by one. */
function laterFragments(edit: (piece: Packet) => void): Partial<Steps> {
  return cutting((pieces) => {
    for (const piece of pieces.slice(1)) edit(decode(piece));
    return pieces;
  });
}

/** Fragments that carry no ports belong to nobody. */
const firstFragmentsOnly: Partial<Steps> = {
  accepts: (packet, network) => packet.ip?.fragmentOffset === 0 && CORRECT_STEPS.accepts(packet, network),
};

const withoutMf = cutting((pieces) => {
  for (const piece of pieces) {
    const { ip4: ip } = decode(piece);
    if (ip !== undefined) ip.mf = false;
    ip?.updateChecksum();
  }
  return pieces;
});

export const oversizeFaults: readonly DirectorFault[] = [
  ...refusals("NAT-MTU-01"),
  {
    ...BY_DIRECTOR,
    rule: "NAT-MTU-01",
    title: "requests with DF are fragmented",
    steps: ignoringDf,
  },
  {
    ...BY_DIRECTOR,
    rule: "NAT-MTU-01",
    title: "the fragments of a request lack MF",
    steps: withoutMf,
  },
  ...refusals("DR-MTU-01"),
  {
    ...BY_DIRECTOR,
    rule: "DR-MTU-01",
    title: "requests with DF are fragmented",
    steps: ignoringDf,
  },
  ...refusals("TUN-MTU-01"),
  {
    ...BY_DIRECTOR,
    rule: "TUN-MTU-01",
    title: "the tunnel's own bytes are not counted",
    steps: withoutOverhead(),
    cause: "pmtu-disc-off",
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-MTU-02",
    title: "the fragments of a tunnelled packet lack MF",
    steps: withoutMf,
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-MTU-02",
    title: "the fragments of a tunnelled packet have different identifications",
    steps: laterFragments(({ ip4: ip }) => {
      if (ip !== undefined) ip.id ^= 0x8000;
      ip?.updateChecksum();
    }),
  },
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
];

function withoutOverhead(): Partial<Steps> {
  const { models } = CORRECT_STEPS;
  return { models: { ...models, tun: { ...models.tun, room: models.dr.room } } };
}
