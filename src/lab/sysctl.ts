/** `net.ipv4.conf.eth0.rp_filter` → its file below /proc/sys. */
export function sysctlPath(name: string): string {
  return `/proc/sys/${name.replaceAll(".", "/")}`;
}
