import { segmentsOf } from "../lab/segments.js";
import { type Driver, directorHost, type RunningDirector } from "./director.js";
import { ReferenceDirector } from "./reference/director.js";
import { directorFault } from "./reference/faults/known.js";

/** The executable form of the rules: a director of our own, in this process, on frames. It runs where no kernel can help. */
export const reference: Driver = {
  places: ["userspace"],
  async start(lab) {
    const { setup } = lab;
    const host = directorHost(setup);
    const [gateway] = host.gateways;
    const director = new ReferenceDirector(
      { nics: host.nics, services: setup.services, ...(gateway ? { gateway } : {}) },
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
      commit(rule) {
        director.act(rule === undefined ? {} : (directorFault(rule)?.steps ?? {}));
      },
      async configure(services) {
        director.configure(services);
      },
    };
    return running;
  },
};
