import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, mkdirSync, writeFileSync } from "node:fs";
import type { Duplex } from "node:stream";
import { execa } from "execa";
import { disableOffloads } from "../capture/libc.js";
import { CannotRun } from "./cannot-run.js";
import { CommandError, type Machine } from "./machine.js";
import { sysctlPath } from "./namespace.js";

export const UML_BINARY = "linux.uml";

/** In the order in which they depend on each other; the guest loads no module by itself. */
const MODULES = "veth ipip ip_vs ip_vs_rr ip_vs_wrr ip_vs_sh ip_vs_mh ip_vs_lc ip_vs_wlc";

const BOOT_TIMEOUT = 60_000;
const COMMAND_TIMEOUT = 30_000;

/** Serial lines of a User-Mode Linux kernel (NR_PORTS of arch/um/drivers/ssl.c); of virtual consoles it has 16 only. */
const MOST_HOSTS = 64;

/** Ends the output of one command; what stands behind it is the exit status. */
const END = "\x1e";

/**
 * An echo service: protocol, address, port. Perl, because every Debian has it (perl-base is essential) and no process
 * has to be made for a connection. It returns when it listens, and serves on behind.
 */
const ECHO = `
my ($protocol, $ip, $port) = @ARGV;
my $tcp = $protocol eq "tcp";
socket(my $server, PF_INET, $tcp ? SOCK_STREAM : SOCK_DGRAM, 0) or die "socket: $!\\n";
setsockopt($server, SOL_SOCKET, SO_REUSEADDR, 1);
bind($server, pack_sockaddr_in($port, inet_aton($ip))) or die "bind to $ip:$port: $!\\n";
listen($server, SOMAXCONN) or die "listen: $!\\n" if $tcp;
exit if fork;
open STDIN, "<", "/dev/null"; open STDOUT, ">", "/dev/null"; open STDERR, ">", "/dev/null";
$SIG{PIPE} = "IGNORE";
my ($bytes, $all, %connections) = ("", "");
until ($tcp) { my $peer = recv($server, $bytes, 65535, 0); send($server, $bytes, 0, $peer) if defined $peer; }
vec($all, fileno $server, 1) = 1;
for (;;) {
  select(my $ready = $all, undef, undef, undef);
  if (vec($ready, fileno $server, 1) and accept(my $connection, $server)) {
    vec($all, fileno $connection, 1) = 1;
    $connections{fileno $connection} = $connection;
  }
  for (grep { vec($ready, $_, 1) } keys %connections) {
    next if sysread($connections{$_}, $bytes, 65536) and syswrite($connections{$_}, $bytes);
    vec($all, $_, 1) = 0;
    close delete $connections{$_};
  }
}
`;

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
  readonly #process: ChildProcess;
  readonly #consoles: readonly Console[];
  #hostsTaken = 0;
  #nicsTaken = 0;
  readonly #size: UmlSize;

  private constructor(child: ChildProcess, consoles: readonly Console[], size: UmlSize, release: string) {
    this.#process = child;
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
    const wiring = wiringHere();
    await execa("ip", ["-batch", "-"], {
      input: range(size.nics)
        .flatMap((i) => wiring.lines(tapDevice(i)))
        .join("\n"),
    });
    for (const i of range(size.nics)) wiring.ends(tapDevice(i)).forEach(disableOffloads);

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
        ...range(size.nics).map((i) => `vec${i}:${wiring.transport(tapDevice(i))},depth=128,gro=1`),
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
    return new UmlKernel(child, consoles, size, release.trim().split("\n").at(-1) ?? "");
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

  kill(): void {
    this.#process.kill("SIGKILL");
  }
}

/** How a NIC of the guest is joined to the fabric's device of that name. */
interface Wiring {
  /** For `ip -batch`. */
  lines(device: string): string[];
  /** The guest kernel's parameter for the NIC. */
  transport(device: string): string;
  /** The devices whose offloads have to be turned off. */
  ends(device: string): string[];
}

const tapWiring: Wiring = {
  lines: (device) => [`tuntap add ${device} mode tap`, `link set ${device} txqueuelen 30000`],
  transport: (device) => `transport=tap,ifname=${device}`,
  // A tap device has nothing to turn off but what the guest turned on, and it did not.
  ends: () => [],
};

/** A veth pair whose far end the guest reads and writes as a packet socket: no loss-free queue, but open to every user. */
const vethWiring: Wiring = {
  lines: (device) => [`link add ${device} type veth peer name ${device}g`, `link set ${device}g up`],
  // Frame by frame (vec=0): with vectors of frames this transport stops receiving within seconds.
  transport: (device) => `transport=raw,ifname=${device}g,vec=0`,
  ends: (device) => [device, `${device}g`],
};

