/**
 * `npm run record -- [NAME…]`: records the captures below `fixtures/captures` anew, those with these names or all.
 *
 * What was recorded is judged as it comes from the lab, and held against `expected.yaml`: a fixture that does not show
 * what it is there for is not written.
 */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { directorNamed } from "./cli/directors.js";
import { type Plan, Stages } from "./cli/stages.js";
import { catalogue } from "./forwarding/catalogue.js";
import { judge } from "./forwarding/judge.js";
import { arrive, insideIsolation, isolate } from "./lab/isolation.js";
import { captureFile } from "./recordings/capture-file.js";
import { recorded } from "./recordings/carry-out.js";
import { complaints } from "./recordings/compare.js";
import { readExpected, readRecording } from "./recordings/recording.js";
import { loadScenario } from "./scenario/load.js";

const root = fileURLToPath(new URL("../fixtures/captures", import.meta.url));
const wanted = process.argv.slice(2);

if (!insideIsolation()) process.exit(await isolate());
arrive();

const recordings = readdirSync(root)
  .filter((name) => existsSync(join(root, name, "recording.yaml")))
  .filter((name) => wanted.length === 0 || wanted.includes(name))
  .map((name) => {
    const folder = join(root, name);
    const recording = readRecording(folder);
    const scenario = loadScenario(join(folder, "scenario.yaml"));
    const plan: Plan = { setup: scenario.setup, director: directorNamed(recording.director ?? "ipvs") };
    return { name, folder, recording, scenario, plan };
  });
const stages = new Stages("auto").expect(recordings.map(({ plan }) => plan));
let failed = recordings.length === 0;
for (const { name, folder, recording, scenario, plan } of recordings) {
  const stage = await stages.of(plan);
  stage.director.commit?.(recording.fault);
  const shells = Object.entries(recording.shell ?? {});
  for (const [host, { before }] of shells) await stage.lab.machine(host).run(["sh", "-e"], before);
  const evidence = await recorded(scenario, stage);
  for (const [host, { after }] of shells) await stage.lab.machine(host).run(["sh", "-e"], after);
  const wrong = complaints(readExpected(folder), judge({ ...evidence, settled: true }, catalogue));
  process.stdout.write(`${wrong.length === 0 ? "✓" : "✗"} ${name}: ${evidence.frames.length} frames\n`);
  for (const complaint of wrong) process.stdout.write(`    ${complaint}\n`);
  failed ||= wrong.length > 0;
  if (wrong.length > 0) continue;
  for (const [file, options] of Object.entries(recording.files))
    writeFileSync(join(folder, file), captureFile(file, options, evidence.frames));
}
process.exit(failed ? 1 : 0);
