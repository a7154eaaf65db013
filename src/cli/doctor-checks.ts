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
import { loadProblem, NATIVE_PACKAGES } from "./native.js";

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
  isolation(): Promise<string | undefined>;
  /** Undefined where the npm package loads, otherwise why it does not, in one line. */
  load(name: string): Promise<string | undefined>;
}

export async function checkMachine(machine: Machine = thisMachine()): Promise<Check[]> {
  const inUml = "ipvs in User-Mode Linux";
  const onHost = hostHas(machine, "ip_vs") && hostHas(machine, "ipip");
  return [
    checkNode(machine),
    checkRights(machine),
    await checkIsolation(machine),
    await checkLinks(machine),
    checkCommand(machine, "ip", "iproute2", "lab"),
    checkCommand(machine, "bridge", "iproute2", "lab"),
    checkCommand(machine, "unshare", "util-linux", "lab"),
    checkCommand(machine, "nsenter", "util-linux", "lab"),
    checkCommand(machine, "setpriv", "util-linux", "lab"),
    checkCommand(machine, "taskset", "util-linux", "lab"),
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

/** The settings by which a kernel keeps ordinary users from making namespaces, and the value that does so. */
const USER_NAMESPACE_LOCKS = [
  { setting: "kernel.unprivileged_userns_clone", locked: "0", open: "1" },
  { setting: "kernel.apparmor_restrict_unprivileged_userns", locked: "1", open: "0" },
  { setting: "user.max_user_namespaces", locked: "0", open: "15000" },
];

function checkRights(machine: Machine): Check {
  const check = { name: "root or user namespaces", needed: "lab" } as const;
  if (machine.root) return { ...check, ok: true, detail: "root" };
  const shut = USER_NAMESPACE_LOCKS.filter(({ setting, locked }) => sysctl(machine, setting) === locked);
  if (shut.length === 0) return { ...check, ok: true, detail: "user namespaces" };
  return {
    ...check,
    ok: false,
    detail: shut.map(({ setting, locked }) => `${setting} = ${locked}`).join(", "),
    fix: `sudo sysctl -w ${shut.map(({ setting, open }) => `${setting}=${open}`).join(" ")}`,
  };
}

function sysctl(machine: Machine, setting: string): string | undefined {
  return machine.read(`/proc/sys/${setting.replaceAll(".", "/")}`)?.trim();
}

async function checkIsolation(machine: Machine): Promise<Check> {
  const check = { name: "private namespaces", needed: "lab" } as const;
  const problem = await machine.isolation();
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

async function checkPackage(machine: Machine, name: string): Promise<Check> {
  const problem = await machine.load(name);
  const check = { name: `npm package ${name}`, needed: "lab" } as const;
  if (problem === undefined) return { ...check, ok: true, detail: "loads" };
  return { ...check, ok: false, detail: problem, fix: `npm rebuild ${name}` };
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
  return { ...check, ok: false, detail, fix: installation("user-mode-linux") };
}

function checkTun(machine: Machine): Check {
  const file = "/dev/net/tun";
  const check = { name: file, needed: "ipvs in User-Mode Linux" } as const;
  if (machine.writable(file)) return { ...check, ok: true, detail: "may be opened" };
  if (!machine.exists(file)) return { ...check, ok: false, detail: "not there", fix: "sudo modprobe tun" };
  return { ...check, ok: false, detail: "closed to this user", fix: `sudo chmod 666 ${file}` };
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
    return { name: command, ok: false, detail: "not installed", needed, fix: installation(debianPackage) };
  }
  const fix = `export PATH="$PATH:${SYSTEM_FOLDERS.join(":")}"`;
  return { name: command, ok: false, detail: `${hidden} is not in PATH`, needed, fix };
}

function checkHeader(machine: Machine): Check {
  const file = "/usr/include/pcap.h";
  const check = { name: "libpcap's headers", needed: "build" } as const;
  if (machine.exists(file)) return { ...check, ok: true, detail: file };
  return { ...check, ok: false, detail: "not installed", fix: installation("libpcap-dev") };
}

function installation(debianPackage: string): string {
  return `sudo apt-get install --no-install-recommends ${debianPackage}`;
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
    isolation: isolationError,
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
