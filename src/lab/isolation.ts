import { type SpawnOptions, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { execa } from "execa";
import { allowedCpus } from "./cpus.js";

/**
 * In the environment of the process that lives inside the private namespaces: the process ID of its parent, as the rest
 * of the machine sees it.
 */
const PARENT = "HOPCHECK_PARENT";

export function insideIsolation(): boolean {
  // Process 1 of namespaces of its own: whoever inherits the variable alone must not build labs on the host.
  return process.env[PARENT] !== undefined && process.pid === 1;
}

/** The command that runs another one inside the namespaces of this run, from any terminal of the machine. */
export function entrance(): string {
  const ownUsers = !/^\s*0\s+0\s+4294967295$/m.test(readFileSync("/proc/self/uid_map", "utf8"));
  return `nsenter --target $(pgrep --parent ${process.env[PARENT]}) ${ownUsers ? "--user --preserve-credentials " : ""}--pid --mount --net`;
}

/** Why private namespaces cannot be had here; undefined where they can. */
export async function isolationError(): Promise<string | undefined> {
  const [file = "", ...args] = [...unshare(), "true"];
  const { exitCode, all, shortMessage } = await execa(file, args, { reject: false, all: true });
  if (exitCode === 0) return undefined;
  const advice =
    process.getuid?.() === 0
      ? "this environment does not let root make namespaces (a container without CAP_SYS_ADMIN?)"
      : "run it as root (sudo), or allow user namespaces: sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000 kernel.apparmor_restrict_unprivileged_userns=0";
  return `no private namespaces: ${all?.trim() || shortMessage}\n${advice}`;
}

function unshare(): string[] {
  const asRoot = process.getuid?.() === 0;
  return [
    "unshare",
    ...(asRoot ? [] : ["--map-root-user"]),
    "--net",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
  ];
}

/**
 * Runs this very command again as process 1 of namespaces of its own (network, mounts, processes; users where the
 * caller is not root), and ends with its exit status.
 *
 * Nothing can stay behind: when this process dies, however it dies, the kernel kills `unshare` (PR_SET_PDEATHSIG),
 * with it process 1, with it every process of the namespaces; the namespaces, their links and mounts go with the last
 * process.
 *
 * All of it is tied to one CPU. Frames handed from one network namespace to another wait in a queue of the sending
 * CPU; on a single CPU that queue is one for the whole lab, and frames cannot overtake each other: the order that every
 * proof of absence rests on (net/core/dev.c, enqueue_to_backlog).
 */
export function isolate(argv: readonly string[] = process.argv.slice(1)): Promise<number> {
  const command = [
    ...["setpriv", "--pdeathsig", "KILL"],
    ...["taskset", "--cpu-list", String(pickCpu())],
    ...["sh", "-c", `export ${PARENT}=$$; exec "$@"`, "sh"],
    ...unshare(),
    ...["sh", "-c", 'mount -t tmpfs -o mode=755 hopcheck /run && exec "$@"', "sh"],
    ...[process.execPath, ...process.execArgv, ...argv],
  ];
  const options: SpawnOptions = { stdio: "inherit" };
  return new Promise((resolve, reject) => {
    const child = spawn(command[0] as string, command.slice(1), options);
    let again: NodeJS.Timeout | undefined;
    const interrupt = (signal: NodeJS.Signals) => {
      // Who asks twice does not want to wait for what is under way.
      if (again) child.kill("SIGKILL");
      // `unshare` blocks both signals, and the kernel drops those that process 1 does not listen for yet.
      const forward = () => signalChildren(child.pid, signal);
      again ??= setInterval(forward, 100);
      forward();
    };
    process.on("SIGINT", interrupt);
    process.on("SIGTERM", interrupt);
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      clearInterval(again);
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
      if (signal) resolve(again ? 130 : 128 + constants.signals[signal]);
      else resolve(code ?? 1);
    });
  });
}

function signalChildren(parent: number | undefined, signal: NodeJS.Signals): void {
  try {
    const children = readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8");
    for (const pid of children.trim().split(" ").filter(Boolean)) process.kill(Number(pid), signal);
  } catch {
    // It has ended meanwhile.
  }
}

/** Runs that start together should not all sit on the same CPU. */
function pickCpu(): number {
  const allowed = allowedCpus();
  return allowed[process.pid % allowed.length] ?? 0;
}
