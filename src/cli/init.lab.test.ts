import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { execa } from "execa";

const main = fileURLToPath(new URL("./main.js", import.meta.url));
const fixtures = fileURLToPath(new URL("../../fixtures/captures", import.meta.url));

describe("a scenario from captures", function () {
  this.timeout(60_000);

  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "hopcheck-init-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  const hopcheck = (...args: string[]) => execa(process.execPath, [main, ...args], { reject: false });

  for (const [name, fault] of [
    ["nat-bad-checksum", "NAT-REQ-07"],
    ["tun-mtu-hang", "TUN-MTU-01: what is too long is dropped in silence"],
  ] as const)
    it(`passes a director that has been mended, and fails one that has not: ${name}`, async () => {
      const scenario = join(folder, `${name}.yaml`);
      await hopcheck("init", "--from-capture", `${fixtures}/${name}/setup.yaml`, "--out", scenario);
      const run = ["run", scenario, "--director", "reference", "--profile", "extended", "--reporter", "list"];
      const good = await hopcheck(...run);
      expect(good.exitCode, good.stdout).to.equal(0);
      const broken = await hopcheck(...run, "--fault", fault);
      expect(broken.exitCode, broken.stdout).to.equal(1);
      const failed = [...broken.stdout.matchAll(/✗ ([A-Z]+-[A-Z]+-\d\d) failed/g)].map(([, rule]) => rule);
      expect([...new Set(failed)]).to.deep.equal([fault.slice(0, 10)]);
    });
});
