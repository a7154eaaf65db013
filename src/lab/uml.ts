import { spawn } from "node:child_process";
import { accessSync, constants, mkdirSync, writeFileSync } from "node:fs";
import type { Duplex } from "node:stream";
import { execa } from "execa";
import { CannotRun } from "./cannot-run.js";
import { Console } from "./uml-console.js";
import { UmlMachine } from "./uml-machine.js";

export const UML_BINARY = "linux.uml";

/** In the order in which they depend on each other; the guest loads no module by itself. */
const MODULES =
  "veth ipip sit ip6_tunnel ip_gre fou fou6 ip_vs ip_vs_rr ip_vs_wrr ip_vs_sh ip_vs_mh ip_vs_lc ip_vs_wlc sch_ingress cls_flower act_skbedit";

const BOOT_TIMEOUT = 60_000;

/**
 * Perl for the guest: turns off what its NICs leave to hardware (checksums, segmentation; see `disableOffloads`), or the
 * tap at a host would record packets that are not finished. One process for all NICs; ethtool would be one for each.
 */
const DISABLE_OFFLOADS =
  'socket(S,2,2,0)||die; for $n (@ARGV) { for $c (0x15,0x17,0x19,0x1f,0x24,0x2c) { $v=pack("LL",$c,0); ioctl(S,0x8946,pack("a16P",$n,$v)) } }';

/**
 * Frames that may wait for the guest: a burst must not overflow, for the queue drops in silence. Tap devices are the only
 * transport with such a queue; packet sockets on a veth pair, which need no /dev/net/tun, lose frames unnoticed.
 */
const TAP_QUEUE = 30_000;
const TUN = "/dev/net/tun";

/** Serial lines of a User-Mode Linux kernel (NR_PORTS of arch/um/drivers/ssl.c); of virtual consoles it has 16 only. */
const MOST_HOSTS = 64;

/** How many hosts and NICs the guest is to have: both are fixed when it boots. */
export interface UmlSize {
  readonly hosts: number;
  readonly nics: number;
}

/**
 * One User-Mode Linux kernel for a whole run. Its hosts are network namespaces inside it; its NICs are tap devices of
 * the namespace that it was booted in.
 *
 * Every host has a shell of its own behind a console of its own, so that a command costs no process but itself.
 */
export class UmlKernel {
  readonly release: string;
  readonly #consoles: readonly Console[];
  #hostsTaken = 0;
  #nicsTaken = 0;
  readonly #size: UmlSize;

  private constructor(consoles: readonly Console[], size: UmlSize, release: string) {
    this.#consoles = consoles;
    this.#size = size;
    this.release = release;
  }

  /**
   * Boots the kernel; some 2 s.
   * @param scratch a folder on a tmpfs, for the guest's memory and its init script.
   * @throws CannotRun with the end of the boot messages where the guest does not come up.
   */
  static async boot(size: UmlSize, scratch: string): Promise<UmlKernel> {
    if (size.hosts > MOST_HOSTS)
      throw new CannotRun(
        `these scenarios need ${size.hosts} hosts in User-Mode Linux, and one kernel has ${MOST_HOSTS}; run them in parts (--shard), or let scenarios share a setup`,
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
    writeFileSync(init, initScript(size), { mode: 0o755 });
    const taps = range(size.nics).flatMap((i) => [
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
        ...range(size.hosts).map((i) => `ssl${i}=fd:${i + 3},fd:${i + 3}`),
        ...range(size.nics).map((i) => `vec${i}:transport=tap,ifname=${tapDevice(i)},depth=128,gro=1`),
      ],
      {
        stdio: ["pipe", "pipe", "ignore", ...range(size.hosts).map(() => "pipe" as const)],
        env: { ...process.env, TMPDIR: scratch },
      },
    );
    const main = new Console("User-Mode Linux", child.stdin as Duplex, child.stdout as Duplex);
    const consoles = range(size.hosts).map((i) => {
      const stream = child.stdio[i + 3] as Duplex;
      return new Console(`User-Mode Linux host ${i + 1}`, stream, stream);
    });
    child.once("error", (error) => main.fail(error));
    child.once("exit", (code, signal) => {
      const error = new Error(`the User-Mode Linux kernel ended (${signal ?? `exit status ${code}`})`);
      for (const console of [main, ...consoles]) console.fail(error);
    });
    const release = await main.answer("boot", BOOT_TIMEOUT);
    // What is written to a console before the guest has opened it is seen only when more follows.
    await Promise.all(consoles.map((console) => console.answer("the start of its shell", BOOT_TIMEOUT)));
    return new UmlKernel(consoles, size, release.trim().split("\n").at(-1) ?? "");
  }

  /** A host of its own inside the guest. */
  takeHost(): UmlMachine {
    const console = this.#consoles[this.#hostsTaken];
    if (!console) throw new Error(`the User-Mode Linux kernel was booted for ${this.#size.hosts} hosts only`);
    this.#hostsTaken += 1;
    return new UmlMachine(console);
  }

  /** A NIC: its name in the guest's host, and the tap device that is its other end. */
  async takeNic(host: UmlMachine): Promise<{ name: string; tap: string }> {
    const index = this.#nicsTaken;
    if (index >= this.#size.nics)
      throw new Error(`the User-Mode Linux kernel was booted for ${this.#size.nics} NICs only`);
    this.#nicsTaken += 1;
    await host.adopt(`vec${index}`);
    return { name: `vec${index}`, tap: tapDevice(index) };
  }
}

function tapDevice(index: number): string {
  return `uml${index}`;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** The guest's PID 1: mounts, modules, one shell a host, then nothing but being there. */
function initScript({ hosts, nics }: UmlSize): string {
  return `#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
# Not the set-uid mount of the machine: in a user namespace it belongs to nobody, and refuses.
busybox mount -t proc proc /proc
busybox mount -t sysfs sys /sys
busybox mount -t tmpfs tmp /tmp
busybox mount -t tmpfs run /run
busybox mount -t devtmpfs dev /dev
mkdir -p /tmp/guest/lib/modules
ln -s /usr/lib/uml/modules/$(uname -r) /tmp/guest/lib/modules/$(uname -r)
modprobe -d /tmp/guest -a ${MODULES}
echo ${TAP_QUEUE} > /proc/sys/net/core/netdev_max_backlog
perl -e '${DISABLE_OFFLOADS}' ${range(nics)
    .map((i) => `vec${i}`)
    .join(" ")}
ip -batch - <<'EOF'
${range(hosts)
  .map((i) => `netns add host${i}`)
  .join("\n")}
EOF
busybox stty -echo
serve() {
  busybox stty -echo -F /dev/ttyS$1
  { printf '\\036%s\\n' 0; exec ip netns exec host$1 sh /dev/ttyS$1; } < /dev/null > /dev/ttyS$1 2>&1 &
}
${range(hosts)
  .map((i) => `serve ${i}`)
  .join("\n")}
uname -r
printf '\\036%s\\n' 0
while read -r line; do eval "$line"; done
poweroff -f
`;
}
