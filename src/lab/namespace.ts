import { createSocket } from "node:dgram";
import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { boundSocket, insideNamespace, readable } from "../capture/libc.js";
import { isIp6 } from "../packet/address.js";
import type { Echo, Machine } from "./machine.js";
import { NamedNamespace } from "./named.js";
import { pulseOf } from "./pulse.js";
import { sysctlPath } from "./sysctl.js";

/** A host that is a network namespace of the host's own kernel. */
export class NamespaceMachine extends NamedNamespace implements Machine {
  readonly where = "host-kernel";
  readonly #datagramSockets: number[] = [];

  /** Runs a synchronous action with this thread inside the namespace. */
  enter<T>(action: () => T): T {
    return insideNamespace(this.path, action);
  }

  async sysctl(settings: Readonly<Record<string, string>>): Promise<void> {
    this.enter(() => {
      for (const [name, value] of Object.entries(knownSettings(settings))) writeFileSync(sysctlPath(name), value);
    });
  }

  async echo(services: readonly Echo[]): Promise<void> {
    for (const service of services) this.#echo(service);
  }

  #echo({ protocol, ip, port }: Echo): void {
    const fd = this.enter(() => boundSocket(protocol, ip, port));
    if (protocol === "tcp") {
      const server = createServer((connection) => {
        connection.on("error", () => connection.destroy());
        connection.pipe(connection);
      });
      server.listen({ fd });
    } else {
      this.#datagramSockets.push(fd);
      const server = createSocket(isIp6(ip) ? "udp6" : "udp4");
      server.on("message", (message, peer) => {
        // Nobody can be answered at port 0, and what the kernel refuses to send is lost as on any host.
        if (peer.port !== 0) server.send(message, peer.port, peer.address, () => {});
      });
      server.on("error", () => {});
      server.bind({ fd });
    }
  }

  async pulse(): Promise<string | undefined> {
    return pulseOf(this.path);
  }

  /** True while a datagram waits for one of this host's echo services. */
  get busy(): boolean {
    return readable(this.#datagramSockets);
  }
}

/** False on a kernel without IPv6 (`ipv6.disable=1`), which has none of its settings either. */
export function hasIpv6(): boolean {
  return existsSync("/proc/sys/net/ipv6");
}

/** The settings without those of IPv6 where there is none: it then is as quiet as they would make it. */
export function knownSettings(
  settings: Readonly<Record<string, string>>,
  ipv6 = hasIpv6(),
): Readonly<Record<string, string>> {
  if (ipv6) return settings;
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !name.startsWith("net.ipv6.")));
}
