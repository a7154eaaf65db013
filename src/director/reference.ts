import { addressesOf, type Host, hasAddress, type Nic, type Setup } from "../forwarding/setup.js";
import { canaryAddress } from "../lab/plan.js";
import { segmentsOf } from "../lab/segments.js";
import { type Driver, directorHost, type RunningDirector } from "./director.js";
import { patienceOf } from "./patience.js";
import { ReferenceDirector } from "./reference/director.js";
import { directorFault } from "./reference/faults/known.js";

/** The executable form of the rules: a director of our own, in this process, on frames. It runs where no kernel can help. */
export const reference: Driver = {
  places: ["userspace"],
  async start(lab) {
    const { setup } = lab;
    const host = directorHost(setup);
    const director = new ReferenceDirector(
      {
        nics: host.nics.map((nic) => withCanaryAddress(host, nic)),
        gateways: host.gateways,
        services: setup.services,
        forwards: lab.forwards(host.name),
        wait: patienceOf(host),
      },
      (nic, frame) => lab.send(host.name, nic, frame),
    );
    const neighbours = {
      forget: () => director.forgetNeighbours(),
      restore() {
        for (const [ip, mac] of neighboursOf(setup, host)) director.learn(ip, mac);
      },
    };
    neighbours.restore();
    lab.attach(host.name, (nic, frame) => director.receive(nic, frame));
    const running: RunningDirector = {
      neighbours,
      commit(fault) {
        director.act(fault === undefined ? {} : (directorFault(fault)?.steps ?? {}));
      },
      setForwarding(on) {
        director.setForwarding(on);
      },
      async configure(services) {
        director.configure(services);
      },
    };
    return running;
  },
};

/** Canaries ask by ARP; a NIC without an address of IPv4 answers them for one that nobody else asks for. */
function withCanaryAddress(host: Host, nic: Nic): Nic {
  const ip = canaryAddress(host, nic);
  return hasAddress(nic, ip) ? nic : { ...nic, others: [...nic.others, { ip, prefix: 32 }] };
}

/** Everybody on the director's segments. */
function neighboursOf(setup: Setup, host: Host): [ip: string, mac: string][] {
  return segmentsOf(setup)
    .filter(({ members }) => members.some((member) => member.host === host))
    .flatMap(({ members }) =>
      members.flatMap(({ nic }) => addressesOf(nic).map(({ ip }) => [ip, nic.mac] as [string, string])),
    );
}
