import { type SpawnOptions, spawn } from "node:child_process";
import { constants } from "node:os";
import { execa } from "execa";
import { allowedCpus } from "./cpus.js";

/**
 * In the environment of the process that lives inside the private namespaces: the process ID of its parent, as the rest
 * of the machine sees it.
 */
const PARENT = "HOPCHECK_PARENT";

export function insideIsolation(): boolean {
  return process.env[PARENT] !== undefined;
}

/** The command that runs another one inside the namespaces of this run, from any terminal of the machine. */
export function entrance(): string {
  return `nsenter --target $(pgrep --parent ${process.env[PARENT]}) --mount --net`;
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
    const forward = (signal: NodeJS.Signals) => child.kill(signal);
    // The terminal sends SIGINT to the whole group: this process only has to outlive the one inside.
    const ignore = () => {};
    process.on("SIGINT", ignore);
    process.on("SIGTERM", forward);
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      process.off("SIGINT", ignore);
      process.off("SIGTERM", forward);
      resolve(signal ? 128 + constants.signals[signal] : (code ?? 1));
    });
  });
}

/** Runs that start together should not all sit on the same CPU. */
function pickCpu(): number {
  const allowed = allowedCpus();
  return allowed[process.pid % allowed.length] ?? 0;
}
