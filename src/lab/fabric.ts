import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { CannotRun } from "./cannot-run.js";
import { hasIpv6 } from "./namespace.js";
import { missingPrograms } from "./programs.js";
import { Recorder } from "./recorder.js";
import type { Shell } from "./shell.js";
import { startShell, startYieldingShell } from "./start-shell.js";
import { tieToCpu } from "./tie.js";
import { UmlKernel } from "./uml.js";

/** A tmpfs of this run's own mount namespace: gone with the last process of the run. */
const SCRATCH = "/run/hopcheck";

/** There where br_netfilter is: with it bridges would check, drop and reassemble packets, which only hosts may do here. */
const BRIDGE_FILTER = "/proc/sys/net/bridge/bridge-nf-call-iptables";

/** Boots the User-Mode Linux kernel of a run: it may begin before anything is known of the labs. */
export function bootUml(): Promise<UmlKernel> {
  return UmlKernel.boot(SCRATCH);
}

/**
 * The network namespace that the run lives in. The far end of every NIC of every lab is a bridge port here, so that
 * one process sees every hop; nothing leads from here to the host's network.
 */
export class Fabric {
  readonly recorder: Recorder;
  /** For what is to be told to this machine's own kernel. */
  readonly shell: Shell;
  /** For bursts: whoever records and forwards their frames comes first, or they would outrun their own recording. */
  readonly yielding: Shell;
  #uml: Promise<UmlKernel> | undefined;
  #labs = 0;

  private constructor(recorder: Recorder, shell: Shell, yielding: Shell) {
    this.recorder = recorder;
    this.shell = shell;
    this.yielding = yielding;
  }

  /**
   * Takes the namespaces that this process was started in (see `isolation.ts`) for a fabric.
   * @param umlNics how many NICs the labs of this run will need in a User-Mode Linux kernel; 0: none is booted.
   * @param mtu the largest of the labs' NICs.
   * @param booting the kernel, where it was booted in advance.
   * @throws CannotRun with what this machine lacks.
   */
  static async open(umlNics: number, mtu = 1500, booting?: Promise<UmlKernel>): Promise<Fabric> {
    const missing = missingPrograms(["ip", "bridge", "nsenter"]);
    if (missing) throw new CannotRun(`no lab can be built: ${missing}`);
    // Begun before this thread is tied to a CPU: it comes up on another one, while labs are built.
    const uml = umlNics > 0 ? (booting ?? bootUml()) : undefined;
    // A failure is reported where the kernel is first needed.
    uml?.catch(() => {});
    const fabric = await Fabric.#prepare(mtu).catch((error: Error) => {
      throw new CannotRun(`no lab can be built: ${error.message}`);
    });
    fabric.#uml = uml?.then(async (kernel) => {
      await kernel.wire(umlNics, mtu, fabric.shell);
      return kernel;
    });
    fabric.#uml?.catch(() => {});
    return fabric;
  }

  static async #prepare(mtu: number): Promise<Fabric> {
    tieToCpu();
    mkdirSync(SCRATCH, { recursive: true });
    if (hasIpv6())
      for (const devices of ["all", "default"]) writeFileSync(`/proc/sys/net/ipv6/conf/${devices}/disable_ipv6`, "1");
    if (existsSync(BRIDGE_FILTER)) writeFileSync(BRIDGE_FILTER, "0");
    const shell = startShell();
    const yielding = startYieldingShell();
    await shell.run("the lab", ["ip", "link", "set", "lo", "up"]);
    return new Fabric(new Recorder(mtu), shell, yielding);
  }

  get scratch(): string {
    return SCRATCH;
  }

  /** The run's User-Mode Linux kernel, once it is up. */
  uml(): Promise<UmlKernel> {
    if (!this.#uml) throw new Error("no User-Mode Linux kernel was planned for this run");
    return this.#uml;
  }

  /** A prefix for the devices of one lab, unique in this fabric and short enough for an interface name. */
  nextLab(): string {
    this.#labs += 1;
    return `l${this.#labs}`;
  }
}
