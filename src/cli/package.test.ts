import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { execa } from "execa";
import { OrdinaryUser } from "./ordinary-user.test-support.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** node-gyp downloads Node's headers unless it is told where they are. */
const prefix = resolve(process.execPath, "../..");
const headers = existsSync(join(prefix, "include/node/node.h")) ? { npm_config_nodedir: prefix } : {};

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

describe("the package that npm makes", function () {
  this.timeout(300_000);

  let user: OrdinaryUser;
  let packed: Packed;
  before(async () => {
    user = new OrdinaryUser();
    const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", user.home];
    const { stdout } = await execa("npm", args, { cwd: root });
    packed = Object.values(JSON.parse(stdout))[0] as Packed;
  });
  after(() => user.remove());

  it("holds what runs, and no tests", () => {
    const paths = packed.files.map(({ path }) => path);
    expect(paths).to.include.members(["dist/cli/main.js", "dist/index.d.ts", "cases/dr/request.yaml", "src/setup.mjs"]);
    expect(paths.filter((path) => /\.test|\.map$|^dist\/(bench|record)\b/.test(path))).to.deep.equal([]);
    expect(packed.size).to.be.below(1_000_000);
  });

  it("holds all that its code imports", () => {
    const paths = new Set(packed.files.map(({ path }) => path));
    const missing = [...paths]
      .filter((path) => path.endsWith(".js"))
      .flatMap((path) => {
        const text = readFileSync(join(root, path), "utf8");
        const imported = [...text.matchAll(/(?:from|import)\s*\(?"(\.{1,2}\/[^"]+)"/g)].map(([, target = ""]) =>
          join(path, "..", target),
        );
        return imported.filter((target) => !paths.has(target)).map((target) => `${path}: ${target}`);
      });
    expect(missing).to.deep.equal([]);
  });

  describe("installed by a user who is not root, where nothing can be compiled", () => {
    const NO_COMPILER = "#!/bin/sh\nexit 1\n";
    let hopcheck: (...args: string[]) => ReturnType<OrdinaryUser["run"]>;
    before(async () => {
      const installed = join(user.home, "prefix");
      const tarball = join(user.home, packed.filename);
      writeFileSync(join(user.home, "make"), NO_COMPILER, { mode: 0o755 });
      const path = { PATH: `${user.home}:${process.env.PATH}` };
      const install = ["npm", "install", "--global", "--prefix", installed, "--no-audit", "--no-fund"];
      const { exitCode, stderr } = await user.run([...install, tarball], path);
      expect(exitCode, String(stderr)).to.equal(0);
      hopcheck = (...args) => user.run([join(installed, "bin/hopcheck"), ...args]);
    });

    it("ends a run with 3 where what labs need is missing", async () => {
      const { exitCode, stderr } = await hopcheck("run");
      expect([exitCode, stderr]).to.deep.equal([
        3,
        "hopcheck: the npm package cap does not load: not installed: npm could not compile it\n`hopcheck doctor` says what this machine can run.",
      ]);
    });

    it("says in doctor what labs need, and the one command that installs it, which does", async () => {
      const { exitCode, stdout } = await hopcheck("doctor");
      expect(exitCode).to.equal(3);
      expect(stdout).to.match(/^✗ npm package cap +not installed: npm could not compile it \(needed for: lab\)$/m);
      const command = /\nOne command installs what is missing:\n {2}(.*)$/.exec(stdout)?.[1] ?? "";
      const installed = join(user.home, "prefix/lib/node_modules/hopcheck");
      expect(command).to.contain(`npm install --omit=dev --no-save --no-audit --no-fund --prefix '${installed}'`);
      const mended = await user.run(["sh", "-c", command.replace(/^sudo .* && /, "")], headers);
      expect(mended.exitCode, String(mended.stderr)).to.equal(0);
      expect((await hopcheck("doctor")).stdout).to.match(/^✓ npm package cap +loads$/m);
    });

    it("judges captures, knows the rules, and writes scenarios out of captures", async () => {
      const captures = join(user.home, "prefix/lib/node_modules/hopcheck/fixtures/captures");
      const verified = await hopcheck("verify", join(captures, "nat-good/setup.yaml"), "--reporter", "list");
      expect([verified.exitCode, verified.stderr]).to.include(0);
      expect(verified.stdout).to.match(/^pass /m);
      expect((await hopcheck("rules")).stdout).to.match(/\n\d+ rules$/);
      expect(JSON.parse((await hopcheck("schema", "scenario")).stdout)).to.include({ type: "object" });
      const written = await hopcheck("init", "--from-capture", join(captures, "nat-good/setup.yaml"));
      expect([written.exitCode, existsSync(join(user.home, "scenario.yaml"))], String(written.stderr)).to.deep.equal([
        0,
        true,
      ]);
    });
  });
});
