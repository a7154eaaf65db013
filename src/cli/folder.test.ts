import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { folderFor } from "./folder.js";
import type { RunOptions } from "./run-options.js";

describe("the folder of a run", () => {
  const before = process.cwd();
  let root: string;
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), "hopcheck-results-")));
    process.chdir(root);
  });
  afterEach(() => {
    process.chdir(before);
    rmSync(root, { recursive: true });
  });

  const options = (change: Partial<RunOptions> = {}) => ({ reporter: ["html"], ...change }) as RunOptions;
  const folder = (change?: Partial<RunOptions>) => folderFor(options(change), "2026-01-02T03:04:05.678Z");

  it("is another one for each of several runs that start in the same second", () => {
    const wanted = join(root, "reports/2026-01-02T03-04-05");
    expect([folder(), folder(), folder()]).to.deep.equal([wanted, `${wanted}-2`, `${wanted}-3`]);
    expect(existsSync(`${wanted}-3`)).to.equal(true);
  });

  it("is the one that the user names, though it is there", () => {
    mkdirSync("mine");
    expect([folder({ out: "mine" }), folder({ out: "mine" })]).to.deep.equal([join(root, "mine"), join(root, "mine")]);
  });

  it("is not made where nothing is written", () => {
    folder({ reporter: ["list"] });
    expect(existsSync("reports")).to.equal(false);
  });
});
