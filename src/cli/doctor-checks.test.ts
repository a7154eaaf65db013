import { expect } from "chai";
import { type Check, checkMachine, installationOf, type Machine } from "./doctor-checks.js";

const BIN = [
  ...["ip", "unshare", "nsenter", "setpriv", "mount", "perl"],
  ...["linux.uml", "tcpreplay", "g++", "make", "python3"],
];
const SBIN = ["bridge", "ipvsadm", "modprobe", "nft", "keepalived"];

const FILES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(BIN.map((name) => [`/usr/bin/${name}`, ""])),
  ...Object.fromEntries(SBIN.map((name) => [`/usr/sbin/${name}`, ""])),
  "/usr/include/pcap.h": "",
  "/dev/net/tun": "",
  "/usr/lib/uml/modules/6.1.0/modules.dep": "kernel/net/netfilter/ipvs/ip_vs.ko:\nkernel/net/ipv4/ipip.ko:\n",
};

/** A machine that can run everything but ipvs in its own kernel. */
function machine(change: Partial<Machine> & { without?: string[]; with?: Record<string, string> } = {}): Machine {
  const files = new Map(Object.entries({ ...FILES, ...change.with }));
  for (const file of change.without ?? []) files.delete(file);
  return {
    root: true,
    nodeVersion: "20.19.0",
    kernelRelease: "6.1.0-9",
    path: ["/usr/bin", "/usr/sbin"],
    exists: (file) => files.has(file),
    read: (file) => files.get(file),
    list: (folder) => (folder === "/usr/lib/uml/modules" ? ["6.1.0"] : []),
    writable: (file) => files.has(file),
    run: async () => undefined,
    isolation: () => undefined,
    load: async () => undefined,
    ...change,
  };
}

async function check(name: string, on: Machine): Promise<Check> {
  const found = (await checkMachine(on)).find((one) => one.name === name);
  if (found === undefined) throw new Error(`no check is called ${name}`);
  return found;
}

