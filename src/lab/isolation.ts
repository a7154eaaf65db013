import { type SpawnOptions, spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, readFileSync, realpathSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { missingPrograms } from "./programs.js";
import { openingCommand, userNamespaceLocks } from "./user-namespaces.js";

/**
 * In the environment of the process that lives inside the private namespaces: the process ID of its parent, as the rest
 * of the machine sees it.
 */
const PARENT = "HOPCHECK_PARENT";

export function insideIsolation(): boolean {
  // Process 1 of namespaces of its own: whoever inherits the variable alone must not build labs on the host.
  return process.env[PARENT] !== undefined && process.pid === 1;
}

/** The descriptor at which the process inside says that it is there. */
const ARRIVAL = 3;

/** Tells the process outside that the namespaces stand: first of all, once, inside of them. */
export function arrive(): void {
  writeSync(ARRIVAL, ".");
  closeSync(ARRIVAL);
}

/** The namespaces could not be had; the message says why, and what to do. */
export class NotIsolated extends Error {
  override name = "NotIsolated";
}

/** The command that runs another one inside the namespaces of this run, from any terminal of the machine. */
export function entrance(): string {
  const ownUsers = !/^\s*0\s+0\s+4294967295$/m.test(readFileSync("/proc/self/uid_map", "utf8"));
  return `nsenter --target $(pgrep --parent ${process.env[PARENT]}) ${ownUsers ? "--user --preserve-credentials " : ""}--pid --mount --net`;
}

const PROGRAMS = ["setpriv", "sh", "unshare", "mount", "true"] as const;

/**
 * Why private namespaces cannot be had here; undefined where they can.
 * @param kept as `isolate` will be given them.
 */
export function isolationError(kept: readonly string[] = []): string | undefined {
  const missing = missingPrograms(PROGRAMS);
  if (missing) return `no private namespaces: ${missing}`;
  const [file = "", ...args] = [...privately(kept), "true"];
  const { status, stdout, stderr, error } = spawnSync(file, args, { encoding: "utf8" });
  if (status === 0) return undefined;
  return `no private namespaces: ${`${stdout}${stderr}`.trim() || (error?.message ?? `exit status ${status}`)}\n${advice()}`;
}

function advice(): string {
  if (process.getuid?.() === 0)
    return "this environment does not let root make namespaces (a container without CAP_SYS_ADMIN?)";
  const locks = userNamespaceLocks((file) => (existsSync(file) ? readFileSync(file, "utf8") : undefined));
  if (locks.length === 0) return "run it as root (sudo), or where ordinary users may make user namespaces";
  return `run it as root (sudo), or allow user namespaces: ${openingCommand(locks)}`;
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

/** What the lab keeps for itself below /run: the namespaces of `ip netns`, and the fabric's files. */
const OURS = ["netns", "hopcheck"];

/**
 * The entries of /run that these paths lead through. The run has a /run of its own, in which `isolate` leaves these
 * visible; whatever else the host has there stays out of the reach of the directors under test.
 */
export function entriesOfRun(paths: readonly string[]): string[] {
  const entries = paths.flatMap((path) => [resolve(path), realPath(path)]).map(entryOfRun);
  return [...new Set(entries)].filter(
    (entry) => entry && !OURS.includes(entry) && existsSync(`/run/${entry}`),
  ) as string[];
}

export function isBelowRun(path: string): boolean {
  return entryOfRun(realPath(path)) !== undefined;
}

/** Whether what is written there vanishes with the run. */
export function vanishes(path: string): boolean {
  const entry = entryOfRun(realPath(path));
  return entry !== undefined && ["", ...OURS].includes(entry);
}

/** `/run/media/usb` → `media`; the empty string for /run itself, undefined for what lies elsewhere. */
function entryOfRun(path: string): string | undefined {
  const [, top, entry = ""] = path.split("/");
  return top === "run" ? entry : undefined;
}

/** Without symbolic links, also where the last parts of the path are still to be made. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const absolute = resolve(path);
    return absolute === "/" ? absolute : join(realPath(dirname(absolute)), basename(absolute));
  }
}

/**
 * For a shell of the private mount namespace: an empty /run, with the entries named before `--` bound into it; then the
 * command behind `--`. From the subshell's folder, the covered /run can still be named.
 */
const PRIVATE_RUN = `
(
  cd /run && mount -t tmpfs -o mode=755 hopcheck /run || exit
  for entry; do
    [ "$entry" != -- ] || exit 0
    if [ -d "./$entry" ]; then mkdir "/run/$entry"; else : > "/run/$entry"; fi &&
      mount --no-canonicalize --rbind "./$entry" "/run/$entry" || exit
  done
) || exit
while [ "$1" != -- ]; do shift; done
shift
exec "$@"`;

/** The command that runs the one behind it as process 1 of namespaces of its own. */
function privately(kept: readonly string[]): string[] {
  return [
    ...["setpriv", "--pdeathsig", "KILL"],
    ...["sh", "-c", `export ${PARENT}=$$; exec "$@"`, "sh"],
    ...unshare(),
    ...["sh", "-c", PRIVATE_RUN, "sh", ...kept, "--"],
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
 * @param kept entries of /run that stay visible; see `entriesOfRun`.
 * @throws NotIsolated
 */
export function isolate(
  argv: readonly string[] = process.argv.slice(1),
  kept: readonly string[] = [],
): Promise<number> {
  const command = [...privately(kept), process.execPath, ...process.execArgv, ...argv];
  const missing = missingPrograms(PROGRAMS);
  if (missing) return Promise.reject(new NotIsolated(`no private namespaces: ${missing}`));
  const options: SpawnOptions = { stdio: ["inherit", "inherit", "inherit", "pipe"] };
  return new Promise((resolve, reject) => {
    const child = spawn(command[0] as string, command.slice(1), options);
    let isThere = false;
    child.stdio[ARRIVAL]?.once("data", () => {
      isThere = true;
    });
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
    child.once("close", (code, signal) => {
      clearInterval(again);
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
      // Only now is it worth the time to find out why.
      const reason = isThere || again || signal ? undefined : isolationError(kept);
      if (reason) reject(new NotIsolated(reason));
      else if (signal) resolve(again ? 130 : 128 + constants.signals[signal]);
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
