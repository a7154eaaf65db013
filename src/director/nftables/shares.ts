import type { RealServer, Service } from "../../forwarding/setup.js";

/**
 * An nft expression that hands out `value(server)` in turn: of each server once in a cycle (rr), or as often as its weight
 * says (wrr). Undefined where no server takes new connections.
 */
export function inTurn(service: Service, value: (server: RealServer) => string): string | undefined {
  const shares = sharesOf(service);
  const total = shares.reduce((sum, { share }) => sum + share, 0);
  if (total === 0) return undefined;
  let next = 0;
  const entries = shares.map(({ server, share }) => {
    const first = next;
    next += share;
    return `${share === 1 ? first : `${first}-${next - 1}`} : ${value(server)}`;
  });
  return `numgen inc mod ${total} map { ${entries.join(", ")} }`;
}

/** What stands for a real server in the marks of packets: its address, which it keeps whatever becomes of the others. */
export function markOf({ ip }: Pick<RealServer, "ip">): string {
  return `0x${hexadecimal(ip)}`;
}

function hexadecimal(ip: string): string {
  const bytes = ip.split(".").map(Number);
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A service as part of the names of its chains and maps. */
export function nameOf({ vip, protocol, port }: Service): string {
  return `${protocol}_${vip.replaceAll(".", "_")}_${port}`;
}

/** Seconds without a packet after which a flow is forgotten, as IPVS has it for established connections. */
const FLOW_TIMEOUT = 900;
export const MOST_FLOWS = 65_536;

/** The lines of the map that remembers the marks of a service's flows; what it holds outlives changes of the rules. */
export function flowMap(service: Service, flow: string): string[] {
  return [
    `  map flows_${nameOf(service)} {`,
    `    typeof ${flow} : meta mark`,
    `    size ${MOST_FLOWS}; flags dynamic,timeout; timeout ${FLOW_TIMEOUT}s`,
    "  }",
  ];
}

function sharesOf({ scheduler, realServers }: Service): { server: RealServer; share: number }[] {
  const available = realServers.filter(({ weight }) => weight > 0);
  const divisor = available.map(({ weight }) => weight).reduce(greatestCommonDivisor, 0);
  return available.map((server) => ({ server, share: scheduler === "wrr" ? server.weight / divisor : 1 }));
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
