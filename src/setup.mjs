/**
 * Makes a fresh clone ready: Debian packages, npm packages, the compiled code in dist.
 *
 * It does only what is missing and says each thing it does in one line on stderr; where nothing is missing it is silent.
 * Plain JavaScript without dependencies, since it runs before node_modules exists. `--check` only prints what it would do.
 *
 * With `--tests` it also installs what only tests need; with `--dist` it compiles alone.
 *
 * Exit status: 0 ready · 1 the code does not compile · 2 bad usage · 3 this machine lacks something, which is named.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const SELF = fileURLToPath(import.meta.url);
const ROOT = resolve(dirname(SELF), "..");
const LOCK = join(ROOT, "package-lock.json");
const NOTE = join(ROOT, "node_modules/.hopcheck-setup.json");
const DIST = join(ROOT, "dist");

const OLDEST_NODE = [20, 19];

/**
 * Debian's names, and a file or command that shows the same on other systems.
 */
const PACKAGES = [
  { name: "g++", shownBy: "g++" },
  { name: "make", shownBy: "make" },
  { name: "python3", shownBy: "python3" },
  { name: "libpcap-dev", shownBy: "/usr/include/pcap.h" },
  { name: "iproute2", shownBy: "ip" },
  { name: "tcpreplay", shownBy: "tcpreplay" },
  { name: "util-linux", shownBy: "unshare" },
  { name: "kmod", shownBy: "modprobe" },
  { name: "ipvsadm", shownBy: "ipvsadm" },
  { name: "nftables", shownBy: "nft" },
  { name: "keepalived", shownBy: "keepalived" },
  { name: "user-mode-linux", shownBy: "linux.uml", needed: needsUserModeLinux },
];

/** What reads, writes and compresses captures as we do, what reads the XML of reports, and a browser that opens them. */
const TEST_PACKAGES = [
  { name: "tshark", shownBy: "tshark" },
  { name: "zstd", shownBy: "zstd" },
  { name: "libxml2-utils", shownBy: "xmllint" },
  { name: "chromium", shownBy: "chromium" },
  // What the worked examples are made of.
  { name: "clang", shownBy: "clang" },
  { name: "haproxy", shownBy: "haproxy" },
  { name: "libbpf-dev", shownBy: "/usr/include/bpf/bpf_helpers.h" },
];

/**
 * As in lab/kernel.ts: what marks a part of the kernel as there, loaded or built in. A module that could be loaded does
 * not count, since a run loads none.
 */
const KERNEL_SIGNS = {
  ip_vs: ["/proc/net/ip_vs", "/proc/sys/net/ipv4/vs"],
  ipip: ["/proc/sys/net/ipv4/conf/tunl0", "/sys/module/ipip"],
  ip_gre: ["/proc/sys/net/ipv4/conf/gre0", "/sys/module/ip_gre"],
  fou: ["/sys/module/fou"],
  sit: ["/proc/sys/net/ipv4/conf/sit0", "/sys/module/sit"],
  ip6_tunnel: ["/proc/sys/net/ipv6/conf/ip6tnl0", "/sys/module/ip6_tunnel"],
};

/** What keeps the set-up from going on; its text is all that the user sees. */
class Stop extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const HELP = `usage: node src/setup.mjs [--tests | --dist] [--check]

Installs what hopcheck needs: Debian packages (as root), npm packages, the compiled code in dist.
  --tests  also what only tests need
  --dist   the compiled code alone
  --check  only print what would be done; exit status 0: nothing, 3: something`;
const FLAGS = ["--help", "--tests", "--dist", "--check", "--locked"];

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Stop)) throw error;
  say(error.message);
  process.exitCode = error.status;
}

function main(args) {
  if (!args.every((arg) => FLAGS.includes(arg))) {
    console.error(HELP);
    return 2;
  }
  if (args.includes("--help")) {
    console.log(HELP);
    return 0;
  }

  checkNode();
  // Each answers with what is to be done, or with undefined; later ones depend on earlier ones having been done.
  const packages = args.includes("--tests") ? [...PACKAGES, ...TEST_PACKAGES] : PACKAGES;
  const before = args.includes("--dist") ? [] : [() => debianPackages(packages), npmPackages];
  const steps = [...before, compiledCode];
  const todo = steps.map((step) => step()).filter((step) => step !== undefined);
  if (todo.length === 0) return 0;
  if (args.includes("--check")) {
    for (const { text } of todo) console.log(text);
    return 3;
  }
  if (!args.includes("--locked")) {
    const status = startLocked(args);
    if (status !== undefined) return status;
  }
  for (const step of steps) {
    const found = step();
    if (found === undefined) continue;
    say(found.text);
    found.act();
  }
  return 0;
}

