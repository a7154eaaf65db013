import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { execa } from "execa";
import { pcapBytes } from "../capture/pcap.js";
import { hostKernelHas } from "../lab/kernel.js";
import type { RunResult, ScenarioResult } from "../report/result.js";
import { commandOf, descendants, type Ended, lives, machineState, RunFolder, Running } from "./run.test-support.js";

/** One segment: client, director, two real servers; the real servers' own settings behind `hosts`. */
const setup = (hosts = "{}") => `setup:
  services:
    - vip: 10.0.0.10
      port: 80
      protocol: tcp
      model: dr
      realServers: [{ name: rs1, ip: 10.0.0.11 }, { name: rs2, ip: 10.0.0.12 }]
  director: { interfaces: [{ ip: 10.0.0.1/24 }] }
  client: { ip: 10.0.0.100/24 }
  hosts: ${hosts}
`;

const PASSING = `title: A request reaches a real server
${setup()}covers: [DR-REQ-01, DR-REQ-02]
steps:
  - send: { flow: a }
  - connect: {}
`;
const VIOLATED = `title: A real server answers for the VIP
${setup("{ rs1: { sysctl: { net.ipv4.conf.all.arp_ignore: 0 } } }")}covers: [DR-ARP-02]
steps:
  - ask: { who-has: vip, from: client, of: rs1 }
  - ask: { who-has: vip, from: client, of: rs2 }
`;
const UNEXERCISED = `title: Nobody asks for the VIP
${setup()}covers: [DR-ARP-02, DR-REQ-01]
steps:
  - send: { flow: a }
`;
const BURST = `title: Ten thousand at once
${setup()}covers: [GEN-SVC-01]
steps:
  - burst: { count: 10000, tcp.flags: S }
expect:
  - { at: client, direction: out, tcp.dstport: 80, tcp.flags: S, count: 10000 }
  - { at: director, direction: out, tcp.dstport: 80, tcp.flags: S, count: 10000 }
`;
const SILENT = `title: A host answers no ARP at all
${setup("{ rs1: { sysctl: { net.ipv4.conf.all.arp_ignore: 8 } } }")}covers: [DR-REQ-01]
steps:
  - send: { flow: a }
`;
const FAILING_GUEST = `title: A setting that the guest does not know
${setup("{ director: { sysctl: { net.ipv4.no_such_setting: 1 } } }")}steps:
  - send: { flow: a }
`;
const OVERSIZED = `title: A recorded frame that no NIC takes
${setup()}steps:
  - replay: { file: oversized.pcap }
`;
/** What the host has sent through goes down under it. */
const BOUNCED = `title: A host that has sent goes down, comes up and sends again
setup: dr
covers: [DR-ARP-07]
steps:
  - ask: { who-has: router, from: rs1, of: router }
  - bounce: { host: rs1 }
  - ask: { who-has: router, from: rs1, of: router }
  - ask: { who-has: rs1, from: router, of: rs1 }
`;
/** The answer comes from a socket of this process, through a director in another kernel: last of all, and by no canary's way. */
const ECHO = `title: An echo comes back by the director
setup:
  services:
    - vip: 10.0.0.10
      port: 80
      protocol: tcp
      model: nat
      realServers: [{ name: rs1, ip: 192.168.10.11, port: 8080 }]
  director: { interfaces: [{ ip: 10.0.0.1/24 }, { ip: 192.168.10.1/24 }] }
  client: { ip: 10.0.0.100/24 }
covers: [NAT-REQ-01]
steps:
  - send: { flow: a }
  - send: { flow: a, tcp.flags: A }
  - send: { flow: a, tcp.flags: PA, payload: question }
  - send: { flow: a, tcp.flags: RA }
expect:
  - { at: client, direction: in, data.data: "7175657374696f6e", count: 1 }
`;

