import { type ChildProcessByStdio, spawn } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { CannotRun } from "./cannot-run.js";
import type { Shell } from "./shell.js";
import { READY } from "./uml-hosts.js";
import { type GuestNic, initScript } from "./uml-init.js";
import { UmlLine } from "./uml-line.js";
import { UmlMachine } from "./uml-machine.js";
import { type Wire, wiresOf } from "./uml-wires.js";

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
 *
 * Every host has a shell of its own, so that a command costs no process but itself.
 */
export class UmlKernel {
  readonly release: string;
  readonly #line: UmlLine;
  #nicsTaken = 0;
  readonly #wires: readonly Wire[];

  private constructor(line: UmlLine, wires: readonly Wire[], release: string) {
    this.#line = line;
    this.#wires = wires;
    this.release = release;
  }

  /**
   * Boots the kernel; some 2 s.
   * @param nics how many it is to have: their number is fixed when it boots.
   * @param mtu the largest of them.
   * @param scratch a folder on a tmpfs, for the guest's memory and its init script.
   * @param shell one in the namespace that is to hold the bridge ports.
   * @throws CannotRun with the end of the boot messages where the guest does not come up.
   */
  static async boot(nics: number, mtu: number, scratch: string, shell: Shell): Promise<UmlKernel> {
    if (nics > MOST_NICS)
      throw new CannotRun(
        `these scenarios need ${nics} NICs in User-Mode Linux, and one kernel has ${MOST_NICS}; run them in parts (--shard), or let scenarios share a setup`,
      );
    try {
      return await UmlKernel.#boot(nics, mtu, scratch, shell);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const reason =
        code === "ENOENT"
          ? `there is no ${UML_BINARY} in the PATH; install it: apt-get install user-mode-linux`
          : message.trim();
      throw new CannotRun(`User-Mode Linux does not start: ${reason}`);
    }
  }

  static async #boot(count: number, mtu: number, scratch: string, shell: Shell): Promise<UmlKernel> {
    mkdirSync(`${scratch}/uml`, { recursive: true });
    const init = `${scratch}/init`;
    const nics = Array.from({ length: count }, (_, i) => i);
    const root = `${scratch}/guest`;
    mkdirSync(`${root}/lib`, { recursive: true });
    symlinkSync(MODULES_FOLDER, `${root}/lib/modules`);
    writeFileSync(init, initScript({ folder: root, names: MODULES }, nics.map(guestNic), mtu), { mode: 0o755 });
    const wires = await wiresOf(count, mtu, shell);
    const files = wires.flatMap(({ file }) => file ?? []);

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
        `init=${init}`,
        `uml_dir=${scratch}/uml/`,
        "con=null",
        "con0=fd:0,fd:1",
        ...wires.map(({ transport }, i) => `${guestNic(i).outside}:${transport},depth=128`),
      ],
      { stdio: ["pipe", "pipe", "ignore", ...files], env: { ...process.env, TMPDIR: scratch } },
    ) as ChildProcessByStdio<Writable, Readable, null>;
    const line = new UmlLine(child.stdin, child.stdout);
    child.once("error", (error) => line.fail(error));
    child.once("exit", (code, signal) =>
      line.fail(new Error(`the User-Mode Linux kernel ended (${signal ?? `exit status ${code}`})`)),
    );
    return new UmlKernel(line, wires, await line.greeting(READY, BOOT_TIMEOUT));
  }

  /** A host of its own inside the guest. */
  takeHost(name: string): UmlMachine {
    return new UmlMachine(name, this.#line.open());
  }

  /** A NIC: its name in the guest's first namespace, and the wire that leads from it. */
  takeNic(): { name: string; wire: Wire } {
    const index = this.#nicsTaken;
    const wire = this.#wires[index];
    if (!wire) throw new Error(`the User-Mode Linux kernel was booted for ${this.#wires.length} NICs only`);
    this.#nicsTaken += 1;
    return { name: guestNic(index).inside, wire };
  }
}

function guestNic(index: number): GuestNic {
  return { inside: `nic${index}`, between: `wire${index}`, outside: `vec${index}` };
}
