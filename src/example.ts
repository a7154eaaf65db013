/**
 * `npm run example -- [NAME…]`: writes `reports/example` anew, the parts with these names or all: the reports of a `good`
 * and of a `broken` DR set-up, each from a run in the lab against real IPVS, and `directors`, what each of them conforms to
 * and all of them side by side. A run that does not end as it should is an error.
 */
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { STATUS } from "./cli/error.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const main = fileURLToPath(new URL("./cli/main.js", import.meta.url));

const GOOD = ["arp", "answers", "flows", "request", "round-robin", "ttl", "udp-flows"].map(
  (name) => `cases/dr/${name}.yaml`,
);
const BROKEN = ["arp-ignore", "arp-announce", "gateway"].map((name) => `fixtures/faults/dr-${name}.yaml`);
/** The bundled ones, and those that are worked examples. */
const DIRECTORS = {
  ipvs: "ipvs",
  reference: "reference",
  keepalived: "fixtures/examples/keepalived/director.yaml",
  nftables: "fixtures/examples/nftables/director.yaml",
  xdp: "fixtures/examples/xdp/director.yaml",
  python: "fixtures/examples/python/director.yaml",
  haproxy: "fixtures/examples/haproxy/director.yaml",
};

const PARTS: Readonly<Record<string, () => Promise<void>>> = {
  good: () => scenarios("good", STATUS.holds, GOOD),
  // A request and an answer hold in the broken set-up's company: not everything has to be wrong for something to be.
  broken: () => scenarios("broken", STATUS.violated, [...BROKEN, "cases/dr/request.yaml", "cases/dr/ttl.yaml"]),
  directors,
};

const wanted = process.argv.slice(2);
for (const name of wanted.length === 0 ? Object.keys(PARTS) : wanted) {
  const write = PARTS[name];
  if (write === undefined)
    throw new Error(`'${name}' is no part of the example; there are ${Object.keys(PARTS).join(", ")}`);
  await write();
}

async function scenarios(name: string, expected: number, files: readonly string[]): Promise<void> {
  const out = emptied(`reports/example/${name}`);
  await hopcheck(expected, ["run", ...files, "--reporter", "list,html,json", "--out", out]);
}

/** Of each director the whole suite. What is committed are the conformance reports and the page; the results stay beside. */
async function directors(): Promise<void> {
  const results = emptied("reports/directors");
  const out = emptied("reports/example/directors");
  for (const [name, director] of Object.entries(DIRECTORS)) {
    const suite = ["run", "--profile", "extended", "--director", director];
    await hopcheck(STATUS.holds, [...suite, "--reporter", "list,json,conformance", "--out", `${results}/${name}`]);
    copyFileSync(`${results}/${name}/conformance.yaml`, `${out}/${name}.yaml`);
  }
  const compare = ["report", ...Object.keys(DIRECTORS), "--compare", "--reporter", "html", "--out", out];
  await hopcheck(STATUS.holds, compare, results);
}

/** A folder that is there, and empty. */
function emptied(path: string): string {
  const folder = `${root}${path}`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

async function hopcheck(expected: number, args: readonly string[], cwd = root): Promise<void> {
  const { exitCode } = await execa(process.execPath, [main, ...args], { cwd, stdio: "inherit", reject: false });
  if (exitCode !== expected)
    throw new Error(`hopcheck ${args.join(" ")} ended with exit status ${exitCode}, not ${expected}`);
}
