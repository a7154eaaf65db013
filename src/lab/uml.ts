import { spawn } from "node:child_process";
import { accessSync, constants, mkdirSync, writeFileSync } from "node:fs";
import { execa } from "execa";
import { CannotRun } from "./cannot-run.js";
import { Console } from "./uml-console.js";
import { initScript, READY } from "./uml-init.js";
import { UmlLine } from "./uml-line.js";
import { UmlMachine } from "./uml-machine.js";

export const UML_BINARY = "linux.uml";

/** In the order in which they depend on each other; the guest loads no module by itself. */
const MODULES = [
  "veth ipip sit ip6_tunnel ip_gre fou fou6",
  "ip_vs ip_vs_rr ip_vs_wrr ip_vs_sh ip_vs_mh ip_vs_lc ip_vs_wlc",
  "sch_ingress cls_flower act_skbedit",
].join(" ");

const BOOT_TIMEOUT = 60_000;

/**
 * Frames that may wait for the guest: a burst must not overflow, for the queue drops in silence. Tap devices are the only
 * transport with such a queue; packet sockets on a veth pair, which need no /dev/net/tun, lose frames unnoticed.
 */
const TAP_QUEUE = 30_000;
const TUN = "/dev/net/tun";

/** What fits into the guest's command line of 4096 bytes (COMMAND_LINE_SIZE), with room for all else that stands there. */
const MOST_NICS = 70;

/** What the guest is to hold: its NICs are fixed when it boots. */
export interface UmlSize {
  readonly hosts: number;
  readonly nics: number;
}

/**
 * One User-Mode Linux kernel for a whole run. Its hosts are network namespaces inside it; its NICs are tap devices of
 * the namespace that it was booted in.
 *
 * Every host has a shell of its own, so that a command costs no process but itself.
 */
export class UmlKernel {
  readonly release: string;
  readonly #line: UmlLine;
  #nicsTaken = 0;
  readonly #size: UmlSize;

  private constructor(line: UmlLine, size: UmlSize, release: string) {
    this.#line = line;
    this.#size = size;
    this.release = release;
  }

  /**
   * Boots the kernel; some 2 s.
   * @param scratch a folder on a tmpfs, for the guest's memory and its init script.
   * @throws CannotRun with the end of the boot messages where the guest does not come up.
   */
  static async boot(size: UmlSize, scratch: string): Promise<UmlKernel> {
    if (size.nics > MOST_NICS)
      throw new CannotRun(
        `these scenarios need ${size.nics} NICs in User-Mode Linux, and one kernel has ${MOST_NICS}; run them in parts (--shard), or let scenarios share a setup`,
      );
    try {
      accessSync(TUN, constants.R_OK | constants.W_OK);
    } catch {
      throw new CannotRun(
        `User-Mode Linux needs ${TUN}, which this user may not open: run as root (sudo), or allow it: sudo chmod 666 ${TUN}`,
      );
    }
    try {
      return await UmlKernel.#boot(size, scratch);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const reason =
        code === "ENOENT"
          ? `there is no ${UML_BINARY} in the PATH; install it: apt-get install user-mode-linux`
          : message.trim();
      throw new CannotRun(`User-Mode Linux does not start: ${reason}`);
    }
  }

  static async #boot(size: UmlSize, scratch: string): Promise<UmlKernel> {
    mkdirSync(`${scratch}/uml`, { recursive: true });
    const init = `${scratch}/init`;
    const nics = Array.from({ length: size.nics }, (_, i) => i);
    writeFileSync(init, initScript(MODULES, nics.map(guestName)), { mode: 0o755 });
    const taps = nics.flatMap((i) => [
      `tuntap add ${tapDevice(i)} mode tap`,
      `link set ${tapDevice(i)} txqueuelen ${TAP_QUEUE}`,
    ]);
    await execa("ip", ["-batch", "-"], { input: taps.join("\n") });

    const child = spawn(
      UML_BINARY,
      [
        "mem=256M",
        "root=/dev/root",
        "rootfstype=hostfs",
        "rootflags=/",
        "ro",
        "quiet",
        `init=${init}`,
        `uml_dir=${scratch}/uml/`,
        "con=null",
        "con0=fd:0,fd:1",
        ...nics.map((i) => `vec${i}:transport=tap,ifname=${tapDevice(i)},depth=128,gro=1`),
      ],
      { stdio: ["pipe", "pipe", "ignore"], env: { ...process.env, TMPDIR: scratch } },
    );
    const line = new UmlLine(child.stdin, child.stdout);
    child.once("error", (error) => line.fail(error));
    child.once("exit", (code, signal) =>
      line.fail(new Error(`the User-Mode Linux kernel ended (${signal ?? `exit status ${code}`})`)),
    );
    return new UmlKernel(line, size, await line.greeting(READY, BOOT_TIMEOUT));
  }

  /** A host of its own inside the guest. */
  takeHost(name: string): UmlMachine {
    const { input, listen } = this.#line.open();
    const console = new Console(`User-Mode Linux host ${name}`, input);
    listen(console);
    return new UmlMachine(console);
  }

  /** A NIC: its name in the guest's first namespace, and the tap device that is its other end. */
  takeNic(): { name: string; tap: string } {
    const index = this.#nicsTaken;
    if (index >= this.#size.nics)
      throw new Error(`the User-Mode Linux kernel was booted for ${this.#size.nics} NICs only`);
    this.#nicsTaken += 1;
    return { name: guestName(index), tap: tapDevice(index) };
  }
}

function guestName(index: number): string {
  return `vec${index}`;
}

function tapDevice(index: number): string {
  return `uml${index}`;
}
