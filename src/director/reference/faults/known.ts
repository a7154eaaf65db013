import type { DirectorFault } from "./fault.js";
import { serviceFaults } from "./services.js";

/** Every fault that the reference director can be given. */
export const directorFaults: readonly DirectorFault[] = [...serviceFaults];

/** The one with this title, or the first one of a rule. */
export function directorFault(name: string): DirectorFault | undefined {
  return directorFaults.find(({ title }) => title === name) ?? directorFaults.find(({ rule }) => rule === name);
}
