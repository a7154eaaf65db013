/** The part of `npm run bench` that builds labs: it runs inside private namespaces of its own. */
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { line, median } from "./bench-figures.js";
import type { Setup } from "./forwarding/setup.js";
import { Fabric } from "./lab/fabric.js";
import { arrive, insideIsolation, isolate } from "./lab/isolation.js";
import { Lab } from "./lab/lab.js";
import { planHosts } from "./lab/plan.js";
import { segmentsOf } from "./lab/segments.js";
import { loadSetup } from "./scenario/load.js";

const ROUNDS = Number(process.argv[2] ?? 5);

if (!insideIsolation()) process.exit(await isolate());
arrive();

const dr = loadSetup(fileURLToPath(new URL("../fixtures/setups/dr.yaml", import.meta.url)));
// Five hosts: client, router, director, two real servers.
const setup: Setup = {
  hosts: dr.hosts.filter((host) => host.name !== "rs3"),
  services: dr.services.map((service) => ({
    ...service,
    realServers: service.realServers.filter((server) => server.name !== "rs3"),
  })),
};
const fabric = await Fabric.open(0);
const ours: number[] = [];
const peer: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  ours.push(await timed(async () => (await Lab.build(fabric, setup, () => "host-kernel")).ready()));
  peer.push(await timed(() => oneProcessACommand(setup, round)));
}
const [batched, single] = [median(ours), median(peer)];
line("lab of 5 hosts, built and answering", batched, "ms");
line("the same, one `ip` process a command", single, "ms");
line("hopcheck / one process a command", batched / single, "×");
process.exit();

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** How a shell script builds the same network: no taps, no echo services, no proof that anybody answers. */
async function oneProcessACommand(setup: Setup, round: number): Promise<void> {
  const ip = (line: string) => execa("ip", line.split(" "));
  const segments = segmentsOf(setup);
  const bridges = new Map(segments.map((segment, i) => [segment, `s${round}b${i}`]));
  for (const bridge of bridges.values()) await ip(`link add ${bridge} type bridge`);
  let port = 0;
  for (const plan of planHosts(setup)) {
    const name = `s${round}-${plan.host.name}`;
    await ip(`netns add ${name}`);
    for (const nic of plan.host.nics) {
      const segment = segments.find(({ members }) => members.some((member) => member.nic === nic));
      const device = `s${round}p${port++}`;
      await ip(`link add ${device} type veth peer name ${nic.name} address ${nic.mac} netns ${name}`);
      await ip(`link set ${device} master ${bridges.get(segment as (typeof segments)[number])} up`);
    }
    for (const line of plan.ip) await ip(`-n ${name} ${line}`);
  }
  for (const bridge of bridges.values()) await ip(`link set ${bridge} up`);
}
