import { randomUUID } from "node:crypto";
import { CommandError } from "./machine.js";

/** Milliseconds that a command may take; it ends a run that has already failed. */
const PATIENCE = 30_000;

/** Ends what a command has to say; its exit status stands behind. What a command prints cannot pretend to be it. */
export const END = `\x1e${randomUUID()} `;

/** The way to a shell. */
export interface Channel {
  type(text: string): void;
  listen(listener: Listener): void;
}

/** Who hears what a shell says. */
export interface Listener {
  received(text: string): void;
  fail(error: Error): void;
}

/**
 * A shell that stays: one command at a time, its output up to the mark that ends it. To start a program from it costs a
 * fraction of what it costs a large process, whose memory would have to be copied.
 */
export class Shell {
  readonly #name: string;
  readonly #channel: Channel;
  readonly #patience: number;
  #output = "";
  #failure: Error | undefined;
  #waiting: (() => void) | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** @param patience milliseconds that a command may take; Infinity where it may take as long as it likes */
  constructor(name: string, channel: Channel, patience = PATIENCE) {
    this.#name = name;
    this.#channel = channel;
    this.#patience = patience;
    channel.listen({
      received: (text) => {
        this.#output += text;
        this.#waiting?.();
      },
      fail: (error) => this.#fail(error),
    });
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#waiting?.();
  }

  /**
   * Runs a command with `input` on its standard input; resolves to what it printed, errors included.
   * @param host in whose name it runs @throws CommandError where it ends with another status than 0.
   */
  run(host: string, command: readonly string[], input?: string): Promise<string> {
    const line = command.map(quote).join(" ");
    return this.script(host, line + (input === undefined ? " < /dev/null" : here(input)), line);
  }

  /** The same for a script. */
  script(host: string, script: string, label: string): Promise<string> {
    return this.answered(host, label, () => this.#channel.type(`{ ${script}\n} 2>&1; printf '%s%s\\n' '${END}' $?\n`));
  }

  /** When it is its turn, asks for something that ends as a command does, and resolves to what was printed. */
  answered(host: string, label: string, ask: () => void): Promise<string> {
    const turn = this.#last.then(() => {
      // What it still has to say is the answer to something else.
      if (this.#failure) throw this.#failure;
      ask();
      return this.#answer(host, label);
    });
    this.#last = turn.catch(() => {});
    return turn;
  }

  #silence(host: string, label: string): Error {
    const seconds = this.#patience / 1000;
    const said = this.#output.slice(-2000);
    return new Error(`${this.#name}: no answer to \`${label}\` of ${host} within ${seconds} s: ${said}`);
  }

  async #answer(host: string, label: string): Promise<string> {
    const deadline = Number.isFinite(this.#patience)
      ? setTimeout(() => this.#fail(this.#silence(host, label)), this.#patience)
      : undefined;
    try {
      for (;;) {
        const end = this.#output.indexOf(END);
        const newline = end < 0 ? -1 : this.#output.indexOf("\n", end);
        if (newline >= 0) {
          const output = this.#output.slice(0, end);
          const status = this.#output.slice(end + END.length, newline);
          this.#output = this.#output.slice(newline + 1);
          if (status !== "0") throw new CommandError(host, label, output);
          return output;
        }
        if (this.#failure) {
          const output = this.#output.slice(-2000).trim();
          throw output === "" ? this.#failure : new Error(`${this.#failure.message}\n${output}`);
        }
        await new Promise<void>((done) => {
          this.#waiting = done;
        });
      }
    } finally {
      clearTimeout(deadline);
    }
  }
}

/** A word as a shell takes it for one, whatever stands in it. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** A here-document; no line of the text may be the one that ends it. */
function here(text: string): string {
  let end = "END";
  while (text.split("\n").includes(end)) end += "_";
  return ` <<'${end}'\n${text.replace(/\n?$/, "\n")}${end}`;
}