/**
 * Runs this file again under `flock` on the project's folder, so that two calls do not collide; the kernel frees the
 * lock however the process ends. Answers with the exit status, or with undefined where there is no `flock`.
 */
function startLocked(args) {
  const locked = spawnSync("flock", [ROOT, process.execPath, ...process.execArgv, SELF, ...args, "--locked"], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (locked.error) return undefined;
  return locked.status ?? 1;
}

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  throw new Stop(3, `hopcheck needs Node ${OLDEST_NODE.join(".")} or later; this is Node ${process.versions.node}`);
}

// Debian packages

function debianPackages(packages) {
  const needed = packages.filter((entry) => entry.needed?.() ?? true);
  const names = needed.map(({ name }) => name);
  // Exits with 1 where it does not know one of the names; what it prints is right all the same.
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a format of dpkg-query
  const format = "${db:Status-Status} ${Package}\n";
  const query = spawnSync("dpkg-query", ["-W", "-f", format, ...names], { encoding: "utf8" });
  if (query.error) return notDebian(needed);

  const installed = new Set();
  for (const line of query.stdout.split("\n")) {
    const [status, name] = line.split(" ");
    if (status === "installed") installed.add(name);
  }
  const missing = needed.filter(({ name }) => !installed.has(name));
  if (missing.length === 0) return undefined;

  const list = missing.map(({ name }) => name).join(" ");
  return {
    text: `Debian packages ${list}`,
    act: () => install(list),
  };
}

/** There is no dpkg here: a command or header that is there counts as the package. */
function notDebian(needed) {
  const missing = needed.filter(({ shownBy }) => !isThere(shownBy)).map(({ name }) => name);
  if (missing.length === 0) return undefined;
  return {
    text: `missing, under Debian's names: ${missing.join(" ")}`,
    act: () => {
      throw new Stop(
        3,
        "this is not Debian: install what holds the same with this system's package manager, then try again",
      );
    },
  };
}

function isThere(commandOrFile) {
  if (commandOrFile.startsWith("/")) return existsSync(commandOrFile);
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders.some((folder) => existsSync(join(folder, commandOrFile)));
}

function install(list) {
  if (process.getuid?.() !== 0) {
    const command = `apt-get update && apt-get install --no-install-recommends ${list}`;
    throw new Stop(3, `not root: install them with  sudo sh -c '${command}'`);
  }
  const options = ["-qq", "-o", "DPkg::Lock::Timeout=300"];
  // A source that is out of reach need not matter: the installation says whether it does.
  const update = aptGet([...options, "update"]);
  const installation = aptGet([...options, "-y", "--no-install-recommends", "install", ...list.split(" ")]);
  if (installation.status === 0) return;
  if (update.status !== 0) process.stderr.write(update.output);
  process.stderr.write(installation.output);
  throw new Stop(3, `apt-get could not install the Debian packages (exit status ${installation.status}), see above`);
}

/** `DPkg::Lock::Timeout` covers dpkg's lock but not that of the package lists: that one is tried again here. */
function aptGet(args) {
  const deadline = Date.now() + 300_000;
  for (;;) {
    const result = run("apt-get", args, { DEBIAN_FRONTEND: "noninteractive" });
    const busy = result.status !== 0 && /Could not get lock|Unable to lock/.test(result.output);
    if (!busy || Date.now() > deadline) return result;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
  }
}

/** Debian has the package for PCs alone; elsewhere the kernel must do. */
function needsUserModeLinux() {
  const available = process.arch === "x64" || process.arch === "ia32";
  return available && !Object.values(KERNEL_SIGNS).every((files) => files.some((file) => existsSync(file)));
}

// npm packages

function npmPackages() {
  // The published package has no lock file: npm has installed its dependencies with it.
  if (!existsSync(LOCK)) return undefined;
  const wanted = { lock: hash(readFileSync(LOCK)), abi: process.versions.modules };
  const { npm } = readNote();
  if (npm?.lock === wanted.lock && npm.abi === wanted.abi) return undefined;
  if (installedByHand()) {
    writeNote({ npm: wanted });
    return undefined;
  }
  return {
    text: npm?.lock === wanted.lock ? "npm packages, built for this Node (npm ci)" : "npm packages (npm ci)",
    act: () => {
      rmSync(NOTE, { force: true });
      const result = run("npm", ["ci", "--include=dev", "--no-audit", "--no-fund", "--prefer-offline"], nodedir());
      if (result.status === 0 && nativePackagesLoad()) {
        writeNote({ npm: wanted });
        return;
      }
      process.stderr.write(result.output);
      if (result.status !== 0) throw new Stop(3, `npm ci failed (exit status ${result.status}), see above`);
      throw new Stop(3, `npm ci left ${nativePackages().join(" or ")} unusable: does npm forbid install scripts?`);
    },
  };
}

