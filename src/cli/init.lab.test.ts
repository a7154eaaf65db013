import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { execa } from "execa";
import { readResult } from "../report/json.js";

const main = fileURLToPath(new URL("./main.js", import.meta.url));
const fixtures = fileURLToPath(new URL("../../fixtures/captures", import.meta.url));

describe("a scenario from captures", function () {
  this.timeout(240_000);

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

  /** Rule, suspect and cause, as `verify` finds them in the captures. */
  const BROKEN: Readonly<Record<string, readonly string[]>> = {
    "dr-vip-answered": ["DR-ARP-02 rs1 arp-ignore-not-effective", "DR-ARP-08 rs1 vip-hijacked-by-arp"],
    "dr-rp-filter": ["DR-RS-04 rs1 rp-filter-strict"],
    "nat-wrong-gateway": ["NAT-TOP-02 rs1 gateway-not-director"],
    "nat-client-on-link": ["NAT-TOP-02 rs1 client-on-link", "NAT-TOP-02 rs2 client-on-link"],
    "tun-vip-missing": ["TUN-RS-06 rs1 vip-not-on-real-server"],
  };

  it("shows the captured fault on real IPVS where it is wanted, and none in the network as mended", async () => {
    const files: string[] = [];
    for (const name of [...Object.keys(BROKEN), "tun-good"])
      for (const more of name === "tun-good" ? [[]] : [[], ["--with-fault"]]) {
        const file = join(folder, `${name}${more.join("")}.yaml`);
        await hopcheck("init", "--from-capture", `${fixtures}/${name}/setup.yaml`, "--out", file, ...more);
        files.push(file);
      }
    const { stdout } = await hopcheck(
      ...["run", ...files, "--profile", "extended", "--reporter", "json", "--out", folder],
    );
    const results = join(folder, "results.json");
    const { scenarios } = readResult(readFileSync(results, "utf8"), results);
    expect(scenarios, stdout).to.have.length(files.length);
    for (const { file, verdict, findings } of scenarios) {
      const [name = "", isBroken] = basename(file, ".yaml").split("--");
      const failed = findings.filter(({ status }) => status === "fail");
      const found = [...new Set(failed.map(({ rule, suspect, causes }) => `${rule} ${suspect} ${causes[0]?.id}`))];
      const expected = isBroken === undefined ? [] : BROKEN[name];
      expect([name, verdict, found.toSorted()]).to.deep.equal([
        name,
        isBroken !== undefined ? "fail" : "pass",
        expected,
      ]);
    }
  });
});

describe("what init writes for a project", function () {
  this.timeout(120_000);

  it("runs at once, against the project's own load balancer, and fails where that is broken", async () => {
    const folder = mkdtempSync(join(tmpdir(), "hopcheck-project-"));
    try {
      const template = join(folder, "balance.nft.liquid");
      cpSync(fileURLToPath(new URL("../../fixtures/examples/nftables/balance.nft.liquid", import.meta.url)), template);
      const hopcheck = (...args: string[]) => execa(process.execPath, [main, ...args], { cwd: folder, reject: false });
      const start = ["--start", "nft -f $config && exec sleep infinity", "--ready", "nft list table ip balance"];
      await hopcheck("init", "--yes", "--config", "balance.nft.liquid", ...start);
      const run = ["run", "hopcheck", "--director", "hopcheck.yaml", "--reporter", "list"];
      const good = await hopcheck(...run);
      expect(good.exitCode, good.stdout + good.stderr).to.equal(0);
      expect(good.stdout).to.contain("1 passed · 0 failed · 0 inconclusive");
      writeFileSync(template, readFileSync(template, "utf8").replaceAll("{{ server.port }}", "{{ service.port }}"));
      const broken = await hopcheck(...run);
      expect(broken.exitCode, broken.stdout).to.equal(1);
      expect(broken.stdout).to.contain("✗ NAT-REQ-03 failed");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
