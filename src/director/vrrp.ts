import { directorsOf, type Host, isRedundant, type Setup } from "../forwarding/setup.js";
import type { Lab } from "../lab/lab.js";
import { nicTowards } from "../lab/segments.js";
import { isIp6 } from "../packet/address.js";
import type { Redundancy } from "./director.js";
import { Daemon } from "./keepalived/daemon.js";

/** The first director is the master whenever it is there. */
const PRIORITIES = [200, 100];

/** Lets the VIPs of a setup with two directors move between them; resolves when the first has them. */
export async function startVrrp(lab: Lab): Promise<Redundancy | undefined> {
  const { setup } = lab;
  if (!isRedundant(setup)) return undefined;
  const daemons = await Promise.all(
    directorsOf(setup).map(async (host, index) => {
      const daemon = await Daemon.prepare(lab.machine(host.name), "vrrp");
      await daemon.write(configuration(setup, host, PRIORITIES[index] ?? 1));
      await silence(lab, host);
      return [host.name, daemon] as const;
    }),
  );
  const [first, ...others] = daemons.map(([, daemon]) => daemon) as [Daemon, ...Daemon[]];
  const byName = new Map(daemons);
  const vips = vipsOf(setup);
  await first.start();
  await untilMaster(first, vips);
  for (const other of others) {
    await other.start();
    await other.until("does not listen to the master", async () => (await other.log()).includes("BACKUP STATE"));
  }
  return {
    resign: async (host) => byName.get(host)?.stop(),
    async restore(host) {
      await byName.get(host)?.start();
      await untilMaster(first, vips);
    },
  };
}

async function untilMaster(daemon: Daemon, vips: readonly string[]): Promise<void> {
  await daemon.until("has not made this host the master", async () => {
    const addresses = await daemon.machine.run(["ip", "-o", "address", "show"]);
    return vips.every((vip) => addresses.includes(` ${vip}/`));
  });
}

function vipsOf({ services }: Setup): string[] {
  return [...new Set(services.map(({ vip }) => vip))];
}

/** Keepalived's file: an instance for each family, for a VRRP message has addresses of one (RFC 5798 §5.2.9). */
export function configuration(setup: Setup, host: Host, priority: number): string {
  const instances = [false, true].flatMap((ip6) => {
    const vips = vipsOf(setup).filter((vip) => isIp6(vip) === ip6);
    const [vip] = vips;
    if (vip === undefined) return [];
    const addresses = vips.map((one) => `    ${one}/${ip6 ? 128 : 32} dev ${nicTowards(host, one).name}`);
    return [
      `vrrp_instance ipv${ip6 ? 6 : 4} {`,
      "  state BACKUP",
      `  interface ${nicTowards(host, vip).name}`,
      "  virtual_router_id 51",
      `  priority ${priority}`,
      "  advert_int 0.1",
      "  virtual_ipaddress {",
      ...addresses,
      "  }",
      "}",
    ];
  });
  return [
    "global_defs {",
    "  vrrp_version 3",
    // Announced once, and not again seconds later, in the middle of something else.
    "  vrrp_garp_master_repeat 1",
    "  vrrp_garp_master_delay 0",
    "}",
    ...instances,
    "",
  ].join("\n");
}

/** Keeps a director that is to announce nothing from announcing its VIPs, whatever its daemon sends. */
async function silence(lab: Lab, host: Host): Promise<void> {
  if (host.options.announces !== false) return;
  const lines = vipsOf(lab.setup)
    .filter((vip) => !isIp6(vip))
    .flatMap((vip) => {
      const { name } = nicTowards(host, vip);
      const match = `protocol arp flower arp_op request arp_sip ${vip} arp_tip ${vip}`;
      return [`qdisc add dev ${name} clsact`, `filter add dev ${name} egress ${match} action drop`];
    });
  await lab.machine(host.name).run(["tc", "-batch", "-"], `${lines.join("\n")}\n`);
}