/** True where npm notes that what the lock file wants is installed, and the native packages fit this Node. */
function installedByHand() {
  const hidden = join(ROOT, "node_modules/.package-lock.json");
  if (!existsSync(hidden)) return false;
  const wanted = readJson(LOCK).packages;
  const installed = readJson(hidden).packages;
  const complete = Object.entries(wanted).every(([path, entry]) => {
    if (path === "") return true;
    // Packages of another platform are optional and left out.
    const found = installed[path];
    return found ? found.version === entry.version && found.integrity === entry.integrity : entry.optional === true;
  });
  return complete && Object.keys(installed).every((path) => path in wanted) && nativePackagesLoad();
}

/** The packages that may run install scripts are those that compile something. */
function nativePackages() {
  return Object.keys(readJson(join(ROOT, "package.json")).allowScripts ?? {});
}

function nativePackagesLoad() {
  const code = nativePackages()
    .map((name) => `require(${JSON.stringify(name)});`)
    .join("");
  return code === "" || run(process.execPath, ["-e", code]).status === 0;
}

/** node-gyp downloads Node's headers unless it is told where they are, which a closed network does not allow. */
function nodedir() {
  const prefix = resolve(process.execPath, "../..");
  if (!existsSync(join(prefix, "include/node/node.h"))) return {};
  const configured = run("npm", ["config", "get", "nodedir"]).stdout.trim();
  return configured === "" || configured === "undefined" ? { npm_config_nodedir: prefix } : {};
}

// Compiled code

/**
 * dist is compiled anew where the contents of what it comes from differ from what was compiled last, or where anything
 * in dist is not as the compiler left it. Contents, since `git checkout` gives old contents new times.
 */
function compiledCode() {
  if (!existsSync(join(ROOT, "tsconfig.json"))) return undefined;
  const { dist } = readNote();
  const inputs = hashInputs();
  if (dist?.inputs === inputs && dist.outputs === hashOutputs()) return undefined;
  return {
    text: "compile src into dist",
    act: () => {
      // What belongs to a removed source must not stay: mocha would still run its tests.
      rmSync(DIST, { recursive: true, force: true });
      const result = run(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "--project", ROOT]);
      if (result.status !== 0) {
        process.stderr.write(result.output);
        throw new Stop(1, "the code does not compile, see above");
      }
      bundleScript();
      writeNote({ dist: { inputs, outputs: hashOutputs() } });
    },
  };
}

/** The script of the report's page, in one file: it goes into the page as it is. */
function bundleScript() {
  const client = join(DIST, "report/html/client.js");
  if (!existsSync(client)) return;
  const result = run(join(ROOT, "node_modules/.bin/esbuild"), [
    client,
    `--outfile=${join(DIST, "report/html/client.bundle.js")}`,
    `--alias:node:net=${join(DIST, "report/html/node-net.js")}`,
    ...["--bundle", "--minify", "--format=iife", "--target=es2022", "--charset=ascii", "--log-level=warning"],
  ]);
  if (result.status === 0) return;
  process.stderr.write(result.output);
  throw new Stop(1, "the script of the report's page cannot be bundled, see above");
}

function hashInputs() {
  const sources = filesIn(join(ROOT, "src")).filter((file) => /\.(?:[cm]?tsx?|json)$/.test(file));
  const files = [LOCK, join(ROOT, "tsconfig.json"), ...sources].filter((file) => existsSync(file));
  return hash(...files.flatMap((file) => [file.slice(ROOT.length), "\0", readFileSync(file), "\0"]));
}

function hashOutputs() {
  const lines = filesIn(DIST).map((file) => {
    const { size, mtimeMs } = statSync(file);
    return `${file.slice(ROOT.length)} ${size} ${mtimeMs}\n`;
  });
  return hash(...lines);
}

// Helpers

function say(text) {
  process.stderr.write(`set-up: ${text}\n`);
}

function run(command, args, env = {}) {
  const result = spawnSync(command, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (result.error) return { status: 127, stdout: "", output: `${result.error.message}\n` };
  return {
    status: result.status ?? result.signal,
    stdout: result.stdout,
    output: result.stdout + result.stderr,
  };
}

function readNote() {
  return existsSync(NOTE) ? readJson(NOTE) : {};
}

function writeNote(part) {
  const note = { ...readNote(), ...part };
  mkdirSync(dirname(NOTE), { recursive: true });
  writeFileSync(NOTE, `${JSON.stringify(note, undefined, 2)}\n`);
}

function readJson(file) {
  return JSON.parse(readFileSync(file, "utf8"));
}

function filesIn(folder) {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

function hash(...parts) {
  const sum = createHash("sha256");
  for (const part of parts) sum.update(part);
  return sum.digest("hex");
}
