import { release } from "node:os";
import { type Director, directorHost } from "../director/director.js";
import type { Setup } from "../forwarding/setup.js";
import { CannotRun } from "../lab/cannot-run.js";
import { Fabric } from "../lab/fabric.js";
import type { DirectorResult } from "../report/result.js";
import type { Scenario } from "../scenario/scenario.js";
import { placement, Stage, umlSizeOf } from "../scenario/stage.js";
import { CliError, STATUS } from "./error.js";
import type { RunOptions } from "./run-options.js";

/** @throws CliError where no kernel at hand can take the director or a real server. */
export function checkPlaces(scenarios: readonly Scenario[], director: Director, { kernel }: RunOptions): void {
  try {
    umlSizeOf(
      scenarios.map(({ setup }) => setup),
      director,
      kernel,
    );
  } catch (error) {
    throw error instanceof CannotRun ? new CliError(STATUS.cannotRun, error.message) : error;
  }
}

/** The labs of a run, one for each setup, built when the first scenario needs them. */
export class Stages {
  readonly #scenarios: readonly Scenario[];
  readonly #director: Director;
  readonly #options: RunOptions;
  readonly #stages = new Map<string, Promise<Stage>>();
  #fabric: Promise<Fabric> | undefined;
  /** Why no lab could be built: a matter of the machine, not of a scenario. */
  failure: CliError | undefined;

  constructor(scenarios: readonly Scenario[], director: Director, options: RunOptions) {
    this.#scenarios = scenarios;
    this.#director = director;
    this.#options = options;
  }

  of(setup: Setup): Promise<Stage> {
    const key = JSON.stringify(setup);
    const known = this.#stages.get(key);
    if (known) return known;
    const stage = this.#build(setup);
    this.#stages.set(key, stage);
    return stage;
  }

  async #build(setup: Setup): Promise<Stage> {
    try {
      this.#fabric ??= Fabric.open(this.#umlSize(), this.#mtu());
      return await Stage.build(await this.#fabric, setup, this.#director, this.#options.kernel);
    } catch (error) {
      if (error instanceof CannotRun) this.failure = new CliError(STATUS.cannotRun, error.message);
      throw error;
    }
  }

  #umlSize() {
    const setups = new Map(this.#scenarios.map(({ setup }) => [JSON.stringify(setup), setup]));
    return umlSizeOf(setups.values(), this.#director, this.#options.kernel);
  }

  #mtu(): number {
    const hosts = this.#scenarios.flatMap(({ setup }) => setup.hosts);
    return Math.max(...hosts.flatMap(({ nics }) => nics.map((nic) => nic.mtu)));
  }

  async describeDirector(): Promise<DirectorResult> {
    const setup = this.#scenarios[0]?.setup as Setup;
    const where = placement(setup, this.#director, this.#options.kernel)(directorHost(setup));
    const { name } = this.#director;
    if (where === "userspace") return { name, where };
    if (where === "host-kernel") return { name, where, kernel: release() };
    const uml = (await this.#fabric)?.uml();
    return { name, where, kernel: (await uml)?.release ?? "unknown" };
  }

  all(): Promise<Stage>[] {
    return [...this.#stages.values()];
  }
}
