import { type SpawnOptions, spawn } from "node:child_process";
import { constants } from "node:os";
import { allowedCpus } from "./cpus.js";

/** Set in the environment of the process that lives inside the private namespaces. */
const INSIDE = "HOPCHECK_INSIDE";

export function insideIsolation(): boolean {
  return process.env[INSIDE] === "1";
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
  const asRoot = process.getuid?.() === 0;
  const command = [
    ...["setpriv", "--pdeathsig", "KILL"],
    ...["taskset", "--cpu-list", String(pickCpu())],
    ...["unshare", ...(asRoot ? [] : ["--map-root-user"]), "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"],
    ...["sh", "-c", 'mount -t tmpfs -o mode=755 hopcheck /run && exec "$@"', "sh"],
    ...[process.execPath, ...process.execArgv, ...argv],
  ];
  const options: SpawnOptions = { stdio: "inherit", env: { ...process.env, [INSIDE]: "1" } };
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
