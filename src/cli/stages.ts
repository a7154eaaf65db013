import { release } from "node:os";
import type { Director } from "../director/director.js";
import type { Setup } from "../forwarding/setup.js";
import { CannotRun } from "../lab/cannot-run.js";
import { bootUml, Fabric } from "../lab/fabric.js";
import { Lab } from "../lab/lab.js";
import type { Where } from "../lab/machine.js";
import type { UmlKernel } from "../lab/uml.js";
import type { DirectorResult } from "../report/result.js";
import { FEATURES } from "../scenario/features.js";
import { type KernelChoice, placement, placeOf, Stage, umlNicsOf } from "../scenario/stage.js";
import { CliError, STATUS } from "./error.js";

/** A network with the director that is to be put into it. */
export interface Plan {
  readonly setup: Setup;
  readonly director: Director;
}

/** @throws CliError where no kernel at hand can take the director or a real server. */
export function checkPlaces(plans: readonly Plan[], kernel: KernelChoice): void {
  try {
    umlNicsOf(plans, kernel);
  } catch (error) {
    throw error instanceof CannotRun ? new CliError(STATUS.cannotRun, error.message) : error;
  }
}

/** The labs of a run, one for each setup and director, built when the first scenario needs them. */
export class Stages {
  readonly #kernel: KernelChoice;
  #plans: readonly Plan[] = [];
  #booting: Promise<UmlKernel> | undefined;
  readonly #labs = new Map<string, Promise<Lab>>();
  readonly #stages = new Map<string, Promise<Stage>>();
  #ahead: Promise<void> | undefined;
  #fabric: Promise<Fabric> | undefined;
  /** Why no lab could be built: a matter of the machine, not of a scenario. */
  failure: CliError | undefined;

  constructor(kernel: KernelChoice) {
    this.#kernel = kernel;
  }

  /** Boots at once what a director will need whatever its scenarios are. */
  prepare({ places }: Director): void {
    if (places[0] !== "user-mode-linux" || this.#kernel === "host") return;
    this.#booting = bootUml();
    // Where the first lab needs it, it is asked for again.
    this.#booting.catch(() => {});
  }

  /** Says what all will be asked for, before the first is: a User-Mode Linux kernel is told how many NICs it will have. */
  expect(plans: readonly Plan[]): this {
    this.#plans = plans;
    return this;
  }

  of(plan: Plan): Promise<Stage> {
    const key = keyOf(plan);
    const known = this.#stages.get(key);
    if (known) return known;
    const stage = this.#build(plan);
    this.#stages.set(key, stage);
    return stage;
  }

  async #build(plan: Plan): Promise<Stage> {
    try {
      this.#fabric ??= Fabric.open(this.#umlNics(), this.#mtu(), this.#booting);
      const fabric = await this.#fabric;
      const lab = await this.#labOf(fabric, plan);
      this.#ahead ??= this.#buildAhead(fabric);
      return await Stage.start(lab, plan.director);
    } catch (error) {
      if (error instanceof CannotRun) this.failure = new CliError(STATUS.cannotRun, error.message);
      throw error;
    }
  }

  #labOf(fabric: Fabric, { setup, director }: Plan): Promise<Lab> {
    const key = keyOf({ setup, director });
    const lab = this.#labs.get(key) ?? Lab.build(fabric, setup, placement(setup, director, this.#kernel));
    this.#labs.set(key, lab);
    return lab;
  }

  /** Builds the labs with hosts in a User-Mode Linux kernel while that is on another CPU, and the scenarios need it not yet. */
  async #buildAhead(fabric: Fabric): Promise<void> {
    for (const plan of this.#plans) {
      const isInGuest = umlNicsOf([plan], this.#kernel) > 0;
      if (!isInGuest || placeOf(plan.director, this.#kernel) === "user-mode-linux") continue;
      // A failure is reported where the lab is needed.
      await this.#labOf(fabric, plan).catch(() => {});
    }
  }

  #umlNics() {
    return umlNicsOf(new Map(this.#plans.map((plan) => [keyOf(plan), plan])).values(), this.#kernel);
  }

  #mtu(): number {
    const hosts = this.#plans.flatMap(({ setup }) => setup.hosts);
    return Math.max(...hosts.flatMap(({ nics }) => nics.map((nic) => nic.mtu)));
  }

  /**
   * The director of a run that has only one; the kernel of a guest is known once it was needed.
   * @param version which one of the director is tested; left out: what its file says
   */
  async describe(director: Director, version?: string): Promise<DirectorResult> {
    const { name, models, lacks } = director;
    const where = placeOf(director, this.#kernel);
    const kernel = await this.#kernelAt(where);
    const features = FEATURES.filter((feature) => !Object.hasOwn(lacks, feature));
    const implementation = { ...director.implementation, ...(version === undefined ? {} : { version }) };
    return {
      name,
      ...(Object.keys(implementation).length === 0 ? {} : { implementation }),
      where,
      ...(kernel === undefined ? {} : { kernel }),
      models,
      features,
      lacks,
    };
  }

  async #kernelAt(where: Where): Promise<string | undefined> {
    if (where === "userspace") return undefined;
    if (where === "host-kernel") return release();
    const fabric = await this.#fabric;
    return fabric === undefined ? undefined : (await fabric.uml()).release;
  }

  /** Ends the programs of directors, as their files say. */
  async stop(): Promise<void> {
    for (const stage of this.#stages.values()) {
      const built = await stage.catch(() => undefined);
      await built?.director.program?.stop();
    }
  }

  all(): Promise<Stage>[] {
    return [...this.#stages.values()];
  }
}

function keyOf({ setup, director }: Plan): string {
  return `${director.name} ${JSON.stringify(setup)}`;
}
