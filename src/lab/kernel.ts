import { existsSync } from "node:fs";

/** What marks a part of the kernel as there, built in or loaded. setup.mjs, which runs before this is compiled, has the same. */
export const SIGNS = {
  ip_vs: ["/proc/net/ip_vs", "/proc/sys/net/ipv4/vs"],
  ipip: ["/proc/sys/net/ipv4/conf/tunl0", "/sys/module/ipip"],
  ip_gre: ["/proc/sys/net/ipv4/conf/gre0", "/sys/module/ip_gre"],
  fou: ["/sys/module/fou"],
  sit: ["/proc/sys/net/ipv4/conf/sit0", "/sys/module/sit"],
  ip6_tunnel: ["/proc/sys/net/ipv6/conf/ip6tnl0", "/sys/module/ip6_tunnel"],
} as const;

export type KernelPart = keyof typeof SIGNS;

/** Whether the host's kernel has a part at hand; nothing is loaded to find out. */
export function hostKernelHas(part: KernelPart, exists: (file: string) => boolean = existsSync): boolean {
  return SIGNS[part].some(exists);
}
