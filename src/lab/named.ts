import type { Shell } from "./shell.js";

/** A network namespace that `ip netns` knows by a name, and a shell of its machine that is outside of it. */
export class NamedNamespace {
  readonly #name: string;
  readonly #title: string;
  readonly #shell: Shell;

  /** @param title what errors call the host. */
  constructor(name: string, shell: Shell, title = name) {
    this.#name = name;
    this.#shell = shell;
    this.#title = title;
  }

  get path(): string {
    return `/run/netns/${this.#name}`;
  }

  /** As `Machine` has it. */
  async ip(lines: readonly string[], family?: 6): Promise<void> {
    const command = ["ip", ...(family ? ["-6"] : []), "-n", this.#name, "-batch", "-"];
    await this.#shell.run(this.#title, command, lines.join("\n"));
  }

  /** As `Machine` has it. */
  run(command: readonly string[], input?: string): Promise<string> {
    return this.#shell.run(this.#title, this.entered(command), input);
  }

  /** The command that runs another one inside, from any shell of its machine. */
  entered(command: readonly string[]): readonly string[] {
    return ["nsenter", `--net=${this.path}`, ...command];
  }
}
