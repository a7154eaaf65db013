import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { catalogue } from "../forwarding/catalogue.js";

const page = fileURLToPath(new URL("../../docs/rules.md", import.meta.url));
const main = fileURLToPath(new URL("./main.js", import.meta.url));

/** Made part of a process, it keeps the packages with native parts from being loaded. */
const WITHOUT_NATIVE = `data:text/javascript,${encodeURIComponent(`
  import { register } from "node:module";
  register("data:text/javascript," + encodeURIComponent(\`
    export async function resolve(specifier, context, next) {
      if (specifier === "cap" || specifier === "koffi") throw new Error("was compiled for another Node");
      return next(specifier, context);
    }
  \`));
`)}`;

function hopcheck(args: readonly string[], { native = true } = {}): SpawnSyncReturns<string> {
  const options = native ? [] : ["--import", WITHOUT_NATIVE];
  return spawnSync(process.execPath, [...options, main, ...args], { encoding: "utf8", timeout: 15_000 });
}

describe("hopcheck rules", () => {
  it("lists the whole catalogue", () => {
    const { status, stdout, stderr } = hopcheck(["rules"]);
    expect(status, stderr).to.equal(0);
    for (const { id } of catalogue) expect(stdout).to.match(new RegExp(`^${id} `, "m"));
    expect(stdout).to.contain(`\n${catalogue.length} rules\n`);
  });

  it("explains one rule, and names the cases that test it, written in YAML or TypeScript", () => {
    const { status, stdout, stderr } = hopcheck(["rules", "DR-REQ-02"]);
    expect(status, stderr).to.equal(0);
    expect(stdout).to.match(/^DR-REQ-02 {2}\S/);
    expect(stdout).to.match(/^ +(tested +)?cases\/dr\/request\.yaml$/m);
    expect(stdout).to.match(/^ +(tested +)?cases\/dr\/journeys\.scenario\.ts$/m);
  });

  it("says how a rule was seen to fail, and which director declares that it breaks it", () => {
    expect(hopcheck(["rules", "DR-ARP-02"]).stdout).to.match(/^ {2}fault +\S.*arp_ignore=0/m);
    expect(hopcheck(["rules", "NAT-V6-02"]).stdout).to.match(/^ {2}declared +ipvs: \S/m);
  });

  it("has written the page of the catalogue", () => {
    const { status, stdout, stderr } = hopcheck(["rules", "--markdown"]);
    expect(status, stderr).to.equal(0);
    expect(readFileSync(page, "utf8"), "write it again: npm run docs").to.equal(stdout);
  });

  it("ends with 2 for a rule that there is not, and names one that is meant", () => {
    const { status, stderr } = hopcheck(["rules", "DR-REQ-2"]);
    expect(status).to.equal(2);
    expect(stderr).to.match(/^hopcheck: there is no rule DR-REQ-2; did you mean DR-REQ-/);
  });
});

describe("hopcheck where a native package does not load", () => {
  it("knows the rules all the same", () => {
    const { status, stdout, stderr } = hopcheck(["rules", "DR-REQ-02"], { native: false });
    expect(status, stderr).to.equal(0);
    expect(stdout).to.match(/^DR-REQ-02 /);
  });

  it("says in doctor which one, and how to mend it", () => {
    const { status, stdout, stderr } = hopcheck(["doctor"], { native: false });
    expect(status, stderr).to.equal(3);
    expect(stdout).to.match(/^✗ npm package cap +was compiled for another Node/m);
    expect(stdout).to.match(/→ node '\/.*\/src\/setup\.mjs'$/m);
  });

  it("ends a run with 3, before anything else", () => {
    const { status, stderr } = hopcheck(["run"], { native: false });
    expect(stderr).to.match(/^hopcheck: the npm package cap does not load: was compiled for another Node\n/);
    expect(status).to.equal(3);
  });
});
