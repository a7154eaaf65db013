import type { Duplex } from "node:stream";
import { CommandError } from "./machine.js";

/** Milliseconds; it ends a run that has already failed. */
const COMMAND_TIMEOUT = 30_000;

/** Ends the output of one command; what stands behind it is the exit status. */
const END = "\x1e";

/** A shell behind a console: one command at a time, its output up to the mark that ends it. */
export class Console {
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
