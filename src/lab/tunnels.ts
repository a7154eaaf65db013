import { addressFor, type Host, type Service, type Setup } from "../forwarding/setup.js";
import { isIp6 } from "../packet/address.js";
import { GUE_PORT } from "../packet/gue.js";
import type { KernelPart } from "./kernel.js";
import { nicTowards } from "./segments.js";

/** A way in which a director's packets reach a real server inside others. */
interface Entry {
  readonly kind: Service["tunnel"]["kind"];
  readonly checksum: boolean;
  /** Whether the packet inside, and the one around it, are IPv6. */
  readonly inner6: boolean;
  readonly outer6: boolean;
  /** The real server's end, and the director's. */
  readonly local: string;
  readonly remote: string;
}

/** The lines of `ip -batch` that let a real server take its services' packets out of their tunnels. */
export function tunnelLines(setup: Setup, host: Host): string[] {
  const lines = entriesOf(setup, host).flatMap((entry) => linesOf(entry, host));
  return [...new Set(lines)];
}

/** What the kernel of a real server needs for its services' tunnels. */
export function tunnelParts(setup: Setup, host: Host): KernelPart[] {
  const parts = entriesOf(setup, host).flatMap(({ kind, inner6, outer6 }): KernelPart[] => {
    if (kind === "gre") return ["ip_gre"];
    if (kind === "gue") return ["fou", "ipip"];
    if (outer6) return ["ip6_tunnel"];
    return inner6 ? ["sit"] : ["ipip"];
  });
  return [...new Set(parts)];
}

function entriesOf(setup: Setup, host: Host): Entry[] {
  const director = setup.hosts.find(({ role }) => role === "director");
  if (host.options.tunnelFrom === "nobody") return [];
  return setup.services.flatMap(({ model, vip, tunnel, realServers }) => {
    const server = realServers.find(({ name }) => name === host.name);
    if (model !== "tun" || server === undefined || director === undefined) return [];
    const { kind } = tunnel;
    const checksum = host.options.tunnelChecksum ?? tunnel.checksum;
    const remote = addressFor(nicTowards(director, server.ip), server.ip) ?? "";
    return [{ kind, checksum, inner6: isIp6(vip), outer6: isIp6(server.ip), local: server.ip, remote }];
  });
}

function linesOf(entry: Entry, { options }: Host): string[] {
  const { kind, checksum, inner6, outer6, local, remote } = entry;
  const ends = `local ${local} remote ${remote}`;
  if (kind === "gre") {
    const checks = checksum ? " icsum ocsum" : "";
    return [`link add gretun type gre ${ends}${checks}`, "link set gretun up"];
  }
  const isStrict = options.tunnelFrom === "director";
  // ip6tnl0, which takes what no other device does, takes IPv6 alone.
  if (outer6)
    return [
      `link add tun6 type ip6tnl mode any local ${local}${isStrict ? ` remote ${remote}` : ""}`,
      "link set tun6 up",
    ];
  const listen = kind === "gue" ? [`fou add port ${GUE_PORT} gue`] : [];
  const [any, type] = inner6 ? ["sit0", "sit"] : ["tunl0", "ipip"];
  if (!isStrict) return [...listen, `link set ${any} up`];
  return [...listen, `link add ${any}-d type ${type} ${ends}`, `link set ${any}-d up`];
}
