import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";

describe("the verdict of CI", () => {
  let folder;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "hopcheck-verdict-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function verdict(result, { allowed = "", npmStatus = 0 } = {}) {
    const resultFile = join(folder, "result.json");
    const allowedFile = join(folder, "allowed-skips");
    writeFileSync(resultFile, result === undefined ? "" : JSON.stringify(result));
    writeFileSync(allowedFile, allowed);
    const args = [".ci/verdict.mjs", resultFile, allowedFile, String(npmStatus)];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect(stderr).to.equal("");
    return { status, lines: stdout.replaceAll(allowedFile, "allowed-skips").trimEnd().split("\n") };
  }

  it("passes where tests ran and none failed", () => {
    const passed = verdict({ passes: 3, failures: 0, pending: 0, skipped: [] });
    expect(passed).to.deep.equal({ status: 0, lines: ["3 passed, 0 failed, 0 skipped"] });
  });

  it("fails where a test failed", () => {
    const failed = verdict({ passes: 3, failures: 1, pending: 0, skipped: [] }, { npmStatus: 1 });
    expect(failed).to.deep.equal({ status: 1, lines: ["ci: 1 failed", "3 passed, 1 failed, 0 skipped"] });
  });

  it("fails where nothing ran", () => {
    const empty = verdict({ passes: 0, failures: 0, pending: 0, skipped: [] });
    expect(empty).to.deep.equal({ status: 1, lines: ["ci: no test ran", "0 passed, 0 failed, 0 skipped"] });
  });

  it("fails where npm test fails though no test did", () => {
    const odd = verdict({ passes: 3, failures: 0, pending: 0, skipped: [] }, { npmStatus: 7 });
    expect(odd.status).to.equal(1);
    expect(odd.lines).to.deep.equal(["ci: npm test ended with status 7", "3 passed, 0 failed, 0 skipped"]);
  });

  it("invents no numbers where mocha had no result", () => {
    const crashed = verdict(undefined, { npmStatus: 139 });
    expect(crashed.status).to.equal(1);
    expect(crashed.lines).to.deep.equal(["ci: npm test ended with status 139 before mocha had a result"]);
  });

  it("fails on a skipped test that is not listed", () => {
    const result = { passes: 1, failures: 0, pending: 1, skipped: ["the lab boots"] };
    expect(verdict(result)).to.deep.equal({
      status: 1,
      lines: ["ci: skipped, but not listed in allowed-skips: the lab boots", "1 passed, 0 failed, 1 skipped"],
    });
  });

  it("passes with a skipped test that is listed with its reason", () => {
    const result = { passes: 1, failures: 0, pending: 1, skipped: ["the lab boots # 1"] };
    const allowed = "# comment\n\nthe lab boots # 1 # needs a kernel with ip_vs\n";
    expect(verdict(result, { allowed })).to.deep.equal({ status: 0, lines: ["1 passed, 0 failed, 1 skipped"] });
  });

  it("fails on a listed test without a reason", () => {
    const result = { passes: 1, failures: 0, pending: 0, skipped: [] };
    const { status, lines } = verdict(result, { allowed: "the lab boots\n" });
    expect(status).to.equal(1);
    expect(lines[0]).to.equal("ci: allowed-skips:1 gives no reason (title # reason): the lab boots");
  });
});
