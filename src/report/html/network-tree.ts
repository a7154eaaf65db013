import { isAnyIp, isIp6, networkOf } from "../../packet/address.js";
import type { HostResult, NicResult } from "../result.js";

/** A segment with the hosts that are reached through it. */
export interface Tree {
  /** `10.0.0.0/24`. */
  readonly name: string;
  readonly depth: number;
  /** Clients of the first segment. */
  readonly above: readonly Branch[];
  readonly below: readonly Branch[];
}

/** A host with the segments that are reached through it. */
export interface Branch {
  readonly host: HostResult;
  readonly children: readonly Tree[];
}

/**
 * The network as it is seen from the clients: each host once, below the segment through which it is reached first.
 * What no host joins to that, since nobody recorded it, is a tree of its own below.
 */
export function forestOf(hosts: readonly HostResult[]): Tree[] {
  const waiting = new Set(hosts.filter(({ nics }) => nics.length > 0).toSorted(clientsFirst));
  const segments = new Map<string, { readonly depth: number; readonly hosts: readonly HostResult[] }>();
  const behind = new Map<HostResult, readonly string[]>();
  const roots: string[] = [];
  let depth = 0;
  for (const first of waiting) {
    let names = segmentsOf(first).slice(0, 1);
    roots.push(...names);
    // All segments of a depth take their hosts before any of the next does: the shortest way counts.
    for (; names.length > 0; depth++) {
      for (const name of names) {
        const reached = [...waiting].filter((host) => segmentsOf(host).includes(name));
        for (const host of reached) waiting.delete(host);
        segments.set(name, { depth, hosts: reached });
      }
      const next = new Set<string>();
      for (const host of names.flatMap((name) => segments.get(name)?.hosts ?? [])) {
        const fresh = segmentsOf(host).filter((name) => !segments.has(name) && !next.has(name));
        behind.set(host, fresh);
        for (const name of fresh) next.add(name);
      }
      names = [...next];
    }
  }
  const treeOf = (name: string): Tree => {
    const { depth = 0, hosts: members = [] } = segments.get(name) ?? {};
    const branches = members.map((host): Branch => ({ host, children: (behind.get(host) ?? []).map(treeOf) }));
    const isOnTop = ({ host }: Branch) => depth === 0 && isClient(host) && host.nics.length === 1;
    return { name, depth, above: branches.filter(isOnTop), below: branches.filter((branch) => !isOnTop(branch)) };
  };
  return roots.map(treeOf);
}

function isClient({ role }: HostResult): boolean {
  return role === "client";
}

function clientsFirst(one: HostResult, other: HostResult): number {
  return Number(isClient(other)) - Number(isClient(one));
}

function segmentsOf({ nics }: HostResult): string[] {
  return [...new Set(nics.map(segmentOf))];
}

/** The network of a NIC's address: `10.0.0.0/24`. Earlier results have no length of the prefix. */
export function segmentOf({ ip, prefix }: NicResult): string {
  if (!isAnyIp(ip)) return ip;
  const [usual, longest] = isIp6(ip) ? [64, 128] : [24, 32];
  return networkOf(ip, Math.min(prefix ?? usual, longest));
}
