import { constants } from "node:os";
import type { Machine } from "../../lab/machine.js";
import type { Program } from "../director.js";
import type { Hooks } from "./hooks.js";

/** Milliseconds that a program has to end when it is told to; then it is killed. */
const GRACE = 5_000;
/** Bytes of what it said that are kept: the last ones. */
const KEPT = 65_536;

/**
 * In a session of its own, so that it can be ended with all that it started. The shell that waits for it outlives its
 * signals, to write down how it ended.
 */
const START = `
cd "$1" || exit
rm -f "$folder/status"
setsid sh -c 'trap : HUP INT QUIT TERM USR1 USR2; sh -c "$1"; echo $? > "$folder/status"' sh "$2" \\
  < /dev/null >> "$folder/log" 2>&1 &
echo $! > "$folder/pid"`;

const STATUS = '[ ! -e "$folder/status" ] || cat "$folder/status"';
const SIGNAL = 'kill "-$1" -- "-$(cat "$folder/pid")" 2> /dev/null || :';
const IN_FOLDER = 'cd "$1" && sh -c "$2"';

/** A load balancer's program on a host of a lab, with a folder of its own there. */
export class CommandProgram implements Program {
  readonly #machine: Machine;
  readonly #hooks: Hooks;
  readonly #folder: string;
  readonly #environment: Readonly<Record<string, string>>;
  /** Bytes of its log that have been shown. */
  #heard = 0;

  private constructor(machine: Machine, hooks: Hooks, folder: string, facts: Readonly<Record<string, string>>) {
    this.#machine = machine;
    this.#hooks = hooks;
    this.#folder = folder;
    this.#environment = { ...facts, folder, setup: `${folder}/setup.json`, config: `${folder}/config` };
  }

  /** @param facts what its environment has of the setup */
  static async prepare(
    machine: Machine,
    hooks: Hooks,
    facts: Readonly<Record<string, string>>,
  ): Promise<CommandProgram> {
    const folder = (await machine.run(["mktemp", "-d", "/run/director.XXXXXX"])).trim();
    return new CommandProgram(machine, hooks, folder, facts);
  }

  /** Writes a file of its folder: `config` or `setup.json`. */
  async write(name: string, text: string): Promise<void> {
    await this.#machine.run(["dd", `of=${this.#folder}/${name}`, "status=none"], text);
  }

  async start(): Promise<void> {
    await this.#script(START, this.#hooks.folder, this.#hooks.start);
  }

  async ended(): Promise<string | undefined> {
    const status = (await this.#script(STATUS)).trim();
    return status === "" ? undefined : wayItEnded(Number(status));
  }

  /** Resolves to what a command of its file prints. @throws CommandError where it ends with another status than 0 */
  async command(command: string): Promise<string> {
    return this.#script(IN_FOLDER, this.#hooks.folder, command);
  }

  async said(): Promise<string> {
    const size = Number(await this.#script('wc -c < "$folder/log"'));
    const from = Math.max(this.#heard, size - KEPT);
    this.#heard = size;
    return from === size ? "" : this.#script('tail -c "+$1" "$folder/log"', String(from + 1));
  }

  /** All that it ever said, as far as it is not too much to keep: the end of it. */
  async log(): Promise<string> {
    return this.#script('tail -c 1000000 "$folder/log"');
  }

  async stop(): Promise<void> {
    await this.#signal(this.#hooks.stop);
    const deadline = performance.now() + GRACE;
    while ((await this.ended()) === undefined && performance.now() < deadline);
    // What it started, and did not end itself.
    await this.#signal("SIGKILL");
  }

  async #signal(signal: NodeJS.Signals): Promise<void> {
    await this.#script(SIGNAL, signal.replace(/^SIG/, ""));
  }

  async #script(text: string, ...words: readonly string[]): Promise<string> {
    const variables = Object.entries(this.#environment).map(([name, value]) => `${name}=${value}`);
    return this.#machine.run(["env", ...variables, "sh", "-c", text, "sh", ...words]);
  }
}

/** A shell's exit status in words: 128 and the signal's number where a signal ended it. */
export function wayItEnded(status: number): string {
  const signal = Object.entries(constants.signals).find(([, number]) => number === status - 128)?.[0];
  return signal === undefined ? `ended with exit status ${status}` : `was ended by ${signal}`;
}
