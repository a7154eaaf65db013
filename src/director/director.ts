import { directorsOf, type Model, type Service, type Setup } from "../forwarding/setup.js";
import type { Lab } from "../lab/lab.js";
import type { Where } from "../lab/machine.js";

/** What a director's file says of it. */
export interface DirectorTraits {
  readonly name: string;
  readonly models: readonly Model[];
  readonly implementation?: Implementation;
  /** Rules that it breaks on purpose, each with the reason. */
  readonly deviations: Readonly<Record<string, string>>;
  /** Features that it does not have, each with the reason. */
  readonly lacks: Readonly<Record<string, string>>;
  /** Whether what it does is known to hopcheck from its file alone: no command for IPVS confirms or mends anything. */
  readonly foreign?: boolean;
}

/** Whose it is, and which version of it is tested. */
export interface Implementation {
  readonly organization?: string;
  readonly project?: string;
  readonly url?: string;
  readonly version?: string;
  /** Where to ask about it: URLs, mail addresses. */
  readonly contact?: readonly string[];
}

/** How a load balancer is put into a lab. */
export interface Driver {
  /** Where its network stack can run here; the first that the user allows is taken. */
  readonly places: readonly Where[];
  /** Starts it on the lab's host `director`; it serves the setup's services when this resolves. */
  start(lab: Lab): Promise<RunningDirector>;
}

/** A load balancer that can be put into a lab. */
export interface Director extends DirectorTraits, Driver {
  /** What its host is told beyond the setup, in the words of a scenario's file; left out: nothing. */
  readonly host?: object;
}

/** The program of a director that is one. */
export interface Program {
  /** How it ended, such as `ended with exit status 1`; undefined while it runs. */
  ended(): Promise<string | undefined>;
  /** What it has said since it was last asked, or the end of that. */
  said(): Promise<string>;
  /** Resolves when it has ended, by itself or by force, and all that it started with it. */
  stop(): Promise<void>;
  /** Starts it again, stopping it where it still runs; resolves when it serves the setup's services. */
  start(): Promise<void>;
}

export interface RunningDirector {
  /** Present where the director is a program of its user's. */
  readonly program?: Program;
  /** Makes this the service table; connections stay. */
  configure(services: readonly Service[]): Promise<void>;
  /** Present where the director keeps a neighbour table of its own, beside that of its kernel. */
  readonly neighbours?: Neighbours;
  /**
   * Commits a fault from now on, or none; left out where a director has no faults to choose from.
   * @param fault its name, or the rule that it breaks: then the first one of that rule
   */
  commit?(fault: string | undefined): void;
  /** Turns the forwarding of what is none of its services' on or off; left out where its host's kernel does that. */
  setForwarding?(on: boolean): void;
}

/** What keeps the VIPs at one of two directors, beside the director itself. */
export interface Redundancy {
  /** A host gives the VIPs up, as on a clean shutdown: the other one takes over. */
  resign(host: string): Promise<void>;
  /** It comes back, and resolves when the first director has the VIPs again. */
  restore(host: string): Promise<void>;
}

export interface Neighbours {
  forget(): void;
  /** Gives back what the lab taught it. */
  restore(): void;
}

export function directorHost(setup: Setup) {
  const [host] = directorsOf(setup);
  if (!host) throw new Error("the setup has no director");
  return host;
}
