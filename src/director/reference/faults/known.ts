import { arpFaults } from "./arp.js";
import { drFaults } from "./dr.js";
import { type DirectorFault, faultName } from "./fault.js";
import { flowFaults } from "./flows.js";
import { icmpFaults } from "./icmp.js";
import { natFaults } from "./nat.js";
import { natAnswerFaults } from "./nat-answers.js";
import { oversizeFaults } from "./oversize.js";
import { schedulingFaults } from "./scheduling.js";
import { serviceFaults } from "./services.js";
import { tunFaults } from "./tun.js";

/** Every fault that the reference director can be given. */
export const directorFaults: readonly DirectorFault[] = [
  ...serviceFaults,
  ...flowFaults,
  ...schedulingFaults,
  ...natFaults,
  ...natAnswerFaults,
  ...drFaults,
  ...tunFaults,
  ...icmpFaults,
  ...oversizeFaults,
  ...arpFaults,
];

/** The one of this name, or the first one of a rule. */
export function directorFault(name: string): DirectorFault | undefined {
  const id = name.toUpperCase();
  return directorFaults.find((fault) => faultName(fault) === name) ?? directorFaults.find(({ rule }) => rule === id);
}
