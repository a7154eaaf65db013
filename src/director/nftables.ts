import type { Service } from "../forwarding/setup.js";
import { CannotRun } from "../lab/cannot-run.js";
import { missingPrograms } from "../lab/programs.js";
import { type Driver, directorHost } from "./director.js";
import { directRouting } from "./nftables/direct-routing.js";
import { translation } from "./nftables/translation.js";

/** A load balancer of nft rules alone, in the kernel of the machine: NAT by conntrack, DR at the ingress of the NICs. */
export const nftables: Driver = {
  places: ["host-kernel"],
  async start(lab) {
    const missing = missingPrograms(["nft"]);
    if (missing) throw new CannotRun(`nftables cannot be started: ${missing}`);
    const host = directorHost(lab.setup);
    const machine = lab.machine(host.name);
    const configure = async (services: readonly Service[]) => {
      await machine.run(["nft", "-f", "-"], [...translation(services), ...directRouting(services, host)].join("\n"));
    };
    await configure(lab.setup.services);
    // What belongs to no connection must not begin one, and segments are crafted with any number.
    if (lab.setup.services.some(({ model }) => model === "nat"))
      await machine.sysctl({
        "net.netfilter.nf_conntrack_tcp_loose": "0",
        "net.netfilter.nf_conntrack_tcp_be_liberal": "1",
      });
    return { configure };
  },
};
