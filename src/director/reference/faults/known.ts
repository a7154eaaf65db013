import { arpFaults } from "./arp.js";
import { carrierFaults } from "./carriers.js";
import { drFaults } from "./dr.js";
import { type DirectorFault, faultName } from "./fault.js";
import { flowFaults } from "./flows.js";
import { fragmentFaults } from "./fragments.js";
import { icmpFaults } from "./icmp.js";
import { ipv6Faults } from "./ipv6.js";
import { natFaults } from "./nat.js";
import { natAnswerFaults } from "./nat-answers.js";
import { oversizeFaults } from "./oversize.js";
import { schedulingFaults } from "./scheduling.js";
import { serviceOptionFaults } from "./service-options.js";
import { serviceFaults } from "./services.js";
import { tunFaults } from "./tun.js";

/** Every fault that the reference director can be given. */
export const directorFaults: readonly DirectorFault[] = [
  ...serviceFaults,
  ...flowFaults,
  ...schedulingFaults,
  ...serviceOptionFaults,
  ...natFaults,
  ...natAnswerFaults,
  ...drFaults,
  ...tunFaults,
  ...carrierFaults,
  ...ipv6Faults,
  ...icmpFaults,
  ...oversizeFaults,
  ...fragmentFaults,
  ...arpFaults,
];

/** The one of this name, or the first one of a rule. */
export function directorFault(name: string): DirectorFault | undefined {
  const id = name.toUpperCase();
  return directorFaults.find((fault) => faultName(fault) === name) ?? directorFaults.find(({ rule }) => rule === id);
}
