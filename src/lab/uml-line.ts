import type { Readable, Writable } from "node:stream";
import type { Channel, Listener } from "./shell.js";
import { ACCEPTED } from "./uml-hosts.js";

/** Bytes of a line to the guest, which are twice as many in hexadecimal: a terminal of Linux holds 4096 characters. */
const CHUNK = 1500;

/** The way to a host's shell, and to process 1 in its name. */
export interface GuestChannel extends Channel {
  /** Orders something of process 1 for this host; it ends as a command of the shell does: see uml-hosts.ts. */
  order(...words: readonly string[]): void;
}

/** The one line to the guest, by which all its shells talk: see uml-hosts.ts. */
export class UmlLine {
  readonly #input: Writable;
  readonly #listeners: Listener[] = [];
  #failure: Error | undefined;
  #received = "";
  #greeting: { prefix: string; done: (rest: string) => void; fail: (error: Error) => void } | undefined;
  #hosts = 0;
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

  /** A new host, with a shell in a network namespace of its own. */
  open(): GuestChannel {
    const host = this.#hosts;
    this.#hosts += 1;
    const order = (...words: readonly string[]) => this.#send(`${[host, ...words].join(" ")}\n`);
    order("new");
    return {
      type: (text) => {
        const bytes = Buffer.from(text);
        for (let at = 0; at < bytes.length; at += CHUNK) order("type", bytes.subarray(at, at + CHUNK).toString("hex"));
      },
      order,
      listen: (listener) => {
        this.#listeners[host] = listener;
        if (this.#failure) listener.fail(this.#failure);
      },
    };
  }

  #send(line: string): void {
    this.#waiting.push(line);
    if (this.#waiting.length === 1) this.#input.write(line);
  }

  /** The guest has taken the line that was sent last. */
  #accepted(): void {
    this.#waiting.shift();
    const [next] = this.#waiting;
    if (next !== undefined) this.#input.write(next);
  }

  fail(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#greeting?.fail(error);
    for (const listener of this.#listeners) listener.fail(error);
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
    // The kernel, too, writes to its console: what is no host's is not for anybody.
    const [, host, bytes] = /^(\d+) ([0-9a-f]+)$/.exec(line) ?? [];
    if (host !== undefined && bytes !== undefined)
      this.#listeners[Number(host)]?.received(Buffer.from(bytes, "hex").toString("latin1"));
  }
}
