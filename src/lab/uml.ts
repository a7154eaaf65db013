import { type ChildProcessByStdio, spawn } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { CannotRun } from "./cannot-run.js";
import { Shell } from "./shell.js";
import { tieOthers } from "./tie.js";
import { READY } from "./uml-hosts.js";
import { initScript } from "./uml-init.js";
import { UmlLine } from "./uml-line.js";
import { beats, type Order, UmlMachine } from "./uml-machine.js";
import { type Wire, type Wires, wiresOf } from "./uml-wires.js";

export const UML_BINARY = "linux.uml";

/** In the order in which they depend on each other; the guest loads no module by itself. */
const MODULES = [
  ...["veth", "ipip", "sit", "ip6_tunnel", "ip_gre", "fou", "fou6"],
  ...["ip_vs", "ip_vs_rr", "ip_vs_wrr", "ip_vs_sh", "ip_vs_mh", "ip_vs_lc", "ip_vs_wlc"],
  ...["sch_ingress", "cls_flower", "cls_matchall", "act_skbedit", "act_mirred", "act_gact"],
];

/** Where Debian's package keeps them, by release. */
const MODULES_FOLDER = "/usr/lib/uml/modules";

const BOOT_TIMEOUT = 60_000;

/** What fits into the guest's command line of 4096 bytes (COMMAND_LINE_SIZE), with room for all else that stands there. */
const MOST_NICS = 70;

/**
 * One User-Mode Linux kernel for a whole run. Its hosts are network namespaces inside it; its NICs lead to bridge
 * ports of the namespace that it was booted in.
 */
export class UmlKernel {
  readonly release: string;
  readonly #line: UmlLine;
  readonly #shell: Shell;
  readonly #wires: Wires;
  #laid: readonly Wire[] = [];
  #taken = 0;
  #hosts = 0;
  #isTied = false;

  private constructor(line: UmlLine, wires: Wires, release: string) {
    this.#line = line;
    this.#shell = new Shell("the User-Mode Linux kernel", line);
    this.#wires = wires;
    this.release = release;
  }

  /**
   * Boots the kernel; some 2 s, on any CPU that this process may use.
   * @param scratch a folder on a tmpfs, for the guest's memory and its init script.
   * @throws CannotRun with the end of the boot messages where the guest does not come up.
   */
  static async boot(scratch: string): Promise<UmlKernel> {
    try {
      return await UmlKernel.#boot(scratch);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const reason =
        code === "ENOENT"
          ? `there is no ${UML_BINARY} in the PATH; install it: apt-get install user-mode-linux`
          : message.trim();
      throw new CannotRun(`User-Mode Linux does not start: ${reason}`);
    }
  }

  static async #boot(scratch: string): Promise<UmlKernel> {
    const root = `${scratch}/guest`;
    for (const folder of [`${scratch}/uml`, `${root}/lib`]) mkdirSync(folder, { recursive: true });
    const init = `${scratch}/init`;
    symlinkSync(MODULES_FOLDER, `${root}/lib/modules`);
    writeFileSync(init, initScript({ folder: root, names: MODULES }), { mode: 0o755 });
    const wires = wiresOf(MOST_NICS);

    const child = spawn(
      UML_BINARY,
      [
        "mem=256M",
        "root=/dev/root",
        "rootfstype=hostfs",
        "rootflags=/",
        "ro",
        "quiet",
        // 256 terminals of the old kind, which nobody opens, would take half of the time that the boot takes.
        "pty.legacy_count=0",
        // A second's tests of what is not needed: which way to compute parity is the fastest, and how fast the CPU is.
        "initcall_blacklist=raid6_select_algo",
        "lpj=20000000",
        `init=${init}`,
        `uml_dir=${scratch}/uml/`,
        "con=null",
        "con0=fd:0,fd:1",
        ...wires.transports.map((transport, i) => `vec${i}:${transport},depth=128`),
      ],
      {
        stdio: ["pipe", "pipe", "ignore", ...wires.files],
        env: { ...process.env, TMPDIR: scratch },
        // In a session of its own: what interrupts the run from the terminal is not meant for it.
        detached: true,
      },
    ) as ChildProcessByStdio<Writable, Readable, null>;
    const line = new UmlLine(child.stdin, child.stdout);
    child.once("error", (error) => line.fail(error));
    child.once("exit", (code, signal) =>
      line.fail(new Error(`the User-Mode Linux kernel ended (${signal ?? `exit status ${code}`})`)),
    );
    return new UmlKernel(line, wires, await line.greeting(READY, BOOT_TIMEOUT));
  }

  /**
   * Gives the kernel its NICs.
   * @param mtu the largest of them.
   * @param shell one in the namespace that is to hold the bridge ports.
   * @throws CannotRun where one kernel cannot have so many, or they cannot be made.
   */
  async wire(nics: number, mtu: number, shell: Shell): Promise<void> {
    if (nics > MOST_NICS)
      throw new CannotRun(
        `these scenarios need ${nics} NICs in User-Mode Linux, and one kernel has ${MOST_NICS}; run them in parts (--shard), or let scenarios share a setup`,
      );
    try {
      this.#laid = await this.#wires.lay(nics, mtu, shell);
      await this.#order("the lab", "wire", `${nics}`, `${mtu}`);
    } catch (error) {
      throw new CannotRun(`User-Mode Linux cannot be joined to the lab: ${(error as Error).message}`);
    }
  }

  /** Ties the kernel to this thread's CPU, as all must be whose frames count; see `tieToCpu`. */
  tie(): void {
    if (!this.#isTied) tieOthers();
    this.#isTied = true;
  }

  /** A host of its own inside the guest. */
  async takeHost(title: string): Promise<UmlMachine> {
    this.#hosts += 1;
    const name = `h${this.#hosts}`;
    await this.#order(title, "new", name);
    return new UmlMachine(name, this.#shell, this.#order, `User-Mode Linux host ${title}`);
  }

  readonly #order: Order = (host, order, ...words) =>
    this.#shell.answered(host, order, () => this.#line.order(order, ...words));

  /** As of a machine, of the process that has the echo services of all hosts. */
  async pulse(): Promise<string | undefined> {
    return beats(await this.#order("the echo services", "pulse"));
  }

  /** Frames that the guest has had no room for so far, or its wires have not taken. */
  async dropped(): Promise<number> {
    return Number(await this.#order("the guest", "dropped"));
  }

  /** A NIC: its name in the guest's first namespace, and the wire that leads from it. */
  takeNic(): { name: string; wire: Wire } {
    const index = this.#taken;
    const wire = this.#laid[index];
    if (!wire) throw new Error(`the User-Mode Linux kernel has ${this.#laid.length} NICs only`);
    this.#taken += 1;
    return { name: `nic${index}`, wire };
  }
}
