import { type Host, type Service, type Setup, serviceName, shareSegment } from "../../forwarding/setup.js";
import { hostKernelHas } from "../../lab/kernel.js";
import type { Lab } from "../../lab/lab.js";
import type { Machine, Where } from "../../lab/machine.js";
import { nicTowards } from "../../lab/segments.js";
import { isIp6 } from "../../packet/address.js";
import { ARP_OPCODE, NOBODY } from "../../packet/arp.js";
import { whoHas } from "../../packet/who-has.js";
import { type Driver, directorHost, type RunningDirector } from "../director.js";
import type { Hooks } from "./hooks.js";
import { CommandProgram } from "./program.js";
import { render } from "./template.js";
import { viewOf } from "./view.js";

/** Any load balancer that a command starts. */
export function commandDriver(hooks: Hooks): Driver {
  return {
    get places(): readonly Where[] {
      return hooks.needs.every((part) => hostKernelHas(part))
        ? ["host-kernel", "user-mode-linux"]
        : ["user-mode-linux"];
    },
    start: (lab) => start(lab, hooks),
  };
}

async function start(lab: Lab, hooks: Hooks): Promise<RunningDirector> {
  const { setup } = lab;
  const host = directorHost(setup);
  const machine = lab.machine(host.name);
  const program = await CommandProgram.prepare(machine, hooks, factsOf(setup));
  const write = async (services: readonly Service[]) => {
    const view = viewOf(setup, services);
    await program.write("setup.json", `${JSON.stringify(view, undefined, 2)}\n`);
    if (hooks.config !== undefined) await program.write("config", render(hooks.config, view));
  };
  const begin = async () => {
    await program.start();
    await ready(lab, host, machine, hooks, program);
  };
  await write(setup.services);
  await begin();
  lab.waitFor(host.name);
  return {
    program: {
      ended: () => program.ended(),
      said: () => program.said(),
      stop: () => program.stop(),
      async start() {
        await program.stop();
        await write(setup.services);
        await begin();
      },
    },
    async configure(services) {
      if (hooks.change === undefined)
        throw new Error("the director's file has no `change`: the command that has it take over a new configuration");
      await write(services);
      await program.command(hooks.change);
    },
  };
}

/** What a command finds in its environment, beside the files `$config` and `$setup`. */
function factsOf(setup: Setup): Record<string, string> {
  const director = directorHost(setup);
  return {
    HOPCHECK_INTERFACES: director.nics.map(({ name }) => name).join(" "),
    HOPCHECK_VIPS: [...new Set(setup.services.map(({ vip }) => vip))].join(" "),
    HOPCHECK_SERVICES: setup.services.map(serviceName).join(" "),
  };
}

/** Resolves when it serves, by what its file says shows that. @throws Error with its last words where it never does */
async function ready(lab: Lab, host: Host, machine: Machine, hooks: Hooks, program: CommandProgram): Promise<void> {
  const isReady = readiness(lab, host, machine, hooks, program);
  const deadline = performance.now() + hooks.patience;
  for (;;) {
    const end = await program.ended();
    if (end !== undefined) throw new Error(withWords(`the director ${end} before it was ready`, await program.said()));
    if (await isReady()) return;
    if (performance.now() > deadline) {
      const words = await program.said();
      await program.stop();
      throw new Error(withWords(`the director was not ready within ${hooks.patience / 1000} s`, words));
    }
  }
}

function withWords(sentence: string, words: string): string {
  return words.trim() === "" ? `${sentence}, and said nothing` : `${sentence}; its last words:\n${words.trimEnd()}`;
}

function readiness(
  lab: Lab,
  host: Host,
  machine: Machine,
  { ready }: Hooks,
  program: CommandProgram,
): () => Promise<boolean> {
  if (ready === undefined) return async () => true;
  if ("log" in ready) return async () => ready.log.test(await program.log());
  if ("port" in ready) return async () => listensAt(await sockets(machine), ready.port);
  if ("command" in ready)
    return () =>
      program.command(ready.command).then(
        () => true,
        () => false,
      );
  return () => answersForVips(lab, host);
}

/** By what the kernel lists: a question to the port would be a connection that the director did not expect. */
async function sockets(machine: Machine): Promise<string> {
  return machine.run(["sh", "-c", "cat /proc/net/tcp /proc/net/tcp6 2> /dev/null || :"]);
}

const LISTENING = "0A";

function listensAt(listing: string, port: number): boolean {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  return listing.split("\n").some((line) => {
    const [, local = "", , state] = line.trim().split(/\s+/);
    return local.endsWith(`:${wanted}`) && state === LISTENING;
  });
}

/** Milliseconds after which the VIPs are asked for again. */
const ASKED_AGAIN = 100;

/** Asks for each VIP of IPv4, from a neighbour and as nobody (RFC 5227 §2.1.1): who answers has learnt nothing. */
async function answersForVips(lab: Lab, director: Host): Promise<boolean> {
  const vips = new Set(lab.setup.services.map(({ vip }) => vip).filter((vip) => !isIp6(vip)));
  await lab.begin();
  for (const vip of vips) {
    const [asker, nic] = neighbourOf(lab.setup, director, vip);
    lab.send(asker, nic.name, whoHas({ senderMac: nic.mac, senderIp: NOBODY, target: vip }));
  }
  const isAnswered = (vip: string) =>
    lab.frames.some(
      ({ host, direction, packet: { arp } }) =>
        host === director.name && direction === "out" && arp?.opcode === ARP_OPCODE.reply && arp.senderIp === vip,
    );
  return lab.until(() => [...vips].every(isAnswered), ASKED_AGAIN);
}

/** A neighbour on the segment of the VIP, one that sends requests there where there is one. */
function neighbourOf({ hosts }: Setup, director: Host, vip: string) {
  const own = nicTowards(director, vip);
  for (const role of ["router", "client", "real-server"])
    for (const host of hosts.filter((host) => host.role === role))
      for (const nic of host.nics) if (shareSegment(own, nic)) return [host.name, nic] as const;
  throw new Error(`nobody shares a segment with the director to ask for ${vip}`);
}
