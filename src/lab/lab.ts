import { burst } from "../capture/replay.js";
import type { RawFrame } from "../capture/ring.js";
import { Sender } from "../capture/sender.js";
import { type Host, type Nic, type Setup, tapName } from "../forwarding/setup.js";
import type { Frame } from "../packet/frame.js";
import type { Fabric } from "./fabric.js";
import { entrance } from "./isolation.js";
import { LabFrame } from "./lab-frame.js";
import { bridgeMac, disableOffloadsOf, type Link, linkLines } from "./links.js";
import { Losses } from "./losses.js";
import type { Machine, Where } from "./machine.js";
import { NamespaceMachine } from "./namespace.js";
import { canaryAddress, forwardingSettings, type HostPlan, planHosts } from "./plan.js";
import { NotSettled, Prober } from "./prober.js";
import { segmentsOf } from "./segments.js";
import { UmlMachine } from "./uml-machine.js";

/** Frames of a burst after which a director in this process lets the recording catch up. */
const RECORDING_STRIDE = 256;
/** Turns of the event loop in which a connection is accepted, read from, answered and closed. */
const ECHO_TURNS = 3;

/** Milliseconds; it ends a run that has already failed. */
const SETTLE_TIMEOUT = 30_000;

const AWAIT_TIMEOUT = 10_000;

/** Milliseconds after which a recording without frames looks again. */
const RECORDING_PAUSE = 20;

/** What a link has unless it is told otherwise. */
const STANDARD_MTU = 1500;

/** Where each host's network stack runs. */
export type Placement = (host: Host) => Where;

/**
 * The network of a run: hosts, links and bridges, built once for all scenarios that share its setup and director.
 */
export class Lab {
  readonly setup: Setup;
  readonly #fabric: Fabric;
  readonly #prefix: string;
  readonly #plans: readonly HostPlan[];
  readonly #machines = new Map<string, Machine>();
  readonly #links: Link[] = [];
  readonly #senders = new Map<string, Sender>();
  /** Frames on their way into the kernel that is to send them. */
  readonly #sending: Promise<void>[] = [];
  /** Hosts and guests on which programs of their own forward or answer: with what came to them they are done when they sleep. */
  readonly #programs = new Set<Pick<Machine, "pulse">>();
  readonly #prober: Prober;
  #frames: Frame[] = [];
  /** Frames other than canaries, since the lab was built: what must stand still for the lab to be settled. */
  #seen = 0;
  /** What that was when the lab last came to rest. */
  #seenAtRest = 0;
  readonly #losses: Losses;

  private constructor(fabric: Fabric, setup: Setup) {
    this.#fabric = fabric;
    this.setup = setup;
    this.#prefix = fabric.nextLab();
    this.#plans = planHosts(setup);
    this.#prober = new Prober(fabric.recorder);
    this.#losses = new Losses(fabric.recorder, this.#links, () => this.#droppedInGuest());
  }