describe("hopcheck run", function () {
  this.timeout(300_000);

  const files = new RunFolder();
  before(() => {
    files.write("pass.yaml", PASSING);
    files.write("violated.yaml", VIOLATED);
    files.write("unexercised.yaml", UNEXERCISED);
    files.write("burst.yaml", BURST);
    files.write("silent.yaml", SILENT);
    files.write("oversized.yaml", OVERSIZED);
    files.write("oversized.pcap", pcapBytes([new Uint8Array(3000)]));
    files.write("guest.yaml", FAILING_GUEST);
    files.write("echo.yaml", ECHO);
    files.write("bounced.yaml", BOUNCED);
    files.write("wrong.yaml", PASSING.replace("DR-REQ-01", "DR-REQ-01, DR-REQ-01"));
    files.write("mixed/1-violated.yaml", VIOLATED);
    files.write("mixed/2-pass.yaml", PASSING);
    files.write("mixed/3-unexercised.yaml", UNEXERCISED);
    files.write("other/cases/same.yaml", PASSING);
    files.write("another/cases/same.yaml", PASSING);
  });
  after(() => files.remove());

  describe("of a director that forwards rightly", () => {
    let state: Record<string, string>;
    let together: Ended[];
    let reference: Ended;
    before(async () => {
      state = machineState();
      together = await Promise.all(["a", "b"].map((out) => files.run("pass.yaml", "--out", out)));
      reference = await files.run("pass.yaml", "--director", "reference", "--out", "reference");
    });

    it("passes on the kernel's own IPVS, also where two run side by side with the same addresses", () => {
      for (const { status, stdout, stderr } of together) {
        expect(status, stdout + stderr).to.equal(0);
        expect(stdout)
          .to.match(/^✓ A request reaches a real server/m)
          .and.match(/^pass · .* · ipvs, Linux/m);
      }
    });

    it("passes on the reference director", () => {
      expect(reference.status, reference.stdout + reference.stderr).to.equal(0);
      expect(reference.stdout).to.match(/^pass · .* · reference, userspace$/m);
    });

    it("says on stderr where the report is, and nothing else", () => {
      for (const { stderr } of [...together, reference]) expect(stderr).to.match(/^report: \S+\/index\.html\n$/);
    });

    it("leaves the machine as it was", () => {
      expect(machineState()).to.deep.equal(state);
    });

    it("writes results of the published schema, with director and kernel", () => {
      const { verdict, director, scenarios } = files.results("a");
      expect(verdict).to.equal("pass");
      expect(director?.name).to.equal("ipvs");
      expect(director?.kernel).to.match(/^\d+\.\d+/);
      expect(scenarios.map(({ file, title }) => [file, title])).to.deep.equal([
        ["pass.yaml", "A request reaches a real server"],
      ]);
      const { features, lacks, ...reference } = files.results("reference").director ?? {};
      expect(reference).to.deep.equal({ name: "reference", where: "userspace", models: ["nat", "dr", "tun"] });
      expect(features).to.include("weight").and.not.include("standby");
      expect(lacks).to.include.keys("standby");
    });

    it("records times that never go back, and every frame where it leaves before where it comes in", () => {
      for (const out of ["a", "b", "reference"]) {
        const frames = files.capture(out, files.results(out).scenarios[0]?.capture);
        expect(frames).to.have.length.greaterThan(20);
        const left = new Map<string, number>();
        for (const [i, { time, bytes, flags, tap }] of frames.entries()) {
          expect(Number(time - (frames[i - 1]?.time ?? time)), `frame ${i + 1} of ${out}`).to.be.at.least(0);
          const key = Buffer.from(bytes).toString("hex");
          if (flags === 2) left.set(key, (left.get(key) ?? 0) + 1);
          else expect(left.get(key), `frame ${i + 1} of ${out}, into ${tap}`).to.be.at.least(1);
        }
      }
    });
  });

  describe("of one violated, one passed and one unexercised scenario", () => {
    let ended: Ended;
    let result: RunResult;
    let violated: ScenarioResult;
    before(async () => {
      ended = await files.run("mixed", "--director", "reference", "--out", "mixed out");
      result = files.results("mixed out");
      violated = result.scenarios.find(({ file }) => file === "mixed/1-violated.yaml") as ScenarioResult;
    });

    it("fails with status 1, and judges each by itself", () => {
      expect(ended.status).to.equal(1);
      expect(Object.fromEntries(result.scenarios.map(({ file, verdict }) => [file, verdict]))).to.deep.equal({
        "mixed/1-violated.yaml": "fail",
        "mixed/2-pass.yaml": "pass",
        "mixed/3-unexercised.yaml": "fail",
      });
    });

    it("names rule, suspect, tap, frame, cause and the mending command", () => {
      const failed = violated.findings.filter(({ status }) => status === "fail");
      expect(failed.map(({ rule }) => rule)).to.deep.equal(["DR-ARP-02"]);
      expect(failed[0]?.suspect).to.equal("rs1");
      expect(failed[0]?.tap).to.equal("rs1");
      expect(failed[0]?.causes.map(({ fix }) => fix)).to.include("sysctl -w net.ipv4.conf.all.arp_ignore=1");
      expect(ended.stdout)
        .to.include("DR-ARP-02 failed")
        .and.to.match(/suspect +rs1\n/);
    });

    it("cites a frame that is the false answer in the capture", () => {
      const frames = files.capture("mixed out", violated.capture);
      const { frames: cited = [] } = violated.findings.find(({ status }) => status === "fail") ?? {};
      expect(cited).to.have.length.greaterThan(0);
      const answer = frames[(cited.at(-1)?.number ?? 0) - 1];
      expect(answer?.tap).to.equal("rs1");
      expect(answer?.flags).to.equal(2);
      // EtherType ARP, operation 2, sender 02:00:0a:00:00:0b 10.0.0.10.
      const hex = Buffer.from(answer?.bytes ?? []).toString("hex");
      expect(hex).to.match(/^.{24}0806.{12}000202000a00000b0a00000a/);
    });

    it("cites only frames that the captures hold, at the taps that it names", () => {
      let cited = 0;
      for (const { capture, findings, journeys } of result.scenarios) {
        const frames = files.capture("mixed out", capture);
        const hops = journeys.flatMap(({ hops }) =>
          hops.flatMap((hop) => hop.frames.map((number) => ({ tap: hop.tap, number }))),
        );
        for (const { tap, number } of [...findings.flatMap(({ frames }) => frames), ...hops]) {
          expect(frames[number - 1]?.tap).to.equal(tap);
          cited++;
        }
        expect(new Set(hops.map(({ number }) => number)).size).to.equal(frames.length);
      }
      expect(cited).to.be.greaterThan(50);
    });

    it("says what was looked for where a covered rule was not exercised", () => {
      expect(ended.stdout)
        .to.match(/DR-ARP-02 not exercised/)
        .and.match(/looked for +\S/);
    });
  });

  describe("with options", () => {
    const titles = (out: string) => files.results(out).scenarios.map(({ title }) => title);
    const onReference = (out: string, ...args: string[]) => files.run(...args, "--director", "reference", "--out", out);

    it("fails where a covered rule is not exercised, though nothing else is wrong", async () => {
      const { status, stdout } = await onReference("unexercised", "unexercised.yaml");
      expect(status).to.equal(1);
      expect(stdout).to.not.include("failed:");
    });

    it("repeats, and prints as mocha's reporters do", async () => {
      const { status, stdout } = await onReference("repeat", "pass.yaml", "--repeat", "2", "--reporter", "tap,json");
      expect(status).to.equal(0);
      expect(stdout.match(/^ok \d+ .*$/gm)).to.have.length(6);
      expect(stdout)
        .to.include("ok 1 A request reaches a real server DR-REQ-01")
        .and.include("real server (2) DR-REQ-01");
      expect(titles("repeat")).to.have.length(2);
      expect(readdirSync(join(files.folder, "repeat")).sort()).to.deep.equal(["captures", "results.json"]);
    });

    it("runs one part of several", async () => {
      expect((await onReference("shard", "mixed", "--shard", "2/3", "--reporter", "json")).status).to.equal(0);
      expect(titles("shard")).to.deep.equal(["A request reaches a real server"]);
      expect(files.results("shard")).to.deep.include({ profile: "core", shard: { index: 2, count: 3 } });
    });

    it("has parts that a report puts together to what one run gives", async () => {
      await onReference("whole", "mixed", "--reporter", "json");
      for (const part of ["1/2", "2/2"])
        await onReference(`part-${part[0]}`, "mixed", "--shard", part, "--reporter", "json");
      const report = ["report", "part-2", "part-1", "--reporter", "json", "--out", "parts"];
      const { status, stderr } = await files.start(report).ended;
      expect([status, stderr]).to.deep.equal([1, "report: parts/results.json\n"]);
      const [whole, parts] = [files.results("whole"), files.results("parts")];
      const told = ({ scenarios }: RunResult) =>
        scenarios.map(({ title, verdict, order, capture }) => [title, verdict, order, capture]);
      expect(told(parts)).to.deep.equal(told(whole));
      expect(told(whole).map(([, , order]) => order)).to.deep.equal([1, 2, 3]);
      expect(parts.reproduce).to.equal("hopcheck run mixed --director reference").and.equal(whole.reproduce);
      for (const { capture, title } of parts.scenarios)
        expect(files.capture("parts", capture).length, title).to.be.greaterThan(0);
    });

    it("annotates the line that speaks of what failed", async () => {
      const { status, stdout } = await onReference("github", "violated.yaml", "--reporter", "dot,github");
      expect(status).to.equal(1);
      expect(stdout).to.match(/^::error file=violated\.yaml,line=\d+,col=\d+,title=✗ DR-ARP-02 failed%3A /m);
      expect(existsSync(join(files.folder, "github/summary.md"))).to.equal(true);
    });

    it("stops at the first failure", async () => {
      expect((await onReference("bail", "mixed", "--bail")).status).to.equal(1);
      expect(titles("bail")).to.deep.equal(["A real server answers for the VIP"]);
    });

    it("runs a failed scenario again, and keeps its last result", async () => {
      const { status, stdout } = await onReference("retries", "violated.yaml", "--retries", "1", "--grep", "DR-ARP-02");
      expect(status).to.equal(1);
      expect(stdout.match(/✗ A real server answers/g)).to.have.length(2);
      expect(titles("retries")).to.have.length(1);
    });

    it("selects by title and rule, and fails where nothing is left", async () => {
      const [some, nothing] = await Promise.all([
        onReference("grep", "mixed", "--grep", "real server$", "--reporter", "json"),
        onReference("nothing", "mixed", "--grep", "nothing"),
      ]);
      expect(some.status).to.equal(0);
      expect(titles("grep")).to.deep.equal(["A request reaches a real server"]);
      expect(nothing.status).to.equal(1);
      expect(nothing.stderr).to.equal(
        "hopcheck: no scenario was selected, of 3: nothing was tested, and that never passes\n",
      );
      expect(existsSync(join(files.folder, "nothing"))).to.equal(false);
    });

    it("gives files of the same name captures of their own", async () => {
      await onReference("same", "other", "another", "--reporter", "json");
      const captures = files.results("same").scenarios.map(({ capture }) => capture);
      expect(captures).to.deep.equal(["captures/same.pcapng", "captures/same-2.pcapng"]);
    });

    it("finds what `npm start` was given in the folder of its caller", async () => {
      const npm = { npm_lifecycle_event: "start", npm_package_name: "hopcheck", INIT_CWD: join(files.folder, "mixed") };
      const args = ["run", "2-pass.yaml", "--director", "reference", "--reporter", "json", "--out", "../npm"];
      const { status, stderr } = await files.start(args, npm).ended;
      expect(status, stderr).to.equal(0);
      expect(titles("npm")).to.have.length(1);
    });
  });

  describe("of what cannot be run", () => {
    const refused = async (...args: string[]) => {
      const { status, stdout, stderr } = await files.run(...args);
      expect(stdout).to.equal("");
      return { status, stderr };
    };

    it("ends with 2 and the place in the file", async () => {
      const { status, stderr } = await refused("wrong.yaml");
      expect(status).to.equal(2);
      expect(stderr).to.match(/^hopcheck: wrong\.yaml:12:\d+: .*stands twice in `covers`\n/);
    });

    it("ends with 2 for a file, director, option or reporter that is none", async () => {
      const cases: [string[], RegExp][] = [
        [["missing.yaml"], /^hopcheck: missing\.yaml:1:1: there is no such file or folder\n$/],
        [
          ["pass.yaml", "--director", "haproxy"],
          /^hopcheck: unknown director haproxy; there are ipvs, keepalived, nftables, reference$/m,
        ],
        [["pass.yaml", "--frobnicate"], /unknown option '--frobnicate'/],
        [["pass.yaml", "--shard", "5/4"], /such as 1\/4/],
        [["pass.yaml", "--reporter", "spec,tap"], /spec and tap are both of mocha/],
      ];
      const outcomes = await Promise.all(cases.map(([args]) => refused(...args)));
      for (const [i, [args, message]] of cases.entries()) {
        expect(outcomes[i]?.stderr, args.join(" ")).to.match(message);
        expect(outcomes[i]?.status, args.join(" ")).to.equal(2);
      }
    });

    it("ends with 2, before anything runs, where the report cannot be written", async () => {
      const { status, stderr } = await refused("pass.yaml", "--out", "pass.yaml/report");
      expect(status).to.equal(2);
      expect(stderr)
        .to.match(/^hopcheck: the report cannot be written to .*: ENOTDIR/)
        .and.match(/--out\.\n$/);
    });

    it("ends with 3 on a kernel without ip_vs where the host's is demanded; with one, it uses it", async () => {
      const { status, stderr, stdout } = await files.run("pass.yaml", "--kernel", "host");
      if (hostKernelHas("ip_vs")) {
        expect(status, stderr).to.equal(0);
        expect(stdout).to.include("in the host's kernel");
      } else {
        expect(status).to.equal(3);
        expect(stderr).to.match(/^hopcheck: ipvs cannot run with --kernel host here: .*modprobe ip_vs/);
      }
    });

    it("ends with 3 where a program is missing, and names it", async () => {
      const programs = ["bridge", "ip", "mount", "nsenter", "setpriv", "sh", "true", "unshare"];
      const without = async (missing: string) => {
        const bin = join(files.folder, `bin-without-${missing}`);
        mkdirSync(bin);
        for (const program of programs.filter((program) => program !== missing))
          symlinkSync(foundInPath(program), join(bin, program));
        return {
          missing,
          ...(await files.start(["run", "pass.yaml", "--director", "reference"], { PATH: bin }).ended),
        };
      };
      for (const { missing, status, stderr } of await Promise.all(programs.map(without))) {
        expect(stderr, missing).to.match(
          new RegExp(`^hopcheck: (?:no private namespaces|no lab can be built): ${missing} not found in the PATH`),
        );
        expect(status, missing).to.equal(3);
      }
    });

    it("ends with 3 where User-Mode Linux is missing or does not boot, and says why", async () => {
      const bin = join(files.folder, "bin");
      files.write("bin/README", "");
      for (const command of ["bridge", "ip", "mount", "nsenter", "setpriv", "sh", "true", "unshare"])
        symlinkSync(foundInPath(command), join(bin, command));
      files.write("broken/linux.uml", "#!/bin/sh\necho no memory today\nexit 7\n", 0o755);
      const boot = (path: string) => files.start(["run", "pass.yaml", "--kernel", "uml"], { PATH: path }).ended;
      const [missing, broken] = await Promise.all([
        boot(bin),
        boot(`${join(files.folder, "broken")}${delimiter}${bin}`),
      ]);
      expect(missing.stderr).to.equal(
        "hopcheck: User-Mode Linux does not start: there is no linux.uml in the PATH; install it: apt-get install user-mode-linux\n",
      );
      expect(missing.status).to.equal(3);
      expect(broken.stderr).to.equal(
        "hopcheck: User-Mode Linux does not start: the User-Mode Linux kernel ended (exit status 7)\nno memory today\n",
      );
      expect(broken.status).to.equal(3);
    });
  });

  describe("under load and with hosts that fail", () => {
    let bursts: Ended[];
    let silent: Ended;
    let guest: Ended;
    before(async () => {
      const waiting = files.run("silent.yaml", "--director", "reference", "--out", "silent");
      bursts = [
        await files.run("burst.yaml", "--out", "burst-ipvs"),
        await files.run("burst.yaml", "--director", "reference", "--out", "burst-reference"),
      ];
      guest = await files.run("guest.yaml", "echo.yaml", "--kernel", "uml", "--repeat", "40", "--out", "guest");
      silent = await waiting;
    });

    it("loses no frame of a burst of 10,000, in either director nor in the record", () => {
      for (const [i, out] of ["burst-ipvs", "burst-reference"].entries()) {
        expect(bursts[i]?.status, `${bursts[i]?.stdout}${bursts[i]?.stderr}`).to.equal(0);
        const frames = files.capture(out, files.results(out).scenarios[0]?.capture);
        const sent = frames.filter(({ tap, flags, bytes }) => tap === "client" && flags === 2 && bytes[47] === 2);
        expect(sent).to.have.length(10_000);
        expect(new Set(sent.map(({ bytes }) => Buffer.from(bytes.subarray(34, 36)).toString("hex"))).size).to.equal(
          10_000,
        );
      }
    });

    it("is inconclusive, and ends by itself, where a host answers no ARP, and names its tap", () => {
      const [scenario] = files.results("silent").scenarios;
      expect(silent.status).to.equal(1);
      expect(scenario?.verdict).to.equal("inconclusive");
      expect(scenario?.problem).to.match(/no answer to an ARP request for its own address from rs1$/);
    });

    it("waits for what an echo service of a real server still has to answer", () => {
      const verdicts = files.results("guest").scenarios.filter(({ file }) => file === "echo.yaml");
      expect(verdicts.map(({ verdict }) => verdict)).to.deep.equal(new Array(40).fill("pass"));
    });

    it("is inconclusive where a NIC refuses a frame of a recording, and says what tcpreplay said", async () => {
      const { status } = await files.run("oversized.yaml", "--director", "reference", "--out", "oversized");
      const [scenario] = files.results("oversized").scenarios;
      expect(status).to.equal(1);
      expect(scenario?.verdict).to.equal("inconclusive");
      expect(scenario?.problem).to.match(/^line \d+, `replay`: `tcpreplay .*` sent 0 of 1 frames: .*Message too long/s);
    });

    it("has a host send again whose NICs went down", async () => {
      const { status, stdout, stderr } = await files.run("bounced.yaml", "--director", "reference", "--out", "bounced");
      expect(status, `${stdout}${stderr}`).to.equal(0);
    });

    it("reports a command that fails inside the guest with what it printed", () => {
      const scenario = files.results("guest").scenarios.find(({ file }) => file === "guest.yaml");
      expect(guest.status).to.equal(1);
      expect(scenario?.verdict).to.equal("inconclusive");
      expect(scenario?.problem).to.match(
        /^the lab could not be built: User-Mode Linux host director: `sysctl` failed: /,
      );
      expect(scenario?.problem).to.match(/no_such_setting/);
    });
  });

  describe("that is ended from outside", () => {
    it("writes what it has on SIGINT and on SIGTERM, and ends with 130", async () => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) {
        const args = ["pass.yaml", "--director", "reference", "--repeat", "9999", "--out", signal];
        const running = files.start(["run", ...args]);
        await running.says("✓");
        running.child.kill(signal);
        const { status, stderr } = await running.ended;
        expect(status, stderr).to.equal(130);
        expect(files.results(signal).scenarios).to.have.length.within(1, 9998);
      }
    });

    it("leaves nothing behind after kill -9, and has not touched the host's network meanwhile", async () => {
      const state = machineState();
      const running = files.start(["run", "pass.yaml", "--repeat", "9999", "--reporter", "list"]);
      await running.says("✓");
      const processes = descendants(running.child.pid ?? 0);
      expect(processes.map(commandOf).join(" ")).to.include("linux.uml");
      expect(machineState()).to.deep.equal(state);
      running.child.kill("SIGKILL");
      await running.ended;
      await untilTrue(() => !processes.some(lives));
      expect(machineState()).to.deep.equal(state);
    });
  });

  describe("with --keep", () => {
    it("keeps the lab until it is interrupted, says how to enter it, and the lab has no way out", async () => {
      const running = files.start(["run", "violated.yaml", "--director", "reference", "--reporter", "list", "--keep"]);
      await running.says("The lab is kept until Ctrl-C");
      await running.says("\n  rs1: ");
      const [, entrance = ""] = /^ {2}rs1: (.*) nsenter --net=\S+ bash$/m.exec(running.stderr) ?? [];
      const inFabric = async (command: string) => (await execa("sh", ["-c", `${entrance} ${command}`])).stdout;

      const [, rs1 = ""] = /^ {2}rs1: (.*) bash$/m.exec(running.stderr) ?? [];
      expect((await execa("sh", ["-c", `${rs1} ip -brief address show eth0`])).stdout).to.include("10.0.0.11/24");

      const names = (await inFabric("ip netns")).split("\n").map((line) => line.split(" ")[0] ?? "");
      expect(names.map((name) => name.replace(/^.*?-/, "")).sort()).to.deep.equal(["client", "rs1", "rs2"]);
      const own = readlinkSync("/proc/self/ns/net").replace(/\D/g, "");
      const inodes = [(await inFabric("readlink /proc/self/ns/net")).replace(/\D/g, "")];
      for (const name of names) inodes.push(await inFabric(`stat -L -c %i /run/netns/${name}`));
      expect(new Set([...inodes, own]).size).to.equal(5);

      // The fabric reaches nothing but itself, and each host its segment; no link ends where the lab does not.
      expect(await inFabric("ip route show table main")).to.equal("");
      for (const name of names)
        expect(await inFabric(`ip -n ${name} route show table main`)).to.match(/^10\.0\.0\.0\/24 dev eth0 .*$/);
      const links = JSON.parse(await inFabric("ip -details -json link")) as {
        ifname: string;
        linkinfo?: { info_kind: string };
      }[];
      const kinds = new Set(links.filter(({ ifname }) => ifname !== "lo").map(({ linkinfo }) => linkinfo?.info_kind));
      kinds.delete(undefined);
      expect([...kinds].sort()).to.deep.equal(["bridge", "veth"]);

      running.child.kill("SIGINT");
      expect((await running.ended).status).to.equal(1);
    });
  });
});

