import type { KernelPart } from "../../lab/kernel.js";

/** How a load balancer is started, told of changes, and ended: what its file says. */
export interface Hooks {
  /** The folder of its file, absolute: its commands run there. */
  readonly folder: string;
  /** A command of the shell, inside the director's namespace; it runs until it is stopped. */
  readonly start: string;
  /** What shows that it serves; left out: that it was started. */
  readonly ready?: Ready;
  /** The signal that ends it. */
  readonly stop: NodeJS.Signals;
  /** The template of its configuration, absolute. */
  readonly config?: string;
  /** A command that has it take over a configuration that was written anew; left out: it cannot. */
  readonly change?: string;
  /** Parts of a kernel that it needs. */
  readonly needs: readonly KernelPart[];
  /** Milliseconds in which it has to be ready. */
  readonly patience: number;
}

export type Ready =
  /** Something that it says, on one of its outputs. */
  | { readonly log: RegExp }
  /** A command that ends with 0. */
  | { readonly command: string }
  /** A TCP port at which it listens. */
  | { readonly port: number }
  /** It answers ARP for the VIPs, though its kernel may not have them. */
  | { readonly arp: "vip" };