  /** Builds the network; it may be used once `ready` has resolved. */
  static async build(fabric: Fabric, setup: Setup, place: Placement): Promise<Lab> {
    const lab = new Lab(fabric, setup);
    await lab.#wire(place);
    await Promise.all(lab.#plans.map((plan) => lab.#configure(plan)));
    return lab;
  }

  /** The machine behind a host. @throws Error for a host in userspace, which has none. */
  machine(host: string): Machine {
    const machine = this.#machines.get(host);
    if (!machine) throw new Error(`${host} has no kernel of its own in this lab`);
    return machine;
  }

  /** For each host that a shell can be had in, the command that opens one from outside the run. */
  entrances(): string[] {
    return [...this.#machines].flatMap(([host, machine]) =>
      machine instanceof NamespaceMachine ? [`${host}: ${entrance()} nsenter --net=${machine.path} bash`] : [],
    );
  }

  /** Builds bridges, links and namespaces: one `ip -batch`, one `bridge -batch`, whatever the number of hosts. */
  async #wire(place: Placement): Promise<void> {
    const segments = segmentsOf(this.setup);
    const ip: string[] = segments.map((_, i) => this.#bridgeLine(i));
    const ports: string[] = [];
    for (const { host } of this.#plans) {
      const where = place(host);
      if (where === "host-kernel") {
        const name = `${this.#prefix}-${host.name}`;
        ip.push(`netns add ${name}`);
        this.#machines.set(host.name, new NamespaceMachine(name, this.#fabric.shell));
      } else if (where === "user-mode-linux") {
        this.#machines.set(host.name, await (await this.#fabric.uml()).takeHost(host.name));
      }
      for (const nic of host.nics) {
        const link = await this.#link(host, nic, where);
        this.#links.push(link);
        const bridge = this.#bridge(
          segments.findIndex((segment) => segment.members.some((member) => member.nic === nic)),
        );
        // The wire carries whatever the NICs send: only hosts may find a packet too long.
        const wireMtu = nic.mtu > STANDARD_MTU ? `mtu ${nic.mtu} ` : "";
        ip.push(...linkLines(link, where, this.#prefix), `link set ${link.port} ${wireMtu}master ${bridge} up`);
        // Learning and flooding off: where a frame goes follows from the setup, not from what was sent before.
        ports.push(
          `link set dev ${link.port} learning off flood off`,
          `fdb replace ${nic.mac} dev ${link.port} master static`,
        );
      }
    }
    for (const i of segments.keys()) ip.push(`link set ${this.#bridge(i)} up`);
    await this.#fabric.shell.run("the lab", ["ip", "-batch", "-"], ip.join("\n"));
    await this.#fabric.shell.run("the lab", ["bridge", "-batch", "-"], ports.join("\n"));
    for (const link of this.#links) {
      disableOffloadsOf(link, this.#machines.get(link.host.name));
      this.#fabric.recorder.watch(link.port, {
        name: link.tap,
        host: link.host.name,
        take: (_, frame) => this.#take(link, frame),
      });
    }
    for (const [i, segment] of segments.entries())
      this.#prober.watch(
        this.#bridge(i),
        segment.members.map(({ host, nic }) => ({
          tap: tapName(host, nic),
          mac: nic.mac,
          ip: canaryAddress(host, nic),
        })),
      );
  }

  async #link(host: Host, nic: Nic, where: Where): Promise<Link> {
    const tap = tapName(host, nic);
    const port = `${this.#prefix}p${this.#links.length}`;
    if (where === "user-mode-linux") {
      const { name, wire } = (await this.#fabric.uml()).takeNic();
      return { host, nic, tap, port: wire.port, device: name, lost: () => wire.lost() };
    }
    return {
      host,
      nic,
      tap,
      port,
      ...(where === "userspace" ? { device: `${this.#prefix}u${this.#links.length}` } : {}),
    };
  }

