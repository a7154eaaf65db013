import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

const here = dirname(fileURLToPath(import.meta.url));
const project = join(here, "..");

describe("the package", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "hopcheck-package-"));
    const modules = join(folder, "node_modules/hopcheck");
    mkdirSync(modules, { recursive: true });
    copyFileSync(join(project, "package.json"), join(modules, "package.json"));
    symlinkSync(here, join(modules, "dist"));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("has types for a scenario that is written outside this checkout", () => {
    const lines = [
      'import { expect, scenario } from "hopcheck";',
      'scenario({ title: "t", setup: "dr", covers: [] }, async (lab) => {',
      '  await lab.step({ send: { flow: "a" } });',
      "  const { journeys } = lab.evidence();",
      '  expect(journeys[0]).to.obey("DR-REQ-02");',
      "  // @ts-expect-error: what there is not",
      "  lab.stop();",
      "});",
      "",
    ];
    writeFileSync(join(folder, "a.scenario.ts"), lines.join("\n"));
    const tsc = join(project, "node_modules/typescript/bin/tsc");
    const options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2023"];
    const { status, stdout } = spawnSync(process.execPath, [tsc, ...options, "a.scenario.ts"], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(stdout).to.equal("");
    expect(status).to.equal(0);
  });
});
