/**
 * What this machine can run. Nothing is changed to find out: no module is loaded, and what is made is made in
 * namespaces that end with the check.
 */
import { accessSync, constants, existsSync, readdirSync, readFileSync } from "node:fs";
import { release } from "node:os";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import { isolationError } from "../lab/isolation.js";
import { hostKernelHas } from "../lab/kernel.js";
import { openingCommand, userNamespaceLocks } from "../lab/user-namespaces.js";
import { loadProblem, NATIVE_PACKAGES, repair } from "./native.js";

export type Needed =
  | "lab"
  | "ipvs on the host's kernel"
  | "ipvs in User-Mode Linux"
  | "the director nftables"
  | "the director keepalived"
  | "bursts"
  | "build";

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** What was found. */
  readonly detail: string;
  /** What does not run without it. */
  readonly needed: Needed;
  /** The command that mends it, ready to paste; left out where there is none, or nothing to mend. */
  readonly fix?: string;
  /** What has it, under Debian's name: set where that is to be installed. */
  readonly debian?: string;
}

/** What the checks ask of a machine, so that tests can make one up. */
export interface Machine {
  readonly root: boolean;
  readonly nodeVersion: string;
  readonly kernelRelease: string;
  /** The folders of PATH. */
  readonly path: readonly string[];
  exists(file: string): boolean;
  /** The text of a file; undefined where it cannot be read. */
  read(file: string): string | undefined;
  /** The names in a folder; none where there is no such folder. */
  list(folder: string): readonly string[];
  writable(file: string): boolean;
  /** Undefined where the command succeeds, otherwise why it does not, in one line. */
  run(command: string, args: readonly string[], input?: string): Promise<string | undefined>;
  /** Undefined where a run gets its private namespaces, otherwise why it does not. */
  isolation(): string | undefined;
  /** Undefined where the npm package loads, otherwise why it does not, in one line. */
  load(name: string): Promise<string | undefined>;
}

export async function checkMachine(machine: Machine = thisMachine()): Promise<Check[]> {
  const inUml = "ipvs in User-Mode Linux";
  const onHost = hostHas(machine, "ip_vs") && hostHas(machine, "ipip");
  return [
    checkNode(machine),
    checkRights(machine),
    checkIsolation(machine),
    await checkLinks(machine),
    checkCommand(machine, "ip", "iproute2", "lab"),
    checkCommand(machine, "bridge", "iproute2", "lab"),
    checkCommand(machine, "unshare", "util-linux", "lab"),
    checkCommand(machine, "nsenter", "util-linux", "lab"),
    checkCommand(machine, "setpriv", "util-linux", "lab"),
    checkCommand(machine, "mount", "mount", "lab"),
    ...(await Promise.all(NATIVE_PACKAGES.map((name) => checkPackage(machine, name)))),
    checkHostModule(machine, "ip_vs"),
    checkHostModule(machine, "ipip"),
    onHost
      ? checkCommand(machine, "ipvsadm", "ipvsadm", "ipvs on the host's kernel")
      : checkCommand(machine, "ipvsadm", "ipvsadm", inUml, GUEST_PATH),
    checkCommand(machine, "linux.uml", "user-mode-linux", inUml),
    checkUmlModules(machine),
    checkCommand(machine, "modprobe", "kmod", inUml, GUEST_PATH),
    checkCommand(machine, "perl", "perl-base", inUml, GUEST_PATH),
    checkTun(machine),
    checkCommand(machine, "nft", "nftables", "the director nftables"),
    checkCommand(machine, "keepalived", "keepalived", "the director keepalived", onHost ? machine.path : GUEST_PATH),
    checkCommand(machine, "tcpreplay", "tcpreplay", "bursts"),
    checkCommand(machine, "g++", "g++", "build"),
    checkCommand(machine, "make", "make", "build"),
    checkCommand(machine, "python3", "python3", "build"),
    checkHeader(machine),
  ];
}

