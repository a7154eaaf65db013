import { type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { SIGNS } from "./lab/kernel.js";

const setup = join(dirname(fileURLToPath(import.meta.url)), "../src/setup.mjs");

/** In the place of tsc: copies src to dist, unless there is something broken in it. */
const COMPILER = `
  const { cpSync, existsSync } = require("node:fs");
  const root = process.argv[3];
  if (existsSync(root + "/src/broken.ts")) {
    console.log("src/broken.ts(1,1): error");
    process.exit(2);
  }
  cpSync(root + "/src", root + "/dist", { recursive: true });
`;

/**
 * A made-up project in a folder of its own, on a made-up machine: the PATH holds only programs that the test wrote.
 * These note each call in `calls`, so nothing of the real machine is asked, installed or compiled.
 */
describe("the set-up", () => {
  let root: string;
  const path = (...names: string[]) => join(root, ...names);

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "hopcheck-set-up-"));
    for (const folder of ["bin", "src/packet"]) mkdirSync(path(folder), { recursive: true });
    copyFileSync(setup, path("src/setup.mjs"));
    write("package.json", JSON.stringify({ name: "made-up" }));
    write("package-lock.json", JSON.stringify({ packages: { "node_modules/typescript": { version: "7.0.0" } } }));
    write("tsconfig.json", "{}");
    write("src/packet/ip.ts", "ip");
    write("compiler.cjs", COMPILER);
    write("calls", "");
    symlinkSync(commandPath("flock"), path("bin/flock"));
    installed();
    program("apt-get");
    npm(0);
  });
  afterEach(() => rmSync(root, { recursive: true }));

  function write(name: string, text: string): void {
    writeFileSync(path(name), text);
  }

  /** A program that notes its call and then runs these lines of shell. */
  function program(name: string, ...lines: string[]): void {
    const note = `{ printf '%s ' ${name} "$@" | tr '\\n' ' '; echo; } >> '${path("calls")}'`;
    writeFileSync(path("bin", name), ["#!/bin/sh", "PATH=/usr/bin:/bin", note, ...lines, ""].join("\n"));
    chmodSync(path("bin", name), 0o755);
  }

  /** dpkg-query as on a machine that has all packages but these. */
  function installed({ but = [] }: { but?: string[] } = {}): void {
    program(
      "dpkg-query",
      "shift 3",
      'for name in "$@"; do',
      `  case " ${but.join(" ")} " in *" $name "*) ;; *) echo "installed $name" ;; esac`,
      "done",
      `exit ${but.length === 0 ? 0 : 1}`,
    );
  }

  /** npm whose `ci` installs a compiler that copies the sources. */
  function npm(status: number): void {
    program(
      "npm",
      `if [ "$1" = config ]; then echo "\${npm_config_nodedir-undefined}"; exit; fi`,
      'echo "what npm says"',
      `echo "\${npm_config_nodedir-undefined}" > nodedir`,
      `[ ${status} = 0 ] || exit ${status}`,
      "rm -rf node_modules; mkdir -p node_modules/typescript/bin; cp compiler.cjs node_modules/typescript/bin/tsc",
    );
  }

  function nodeArgs(root: boolean, args: readonly string[]): string[] {
    const identity = `data:text/javascript,process.getuid = () => ${root ? 0 : 1000}`;
    return ["--import", identity, path("src/setup.mjs"), ...args];
  }

  function run(args: readonly string[] = [], { as = "root", env = {} } = {}): SpawnSyncReturns<string> {
    return spawnSync(process.execPath, nodeArgs(as === "root", args), {
      encoding: "utf8",
      env: { PATH: path("bin"), ...env },
    });
  }

  function ready(): void {
    const { status, stderr } = run();
    expect(status, stderr).to.equal(0);
    write("calls", "");
  }

  function calls(): string[] {
    return readFileSync(path("calls"), "utf8").trimEnd().split(/ *\n/);
  }

  it("installs and compiles in a fresh clone, one line a step", () => {
    const { status, stdout, stderr } = run();
    expect({ status, stdout, stderr }).to.deep.equal({
      status: 0,
      stdout: "",
      stderr: "set-up: npm packages (npm ci)\nset-up: compile src into dist\n",
    });
    expect(existsSync(path("dist/packet/ip.ts"))).to.equal(true);
  });

  it("is silent the second time, and asks nobody but dpkg, once", () => {
    ready();
    const { status, stdout, stderr } = run();
    expect({ status, stdout, stderr }).to.deep.equal({ status: 0, stdout: "", stderr: "" });
    expect(calls()).to.have.length(1);
    expect(calls()[0]).to.match(/^dpkg-query -W /);
  });

  it("says with --check what it would do, and does nothing", () => {
    installed({ but: ["tcpreplay"] });
    const { status, stdout, stderr } = run(["--check"]);
    expect({ status, stdout, stderr }).to.deep.equal({
      status: 3,
      stdout: "Debian packages tcpreplay\nnpm packages (npm ci)\ncompile src into dist\n",
      stderr: "",
    });
    expect(existsSync(path("node_modules"))).to.equal(false);
  });

  it("says nothing with --check where nothing is to be done", () => {
    ready();
    const { status, stdout } = run(["--check"]);
    expect({ status, stdout }).to.deep.equal({ status: 0, stdout: "" });
  });

  it("refuses what it does not know", () => {
    const { status, stderr } = run(["--chekc"]);
    expect(status).to.equal(2);
    expect(stderr).to.match(/^usage: node src\/setup\.mjs \[--tests \| --dist\] \[--check\]/);
  });

  describe("of Debian packages", () => {
    it("installs those that are missing", () => {
      ready();
      installed({ but: ["g++", "libpcap-dev"] });
      const { status, stderr } = run();
      expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "set-up: Debian packages g++ libpcap-dev\n" });
      expect(calls().filter((call) => call.startsWith("apt-get"))).to.deep.equal([
        "apt-get -qq -o DPkg::Lock::Timeout=300 update",
        "apt-get -qq -o DPkg::Lock::Timeout=300 -y --no-install-recommends install g++ libpcap-dev",
      ]);
    });

    it("installs what only tests need where it is told to", () => {
      ready();
      installed({ but: ["tshark", "zstd", "libxml2-utils", "clang", "haproxy"] });
      expect(run().stderr).to.equal("");
      expect(run(["--tests"]).stderr).to.equal("set-up: Debian packages tshark zstd libxml2-utils clang haproxy\n");
      expect(calls()).to.include(
        "apt-get -qq -o DPkg::Lock::Timeout=300 -y --no-install-recommends install tshark zstd libxml2-utils clang haproxy",
      );
    });

    it("takes a package that is not wholly installed for a missing one", () => {
      ready();
      program("dpkg-query", "shift 3", 'for name in "$@"; do echo "half-configured $name"; done');
      expect(run(["--check"]).stdout).to.match(/^Debian packages g\+\+ make /);
    });

    it("tells an ordinary user what is missing and how to install it", () => {
      ready();
      installed({ but: ["tcpreplay", "ipvsadm"] });
      const { status, stderr } = run([], { as: "user" });
      expect(status).to.equal(3);
      expect(stderr).to.equal(
        "set-up: Debian packages tcpreplay ipvsadm\n" +
          "set-up: not root: install them with  " +
          "sudo sh -c 'apt-get update && apt-get install --no-install-recommends tcpreplay ipvsadm'\n",
      );
      expect(calls().join()).not.to.contain("apt-get");
    });

    it("works as an ordinary user where none is missing", () => {
      const { status, stderr } = run([], { as: "user" });
      expect(status, stderr).to.equal(0);
    });

    it("shows what apt-get said where it fails", () => {
      installed({ but: ["tcpreplay"] });
      program("apt-get", 'for last in "$@"; do :; done', 'echo "E: no $last" >&2', "exit 100");
      const { status, stderr } = run();
      expect(status).to.equal(3);
      expect(stderr).to.equal(
        "set-up: Debian packages tcpreplay\nE: no update\nE: no tcpreplay\n" +
          "set-up: apt-get could not install the Debian packages (exit status 100), see above\n",
      );
    });

    it("does not mind a package source that is out of reach", () => {
      ready();
      installed({ but: ["tcpreplay"] });
      program("apt-get", 'case "$*" in *update) exit 100 ;; esac');
      expect(run().stderr).to.equal("set-up: Debian packages tcpreplay\n");
    });

    it("waits where another apt-get holds the lists", () => {
      ready();
      installed({ but: ["tcpreplay"] });
      program(
        "apt-get",
        'case "$*" in *update) ;; *) exit 0 ;; esac',
        "if [ -e tried ]; then exit 0; fi",
        'echo "E: Could not get lock /var/lib/apt/lists/lock" >&2; touch tried; exit 100',
      );
      expect(run().status).to.equal(0);
      expect(calls().filter((call) => call.endsWith("update"))).to.have.length(2);
    });

    describe("for a kernel", () => {
      /** Whether the set-up asks for User-Mode Linux where of the kernel's files these alone are there. */
      function wantsUml(files: readonly string[]): boolean {
        write(
          "kernel.mjs",
          `import fs from "node:fs";
          import { syncBuiltinESMExports } from "node:module";
          const { existsSync, readFileSync } = fs;
          const ofKernel = (file) => /^\\/(?:proc|sys|lib\\/modules|boot)\\//.test(file);
          const list = "kernel/net/netfilter/ipvs/ip_vs.ko.xz:\\nkernel/net/ipv4/ipip.ko.xz:\\n";
          fs.existsSync = (file) => (ofKernel(file) ? ${JSON.stringify(files)}.some((part) => file.endsWith(part)) : existsSync(file));
          fs.readFileSync = (file, ...rest) => (/\\/modules\\.\\w+$/.test(file) ? list : readFileSync(file, ...rest));
          syncBuiltinESMExports();
          Object.defineProperty(process, "arch", { value: "x64" });`,
        );
        write("calls", "");
        const { status, stderr } = run([], { env: { NODE_OPTIONS: `--import ${path("kernel.mjs")}` } });
        expect(status, stderr).to.equal(0);
        return calls()[0]?.includes("user-mode-linux") ?? false;
      }
      beforeEach(ready);

      it("wants User-Mode Linux where ip_vs and ipip could be loaded but are not, since a run loads nothing", () => {
        expect(wantsUml(["/modules.dep"])).to.equal(true);
        expect(wantsUml(["/proc/net/ip_vs", "/modules.dep"])).to.equal(true);
      });

      it("needs none where every part is at hand, by every sign that a run goes by", () => {
        const most = Math.max(...Object.values(SIGNS).map((signs) => signs.length));
        for (let sign = 0; sign < most; sign++) {
          const shown = Object.values(SIGNS).map((signs) => signs[Math.min(sign, signs.length - 1)] ?? "");
          expect(wantsUml(shown), shown.join(", ")).to.equal(false);
          for (const missing of shown.keys())
            expect(wantsUml(shown.toSpliced(missing, 1)), shown[missing]).to.equal(true);
        }
      });
    });

    it("names on another system what is missing there", () => {
      ready();
      rmSync(path("bin/dpkg-query"));
      for (const command of ["g++", "make", "python3", "ip", "tcpreplay", "unshare", "modprobe"]) {
        program(command);
      }
      for (const command of ["ipvsadm", "nft", "keepalived", "linux.uml"]) program(command);
      expect(run(["--check"]).stdout).to.match(/^(?:missing, under Debian's names: libpcap-dev\n)?$/);
      rmSync(path("bin/g++"));
      const { status, stderr } = run();
      expect(status).to.equal(3);
      expect(stderr).to.match(
        /^set-up: missing, under Debian's names: g\+\+(?: libpcap-dev)?\nset-up: this is not Debian: /,
      );
    });
  });

  describe("of npm packages", () => {
    it("installs anew where the lock file changed, and compiles with what it then has", () => {
      ready();
      write("package-lock.json", JSON.stringify({ packages: { "node_modules/typescript": { version: "7.0.1" } } }));
      expect(run().stderr).to.equal("set-up: npm packages (npm ci)\nset-up: compile src into dist\n");
      expect(run().stderr).to.equal("");
    });

    it("builds anew for another Node", () => {
      ready();
      const note = path("node_modules/.hopcheck-setup.json");
      writeFileSync(note, readFileSync(note, "utf8").replace(`"abi": "${process.versions.modules}"`, '"abi": "1"'));
      expect(run().stderr).to.match(/^set-up: npm packages, built for this Node \(npm ci\)\n/);
    });

    it("leaves alone what somebody installed by hand, where it is what the lock file wants", () => {
      ready();
      rmSync(path("node_modules/.hopcheck-setup.json"));
      copyFileSync(path("package-lock.json"), path("node_modules/.package-lock.json"));
      expect(run(["--check"]).stdout).to.equal("compile src into dist\n");
      write("package-lock.json", JSON.stringify({ packages: { "node_modules/typescript": { version: "7.0.1" } } }));
      expect(run(["--check"]).stdout).to.match(/^npm packages/);
    });

    it("shows what npm said where it fails, and tries again the next time", () => {
      npm(1);
      const { status, stderr } = run();
      expect(status).to.equal(3);
      expect(stderr).to.equal(
        "set-up: npm packages (npm ci)\nwhat npm says\nset-up: npm ci failed (exit status 1), see above\n",
      );
      npm(0);
      expect(run().status).to.equal(0);
    });

    it("does not take packages that were not built for installed ones", () => {
      write("package.json", JSON.stringify({ allowScripts: { cap: true } }));
      const { status, stderr } = run();
      expect(status).to.equal(3);
      expect(stderr).to.contain("set-up: npm ci left cap unusable: does npm forbid install scripts?\n");
    });

    it("shows node-gyp Node's own headers unless the user shows it others", () => {
      const prefix = dirname(dirname(process.execPath));
      const ours = existsSync(join(prefix, "include/node/node.h")) ? prefix : "undefined";
      run();
      expect(readFileSync(path("nodedir"), "utf8").trim()).to.equal(ours);

      rmSync(path("nodedir"));
      rmSync(path("node_modules"), { recursive: true });
      run([], { env: { npm_config_nodedir: "/elsewhere" } });
      expect(readFileSync(path("nodedir"), "utf8").trim()).to.equal("/elsewhere");
    });

    it("is no matter of a published package, which has no lock file", () => {
      rmSync(path("package-lock.json"));
      rmSync(path("tsconfig.json"));
      expect(run(["--check"]).stdout).to.equal("");
    });
  });

  describe("of the compiled code", () => {
    beforeEach(ready);

    it("compiles where a source changed, though it looks older", () => {
      write("src/packet/ip.ts", "ip of another branch");
      utimesSync(path("src/packet/ip.ts"), 0, 0);
      expect(run().stderr).to.equal("set-up: compile src into dist\n");
      expect(readFileSync(path("dist/packet/ip.ts"), "utf8")).to.equal("ip of another branch");
    });

    it("does not compile where only the times changed", () => {
      const now = new Date(Date.now() + 60_000);
      utimesSync(path("src/packet/ip.ts"), now, now);
      expect(run().stderr).to.equal("");
    });

    it("compiles where a JSON file or the compiler's options changed", () => {
      write("src/packet/fields.json", "{}");
      expect(run().stderr).to.equal("set-up: compile src into dist\n");
      write("tsconfig.json", "{ }");
      expect(run().stderr).to.equal("set-up: compile src into dist\n");
    });

    it("leaves nothing behind of a source that is gone", () => {
      write("src/packet/old.test.ts", "old");
      run();
      expect(existsSync(path("dist/packet/old.test.ts"))).to.equal(true);
      rmSync(path("src/packet/old.test.ts"));
      expect(run().stderr).to.equal("set-up: compile src into dist\n");
      expect(existsSync(path("dist/packet/old.test.ts"))).to.equal(false);
    });

    it("compiles where somebody else changed dist", () => {
      appendFileSync(path("dist/packet/ip.ts"), "!");
      expect(run().stderr).to.equal("set-up: compile src into dist\n");
      rmSync(path("dist"), { recursive: true });
      expect(run().stderr).to.equal("set-up: compile src into dist\n");
    });

    it("shows the compiler's errors, every time until they are mended", () => {
      write("src/broken.ts", "broken");
      for (let i = 0; i < 2; i++) {
        const { status, stderr } = run();
        expect(status).to.equal(1);
        expect(stderr).to.equal(
          "set-up: compile src into dist\nsrc/broken.ts(1,1): error\nset-up: the code does not compile, see above\n",
        );
      }
      rmSync(path("src/broken.ts"));
      expect(run().status).to.equal(0);
    });

    it("puts the script of the report's page into one file", () => {
      for (const folder of ["src/report/html", "node_modules/.bin"]) mkdirSync(path(folder), { recursive: true });
      write("src/report/html/client.js", "client");
      write("src/packet/ip.ts", "changed");
      const bundler = (text: string) => {
        writeFileSync(path("node_modules/.bin/esbuild"), `#!/bin/sh\n${text}\n`);
        chmodSync(path("node_modules/.bin/esbuild"), 0o755);
      };
      bundler(`echo "$1" "$2" > '${path("bundled")}'`);
      expect(run().stderr).to.equal("set-up: compile src into dist\n");
      const [client, bundle] = ["client.js", "client.bundle.js"].map((name) => path("dist/report/html", name));
      expect(readFileSync(path("bundled"), "utf8")).to.equal(`${client} --outfile=${bundle}\n`);

      write("src/packet/ip.ts", "changed again");
      bundler("echo 'what esbuild says'; exit 1");
      const { status, stderr } = run();
      expect(status).to.equal(1);
      expect(stderr).to.equal(
        "set-up: compile src into dist\nwhat esbuild says\n" +
          "set-up: the script of the report's page cannot be bundled, see above\n",
      );
    });
  });

  it("does its work once where it is called twice at the same time", async () => {
    const outputs = await Promise.all(
      [1, 2, 3].map(async () => {
        const child = spawn(process.execPath, nodeArgs(true, []), { env: { PATH: path("bin") } });
        let text = "";
        child.stderr.setEncoding("utf8").on("data", (chunk) => {
          text += chunk;
        });
        const status = await new Promise((resolve) => child.on("close", resolve));
        return { status, text };
      }),
    );
    expect(outputs.map(({ status }) => status)).to.deep.equal([0, 0, 0]);
    expect(outputs.map(({ text }) => text).join("")).to.equal(
      "set-up: npm packages (npm ci)\nset-up: compile src into dist\n",
    );
  });
});

function commandPath(name: string): string {
  const { stdout } = spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" });
  return stdout.trim();
}
