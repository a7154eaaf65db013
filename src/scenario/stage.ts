import { startBackups } from "../director/backup.js";
import {
  type Director,
  type DirectorTraits,
  directorHost,
  type Redundancy,
  type RunningDirector,
} from "../director/director.js";
import { startVrrp } from "../director/vrrp.js";
import { portsOf } from "../forwarding/datagram.js";
import type { Host, Setup } from "../forwarding/setup.js";
import { CannotRun } from "../lab/cannot-run.js";
import { hostKernelHas, type KernelPart } from "../lab/kernel.js";
import type { Lab } from "../lab/lab.js";
import type { Where } from "../lab/machine.js";
import { CONVERSATION_PORTS, CRAFTED_PORTS } from "../lab/plan.js";
import { tunnelParts } from "../lab/tunnels.js";
import { endpoint } from "../packet/address.js";
import type { Frame } from "../packet/frame.js";
import { Ports } from "./ports.js";

export { CannotRun } from "../lab/cannot-run.js";

/** Whose kernel runs what needs more than the host's may have: `auto` takes the host's where it can. */
export type KernelChoice = "auto" | "host" | "uml";

/** Where the director runs. @throws CannotRun where the choice leaves no place. */
export function placeOf({ name, places }: Director, kernel: KernelChoice): Where {
  const allowed = (where: Where) =>
    where === "userspace" || kernel === "auto" || (kernel === "host") === (where === "host-kernel");
  const place = places.find(allowed);
  if (place) return place;
  const reason =
    kernel === "uml"
      ? "it runs in this machine's own kernel; leave --kernel out"
      : "this machine's kernel has no ip_vs; load it (modprobe ip_vs), or leave --kernel out to use User-Mode Linux";
  throw new CannotRun(`${name} cannot run with --kernel ${kernel} here: ${reason}`);
}

/** Where each host of a setup lives. @throws CannotRun where the choice leaves no place. */
export function placement(setup: Setup, director: Director, kernel: KernelChoice): (host: Host) => Where {
  const directorPlace = placeOf(director, kernel);
  return (host) => {
    if (host.role === "director") return directorPlace;
    const needed = partsNeeded(setup, host);
    if (needed.length === 0) return "host-kernel";
    const missing = needed.filter((part) => !hostKernelHas(part));
    if (kernel === "uml" || (kernel === "auto" && missing.length > 0)) return "user-mode-linux";
    if (missing.length > 0)
      throw new CannotRun(
        `${host.name} needs ${missing.join(" and ")}, which this machine's kernel lacks; load it (modprobe ${missing.join(" ")}), or leave --kernel out to use User-Mode Linux`,
      );
    return "host-kernel";
  };
}

/** What not every kernel has, and a real server needs. */
function partsNeeded(setup: Setup, host: Host): KernelPart[] {
  if (host.role !== "real-server") return [];
  return [...tunnelParts(setup, host), ...(host.options.backup ? (["ip_vs"] as const) : [])];
}

/** How many NICs the labs of these setups need in a User-Mode Linux kernel. */
export function umlNicsOf(
  plans: Iterable<{ readonly setup: Setup; readonly director: Director }>,
  kernel: KernelChoice,
): number {
  let nics = 0;
  for (const { setup, director } of plans) {
    const place = placement(setup, director, kernel);
    for (const host of setup.hosts) if (place(host) === "user-mode-linux") nics += host.nics.length;
  }
  return nics;
}

/** A lab with its director, for the scenarios that share them. */
export class Stage {
  readonly lab: Lab;
  readonly director: RunningDirector;
  /** What the director's file says of it. */
  readonly traits: DirectorTraits;
  /** There where the setup has two directors. */
  readonly redundancy: Redundancy | undefined;
  readonly #clients = new Set<string>();
  readonly #craftedPorts = new Ports(CRAFTED_PORTS);
  readonly #conversationPorts = new Ports(CONVERSATION_PORTS);
  #id = 0;

  private constructor(parts: Pick<Stage, "lab" | "director" | "traits" | "redundancy">) {
    this.lab = parts.lab;
    this.director = parts.director;
    this.traits = parts.traits;
    this.redundancy = parts.redundancy;
  }

  /** Starts the director in its lab, and resolves when every host has answered. */
  static async start(lab: Lab, director: Director): Promise<Stage> {
    const running = await director.start(lab);
    await startBackups(lab);
    const redundancy = await startVrrp(lab);
    await lab.ready();
    return new Stage({ lab, director: running, traits: director, redundancy });
  }

  /** Client endpoints (`172.16.0.100:40001`) of the scenarios before: the director may still know their connections. */
  earlierClients(): ReadonlySet<string> {
    return new Set(this.#clients);
  }

  rememberClients(frames: readonly Frame[]): void {
    const names = new Set(this.lab.setup.hosts.filter((host) => host.role === "client").map((host) => host.name));
    for (const { host, direction, packet } of frames) {
      const ports = portsOf(packet);
      if (direction === "out" && names.has(host) && packet.ip && ports !== undefined)
        this.#clients.add(endpoint(packet.ip.src, ports.src));
    }
  }

  /** A port that no crafted flow of this lab has had. */
  takePort(): number {
    return this.#craftedPorts.take();
  }

  /** A port that no conversation of a host's own stack has had in this lab. */
  takeConversationPort(): number {
    return this.#conversationPorts.take();
  }

  /** An IP identification that was not used lately; never 0, which a kernel uses for many. */
  readonly nextId = (): number => {
    this.#id = (this.#id % 0xffff) + 1;
    return this.#id;
  };

  async forgetNeighbours(host: string): Promise<void> {
    if (this.director.neighbours && host === directorHost(this.lab.setup).name) this.director.neighbours.forget();
    else await this.lab.forgetNeighbours(host);
  }

  async setForwarding(host: string, on: boolean): Promise<void> {
    if (this.director.setForwarding && host === directorHost(this.lab.setup).name) this.director.setForwarding(on);
    else await this.lab.setForwarding(host, on);
  }

  /** Turns it on or off as the lab was built. */
  async restoreForwarding(host: string): Promise<void> {
    await this.setForwarding(host, this.lab.forwards(host));
  }

  async restoreNeighbours(host: string): Promise<void> {
    if (this.director.neighbours && host === directorHost(this.lab.setup).name) this.director.neighbours.restore();
    else await this.lab.restoreNeighbours(host);
  }
}
