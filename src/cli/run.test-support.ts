import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execaSync } from "execa";
import { type ReadFrame, readPcapng } from "../capture/pcapng.test-support.js";
import { readResult } from "../report/json.js";
import type { RunResult } from "../report/result.js";

const main = fileURLToPath(new URL("./main.js", import.meta.url));
/** Ends a run that hangs; no test waits for it. */
const TIMEOUT = 240_000;

export interface Ended {
  /** Exit status, or the signal that ended the process. */
  readonly status: number | NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run of the compiled program. */
export class Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = "";
  stderr = "";
  readonly #watchers = new Set<() => void>();

  constructor(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}, timeout = TIMEOUT) {
    this.child = spawn(process.execPath, [main, ...args], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const deadline = setTimeout(() => this.child.kill("SIGKILL"), timeout);
    for (const name of ["stdout", "stderr"] as const)
      this.child[name]?.on("data", (chunk: Buffer) => {
        this[name] += chunk;
        for (const look of this.#watchers) look();
      });
    this.ended = new Promise((resolve, reject) => {
      this.child.once("error", reject);
      this.child.once("close", (code, signal) => {
        clearTimeout(deadline);
        resolve({ status: code ?? signal, stdout: this.stdout, stderr: this.stderr });
        for (const look of this.#watchers) look();
      });
    });
  }

  /** Resolves when the output has what is looked for. */
  says(what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (this.stdout.includes(what) || this.stderr.includes(what)) resolve();
        else if (this.child.exitCode !== null || this.child.signalCode !== null)
          reject(new Error(`it ended without saying "${what}": ${this.stdout}${this.stderr}`));
        else return;
        this.#watchers.delete(look);
      };
      this.#watchers.add(look);
      look();
    });
  }
}

/** A folder with scenarios to run; its name has a space, as those of users have. */
export class RunFolder {
  readonly folder: string;

  /** @param below where it is made: a User-Mode Linux kernel has a /tmp of its own */
  constructor(below = tmpdir()) {
    this.folder = realpathSync(mkdtempSync(join(below, "hopcheck run-")));
  }

  write(name: string, content: string | Uint8Array, mode = 0o644): string {
    const file = join(this.folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content, { mode });
    return file;
  }

  start(args: readonly string[], env: NodeJS.ProcessEnv = {}, timeout?: number): Running {
    return new Running(args, this.folder, env, timeout);
  }

  /** `hopcheck run`, to its end. */
  run(...args: readonly string[]): Promise<Ended> {
    return this.start(["run", ...args]).ended;
  }

  /** The results below a report's folder, checked against their schema. */
  results(out: string): RunResult {
    const file = join(this.folder, out, "results.json");
    return readResult(readFileSync(file, "utf8"), file);
  }

  capture(out: string, capture: string | undefined): ReadFrame[] {
    return readPcapng(readFileSync(join(this.folder, out, capture ?? "no capture")));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What a run must leave as it was on the machine. */
export function machineState(): Record<string, string> {
  // The tests' own folders come and go meanwhile.
  const listing = (folder: string) =>
    readdirSync(folder)
      .filter((name) => !name.startsWith("hopcheck"))
      .sort()
      .join("\n");
  const printed = (command: string, ...args: string[]) => execaSync(command, args).stdout;
  return {
    links: printed("ip", "-brief", "link"),
    addresses: printed("ip", "-brief", "address"),
    routes: printed("ip", "route", "show", "table", "all"),
    namespaces: printed("ip", "netns"),
    mounts: readFileSync("/proc/self/mounts", "utf8"),
    shm: listing("/dev/shm"),
  };
}

/** All processes below one, as `PID START-TIME`, which no later process shares. */
export function descendants(pid: number): string[] {
  const children = new Map<number, { pid: number; id: string }[]>();
  for (const name of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const stat = statOf(Number(name));
    if (stat) children.set(stat.parent, [...(children.get(stat.parent) ?? []), { pid: Number(name), id: stat.id }]);
  }
  const below = (pid: number): string[] =>
    (children.get(pid) ?? []).flatMap((child) => [child.id, ...below(child.pid)]);
  return below(pid);
}

/** Whether a process of `descendants` is still there. */
export function lives(id: string): boolean {
  return statOf(Number(id.split(" ")[0]))?.id === id;
}

/** The first word of each process's command line. */
export function commandOf(id: string): string {
  try {
    return readFileSync(`/proc/${id.split(" ")[0]}/cmdline`, "utf8").split("\0")[0] ?? "";
  } catch {
    return "";
  }
}

function statOf(pid: number): { parent: number; id: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [, parent, ...rest] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { parent: Number(parent), id: `${pid} ${rest[17]}` };
  } catch {
    return undefined;
  }
}
