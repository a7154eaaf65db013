import { CommandError } from "./machine.js";

/** Milliseconds; it ends a run that has already failed. */
const COMMAND_TIMEOUT = 30_000;

/** Ends the output of one command; what stands behind it is the exit status. */
const END = "\x1e";

/** The shell of a host: one command at a time, its output up to the mark that ends it. */
export class Console {
  readonly #name: string;
  readonly #input: (text: string) => void;
  #output = "";
  #failure: Error | undefined;
  #waiting: (() => void) | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(name: string, input: (text: string) => void) {
    this.#name = name;
    this.#input = input;
  }

  received(text: string): void {
    this.#output += text;
    this.#waiting?.();
  }

  fail(error: Error): void {
    this.#failure ??= error;
    this.#waiting?.();
  }

  /** Runs a script; resolves to its output. @throws CommandError where it ends with another status than 0. */
  run(script: string, label = script): Promise<string> {
    const turn = this.#last.then(() => {
      this.#input(`{ ${script}\n} 2>&1; printf '\\036%s\\n' $?\n`);
      return this.#answer(label);
    });
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #answer(label: string): Promise<string> {
    const seconds = COMMAND_TIMEOUT / 1000;
    const deadline = setTimeout(
      () =>
        this.fail(
          new Error(`${this.#name}: no answer to \`${label}\` within ${seconds} s: ${this.#output.slice(-2000)}`),
        ),
      COMMAND_TIMEOUT,
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
          this.#waiting = done;
        });
      }
    } finally {
      clearTimeout(deadline);
    }
  }
}