describe("the checks of doctor", () => {
  it("find nothing wrong where nothing is, but for ipvs in the host's kernel", async () => {
    const wrong = (await checkMachine(machine())).filter(({ ok }) => !ok);
    expect(wrong).to.deep.equal([
      {
        name: "ip_vs in the host's kernel",
        ok: false,
        detail: "not in kernel 6.1.0-9",
        needed: "ipvs on the host's kernel",
      },
      {
        name: "ipip in the host's kernel",
        ok: false,
        detail: "not in kernel 6.1.0-9",
        needed: "ipvs on the host's kernel",
      },
    ]);
  });

  it("answer on this machine, each under a name of its own, with a detail", async () => {
    const checks = await checkMachine();
    expect(new Set(checks.map(({ name }) => name)).size).to.equal(checks.length);
    for (const { name, detail } of checks) expect(detail, name).not.to.equal("");
  });

  it("know which Node is too old", async () => {
    expect(await check("Node", machine({ nodeVersion: "20.18.3" }))).to.deep.equal({
      name: "Node",
      ok: false,
      detail: "20.18.3, needs 20.19 or later",
      needed: "lab",
    });
    expect((await check("Node", machine({ nodeVersion: "22.0.0" }))).ok).to.equal(true);
  });

  describe("of the right to make namespaces", () => {
    const name = "root or user namespaces";

    it("ask nothing of root", async () => {
      const on = machine({ with: { "/proc/sys/user/max_user_namespaces": "0\n" } });
      expect((await check(name, on)).detail).to.equal("root");
    });

    it("are content where a kernel does not know the settings", async () => {
      expect(await check(name, machine({ root: false }))).to.include({ ok: true, detail: "user namespaces" });
    });

    it("name every setting that is in the way, and one command for all", async () => {
      const on = machine({
        root: false,
        with: {
          "/proc/sys/kernel/unprivileged_userns_clone": "0\n",
          "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1\n",
          "/proc/sys/user/max_user_namespaces": "15000\n",
        },
      });
      expect(await check(name, on)).to.deep.equal({
        name,
        ok: false,
        detail: "kernel.unprivileged_userns_clone = 0, kernel.apparmor_restrict_unprivileged_userns = 1",
        needed: "lab",
        fix: "sudo sysctl -w kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0",
      });
    });
  });

  it("go by what a run would say of its namespaces, root or not", async () => {
    const isolation = () => "no private namespaces: unshare failed: Operation not permitted\nrun it as root";
    expect(await check("private namespaces", machine({ isolation }))).to.deep.equal({
      name: "private namespaces",
      ok: false,
      detail: "unshare failed: Operation not permitted; run it as root",
      needed: "lab",
    });
  });

  it("make links in namespaces as a run would", async () => {
    for (const [root, expected] of [
      [true, "-nm"],
      [false, "-Urnm"],
    ] as const) {
      const run = async (_: string, [way]: readonly string[]) => (way === expected ? "Unknown device type" : undefined);
      expect(await check("veth pairs and bridges", machine({ root, run }))).to.include({
        ok: false,
        detail: "Unknown device type",
      });
    }
  });

  describe("of a module", () => {
    const name = "ip_vs in the host's kernel";

    for (const file of ["/proc/net/ip_vs", "/proc/sys/net/ipv4/vs"]) {
      it(`find it by ${file}`, async () => {
        expect(await check(name, machine({ with: { [file]: "" } }))).to.include({ ok: true, detail: "in the kernel" });
      });
    }

    it("do not count on one that is not loaded, as a run does not, but say how to load it", async () => {
      const file = "/lib/modules/6.1.0-9/modules.dep";
      const on = machine({ with: { [file]: "kernel/net/netfilter/ipvs/ip_vs.ko.xz: x.ko\n" } });
      expect(await check(name, on)).to.include({
        ok: false,
        detail: "can be loaded, but is not",
        fix: "sudo modprobe ip_vs",
      });
    });
  });

  it("need ipvsadm where ipvs runs", async () => {
    expect((await check("ipvsadm", machine())).needed).to.equal("ipvs in User-Mode Linux");
    const on = machine({ path: ["/usr/bin"], with: { "/proc/net/ip_vs": "", "/sys/module/ipip": "" } });
    expect(await check("ipvsadm", on)).to.include({ ok: false, needed: "ipvs on the host's kernel" });
  });

  it("know that User-Mode Linux is of no use without its modules", async () => {
    const on = machine({ with: { "/usr/lib/uml/modules/6.1.0/modules.dep": "kernel/net/ipv4/ipip.ko:\n" } });
    expect(await check("modules of User-Mode Linux", on)).to.include({
      ok: false,
      detail: "no ip_vs and ipip in /usr/lib/uml/modules",
      fix: "sudo apt-get install --no-install-recommends user-mode-linux",
    });
  });

  it("say what a tap device that cannot be had comes to, which labs do without", async () => {
    const without = "packet sockets take its place, which large bursts overflow";
    expect(await check("/dev/net/tun", machine({ writable: () => false }))).to.include({
      ok: true,
      detail: `closed to this user: ${without}`,
    });
    expect(await check("/dev/net/tun", machine({ without: ["/dev/net/tun"], writable: () => false }))).to.include({
      ok: true,
      detail: `not there: ${without}`,
    });
  });

  it("tell how to install a command that is missing", async () => {
    expect(await check("setpriv", machine({ without: ["/usr/bin/setpriv"] }))).to.deep.equal({
      name: "setpriv",
      ok: false,
      detail: "not installed",
      needed: "lab",
      fix: "sudo apt-get install --no-install-recommends util-linux",
      debian: "util-linux",
    });
  });

  it("ask for every program that a run calls, and for none besides", async () => {
    for (const [command, needed] of [
      ["mount", "lab"],
      ["bridge", "lab"],
      ["perl", "ipvs in User-Mode Linux"],
      ["nft", "the director nftables"],
      ["keepalived", "the director keepalived"],
    ] as const) {
      const on = machine({ without: [`/usr/bin/${command}`, `/usr/sbin/${command}`] });
      expect(await check(command, on)).to.include({ ok: false, needed });
    }
    const names = (await checkMachine(machine())).map(({ name }) => name);
    expect(names).not.to.include.members(["ethtool"]);
  });

  it("tell a command that is not in PATH from one that is not installed", async () => {
    expect(await check("bridge", machine({ path: ["/usr/bin"] }))).to.include({
      ok: false,
      detail: "/usr/sbin/bridge is not in PATH",
      fix: 'export PATH="$PATH:/usr/sbin:/sbin"',
    });
  });

  it("find what runs inside User-Mode Linux where its PATH has it", async () => {
    expect(await check("modprobe", machine({ path: ["/usr/bin"] }))).to.include({
      ok: true,
      detail: "/usr/sbin/modprobe",
    });
  });

  it("tell how to mend a package that does not load", async () => {
    const on = machine({ load: async (name) => (name === "cap" ? "was compiled for another Node" : undefined) });
    const { ok, detail, fix } = await check("npm package cap", on);
    expect([ok, detail]).to.deep.equal([false, "was compiled for another Node"]);
    expect(fix).to.match(/^node '\/.*\/src\/setup\.mjs'$/);
  });

  it("have one command for all that is missing", async () => {
    const command = async (on: Machine) => installationOf(await checkMachine(on));
    expect(await command(machine())).to.equal(undefined);
    const without = ["/usr/bin/ip", "/usr/sbin/bridge", "/usr/bin/tcpreplay", "/usr/bin/g++"];
    expect(await command(machine({ without }))).to.equal(
      "sudo apt-get install --no-install-recommends iproute2 tcpreplay",
    );
    const load = async (name: string) => (name === "cap" ? "was compiled for another Node" : undefined);
    expect(await command(machine({ without, load }))).to.match(
      /^sudo apt-get install --no-install-recommends iproute2 tcpreplay g\+\+ && node '\/.*\/src\/setup\.mjs'$/,
    );
  });
});
