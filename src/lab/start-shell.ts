import { execa } from "execa";
import { Shell } from "./shell.js";

/** Starts a shell of this machine's own, in the namespaces of this process, that nothing typed at the terminal interrupts. */
export function startShell(): Shell {
  return start("the lab's shell", [], { detached: true });
}

/**
 * The same for programs that are to yield to this process. The kernel weighs sessions against each other before it looks
 * at `nice` (sched(7), autogroup): they have to share one.
 */
export function startYieldingShell(): Shell {
  return start("the shell of bursts", ["-c", "trap '' INT QUIT; exec nice --adjustment=19 sh"], { detached: false });
}

function start(name: string, args: readonly string[], { detached }: { detached: boolean }): Shell {
  // How it ended is said by its events.
  const child = execa("sh", args, {
    stdin: "pipe",
    stderr: "ignore",
    buffer: false,
    reject: false,
    detached,
  });
  child.stdout.setEncoding("utf8");
  return new Shell(name, {
    type: (text) => child.stdin.write(text),
    listen(listener) {
      child.stdout.on("data", (text: string) => listener.received(text));
      for (const stream of [child.stdin, child.stdout, child]) stream.on("error", (error) => listener.fail(error));
      child.once("exit", (code, signal) =>
        listener.fail(new Error(`${name} ended (${signal ?? `exit status ${code}`})`)),
      );
    },
  });
}
