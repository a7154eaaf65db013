import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { execa } from "execa";
import { readResult } from "../report/json.js";
import type { RunResult } from "../report/result.js";
import { OrdinaryUser } from "./ordinary-user.test-support.js";

/** More than a packet socket holds where an ordinary user may have 200 KiB for it, as most kernels have it. */
const BURST = `title: 10,000 new connections at once are all forwarded
setup: nat
covers: [NAT-REQ-01]
steps:
  - burst: { count: 10000, to: 8082, tcp.flags: S }
expect:
  - { at: director/eth1, direction: out, tcp.dstport: 9082, tcp.flags: S, count: 10000 }
`;

describe("a run by a user who is not root and may not open /dev/net/tun", function () {
  this.timeout(300_000);

  let user: OrdinaryUser;
  before(async function () {
    user = new OrdinaryUser();
    const { exitCode } = await user.run(["unshare", "--user", "true"]);
    // The machine's administrator has switched user namespaces off for ordinary users.
    if (exitCode !== 0) this.skip();
  });
  after(() => user.remove());

  const hopcheck = (...args: readonly string[]) => user.run(["node", join(user.project, "dist/cli/main.js"), ...args]);
  const run = async (...args: readonly string[]): Promise<RunResult> => {
    const { stdout, stderr } = await hopcheck("run", ...args, "--reporter", "json", "--out", "out");
    const file = join(user.home, "out/results.json");
    try {
      return readResult(readFileSync(file, "utf8"), file);
    } catch {
      throw new Error(`there is no result: ${stdout}${stderr}`);
    }
  };

  it("has real IPVS forward in all three models", async () => {
    const cases = ["nat", "dr", "tun"].map((model) => join(user.project, "cases", model, "request.yaml"));
    const { verdict, director, scenarios } = await run(...cases);
    expect(scenarios.flatMap(({ problem }) => problem ?? [])).to.deep.equal([]);
    expect([verdict, director?.where, scenarios.length]).to.deep.equal(["pass", "user-mode-linux", 3]);
  });

  it("never takes frames that its own wires lost for a fault", async () => {
    writeFileSync(join(user.home, "burst.yaml"), BURST);
    const [scenario] = (await run("burst.yaml")).scenarios;
    expect(scenario?.verdict).to.be.oneOf(["pass", "inconclusive"]);
    if (scenario?.verdict === "inconclusive")
      expect(scenario.problem).to.match(/^frames were lost: \d+ were dropped on the way into director\/eth0/);
  });
});

describe("a run by a user who is not root and may make no namespaces", function () {
  this.timeout(60_000);

  it("ends with 3, and says which setting would let him", async () => {
    const closed = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"';
    const within = ["--user", "--map-user=65534", "--keep-caps", "sh", "-c", closed, "sh"];
    const main = fileURLToPath(new URL("./main.js", import.meta.url));
    const { exitCode, stderr } = await execa("unshare", [...within, process.execPath, main, "run"], { reject: false });
    expect([exitCode, stderr]).to.deep.equal([
      3,
      "unshare: unshare failed: No space left on device\nhopcheck: no private namespaces: unshare: unshare failed: No space left on device\nrun it as root (sudo), or allow user namespaces: sudo sysctl -w user.max_user_namespaces=15000\n`hopcheck doctor` says what this machine can run.",
    ]);
  });
});