// The lab

const OLDEST_NODE = { major: 20, minor: 19 };

function checkNode({ nodeVersion }: Machine): Check {
  const [major = 0, minor = 0] = nodeVersion.split(".").map(Number);
  const ok = major > OLDEST_NODE.major || (major === OLDEST_NODE.major && minor >= OLDEST_NODE.minor);
  const wanted = `needs ${OLDEST_NODE.major}.${OLDEST_NODE.minor} or later`;
  return { name: "Node", ok, detail: ok ? nodeVersion : `${nodeVersion}, ${wanted}`, needed: "lab" };
}

function checkRights(machine: Machine): Check {
  const check = { name: "root or user namespaces", needed: "lab" } as const;
  if (machine.root) return { ...check, ok: true, detail: "root" };
  const shut = userNamespaceLocks(machine.read);
  if (shut.length === 0) return { ...check, ok: true, detail: "user namespaces" };
  return {
    ...check,
    ok: false,
    detail: shut.map(({ setting, value }) => `${setting} = ${value}`).join(", "),
    fix: openingCommand(shut),
  };
}

function checkIsolation(machine: Machine): Check {
  const check = { name: "private namespaces", needed: "lab" } as const;
  const problem = machine.isolation();
  if (problem === undefined) return { ...check, ok: true, detail: "can be made" };
  const detail = problem.replace(/^no private namespaces: /, "").replaceAll(/\s*\n\s*/g, "; ");
  return { ...check, ok: false, detail };
}

async function checkLinks(machine: Machine): Promise<Check> {
  const check = { name: "veth pairs and bridges", needed: "lab" } as const;
  const way = machine.root ? "-nm" : "-Urnm";
  const links = "link add hop0 type veth peer name hop1\nlink add hop2 type bridge\n";
  const problem = await machine.run("unshare", [way, "ip", "-batch", "-"], links);
  if (problem === undefined) return { ...check, ok: true, detail: "can be made" };
  return { ...check, ok: false, detail: problem };
}

function checkOf(npmPackage: string): string {
  return `npm package ${npmPackage}`;
}

const NATIVE_CHECKS = NATIVE_PACKAGES.map(checkOf);

async function checkPackage(machine: Machine, name: string): Promise<Check> {
  const problem = await machine.load(name);
  const check = { name: checkOf(name), needed: "lab" } as const;
  if (problem === undefined) return { ...check, ok: true, detail: "loads" };
  return { ...check, ok: false, detail: problem, fix: repair(name, problem) };
}

// Kernels

const MODULES = ["ip_vs", "ipip"] as const;
type Module = (typeof MODULES)[number];

/** By the very test that a run goes by, which loads nothing: a module that could be loaded does not count. */
function hostHas(machine: Machine, module: Module): boolean {
  return hostKernelHas(module, machine.exists);
}

function checkHostModule(machine: Machine, module: Module): Check {
  const name = `${module} in the host's kernel`;
  const check = { name, needed: "ipvs on the host's kernel" } as const;
  if (hostHas(machine, module)) return { ...check, ok: true, detail: "in the kernel" };
  const release = machine.kernelRelease;
  if (!machine.read(`/lib/modules/${release}/modules.dep`)?.includes(`/${module}.ko`))
    return { ...check, ok: false, detail: `not in kernel ${release}` };
  return { ...check, ok: false, detail: "can be loaded, but is not", fix: `sudo modprobe ${module}` };
}

const UML_MODULES = "/usr/lib/uml/modules";

function checkUmlModules(machine: Machine): Check {
  const check = { name: "modules of User-Mode Linux", needed: "ipvs in User-Mode Linux" } as const;
  for (const version of machine.list(UML_MODULES)) {
    const modules = machine.read(join(UML_MODULES, version, "modules.dep"));
    const missing = MODULES.filter((module) => !modules?.includes(`/${module}.ko`));
    if (missing.length === 0) return { ...check, ok: true, detail: join(UML_MODULES, version) };
  }
  const detail = `no ip_vs and ipip in ${UML_MODULES}`;
  return { ...check, ...notInstalled("user-mode-linux"), detail };
}

