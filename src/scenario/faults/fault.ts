import type { DirectorFault } from "../../director/reference/faults/fault.js";
import { directorFaults } from "../../director/reference/faults/known.js";
import type { Blame } from "../../forwarding/blame.js";
import { catalogue } from "../../forwarding/catalogue.js";
import type { HostPatch } from "../load.js";
import type { Fields } from "../scenario.js";
import { setupFaults } from "./setups.js";

/** Hosts that are told something wrong, on real kernels. */
export interface SetupFault extends Blame {
  readonly hosts: HostPatch;
  /** Header fields that crafted answers of real servers have otherwise. */
  readonly answers?: Fields;
  /** The director that shows it, where the reference director does not: its name, or its file. */
  readonly director?: string;
}

/** A checker that takes for a rule what is none: what it fails must be passed. */
export interface CheckerFault {
  readonly rule: string;
  readonly title: string;
}

/** Where a deliberate fault is put in. */
export type Fault =
  | ({ readonly in: "director" } & DirectorFault)
  | ({ readonly in: "setup" } & SetupFault)
  | ({ readonly in: "checker" } & CheckerFault);

/** All faults, in the order of the rules that they break. */
export function knownFaults(): Fault[] {
  const faults: Fault[] = [
    ...directorFaults.map((fault) => ({ in: "director" as const, ...fault })),
    ...setupFaults.map((fault) => ({ in: "setup" as const, ...fault })),
    ...catalogue.filter(({ naive }) => naive).map(checkerFault),
  ];
  const order = new Map(catalogue.map(({ id }, index) => [id, index]));
  return faults.toSorted((one, other) => (order.get(one.rule) ?? 0) - (order.get(other.rule) ?? 0));
}

function checkerFault({ id, title }: { id: string; title: string }): Fault {
  return { in: "checker", rule: id, title: `a naive checker denies: ${title}` };
}