  #bridge(index: number): string {
    return `${this.#prefix}b${index}`;
  }

  #bridgeLine(index: number): string {
    return `link add ${this.#bridge(index)} address ${bridgeMac(index)} type bridge mcast_snooping 0 stp_state 0 forward_delay 0`;
  }

  async #configure(plan: HostPlan): Promise<void> {
    const machine = this.#machines.get(plan.host.name);
    if (!machine) return;
    const adopted = machine instanceof UmlMachine ? this.#links.filter((link) => link.host === plan.host) : [];
    if (machine instanceof UmlMachine) await machine.adopt(adopted.map((link) => link.device ?? ""));
    await machine.sysctl(plan.before);
    const renamed = adopted.map((link) => `link set ${link.device} name ${link.nic.name} address ${link.nic.mac}`);
    await machine.ip([...renamed, ...plan.ip]);
    if (plan.ip6.length > 0) await machine.ip(plan.ip6, 6);
    await machine.sysctl(plan.after);
    if (plan.echoes.length === 0) return;
    await machine.echo(plan.echoes);
    if (machine instanceof UmlMachine) this.#programs.add(await this.#fabric.uml());
  }

  /** Binds a director that owns its NICs: `receive` gets every frame that arrives at one of them. */
  attach(host: string, receive: (nic: string, frame: Uint8Array) => void): void {
    let received = 0;
    for (const link of this.#links.filter((link) => link.host.name === host && link.device))
      this.#senders.set(
        link.tap,
        new Sender(link.device as string, (frame) => {
          receive(link.nic.name, frame);
          // A burst keeps this callback busy for long; the ring must not overflow meanwhile.
          received += 1;
          if (received % RECORDING_STRIDE === 0) this.#fabric.recorder.drain();
        }),
      );
  }

  /** Tells that programs of its own forward on a host: the lab is at rest when they are. */
  waitFor(host: string): void {
    this.#programs.add(this.machine(host));
  }

  /** Sends a frame out of a host's NIC, as if the host itself had sent it; on the wire once the lab has come to rest. */
  send(host: string, nic: string, frame: Uint8Array): void {
    const machine = this.#machines.get(host);
    if (machine instanceof UmlMachine) this.#sending.push(machine.send(nic, frame));
    else this.#sender(this.#linkOf(host, nic)).send(frame);
  }

  #sender(link: Link): Sender {
    const known = this.#senders.get(link.tap);
    if (known) return known;
    const machine = this.#machines.get(link.host.name);
    if (!(machine instanceof NamespaceMachine))
      throw new Error(`frames cannot be crafted on ${link.host.name}: it has no kernel of its own in this lab`);
    const sender = machine.enter(() => new Sender(link.nic.name));
    this.#senders.set(link.tap, sender);
    return sender;
  }

  #linkOf(host: string, nic: string): Link {
    const link = this.#links.find((link) => link.host.name === host && link.nic.name === nic);
    if (!link) throw new Error(`the lab has no ${host}/${nic}`);
    return link;
  }

  /** Empties a host's neighbour table, the entries that the lab made included. */
  async forgetNeighbours(host: string): Promise<void> {
    const plan = this.#plan(host);
    await this.machine(host).ip(plan.host.nics.map((nic) => `neigh flush dev ${nic.name} nud all`));
  }

  /** Turns a host's forwarding of packets that are not its own on or off. */
  async setForwarding(host: string, on: boolean): Promise<void> {
    await this.machine(host).sysctl(forwardingSettings(this.#plan(host).host, on));
  }

  /** Whether a host forwards as the lab was built. */
  forwards(host: string): boolean {
    return this.#plan(host).forwards;
  }

  /** Takes a host's NICs down and up again; what it forgets by that it is told anew. */
  async bounce(host: string): Promise<void> {
    const { nics } = this.#plan(host).host;
    for (const { tap } of this.#links.filter((link) => link.host.name === host)) {
      this.#senders.get(tap)?.close();
      this.#senders.delete(tap);
    }
    const again = this.#plan(host).ip.filter((line) => /^(route|neigh) /.test(line));
    await this.machine(host).ip([
      ...nics.map(({ name }) => `link set ${name} down`),
      ...nics.map(({ name }) => `link set ${name} up`),
      ...again,
    ]);
  }

  /** Whether `isThere` came true of what is recorded, within `timeout` milliseconds: by default when a run that waits in vain is to end. */
  until(isThere: () => boolean, timeout = AWAIT_TIMEOUT): Promise<boolean> {
    return this.#prober.until(isThere, timeout);
  }

  /** Gives a host the neighbour table again that the lab was built with. */
  async restoreNeighbours(host: string): Promise<void> {
    await this.machine(host).ip(this.#plan(host).ip.filter((line) => line.startsWith("neigh ")));
  }

  #plan(host: string): HostPlan {
    const plan = this.#plans.find((plan) => plan.host.name === host);
    if (!plan) throw new Error(`the lab has no host ${host}`);
    return plan;
  }

  #take(link: Link, raw: RawFrame): void {
    if (this.#prober.isCanary(raw.bytes)) {
      if (!raw.outgoing) this.#prober.answered(link.tap, raw.bytes);
      return;
    }
    this.#seen += 1;
    this.#frames.push(new LabFrame(this.#frames.length + 1, link.tap, link.host.name, raw));
  }

  /** Starts a new record: frames before this moment are forgotten. */
  async begin(): Promise<void> {
    await this.#losses.begin();
    this.#fabric.recorder.drain();
    this.#frames = [];
  }

  /** All frames since `begin`, in order. */
  get frames(): readonly Frame[] {
    this.#fabric.recorder.drain();
    return this.#frames;
  }

  /** What happened to frames since `begin` that are missing; undefined where none is. */
  lost(): Promise<string | undefined> {
    return this.#losses.told();
  }

  async #droppedInGuest(): Promise<number> {
    return this.#isInGuest ? (await this.#fabric.uml()).dropped() : 0;
  }

  /** Whether a host of this lab is in User-Mode Linux. */
  get #isInGuest(): boolean {
    return [...this.#machines.values()].some((machine) => machine instanceof UmlMachine);
  }

  /** Sends frames out of a host's NIC as one burst, and records meanwhile. @throws ReplayError */
  async burst(host: string, nic: string, frames: readonly Uint8Array[]): Promise<void> {
    const machine = this.machine(host);
    if (!(machine instanceof NamespaceMachine)) throw new Error(`tcpreplay cannot run on ${host}`);
    const run = (command: readonly string[]) => this.#fabric.yielding.run(host, machine.entered(command));
    await this.#recording(burst(run, nic, frames, `${this.#fabric.scratch}/burst.pcap`));
  }

  /** Records while `work` is under way, so that a burst does not outgrow the ring. */
  async #recording(work: Promise<void>): Promise<void> {
    let ended = false;
    const end = () => {
      ended = true;
    };
    const done = work.then(end, end);
    while (!ended) {
      this.#fabric.recorder.drain();
      await Promise.race([this.#fabric.recorder.wait(RECORDING_PAUSE), done]);
    }
    return work;
  }

  /** Resolves when every host answers on every NIC, and the lab is at rest. @throws NotSettled */
  async ready(): Promise<void> {
    if (this.#isInGuest) (await this.#fabric.uml()).tie();
    await this.#prober.start();
    await this.settle();
  }

  /**
   * Resolves when everything that the frames sent so far can cause has been recorded.
   *
   * Rounds of canaries: each round asks every NIC of every host for its own address and waits for the answers. On one
   * CPU all paths are first in, first out, so a host that has answered has dealt with all that came to it before. A
   * whole round in which no tap records anything else proves that nothing is under way.
   *
   * What came to a program has woken it before the canary behind is answered. Once all programs sleep they have dealt with
   * it, and what they sent for it is recorded before another round ends: a second silent round proves that it was nothing.
   *
   * @throws NotSettled with the NICs that did not answer, or with the tap at which frames do not end.
   */
  async settle(): Promise<void> {
    await Promise.all(this.#sending.splice(0));
    const deadline = performance.now() + SETTLE_TIMEOUT;
    // Nothing has come to a program since it last slept.
    let slept = this.#programs.size === 0 || this.#seen === this.#seenAtRest;
    for (;;) {
      const before = this.#seen;
      await this.#prober.round();
      await this.#echoed(deadline);
      const isSilent = this.#seen === before;
      if (isSilent && slept) break;
      if (performance.now() > deadline)
        throw new NotSettled(
          isSilent
            ? "a program does not come to rest: it waits for packets without sleeping, or never ends what it does"
            : `frames keep coming; the last was at ${this.#frames.at(-1)?.tap}`,
        );
      slept = this.#programs.size === 0 || (isSilent && (await this.#areAsleep()));
    }
    this.#seenAtRest = this.#seen;
  }

  /** Lets the echo services of this process answer what they have been sent, and records the answers. */
  async #echoed(deadline: number): Promise<void> {
    for (let turns = 0; turns < ECHO_TURNS || (this.#busy() && performance.now() < deadline); turns++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#fabric.recorder.drain();
  }

  /** Whether all programs sleep at one and the same moment: none of them ran while they were looked at twice. */
  async #areAsleep(): Promise<boolean> {
    const look = () => Promise.all([...this.#programs].map((one) => one.pulse()));
    const [before, after] = [await look(), await look()];
    return before.every((pulse, index) => pulse !== undefined && pulse === after[index]);
  }

  #busy(): boolean {
    return [...this.#machines.values()].some((machine) => machine instanceof NamespaceMachine && machine.busy);
  }
}
