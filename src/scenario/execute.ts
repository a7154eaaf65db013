import { readPcap } from "../capture/pcap.js";
import { directorHost } from "../director/director.js";
import type { Change, Evidence } from "../forwarding/evidence.js";
import { followJourneys } from "../forwarding/journey.js";
import type { RealServer, Service } from "../forwarding/setup.js";
import { NotSettled } from "../lab/prober.js";
import type { Frame } from "../packet/frame.js";
import { type Talk, talkTcp, talkUdp } from "./conversation.js";
import { Crafting, type Destination, type Flow, type Outgoing } from "./crafting.js";
import { featuresOfStep, lacked } from "./features.js";
import { owesAcknowledgement, serverOf } from "./flow-record.js";
import { matches } from "./judgement.js";
import { ScenarioError, scriptedSteps } from "./load.js";
import { rememberOrigin } from "./obey.js";
import { awaken, type Heard, hear } from "./program.js";
import { questions } from "./questions.js";
import type { AnswerStep, Assertion, BurstStep, Position, ReplayStep, Scenario, SendStep, Step } from "./scenario.js";
import { callIn, shownAt } from "./script-calls.js";
import type { Stage } from "./stage.js";

export interface Executed {
  readonly evidence: Evidence;
  /** Why the scenario could not be carried out to its end; the evidence holds what was recorded up to there. */
  readonly problem?: string;
  /** Whether a step failed, which is the director's fault more often than not, or the lab did. */
  readonly problemIn?: "step" | "lab";
  /** The step at which it broke off; left out where none was under way. */
  readonly problemAt?: Position;
  /** The feature that a script asks for and the director lacks. */
  readonly notSupported?: string;
  /** The assertion that failed in the body of a TypeScript scenario. */
  readonly expectation?: string;
  /** True where frames are missing from the evidence: nothing in it can prove a violation. */
  readonly incomplete: boolean;
  /** Of a director that is a program. */
  readonly program?: Heard;
}

/**
 * Carries out a scenario and returns everything that was recorded.
 * @param patient whether a session without an answer goes on until clients give up, with all that they send again
 */
export async function execute(scenario: Scenario, stage: Stage, patient = false): Promise<Executed> {
  const { program } = stage.director;
  if (program) await awaken(program);
  const execution = new Execution(scenario, stage, patient);
  await stage.lab.begin();
  const ran = (await execution.run()) ?? (await execution.runScript());
  const lost = await stage.lab.lost();
  const problem = [lost, ran].filter((reason) => reason !== undefined).join("; ") || undefined;
  const evidence = execution.evidence(lost === undefined && execution.settled);
  const heard = program && (await hear(program));
  stage.rememberClients(evidence.frames);
  await execution.restore(evidence.frames, heard);
  const { expectation, notSupported, failedAt } = execution;
  return {
    evidence,
    incomplete: lost !== undefined,
    ...(problem === undefined ? {} : { problem, problemIn: lost === undefined ? execution.failedIn : "lab" }),
    ...(failedAt === undefined ? {} : { problemAt: failedAt }),
    ...(expectation === undefined ? {} : { expectation }),
    ...(notSupported === undefined ? {} : { notSupported }),
    ...(heard === undefined ? {} : { program: heard }),
  };
}

/** A step that a script asks for and the director cannot take. */
class NotSupported extends Error {}

/** An assertion that failed, by the author's own copy of chai as well as by ours. */
function isExpectation(error: unknown): error is Error {
  return error instanceof Error && error.name === "AssertionError";
}

class Execution {
  readonly changes: Change[] = [];
  expectation: string | undefined;
  notSupported: string | undefined;
  failedIn: "step" | "lab" = "step";
  /** The step that could not be carried out. */
  failedAt: Position | undefined;
  /** Whether everything that the steps caused has been recorded, also where one of them failed. */
  settled = true;
  readonly #scenario: Scenario;
  readonly #stage: Stage;
  readonly #patient: boolean;
  readonly #crafting: Crafting;
  readonly #flows = new Map<string, Flow>();
  readonly #forgetful = new Set<string>();
  /** Hosts whose forwarding was turned on or off. */
  readonly #forwarding = new Set<string>();
  /** Directors that gave the VIPs up. */
  readonly #resigned = new Set<string>();
  /** Flows whose client has sent data over TCP, so that a server may be sending some back. */
  readonly #talkative = new Set<Flow>();
  #services: readonly Service[];

  constructor(scenario: Scenario, stage: Stage, patient: boolean) {
    this.#scenario = scenario;
    this.#stage = stage;
    this.#patient = patient;
    this.#crafting = new Crafting(scenario.setup, stage.nextId);
    this.#services = scenario.setup.services;
  }

  /** Runs step by step; after each the lab has come to rest. Resolves to what went wrong. */
  async run(): Promise<string | undefined> {
    for (const step of this.#scenario.steps) {
      try {
        await this.#step(step);
        await this.#stage.lab.settle();
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        if (error instanceof NotSettled) this.failedIn = "lab";
        // What came before is evidence all the same: that a session fails is the director's fault more often than not.
        this.settled = await this.#comesToRest(error);
        this.failedAt = step.position;
        return `line ${step.position.line}, \`${step.kind}\`: ${error.message}`;
      }
    }
    return undefined;
  }

