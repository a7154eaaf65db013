import type { DirectorFault } from "./fault.js";
import { serviceFaults } from "./services.js";

/** Every fault that the reference director can be given. */
export const directorFaults: readonly DirectorFault[] = [...serviceFaults];

/** The first one of a rule. */
export function directorFault(rule: string): DirectorFault | undefined {
  return directorFaults.find((fault) => fault.rule === rule);
}
