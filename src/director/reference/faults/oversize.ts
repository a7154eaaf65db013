/** Faults of NAT-MTU, DR-MTU and TUN-MTU: what is too long for a link, or for a tunnel. */

import { decode, decodeIp } from "../../../packet/packet.js";
import type { IcmpError } from "../errors.js";
import { CORRECT_STEPS, type ModelSteps, type Steps } from "../steps.js";
import { requests, seal, sealed } from "./edit.js";
import { BY_DIRECTOR, type DirectorFault } from "./fault.js";
import { cutting, laterFragments } from "./fragments.js";

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
    steps: roomOfTunnels((_, __, mtu) => mtu),
    cause: "pmtu-disc-off",
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-MTU-02",
    title: "the fragments of a tunnelled packet lack MF",
    steps: withoutMf,
    cases: ["tun/mtu.yaml"],
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
    rule: "TUN-MTU-02",
    title: "what does not fit the tunnel is lost in pieces",
    steps: cutting((pieces) => pieces.slice(0, 1)),
    cases: ["tun/mtu.yaml"],
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-MTU-03",
    title: "path MTU discovery is on all the same",
    steps: roomOfTunnels((ip, connection, mtu) => {
      const tunnel = { ...connection.tunnel, pmtuDiscovery: true };
      return CORRECT_STEPS.models.tun.room(ip, Object.create(connection, { tunnel: { value: tunnel } }), mtu);
    }),
    cause: "pmtu-disc-on",
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-MTU-03",
    title: "DF is cleared inside the tunnel as well",
    steps: requests(
      "tun",
      sealed(({ ip }) => {
        ip.df = false;
      }),
    ),
    also: { "TUN-ENC-04": "the packet inside is to be the client's, its DF as well" },
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-MTU-04",
    title: "what routers in the tunnel report ends at the director",
    steps: { relaysError: () => false },
    cause: "icmp-filtered",
  },
  {
    ...BY_DIRECTOR,
    rule: "TUN-MTU-04",
    title: "clients are told the MTU in the tunnel, and not what it has room for",
    steps: roomOfTunnels((_, __, mtu) => mtu),
  },
];

function roomOfTunnels(room: ModelSteps["room"]): Partial<Steps> {
  const { models } = CORRECT_STEPS;
  return { models: { ...models, tun: { ...models.tun, room } } };
}