/** No lack: labs do without, but then hold fewer frames that wait for the guest. */
function checkTun(machine: Machine): Check {
  const file = "/dev/net/tun";
  const detail = machine.writable(file)
    ? "may be opened"
    : `${machine.exists(file) ? "closed to this user" : "not there"}: packet sockets take its place, which large bursts overflow`;
  return { name: file, ok: true, detail, needed: "ipvs in User-Mode Linux" };
}

// Programs and headers

/** Where Debian keeps programs that are not in every user's PATH. */
const SYSTEM_FOLDERS = ["/usr/sbin", "/sbin"];

/** The PATH inside User-Mode Linux, which sees the host's files. */
const GUEST_PATH = ["/usr/bin", "/bin", ...SYSTEM_FOLDERS];

function checkCommand(
  machine: Machine,
  command: string,
  debianPackage: string,
  needed: Needed,
  path = machine.path,
): Check {
  const find = (folders: readonly string[]) =>
    folders.map((folder) => join(folder, command)).find((file) => machine.exists(file));
  const file = find(path);
  if (file !== undefined) return { name: command, ok: true, detail: file, needed };
  const hidden = find(SYSTEM_FOLDERS);
  if (hidden === undefined) {
    return { name: command, needed, ...notInstalled(debianPackage) };
  }
  const fix = `export PATH="$PATH:${SYSTEM_FOLDERS.join(":")}"`;
  return { name: command, ok: false, detail: `${hidden} is not in PATH`, needed, fix };
}

function checkHeader(machine: Machine): Check {
  const file = "/usr/include/pcap.h";
  const check = { name: "libpcap's headers", needed: "build" } as const;
  if (machine.exists(file)) return { ...check, ok: true, detail: file };
  return { ...check, ...notInstalled("libpcap-dev") };
}

function notInstalled(debian: string): Pick<Check, "ok" | "detail" | "fix" | "debian"> {
  return { ok: false, detail: "not installed", fix: installation([debian]), debian };
}

function installation(packages: readonly string[]): string {
  return `sudo apt-get install --no-install-recommends ${packages.join(" ")}`;
}

/** One command that installs all that these checks miss; undefined where none would help. */
export function installationOf(checks: readonly Check[]): string | undefined {
  const missing = checks.filter(({ ok }) => !ok);
  const natives = missing.filter(({ name }) => NATIVE_CHECKS.includes(name));
  // Nothing is compiled where what was compiled loads.
  const wanted = missing.filter(({ needed }) => needed !== "build" || natives.length > 0);
  const packages = [...new Set(wanted.flatMap(({ debian }) => debian ?? []))];
  const repairs = new Set(natives.flatMap(({ fix }) => fix ?? []));
  const commands = [...(packages.length > 0 ? [installation(packages)] : []), ...repairs];
  return commands.length > 0 ? commands.join(" && ") : undefined;
}

// The machine that this runs on

export function thisMachine(): Machine {
  return {
    root: process.getuid?.() === 0,
    nodeVersion: process.versions.node,
    kernelRelease: release(),
    path: (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== ""),
    exists: existsSync,
    read,
    list: (folder) => (existsSync(folder) ? readdirSync(folder) : []),
    writable,
    run,
    isolation: () => isolationError(),
    load: loadProblem,
  };
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function writable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

async function run(command: string, args: readonly string[], input = ""): Promise<string | undefined> {
  const result = await execa(command, args, { input, reject: false, timeout: 10_000 });
  if (!result.failed) return undefined;
  return firstLine(result.stderr || (result.shortMessage ?? ""));
}

function firstLine(text: string): string {
  return text.trim().split("\n")[0] ?? "";
}
