import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { missingPrograms } from "./programs.js";

describe("missingPrograms", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "hopcheck-programs-"));
    writeFileSync(join(folder, "ip"), "", { mode: 0o755 });
    writeFileSync(join(folder, "mount"), "", { mode: 0o644 });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("says nothing where all are there", () => {
    expect(missingPrograms(["ip"], `/nowhere:${folder}`)).to.equal(undefined);
  });

  it("names what is missing or may not be run, and each package that has some of it once", () => {
    expect(missingPrograms(["ip", "mount", "nsenter", "setpriv"], folder)).to.equal(
      "mount, nsenter, setpriv not found in the PATH; install what is missing: apt-get install mount util-linux",
    );
  });
});
