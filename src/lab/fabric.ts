import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { execa } from "execa";
import { Recorder } from "./recorder.js";
import { UmlKernel, type UmlSize } from "./uml.js";

/** A tmpfs of this run's own mount namespace: gone with the last process of the run. */
const SCRATCH = "/run/hopcheck";

/** There where br_netfilter is: with it bridges would check, drop and reassemble packets, which only hosts may do here. */
const BRIDGE_FILTER = "/proc/sys/net/bridge/bridge-nf-call-iptables";

/**
 * The network namespace that the run lives in. The far end of every NIC of every lab is a bridge port here, so that
 * one process sees every hop; nothing leads from here to the host's network.
 */
export class Fabric {
  readonly recorder: Recorder;
  readonly #umlSize: UmlSize;
  #uml: Promise<UmlKernel> | undefined;
  #labs = 0;

  private constructor(recorder: Recorder, umlSize: UmlSize) {
    this.recorder = recorder;
    this.#umlSize = umlSize;
  }

  /**
   * Takes the namespaces that this process was started in (see `isolation.ts`) for a fabric.
   * @param umlSize what the labs of this run will need of a User-Mode Linux kernel; nothing: none is booted.
   * @param mtu the largest of the labs' NICs.
   */
  static async open(umlSize: UmlSize, mtu = 1500): Promise<Fabric> {
    mkdirSync(SCRATCH, { recursive: true });
    writeFileSync("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
    writeFileSync("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
    if (existsSync(BRIDGE_FILTER)) writeFileSync(BRIDGE_FILTER, "0");
    await execa("ip", ["link", "set", "lo", "up"]);
    const fabric = new Fabric(new Recorder(mtu), umlSize);
    if (umlSize.hosts > 0) {
      fabric.#uml = UmlKernel.boot(umlSize, SCRATCH);
      // It boots while labs are built; a failure is reported where the kernel is first needed.
      fabric.#uml.catch(() => {});
    }
    return fabric;
  }

  get scratch(): string {
    return SCRATCH;
  }

  /** The run's User-Mode Linux kernel, once it is up. */
  uml(): Promise<UmlKernel> {
    if (!this.#uml)
      throw new Error(`no User-Mode Linux kernel was planned for this run (${JSON.stringify(this.#umlSize)})`);
    return this.#uml;
  }

  /** A prefix for the devices of one lab, unique in this fabric and short enough for an interface name. */
  nextLab(): string {
    this.#labs += 1;
    return `l${this.#labs}`;
  }
}
