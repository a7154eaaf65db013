/** Faults of GEN-SVC: what is taken for a service. */

import { BY_DIRECTOR, type DirectorFault } from "./fault.js";

export const serviceFaults: readonly DirectorFault[] = [
  {
    ...BY_DIRECTOR,
    rule: "GEN-SVC-02",
    title: "any port of the VIP is balanced, whatever the services say",
    steps: {
      findService: (services, tuple) => services.all().find(({ vip }) => vip === tuple.dst),
    },
  },
];
