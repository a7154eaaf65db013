import type { Readable, Writable } from "node:stream";
import type { Channel, Listener } from "./shell.js";
import { ACCEPTED } from "./uml-hosts.js";

/** Milliseconds that a line may take without being thought forgotten. */
const NUDGE = 500;

/** Most bytes of a line to the guest, which are twice as many in hexadecimal: a terminal of Linux holds 4096 characters. */
export const CHUNK = 1500;

/** The one line to the guest: see uml-hosts.ts. */
export class UmlLine implements Channel {
  readonly #input: Writable;
  #listener: Listener | undefined;
  #failure: Error | undefined;
  #received = "";
  #greeting: { prefix: string; done: (rest: string) => void; fail: (error: Error) => void } | undefined;
  /** Makes the guest read what it has forgotten: see the one of prober.ts. */
  #nudge: NodeJS.Timeout | undefined;
  /** Lines to the guest: the first is under way. */
  readonly #waiting: string[] = [];

  constructor(input: Writable, output: Readable) {
    this.#input = input;
    output.on("data", (chunk: Buffer) => {
      this.#received += chunk.toString("latin1");
      const lines = this.#received.split(/\r?\n/);
      this.#received = lines.pop() ?? "";
      for (const line of lines) this.#take(line);
    });
    for (const stream of [input, output]) stream.on("error", (error) => this.fail(error));
  }

  /** What stands behind `prefix` in the first line that begins with it. @throws Error after `timeout` milliseconds, with what came instead. */
  greeting(prefix: string, timeout: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const said: string[] = [];
      const deadline = setTimeout(() => fail(new Error(`it did not come up within ${timeout / 1000} s`)), timeout);
      const fail = (error: Error) => {
        clearTimeout(deadline);
        // What says nothing besides keeps what else it has: the code of a program that is not there.
        reject(said.length === 0 ? error : new Error([error.message, ...said.slice(-10)].join("\n")));
      };
      const done = (rest: string) => {
        clearTimeout(deadline);
        resolve(rest);
      };
      this.#greeting = { prefix, done, fail };
      if (this.#failure) fail(this.#failure);
      this.#log = said;
    });
  }

  /** Lines before the greeting. */
  #log: string[] | undefined;

  type(text: string): void {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += CHUNK) this.order("type", bytes.subarray(at, at + CHUNK).toString("hex"));
  }

  /** Orders something of process 1; but for `type`, it ends as a command of the shell does. */
  order(...words: readonly string[]): void {
    this.#send(`${words.join(" ")}\n`);
  }

  listen(listener: Listener): void {
    this.#listener = listener;
    if (this.#failure) listener.fail(this.#failure);
  }

  #send(line: string): void {
    // Whoever waits for an answer has been told.
    if (this.#failure) return;
    this.#waiting.push(line);
    if (this.#waiting.length === 1) this.#write(line);
  }

  #write(line: string): void {
    this.#input.write(line);
    this.#nudge = setInterval(() => this.#input.write("\n"), NUDGE);
  }

  /** The guest has taken the line that was sent last. */
  #accepted(): void {
    clearInterval(this.#nudge);
    this.#waiting.shift();
    const [next] = this.#waiting;
    if (next !== undefined) this.#write(next);
  }

  fail(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    clearInterval(this.#nudge);
    this.#greeting?.fail(error);
    this.#listener?.fail(error);
  }

  #take(line: string): void {
    if (this.#greeting) {
      const { prefix, done } = this.#greeting;
      if (line.startsWith(prefix)) {
        this.#greeting = undefined;
        done(line.slice(prefix.length));
      } else this.#log?.push(line);
      return;
    }
    if (line === ACCEPTED) this.#accepted();
    // The kernel, too, writes to its console: that is not for anybody.
    else if (/^[0-9a-f]+$/.test(line)) this.#listener?.received(Buffer.from(line, "hex").toString("latin1"));
  }
}
