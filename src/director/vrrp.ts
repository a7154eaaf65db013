import { directorsOf, type Host, isRedundant, type Setup } from "../forwarding/setup.js";
import type { Lab } from "../lab/lab.js";
import type { Machine } from "../lab/machine.js";
import { nicTowards } from "../lab/segments.js";
import { isIp6 } from "../packet/address.js";
import type { Redundancy } from "./director.js";

/** Milliseconds in which a director has to have the VIPs; it ends a run that has already failed. */
const TIMEOUT = 20_000;

/** The first director is the master whenever it is there. */
const PRIORITIES = [200, 100];

/** Only what is about VRRP (-P), in the foreground (-n) and with a log of its own: the guest has no syslog. */
const START =
  'keepalived -P -n -l -D -f "$1/keepalived.conf" -p "$1/pid" -r "$1/vrrp.pid" < /dev/null > "$1/log" 2>&1 &';

/** Its file of the process id is gone with it. */
const STOP = 'kill "$(cat "$1/pid")" && while [ -e "$1/pid" ]; do :; done';

/** Lets the VIPs of a setup with two directors move between them; resolves when the first has them. */
export async function startVrrp(lab: Lab): Promise<Redundancy | undefined> {
  const { setup } = lab;
  if (!isRedundant(setup)) return undefined;
  const daemons = await Promise.all(
    directorsOf(setup).map(async (host, index) => {
      const daemon = await Daemon.prepare(lab.machine(host.name), configuration(setup, host, PRIORITIES[index] ?? 1));
      await silence(lab, host);
      return [host.name, daemon] as const;
    }),
  );
  const [first, ...others] = daemons.map(([, daemon]) => daemon);
  const byName = new Map(daemons);
  const vips = vipsOf(setup);
  await first?.start();
  await first?.untilItHas(vips);
  for (const other of others) {
    await other.start();
    await other.untilItListens();
  }
  return {
    resign: async (host) => byName.get(host)?.stop(),
    async restore(host) {
      await byName.get(host)?.start();
      await first?.untilItHas(vips);
    },
  };
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

class Daemon {
  readonly #machine: Machine;
  readonly #folder: string;

  private constructor(machine: Machine, folder: string) {
    this.#machine = machine;
    this.#folder = folder;
  }

  static async prepare(machine: Machine, text: string): Promise<Daemon> {
    // Several daemons share the files of a kernel, each in a network namespace of its own.
    const folder = (await machine.run(["mktemp", "-d", "/run/vrrp.XXXXXX"])).trim();
    await machine.run(["dd", `of=${folder}/keepalived.conf`, "status=none"], text);
    return new Daemon(machine, folder);
  }

  async start(): Promise<void> {
    await this.#machine.run(["sh", "-c", START, "sh", this.#folder]);
  }

  /** It says so to the others, by an advertisement of priority 0, and gives its addresses up. */
  async stop(): Promise<void> {
    await this.#machine.run(["sh", "-c", STOP, "sh", this.#folder]);
  }

  async untilItHas(vips: readonly string[]): Promise<void> {
    await this.#until("has not made this host the master", async () => {
      const addresses = await this.#machine.run(["ip", "-o", "address", "show"]);
      return vips.every((vip) => addresses.includes(` ${vip}/`));
    });
  }

  async untilItListens(): Promise<void> {
    await this.#until("does not listen to the master", async () => (await this.#log()).includes("BACKUP STATE"));
  }

  /** @throws Error with the daemon's last words where it never comes so far. */
  async #until(failure: string, isSo: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + TIMEOUT;
    while (!(await isSo()))
      if (performance.now() > deadline) throw new Error(`keepalived ${failure}:\n${await this.#log()}`);
  }

  async #log(): Promise<string> {
    return this.#machine.run(["tail", "-n", "20", `${this.#folder}/log`]);
  }
}
