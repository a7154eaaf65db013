import type { Model, Service, Setup } from "../forwarding/setup.js";
import type { Machine, Where } from "../lab/machine.js";

/** A load balancer that can be put into a lab. */
export interface Director {
  readonly name: string;
  readonly models: readonly Model[];
}

/** A director that is software on a host with a kernel of its own. */
export interface HostedDirector extends Director {
  readonly kind: "hosted";
  /** True where the host's own kernel has what the director needs (no module is loaded to find out). */
  readonly runsOnHostKernel: boolean;
  start(machine: Machine, setup: Setup): Promise<RunningDirector>;
}

/** A director that owns its NICs and has no kernel beside it. */
export interface UserspaceDirector extends Director {
  readonly kind: "userspace";
  start(setup: Setup, emit: (nic: string, frame: Uint8Array) => void): RunningUserspaceDirector;
}

export interface RunningDirector {
  /** Makes this the service table; connections stay. */
  configure(services: readonly Service[]): Promise<void>;
}

export interface RunningUserspaceDirector extends RunningDirector {
  receive(nic: string, frame: Uint8Array): void;
  forgetNeighbours(): void;
  learn(ip: string, mac: string): void;
}

export interface DirectorPlace {
  readonly where: Where;
  readonly kernel?: string;
}
