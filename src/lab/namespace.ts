import { createSocket } from "node:dgram";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { execa } from "execa";
import { boundSocket, insideNamespace, readable } from "../capture/libc.js";
import { CommandError, type Machine } from "./machine.js";

/** A host that is a network namespace of the host's own kernel. */
export class NamespaceMachine implements Machine {
  readonly where = "host-kernel";
  readonly #name: string;
  readonly #datagramSockets: number[] = [];

  /** @param name under which `ip netns` knows the namespace. */
  constructor(name: string) {
    this.#name = name;
  }

  get path(): string {
    return `/run/netns/${this.#name}`;
  }

  /** Runs a synchronous action with this thread inside the namespace. */
  enter<T>(action: () => T): T {
    return insideNamespace(this.path, action);
  }

  async sysctl(settings: Readonly<Record<string, string>>): Promise<void> {
    this.enter(() => {
      for (const [name, value] of Object.entries(settings)) writeFileSync(sysctlPath(name), value);
    });
  }

  async ip(lines: readonly string[]): Promise<void> {
    await this.#execute(["ip", "-n", this.#name, "-batch", "-"], lines.join("\n"));
  }

  async run(command: readonly string[], input = ""): Promise<string> {
    return this.#execute(["nsenter", `--net=${this.path}`, ...command], input);
  }

  async echo(protocol: "tcp" | "udp", ip: string, port: number): Promise<void> {
    const fd = this.enter(() => boundSocket(protocol, ip, port));
    if (protocol === "tcp") {
      const server = createServer((connection) => {
        connection.on("error", () => connection.destroy());
        connection.pipe(connection);
      });
      server.listen({ fd });
    } else {
      this.#datagramSockets.push(fd);
      const server = createSocket("udp4");
      server.on("message", (message, peer) => {
        // Nobody can be answered at port 0, and what the kernel refuses to send is lost as on any host.
        if (peer.port !== 0) server.send(message, peer.port, peer.address, () => {});
      });
      server.on("error", () => {});
      server.bind({ fd });
    }
  }

  /** True while a datagram waits for one of this host's echo services. */
  get busy(): boolean {
    return readable(this.#datagramSockets);
  }

  async #execute(command: readonly string[], input: string): Promise<string> {
    const [file = "", ...args] = command;
    const result = await execa(file, args, { input, all: true, reject: false });
    if (result.exitCode !== 0) throw new CommandError(this.#name, command.join(" "), result.all);
    return result.all;
  }
}

/** `net.ipv4.conf.eth0.rp_filter` → its file below /proc/sys. */
export function sysctlPath(name: string): string {
  return `/proc/sys/${name.replaceAll(".", "/")}`;
}