  async #comesToRest(failure?: unknown): Promise<boolean> {
    if (failure instanceof NotSettled) return false;
    try {
      await this.#stage.lab.settle();
      return true;
    } catch (error) {
      if (error instanceof NotSettled) return false;
      throw error;
    }
  }

  /** The body of a TypeScript scenario; resolves to what went wrong. */
  async runScript(): Promise<string | undefined> {
    const { script, file } = this.#scenario;
    if (!script) return undefined;
    const read = scriptedSteps(file, this.#scenario.setup);
    try {
      await script({
        step: async (step) => {
          const position = callIn(file, new Error("called here"));
          const known = { ...shownAt(position, () => read(step)), position };
          this.#checkSupport(known);
          this.failedAt = position;
          await this.#step(known);
          await this.#stage.lab.settle();
          this.failedAt = undefined;
        },
        evidence: () => this.evidence(true),
      });
    } catch (error) {
      if (error instanceof NotSupported) {
        this.notSupported = error.message;
        return undefined;
      }
      if (!isExpectation(error)) {
        if (error instanceof NotSettled) this.failedIn = "lab";
        this.settled = error instanceof Error && (await this.#comesToRest(error));
        if (error instanceof ScenarioError) return error.message;
        return `${file}: ${error instanceof Error ? error.message : error}`;
      }
      this.expectation = error.message;
    }
    return undefined;
  }

  /** A script's steps show only now what they ask of the director. */
  #checkSupport(step: Step): void {
    const missing = lacked(featuresOfStep(step, this.#scenario.setup), this.#stage.traits);
    if (missing !== undefined) throw new NotSupported(missing);
  }

  /** What was recorded up to now; `settled` where the steps so far came to their end. */
  evidence(settled: boolean): Evidence {
    const { setup } = this.#scenario;
    const { frames } = this.#stage.lab;
    const evidence = {
      setup,
      changes: this.changes,
      frames: [...frames],
      journeys: followJourneys(frames, setup),
      settled,
      earlierClients: this.#stage.earlierClients(),
    };
    rememberOrigin(evidence, this.#stage.traits);
    return evidence;
  }

  /** Undoes what later scenarios must not find changed, and ends what would go on into them. */
  async restore(frames: readonly Frame[], heard: Heard | undefined): Promise<void> {
    for (const flow of this.#talkative) if (owesAcknowledgement(flow, frames)) this.#hangUp(flow);
    // One that is awake in vain is started anew for the next scenario.
    if (heard !== undefined && !this.settled) await this.#stage.director.program?.stop();
    else if (heard?.ended === undefined && this.#services !== this.#scenario.setup.services)
      await this.#stage.director.configure(this.#scenario.setup.services);
    for (const host of this.#forgetful) await this.#stage.restoreNeighbours(host);
    for (const host of this.#forwarding) await this.#stage.restoreForwarding(host);
    for (const host of this.#resigned) await this.#stage.redundancy?.restore(host);
  }

  async #step(step: Step): Promise<void> {
    switch (step.kind) {
      case "send":
        return this.#send(step);
      case "answer":
        return this.#answer(step);
      case "ask":
        return this.#emit(
          questions(this.#crafting.host(step.from), this.#crafting.host(step.of), step.whoHas, step.as),
        );
      case "connect":
      case "datagram": {
        const { from, payload, to } = step;
        const machine = this.#stage.lab.machine(from);
        for (let i = 0; i < step.times; i++) {
          const localPort = this.#stage.takeConversationPort();
          const talk = { host: from, machine, localPort, ip: to.vip, port: to.port, payload };
          await (step.kind === "connect" ? this.#connect(talk) : talkUdp(talk));
        }
        return;
      }
      case "burst":
        return this.#burst(step);
      case "replay":
        return this.#replay(step);
      case "weight":
        return this.#change((service) => ({
          ...service,
          realServers: service.realServers.map((server) =>
            server.name === step.realServer ? { ...server, weight: step.weight } : server,
          ),
        }));
      case "remove":
        return this.#change((service) => ({
          ...service,
          realServers: service.realServers.filter((server) => server.name !== step.realServer),
        }));
      case "add":
        return this.#change((service) => ({ ...service, realServers: this.#with(service, step.realServer) }));
      case "forget":
        this.#forgetful.add(step.host);
        return this.#stage.forgetNeighbours(step.host);
      case "forwarding":
        return this.#setForwarding(step.host, step.on);
      case "bounce":
        return this.#stage.lab.bounce(step.host);
      case "resign":
        this.#resigned.add(step.host);
        return this.#stage.redundancy?.resign(step.host);
      case "await":
        return this.#await(step.frame);
    }
  }

  #send(step: SendStep): void {
    const from = this.#crafting.host(step.from);
    const flow = this.#flow(step, step.from);
    const { frames } = this.#stage.lab;
    if (flow.to.protocol === "tcp" && step.fields.payload !== undefined) this.#talkative.add(flow);
    const outgoing = this.#crafting.request(step, flow, frames, from);
    for (let i = 0; i < step.times; i++) this.#emit(outgoing);
  }

  async #connect(talk: Talk): Promise<void> {
    const hopeless = new AbortController();
    const conversation = talkTcp(talk, hopeless.signal);
    // A kernel answers a SYN as it comes in, without a process that would have to be given time.
    const rest = this.#comesToRest().then((rests) => {
      if (rests && !this.#patient && !this.#isAnswered(talk))
        hopeless.abort("the lab came to rest, and not a segment had come back");
    });
    await conversation.finally(() => rest);
  }

  #isAnswered({ host, localPort }: Talk): boolean {
    return this.#stage.lab.frames.some(
      ({ host: at, direction, packet }) => at === host && direction === "in" && packet.tcp?.dstPort === localPort,
    );
  }

  /** Without it the server's kernel would send its data again, 200 ms later and in the middle of another scenario. */
  #hangUp(flow: Flow): void {
    const reset = { flow: flow.name, fields: { "tcp.flags": "R" }, times: 1 };
    this.#emit(this.#crafting.request(reset, flow, [], flow.host));
  }

  #answer(step: AnswerStep): void {
    const flow = this.#flow(step, "client");
    const { frames } = this.#stage.lab;
    const server = step.from ? this.#crafting.host(step.from) : serverOf(flow, frames, this.#scenario.setup);
    if (!server) throw new Error(`flow ${flow.name} reached no real server that could answer`);
    const outgoing = this.#crafting.answer(step, flow, frames, server);
    for (let i = 0; i < step.times; i++) this.#emit(outgoing);
  }

  #flow(step: { flow: string; to?: Destination; quote?: string }, from: string): Flow {
    // An error about a flow is judged as part of that flow: it needs no port of its own.
    const name = step.quote ?? step.flow;
    const known = this.#flows.get(name);
    if (known) return known;
    const first = this.#scenario.setup.services[0] as Service;
    const flow = this.#crafting.openFlow(name, from, step.to ?? first, this.#stage.takePort());
    this.#flows.set(name, flow);
    return flow;
  }

  #emit({ host, nic, frames }: Outgoing): void {
    for (const frame of frames) this.#stage.lab.send(host, nic, frame);
  }

  async #burst(step: BurstStep): Promise<void> {
    const from = this.#crafting.host(step.from);
    const frames: Uint8Array[] = [];
    let nic = "";
    for (let i = 0; i < step.count; i++) {
      const flow = this.#flow({ ...step, flow: `${step.flow} ${i}` }, step.from);
      const outgoing = this.#crafting.request(step, flow, [], from);
      nic = outgoing.nic;
      frames.push(...outgoing.frames);
    }
    await this.#stage.lab.burst(step.from, nic, frames);
  }

  async #replay(step: ReplayStep): Promise<void> {
    const nic = this.#crafting.host(step.from).nics[0]?.name ?? "";
    await this.#stage.lab.burst(step.from, nic, await readPcap(step.file));
  }

  async #change(edit: (service: Service) => Service): Promise<void> {
    this.#services = this.#services.map(edit);
    await this.#stage.director.configure(this.#services);
    const last = this.#stage.lab.frames.at(-1)?.time ?? 0n;
    this.changes.push({ time: last + 1n, services: this.#services });
  }

  async #setForwarding(host: string, on: boolean): Promise<void> {
    this.#forwarding.add(host);
    await this.#stage.setForwarding(host, on);
    if (host !== directorHost(this.#scenario.setup).name) return;
    const last = this.#stage.lab.frames.at(-1)?.time ?? 0n;
    this.changes.push({ time: last + 1n, services: this.#services, forwards: on });
  }

  /** What timers send comes when it comes: the wait ends with the frame, or the scenario is broken off. */
  async #await(wanted: Assertion): Promise<void> {
    const { lab } = this.#stage;
    const count = wanted.count ?? 1;
    const isThere = () => lab.frames.filter((frame) => matches(frame, wanted, this.#crafting)).length >= count;
    if (!(await lab.until(isThere))) {
      const fields = Object.entries(wanted.fields).map(([name, value]) => `${name}=${value}`);
      throw new Error(`no frame came ${wanted.direction} at ${wanted.at} with ${fields.join(", ")}`);
    }
  }

  /** The service's real servers with one put back as the setup has it. */
  #with(service: Service, name: string): readonly RealServer[] {
    const original = this.#scenario.setup.services.find(
      (candidate) =>
        candidate.vip === service.vip && candidate.port === service.port && candidate.protocol === service.protocol,
    );
    const added = original?.realServers.find((server) => server.name === name);
    const others = service.realServers.filter((server) => server.name !== name);
    return added ? [...others, added] : others;
  }
}
