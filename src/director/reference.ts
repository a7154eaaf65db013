import { segmentsOf } from "../lab/segments.js";
import { type Director, directorHost, type RunningDirector } from "./director.js";
import { patienceOf } from "./patience.js";
import { ReferenceDirector } from "./reference/director.js";
import { directorFault } from "./reference/faults/known.js";

/** The executable form of the rules: a director of our own, in this process, on frames. It runs where no kernel can help. */
export const reference: Director = {
  name: "reference",
  models: ["nat", "dr", "tun"],
  places: ["userspace"],
  async start(lab) {
    const { setup } = lab;
    const host = directorHost(setup);
    const director = new ReferenceDirector(
      {
        nics: host.nics,
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
        for (const { members } of segmentsOf(setup))
          if (members.some((member) => member.host === host))
            for (const { nic } of members) director.learn(nic.ip, nic.mac);
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
