/**
 * `npm run bench`: what the bundled suite costs, real IPVS and the reference director in turn, and a lab built by
 * hopcheck beside the same lab built by one `ip` process a command, a report of 2,000 scenarios in a browser, and captures
 * judged beside tshark and C. Ratios hold where absolute figures move with the
 * machine; every figure is the median of its runs.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { line, median } from "./bench-figures.js";
import { readResult } from "./report/json.js";
import type { RunResult } from "./report/result.js";

const main = fileURLToPath(new URL("./cli/main.js", import.meta.url));
const captures = fileURLToPath(new URL("./bench-verify.js", import.meta.url));
const report = fileURLToPath(new URL("./bench-report.js", import.meta.url));
const labs = fileURLToPath(new URL("./bench-labs.js", import.meta.url));
const ROUNDS = Number(process.argv[2] ?? 5);

interface Suite {
  readonly wallMs: number;
  readonly result: RunResult;
}

const folder = mkdtempSync(join(tmpdir(), "hopcheck-bench-"));
try {
  const runs: Record<"ipvs" | "reference", Suite[]> = { ipvs: [], reference: [] };
  for (let round = 0; round < ROUNDS; round++)
    for (const director of ["ipvs", "reference"] as const) runs[director].push(await suite(director));
  const ipvs = summary("suite on ipvs", runs.ipvs);
  const reference = summary("suite on the reference director", runs.reference);
  line("ipvs / reference, wall", ipvs / reference, "×");
  process.stdout.write("\n");
  await execa(process.execPath, [report, folder, String(ROUNDS)], { stdio: "inherit" });
  process.stdout.write("\n");
  await execa(process.execPath, [labs, String(ROUNDS)], { stdio: "inherit" });
  process.stdout.write("\n");
  await execa(process.execPath, [captures, String(ROUNDS)], { stdio: "inherit" });
} finally {
  rmSync(folder, { recursive: true });
}

/** One whole run as a user starts it: process start, kernel boot, labs, scenarios, results. */
async function suite(director: string): Promise<Suite> {
  const start = performance.now();
  await execa(process.execPath, [main, "run", "--director", director, "--reporter", "json", "--out", folder], {
    stderr: "ignore",
  });
  const wallMs = performance.now() - start;
  return { wallMs, result: readResult(readFileSync(join(folder, "results.json"), "utf8"), "results.json") };
}

function summary(name: string, suites: readonly Suite[]): number {
  const durations = suites.flatMap(({ result }) => result.scenarios.map((scenario) => scenario.durationMs));
  const scenarios = suites[0]?.result.scenarios.length ?? 0;
  const wall = median(suites.map(({ wallMs }) => wallMs));
  line(`${name}: scenarios`, scenarios, "");
  line(`${name}: wall, start to exit`, wall / 1000, "s");
  line(`${name}: median scenario`, median(durations), "ms");
  line(`${name}: slowest scenario`, Math.max(...durations), "ms");
  return wall;
}