/** Tap devices where this user may make some; many systems keep /dev/net/tun to root. */
function wiringHere(): Wiring {
  try {
    accessSync("/dev/net/tun", constants.R_OK | constants.W_OK);
    return tapWiring;
  } catch {
    return vethWiring;
  }
}

function tapDevice(index: number): string {
  return `uml${index}`;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** The guest's PID 1: mounts, modules, one shell a host, then nothing but being there. */
function initScript({ hosts }: UmlSize): string {
  return `#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
# Not the set-uid mount of the machine: in a user namespace it belongs to nobody, and refuses.
busybox mount -t proc proc /proc
busybox mount -t sysfs sys /sys
busybox mount -t tmpfs tmp /tmp
busybox mount -t tmpfs run /run
busybox mount -t devtmpfs dev /dev
mkdir -p /tmp/root/lib/modules
ln -s /usr/lib/uml/modules/$(uname -r) /tmp/root/lib/modules/$(uname -r)
for module in ${MODULES}; do modprobe -d /tmp/root $module || echo "cannot load $module"; done
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

/** A shell behind a console: one command at a time, its output up to the mark that ends it. */
class Console {
  readonly #name: string;
  readonly #input: Duplex;
  #output = "";
  #failure: Error | undefined;
  #waiting: { done: () => void } | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(name: string, input: Duplex, output: Duplex) {
    this.#name = name;
    this.#input = input;
    output.on("data", (chunk: Buffer) => {
      this.#output += chunk.toString("latin1").replaceAll("\r", "");
      this.#waiting?.done();
    });
    output.on("error", (error) => this.fail(error));
    input.on("error", (error) => this.fail(error));
  }

  fail(error: Error): void {
    this.#failure ??= error;
    this.#waiting?.done();
  }

  /** Runs a script; resolves to its output. */
  run(script: string, label = script): Promise<string> {
    const turn = this.#last.then(() => {
      this.#input.write(`{ ${script}\n} 2>&1; printf '\\036%s\\n' $?\n`);
      return this.answer(label, COMMAND_TIMEOUT);
    });
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** The output up to the next mark. @throws CommandError where the status behind the mark is not 0. */
  async answer(label: string, timeout: number): Promise<string> {
    const deadline = setTimeout(
      () =>
        this.fail(
          new Error(
            `${this.#name}: no answer to \`${label}\` within ${timeout / 1000} s: ${this.#output.slice(-2000)}`,
          ),
        ),
      timeout,
    );
    try {
      for (;;) {
        const end = this.#output.indexOf(END);
        const newline = end < 0 ? -1 : this.#output.indexOf("\n", end);
        if (newline >= 0) {
          const output = this.#output.slice(0, end);
          const status = this.#output.slice(end + 1, newline);
          this.#output = this.#output.slice(newline + 1);
          if (status !== "0") throw new CommandError(this.#name, label, output);
          return output;
        }
        if (this.#failure) {
          const output = this.#output.slice(-2000).trim();
          throw output === "" ? this.#failure : new Error(`${this.#failure.message}\n${output}`);
        }
        await new Promise<void>((done) => {
          this.#waiting = { done };
        });
      }
    } finally {
      clearTimeout(deadline);
    }
  }
}

/** A host inside the User-Mode Linux kernel. */
export class UmlMachine implements Machine {
  readonly where = "user-mode-linux";
  readonly #console: Console;

  constructor(console: Console) {
    this.#console = console;
  }

  /** Moves a NIC of the guest's first namespace into this host. */
  async adopt(nic: string): Promise<void> {
    // The guest's first namespace is that of process 1; this host's shell has a namespace of its own.
    await this.#console.run(`nsenter -t 1 -n ip link set ${nic} netns $$`, `move ${nic}`);
  }

  async sysctl(settings: Readonly<Record<string, string>>): Promise<void> {
    const lines = Object.entries(settings).map(([name, value]) => `echo ${quote(value)} > ${quote(sysctlPath(name))}`);
    if (lines.length > 0) await this.#console.run(lines.join(" &&\n"), "sysctl");
  }

  async ip(lines: readonly string[]): Promise<void> {
    await this.run(["ip", "-batch", "-"], `${lines.join("\n")}\n`);
  }

  async run(command: readonly string[], input?: string): Promise<string> {
    const line = command.map(quote).join(" ");
    const script =
      input === undefined ? `${line} < /dev/null` : `${line} <<'HOPCHECK'\n${input.replace(/\n?$/, "\n")}HOPCHECK`;
    return this.#console.run(script, line);
  }

  async echo(protocol: "tcp" | "udp", ip: string, port: number): Promise<void> {
    await this.run(["perl", "-MSocket", "-e", ECHO, protocol, ip, String(port)]);
  }
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