/** Looks again and again; what never comes is the test's timeout. */
async function untilTrue(there: () => boolean): Promise<void> {
  while (!there()) await delay(10);
}

describe("hopcheck run below /run", function () {
  this.timeout(300_000);

  let folder: string;
  before(() => {
    folder = mkdtempSync("/run/hopcheck test-");
    writeFileSync(join(folder, "pass.yaml"), PASSING);
  });
  after(() => {
    if (folder) rmSync(folder, { recursive: true });
  });

  it("finds its scenarios there, leaves its report there, and nothing else", async () => {
    const before = readdirSync("/run");
    const args = ["run", "pass.yaml", "--director", "reference"];
    const inside = await new Running([...args, "--out", "out"], folder).ended;
    expect(inside.status, inside.stderr).to.equal(0);
    expect(readdirSync(join(folder, "out"))).to.include.members(["captures", "index.html", "results.json"]);

    const outside = await new Running([...args, "--out", join(folder, "new/out")], folder).ended;
    expect(outside.status, outside.stderr).to.equal(0);
    expect(readdirSync(join(folder, "new/out"))).to.include("results.json");
    expect(readdirSync("/run")).to.deep.equal(before);
  });

  it("refuses a folder that the lab has for itself", async () => {
    for (const out of ["/run", "/run/netns/report", "/run/hopcheck"]) {
      const { status, stderr } = await new Running(["run", "pass.yaml", "--out", out], folder).ended;
      expect(stderr).to.match(/^hopcheck: the report cannot be written to \/run.*\n.*--out\.\n$/);
      expect(status).to.equal(2);
      expect(existsSync("/run/hopcheck")).to.equal(false);
    }
  });
});

function foundInPath(command: string): string {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.map((folder) => join(folder, command)).find(existsSync) ?? "";
}
