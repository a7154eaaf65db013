import type { Service } from "../forwarding/setup.js";
import { CannotRun } from "../lab/cannot-run.js";
import type { Machine } from "../lab/machine.js";
import { missingPrograms } from "../lab/programs.js";
import { GUEST_PATH } from "../lab/uml-init.js";
import { type Driver, directorHost, type RunningDirector } from "./director.js";
import { ipvsCommands, ipvsPlaces, prepareKernel } from "./ipvs.js";
import { configuration } from "./keepalived/configuration.js";

/** Milliseconds in which the daemon has to do as its file says; it ends a run that has already failed. */
const TIMEOUT = 20_000;

/** Keepalived, which keeps the kernel's IPVS table as its file says. */
export const keepalived: Driver = {
  get places() {
    return ipvsPlaces();
  },
  async start(lab) {
    const machine = lab.machine(directorHost(lab.setup).name);
    const missing = missingPrograms(["keepalived"], machine.where === "user-mode-linux" ? GUEST_PATH : undefined);
    if (missing) throw new CannotRun(`keepalived cannot be started: ${missing}`);
    await prepareKernel(machine, lab.setup);
    // Several daemons share the files of a kernel, each in a network namespace of its own.
    const folder = (await machine.run(["mktemp", "-d", "/run/keepalived.XXXXXX"])).trim();
    const daemon = new Daemon(machine, folder);
    await daemon.configure(lab.setup.services);
    return daemon;
  },
};

/** Only what is about virtual servers (-C), in the foreground (-n) and with a log of its own: the guest has no syslog. */
const START =
  'keepalived -C -n -l -D -f "$1/keepalived.conf" -p "$1/pid" -c "$1/checkers.pid" < /dev/null > "$1/log" 2>&1 &';

class Daemon implements RunningDirector {
  readonly #machine: Machine;
  readonly #folder: string;
  #configuration: string | undefined;
  #pid = "";
  /** What the kernel says of the tables that have been wanted: scenarios come back to the first one again and again. */
  readonly #tables = new Map<string, string>();

  constructor(machine: Machine, folder: string) {
    this.#machine = machine;
    this.#folder = folder;
  }

  async configure(services: readonly Service[]): Promise<void> {
    const text = configuration(services);
    if (text === this.#configuration) return;
    const isRunning = this.#configuration !== undefined;
    this.#configuration = text;
    const wanted = await this.#tableFor(services);
    await this.#machine.run(["dd", `of=${this.#folder}/keepalived.conf`, "status=none"], text);
    if (isRunning) await this.#reload();
    else await this.#machine.run(["sh", "-c", START, "sh", this.#folder]);
    await this.#untilTableIs(wanted);
  }

  async #reload(): Promise<void> {
    this.#pid ||= (await this.#machine.run(["cat", `${this.#folder}/pid`])).trim();
    await this.#machine.run(["kill", "-HUP", this.#pid]);
  }

  /**
   * What the kernel would say of the table for these services, had it got it from ipvsadm: it is asked in a namespace that
   * ends with the question. Keepalived has no virtual server without a real one.
   */
  async #tableFor(services: readonly Service[]): Promise<string> {
    const commands = ipvsCommands(services.filter(({ realServers }) => realServers.length > 0));
    const known = this.#tables.get(commands);
    if (known !== undefined) return known;
    const table = inOrder(await this.#machine.run(["unshare", "--net", "sh", "-c", TABLE_FOR], commands));
    this.#tables.set(commands, table);
    return table;
  }

  /** @throws Error with the daemon's last words where the kernel never has the table that is wanted. */
  async #untilTableIs(wanted: string): Promise<void> {
    const deadline = performance.now() + TIMEOUT;
    let table: string;
    do {
      table = inOrder(await this.#machine.run(["ipvsadm", "-Sn"]));
      if (table === wanted) return;
    } while (performance.now() < deadline);
    const log = await this.#machine.run(["tail", "-n", "20", `${this.#folder}/log`]);
    throw new Error(`keepalived has not made the table that is wanted:\n${wanted}\nbut:\n${table}\n${log}`);
  }
}

/** Without any address the kernel takes all others for broadcast (inet_addr_type), and IPVS has them not. */
const TABLE_FOR = "ip link set lo up && ipvsadm -R && ipvsadm -Sn";

/** The order of the lines is that in which servers were added. */
function inOrder(table: string): string {
  return table.split("\n").toSorted().join("\n").trim();
}
