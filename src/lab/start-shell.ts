import { execa } from "execa";
import { type Channel, Shell } from "./shell.js";

/** Starts a shell of this machine's own, in the namespaces of this process, that nothing typed at the terminal interrupts. */
export function startShell(): Shell {
  return start("the lab's shell", [], { detached: true });
}

/**
 * The same for programs that are to yield to this process. The kernel weighs sessions against each other before it looks
 * at `nice` (sched(7), autogroup): they have to share one.
 */
export function startYieldingShell(): Shell {
  const script = "trap '' INT QUIT TERM; exec nice --adjustment=19 sh";
  // How long a recording takes depends on what is in it.
  return start("the shell of bursts", ["-c", script], { detached: false, patience: Number.POSITIVE_INFINITY });
}

function start(
  name: string,
  args: readonly string[],
  { detached, patience }: { detached: boolean; patience?: number },
): Shell {
  // How it ended is said by its events.
  const child = execa("sh", args, {
    stdin: "pipe",
    stderr: "ignore",
    buffer: false,
    reject: false,
    detached,
  });
  child.stdout.setEncoding("utf8");
  const channel: Channel = {
    type: (text) => child.stdin.write(text),
    listen(listener) {
      child.stdout.on("data", (text: string) => listener.received(text));
      for (const stream of [child.stdin, child.stdout, child]) stream.on("error", (error) => listener.fail(error));
      child.once("exit", (code, signal) =>
        listener.fail(new Error(`${name} ended (${signal ?? `exit status ${code}`})`)),
      );
    },
  };
  return new Shell(name, channel, patience);
}
