/** Where a host's network stack runs. */
export type Where = "host-kernel" | "user-mode-linux" | "userspace";

/** Where a host answers every TCP connection or UDP datagram with what it was sent. */
export interface Echo {
  readonly protocol: "tcp" | "udp";
  readonly ip: string;
  readonly port: number;
}

/**
 * A host of the lab as its kernel sees it: a network namespace, of the host's kernel or of a User-Mode Linux kernel.
 * Every implementation behaves alike; what differs is only who runs the commands.
 */
export interface Machine {
  readonly where: Where;
  /** Writes kernel settings, by dotted name, in the order given. */
  sysctl(settings: Readonly<Record<string, string>>): Promise<void>;
  /** Runs the lines of one `ip -batch` inside the host, all about one family where that is given. @throws CommandError with what `ip` said. */
  ip(lines: readonly string[], family?: 6): Promise<void>;
  /** Runs a command inside the host, with `input` on its standard input; resolves to what it printed, errors included. */
  run(command: readonly string[], input?: string): Promise<string>;
  /** Starts echo services; resolves when all of them listen. */
  echo(services: readonly Echo[]): Promise<void>;
  /**
   * Of the processes that live in the host, if any: the same as before where all have slept since; undefined where one is awake.
   * A packet that comes to one has woken it when a canary behind it is answered.
   */
  pulse(): Promise<string | undefined>;
}

/** A command inside a host that ended with another status than 0. */
export class CommandError extends Error {
  override name = "CommandError";
  constructor(host: string, command: string, output: string) {
    super(`${host}: \`${command}\` failed: ${output.trim() || "no output"}`);
  }
}
