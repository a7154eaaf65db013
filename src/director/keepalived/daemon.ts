import { CannotRun } from "../../lab/cannot-run.js";
import type { Machine } from "../../lab/machine.js";
import { missingPrograms } from "../../lab/programs.js";
import { GUEST_PATH } from "../../lab/uml-init.js";

/** Milliseconds in which a daemon has to do as its file says; it ends a run that has already failed. */
const TIMEOUT = 20_000;

/** Which of its halves a daemon is: the one that keeps virtual servers, or the one that moves addresses (keepalived(8)). */
export type Part = "check" | "vrrp";

const OPTION: Record<Part, string> = { check: "-C", vrrp: "-P" };

/** In the foreground (-n) and with a log of its own: the guest has no syslog. */
const START =
  'keepalived "$2" -n -l -D -f "$1/keepalived.conf" -p "$1/pid" -c "$1/checkers.pid" -r "$1/vrrp.pid" < /dev/null > "$1/log" 2>&1 &';

/** The file of its process id is gone with it. */
const STOP = 'kill "$(cat "$1/pid")" && while [ -e "$1/pid" ]; do :; done';

/** One keepalived on a host of a lab, with files of its own. */
export class Daemon {
  readonly machine: Machine;
  readonly #part: Part;
  readonly #folder: string;

  private constructor(machine: Machine, part: Part, folder: string) {
    this.machine = machine;
    this.#part = part;
    this.#folder = folder;
  }

  /** @throws CannotRun where there is no keepalived. */
  static async prepare(machine: Machine, part: Part): Promise<Daemon> {
    const missing = missingPrograms(["keepalived"], machine.where === "user-mode-linux" ? GUEST_PATH : undefined);
    if (missing) throw new CannotRun(`keepalived cannot be started: ${missing}`);
    // Several daemons share the files of a kernel, each in a network namespace of its own.
    const folder = (await machine.run(["mktemp", "-d", "/run/keepalived.XXXXXX"])).trim();
    return new Daemon(machine, part, folder);
  }

  async write(configuration: string): Promise<void> {
    await this.machine.run(["dd", `of=${this.#folder}/keepalived.conf`, "status=none"], configuration);
  }

  async start(): Promise<void> {
    await this.#script(START, OPTION[this.#part]);
  }

  async reload(): Promise<void> {
    await this.#script('kill -HUP "$(cat "$1/pid")"');
  }

  /** Resolves when it has ended, as on a clean shutdown. */
  async stop(): Promise<void> {
    await this.#script(STOP);
  }

  /** @throws Error with the daemon's last words where it never comes so far. */
  async until(failure: string, isSo: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + TIMEOUT;
    while (!(await isSo()))
      if (performance.now() > deadline) throw new Error(`keepalived ${failure}:\n${await this.log()}`);
  }

  /** Its last words. */
  async log(): Promise<string> {
    return this.machine.run(["tail", "-n", "20", `${this.#folder}/log`]);
  }

  async #script(text: string, ...words: string[]): Promise<void> {
    await this.machine.run(["sh", "-c", text, "sh", this.#folder, ...words]);
  }
}
