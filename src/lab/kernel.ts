import { existsSync } from "node:fs";

/** What marks a part of the kernel as there, built in or loaded. setup.mjs, which runs before this is compiled, has the same. */
export const SIGNS = {
  ip_vs: ["/proc/net/ip_vs", "/proc/sys/net/ipv4/vs"],
  ipip: ["/proc/sys/net/ipv4/conf/tunl0", "/sys/module/ipip"],
} as const;

/** Whether the host's kernel has a part at hand; nothing is loaded to find out. */
export function hostKernelHas(part: keyof typeof SIGNS, exists: (file: string) => boolean = existsSync): boolean {
  return SIGNS[part].some(exists);
}
