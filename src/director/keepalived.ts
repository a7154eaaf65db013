import { directorsOf, type Service } from "../forwarding/setup.js";
import type { Driver, RunningDirector } from "./director.js";
import { ipvsCommands, ipvsPlaces, prepareKernel } from "./ipvs.js";
import { Daemon } from "./keepalived/daemon.js";
import { virtualServers } from "./keepalived/virtual-servers.js";

/** Keepalived, which keeps the kernel's IPVS table as its file says. */
export const keepalived: Driver = {
  get places() {
    return ipvsPlaces();
  },
  async start(lab) {
    const { setup } = lab;
    const tables: Table[] = [];
    for (const host of directorsOf(setup)) {
      const machine = lab.machine(host.name);
      await prepareKernel(machine, host, setup);
      tables.push(new Table(await Daemon.prepare(machine, "check")));
    }
    const running: RunningDirector = {
      async configure(services) {
        await Promise.all(tables.map((table) => table.change(services)));
      },
    };
    await running.configure(setup.services);
    return running;
  },
};

/** The service table of one kernel, as a daemon keeps it. */
class Table {
  readonly #daemon: Daemon;
  /** What the kernel's table shows; unknown before the first change, and after one that failed. */
  #configuration: string | undefined;
  #isRunning = false;
  /** What the kernel says of the tables that have been wanted: scenarios come back to the first one again and again. */
  readonly #listings = new Map<string, string>();

  constructor(daemon: Daemon) {
    this.#daemon = daemon;
  }

  async change(services: readonly Service[]): Promise<void> {
    const text = virtualServers(services);
    if (text === this.#configuration) return;
    this.#configuration = undefined;
    const wanted = await this.#listingOf(services);
    await this.#daemon.write(text);
    await (this.#isRunning ? this.#daemon.reload() : this.#daemon.start());
    this.#isRunning = true;
    await this.#daemon.until(`has not made the table that is wanted:\n${wanted}`, async () => {
      return inOrder(await this.#daemon.machine.run(["ipvsadm", "-Sn"])) === wanted;
    });
    this.#configuration = text;
  }

  /**
   * What the kernel would say of the table for these services, had it got it from ipvsadm: it is asked in a namespace that
   * ends with the question. Keepalived has no virtual server without a real one.
   */
  async #listingOf(services: readonly Service[]): Promise<string> {
    const commands = ipvsCommands(services.filter(({ realServers }) => realServers.length > 0));
    const known = this.#listings.get(commands);
    if (known !== undefined) return known;
    const listing = inOrder(await this.#daemon.machine.run(["unshare", "--net", "sh", "-c", LISTING_OF], commands));
    this.#listings.set(commands, listing);
    return listing;
  }
}

/** Without any address the kernel takes all others for broadcast (inet_addr_type), and IPVS has them not. */
const LISTING_OF = "ip link set lo up && ipvsadm -R && ipvsadm -Sn";

/** The order of the lines is that in which servers were added. */
function inOrder(listing: string): string {
  return listing.split("\n").toSorted().join("\n").trim();
}
