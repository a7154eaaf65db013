import type { Host, Setup } from "../forwarding/setup.js";
import type { Lab } from "../lab/lab.js";
import { ipvsCommands } from "./ipvs.js";

/**
 * Makes real servers that are the director's backups what they are: the same services in their IPVS, and the daemon that
 * takes over the master's connections. While it runs as a backup, IPVS leaves packets alone (backup_only of ipvs-sysctl).
 */
export async function startBackups(lab: Lab): Promise<void> {
  await Promise.all(backupsOf(lab.setup).map((host) => startBackup(lab, host)));
}

async function startBackup(lab: Lab, host: Host): Promise<void> {
  const machine = lab.machine(host.name);
  const { sysctl } = host.options;
  await machine.sysctl({ "net.ipv4.vs.backup_only": sysctl["net.ipv4.vs.backup_only"] ?? "1" });
  await machine.run(["ipvsadm", "-R"], ipvsCommands(lab.setup.services));
  await machine.run(["ipvsadm", "--start-daemon", "backup", "--mcast-interface", host.nics[0]?.name ?? ""]);
}

function backupsOf({ hosts }: Setup): Host[] {
  return hosts.filter(({ options }) => options.backup);
}
