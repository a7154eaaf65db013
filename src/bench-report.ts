/**
 * A report of 2,000 scenarios, made of a run's results again and again: how long it takes to write, how large it is, and
 * how long Debian's Chromium takes from the file to a list that can be filtered, and to a scenario's packets.
 *
 * usage: bench-report FOLDER ROUNDS; the folder has a run's results.json and captures.
 */
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium, type Page } from "playwright-core";
import { line, median } from "./bench-figures.js";
import { readResult } from "./report/json.js";
import type { ScenarioResult } from "./report/result.js";
import { writePage } from "./report/write.js";

const [folder = "", rounds = "5"] = process.argv.slice(2);
const SCENARIOS = 2000;

const result = readResult(readFileSync(join(folder, "results.json"), "utf8"), "results.json");
const scenarios = Array.from({ length: SCENARIOS }, (_, index) => {
  const scenario = result.scenarios[index % result.scenarios.length] as ScenarioResult;
  return { ...scenario, title: `${scenario.title} (${index + 1})` };
});
const start = performance.now();
const file = await writePage({ ...result, scenarios }, folder);
line(`report of ${SCENARIOS} scenarios: written in`, (performance.now() - start) / 1000, "s");
const beside = join(folder, "index.evidence");
const sizes = readdirSync(beside).map((name) => statSync(join(beside, name)).size);
const page = statSync(file).size;
line("index.html", page / 1e6, "MB");
line("with the evidence beside it", sizes.reduce((sum, size) => sum + size, page) / 1e6, "MB");

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const opened: number[] = [];
const walked: number[] = [];
for (let round = 0; round < Number(rounds); round++) {
  const tab = await browser.newPage();
  opened.push(await timed(() => open(tab)));
  walked.push(await timed(() => walk(tab)));
  await tab.close();
}
await browser.close();
line("opened: the list can be filtered", median(opened) / 1000, "s");
line("a scenario's packets, from the file beside it", median(walked) / 1000, "s");
rmSync(beside, { recursive: true });

async function open(tab: Page): Promise<void> {
  await tab.goto(pathToFileURL(file).href);
  await tab.locator("html.js #filter").waitFor();
}

async function walk(tab: Page): Promise<void> {
  await tab.evaluate(`location.hash = "#/scenario/${SCENARIOS}"`);
  await tab.locator("article.scenario").waitFor();
}

async function timed(action: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}
