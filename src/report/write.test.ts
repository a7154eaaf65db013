import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { exampleResult } from "./example.js";
import { renderHtml } from "./html.js";
import { renderJson } from "./json.js";
import { writeReport } from "./write.js";

describe("writeReport", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "hopcheck-report-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("writes both files into a folder that it makes, and nothing else", async () => {
    const target = join(folder, "a", "b");
    const written = await writeReport(exampleResult(), target);
    expect(await readdir(target)).to.have.members(["results.json", "index.html"]);
    expect(await readFile(written.results, "utf8")).to.equal(renderJson(exampleResult()));
    expect(await readFile(written.page, "utf8")).to.equal(renderHtml(exampleResult()));
  });

  it("replaces an earlier report", async () => {
    await writeFile(join(folder, "results.json"), "old");
    await writeReport(exampleResult(), folder);
    expect(await readFile(join(folder, "results.json"), "utf8")).to.equal(renderJson(exampleResult()));
  });

  it("leaves no temporary file behind where it fails", async () => {
    await mkdir(join(folder, "results.json"));
    const failure = await writeReport(exampleResult(), folder).then(
      () => undefined,
      (error: NodeJS.ErrnoException) => error,
    );
    expect(failure?.code).to.equal("EISDIR");
    expect(await readdir(folder)).to.deep.equal(["results.json"]);
  });
});
