/**
 * `npm run example`: writes `reports/example` anew, the reports of a good and of a broken DR set-up, each from a run in
 * the lab against real IPVS. A run that does not end as its set-up should is an error.
 */
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { STATUS } from "./cli/error.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const main = fileURLToPath(new URL("./cli/main.js", import.meta.url));

const GOOD = ["arp", "answers", "flows", "request", "round-robin", "ttl", "udp-flows"].map(
  (name) => `cases/dr/${name}.yaml`,
);
const BROKEN = ["arp-ignore", "arp-announce", "gateway"].map((name) => `fixtures/faults/dr-${name}.yaml`);

await write("good", STATUS.holds, GOOD);
// A request and an answer hold in the broken set-up's company: not everything has to be wrong for something to be.
await write("broken", STATUS.violated, [...BROKEN, "cases/dr/request.yaml", "cases/dr/ttl.yaml"]);

async function write(name: string, expected: number, files: readonly string[]): Promise<void> {
  const out = `reports/example/${name}`;
  rmSync(`${root}${out}`, { recursive: true, force: true });
  const args = [main, "run", ...files, "--reporter", "list,html,json", "--out", out];
  const { exitCode } = await execa(process.execPath, args, { cwd: root, stdio: "inherit", reject: false });
  if (exitCode !== expected) throw new Error(`the ${name} set-up ended with exit status ${exitCode}, not ${expected}`);
}
