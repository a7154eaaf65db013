import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { execa } from "execa";
import { loadScenario } from "../scenario/load.js";

const main = fileURLToPath(new URL("./main.js", import.meta.url));
const fixtures = fileURLToPath(new URL("../../fixtures/captures", import.meta.url));

describe("init --from-capture", () => {
  let folder: string;
  let out: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "hopcheck-init-"));
    out = join(folder, "scenario.yaml");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const init = (name: string, ...more: string[]) =>
    execa(process.execPath, [main, "init", "--from-capture", `${fixtures}/${name}/setup.yaml`, "--out", out, ...more], {
      reject: false,
    });

  it("sends what the clients and the real servers sent, field by field, and promises the rule that was broken", async () => {
    const { exitCode, stderr } = await init("nat-bad-checksum");
    const assumed = "The setup has no prefix length for 192.168.10.11 and 192.168.10.12: /24 is taken for it.";
    expect([exitCode, stderr]).to.deep.equal([0, `${assumed}\nscenario: hopcheck run ${stderr.split(" ").at(-1)}`]);
    const { covers, steps, setup, title } = loadScenario(out);
    expect([title, covers]).to.deep.equal(["As captured: nat-bad-checksum", ["NAT-REQ-07"]]);
    expect([...new Set(steps.map(({ kind }) => kind))]).to.deep.equal(["send"]);
    const text = readFileSync(out, "utf8");
    expect(text).to.match(
      /^ {2}- send: \{ flow: f1, to: 10\.0\.0\.10:80\/tcp, ip\.ttl: 64, ip\.id: .*tcp\.flags: S, tcp\.seq_raw: \d+/m,
    );
    expect(text).to.match(/^ {2}- send: \{ flow: f4, to: 10\.0\.0\.10:53\/udp, .*payload: www\.example\.net \}$/m);
    // The setup beside the captures names neither.
    const addresses = setup.hosts.map(({ name, nics }) => [name, ...nics.map(({ ip }) => ip)]);
    expect(addresses.slice(0, 2)).to.deep.equal([
      ["client", "172.16.0.100"],
      ["router", "172.16.0.254", "10.0.0.254"],
    ]);
  });

  it("lets real servers answer as they did, once, however many taps saw it", async () => {
    await init("dr-good");
    const answers = loadScenario(out).steps.filter(({ kind }) => kind === "answer");
    const { stdout } = await execa("tshark", ["-r", `${fixtures}/dr-good/client.pcap`, "-Y", "ip.src == 10.0.0.10"]);
    const toConnections = stdout.split("\n").filter((line) => !/ICMP|8443/.test(line));
    expect(answers).to.have.length(toConnections.length);
  });

  it("says what of the captures it leaves out", async () => {
    expect((await init("nat-offload-good")).stderr).to.include(
      "Left out: packets that are larger than any wire carries: a NIC had joined them, or was still to cut them (6).\n",
    );
  });

  it("lets real servers behind tunnels answer too", async () => {
    await init("tun-good");
    const kinds = loadScenario(out).steps.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === "answer").length).to.be.above(10);
  });

  it("has the network as mended, and with --with-fault as it was captured", async () => {
    const mended = await init("dr-rp-filter");
    expect(mended.stderr).to.match(
      /\nThe network is as mended; --with-fault puts in what is wrong with its hosts\.\nscenario: /,
    );
    const optionsOf = () => loadScenario(out).setup.hosts.find(({ name }) => name === "rs1")?.options.sysctl;
    expect(optionsOf()).to.deep.equal({});
    expect(readFileSync(out, "utf8")).to.match(
      /^# Captured:\n# - DR-RS-04 blames rs1 \(rp-filter-strict\): .*\.\n# The/,
    );
    const broken = await init("dr-rp-filter", "--with-fault", "--force");
    expect(broken.stderr).to.match(/is taken for it\.\nscenario: /);
    expect(optionsOf()).to.deep.equal({ "net.ipv4.conf.all.rp_filter": "1" });
    expect(readFileSync(out, "utf8")).to.match(
      /\n {6}# DR-RS-04 blames rs1 \(rp-filter-strict\): .*\.\n {6}# Without `sysctl` the network is as mended\.\n {6}sysctl: /,
    );
  });

  it("takes captures of the command line for those that the setup names", async () => {
    const { exitCode } = await init("dr-good", "--capture", `client=${fixtures}/dr-vip-missing/client.pcap`);
    expect(exitCode).to.equal(0);
    const { stdout } = await execa("tshark", [
      ...["-r", `${fixtures}/dr-vip-missing/client.pcap`, "-Y", "tcp.dstport == 80", "-c", "20"],
      ...["-T", "fields", "-e", "tcp.seq_raw"],
    ]);
    const sent = loadScenario(out).steps.flatMap((step) => (step.kind === "send" ? [step.fields["tcp.seq_raw"]] : []));
    expect(sent).to.include.members(stdout.split("\n").map(Number));
  });

  for (const [why, args, message] of [
    [
      "several setups",
      ["a.yaml", "b.yaml"],
      "--from-capture takes one setup file, which names its captures under `captures`; without a setup give --vip ADDRESS and the captures",
    ],
    [
      "taps without a setup",
      ["a.pcap", "--vip", "10.0.0.10", "--capture", "rs1=b.pcap"],
      "with --vip there is no setup whose taps --capture could name; give the files alone",
    ],
    [
      "a tap that the setup lacks",
      [`${fixtures}/dr-good/setup.yaml`, "--capture", "rs9=b.pcap"],
      "--capture rs9: the setup has no such tap; did you mean `rs1`?",
    ],
  ] as const)
    it(`refuses ${why}`, async () => {
      const words = ["init", "--from-capture", ...args, "--out", out];
      const { exitCode, stderr } = await execa(process.execPath, [main, ...words], { reject: false });
      expect([exitCode, stderr]).to.deep.equal([2, `hopcheck: ${message}`]);
    });

  it("finds out who is who where there is no setup, and says what it took for granted", async () => {
    const files = ["client", "director", "rs1", "rs2"].map((name) => `${fixtures}/dr-wrong-gateway/${name}.pcap`);
    const args = ["init", "--from-capture", ...files, "--vip", "10.0.0.10", "--out", out];
    const { exitCode, stderr } = await execa(process.execPath, [main, ...args], { reject: false });
    expect(exitCode, stderr).to.equal(0);
    const { setup, steps } = loadScenario(out);
    expect(setup.services.map(({ vip, port, model }) => [vip, port, model])).to.deep.include(["10.0.0.10", 80, "dr"]);
    expect(steps.length).to.be.above(10);
  });

  it("overwrites nothing unasked", async () => {
    writeFileSync(out, "mine");
    const { exitCode, stderr } = await init("dr-good");
    const advice = `hopcheck: ${out} is there already; choose another file with --out, or give --force`;
    expect([exitCode, stderr]).to.deep.equal([2, advice]);
    expect(readFileSync(out, "utf8")).to.equal("mine");
  });

  it("writes nothing where nothing of the services is in the captures", async () => {
    const setup = join(folder, "setup.yaml");
    const captured = readFileSync(`${fixtures}/dr-director-only/setup.yaml`, "utf8");
    writeFileSync(setup, captured.replace(/director: director\.pcap/, `rs1: ${fixtures}/dr-rp-filter/rs1-eth1.pcap`));
    const { exitCode, stderr } = await execa(process.execPath, [main, "init", "--from-capture", setup, "--out", out], {
      reject: false,
    });
    expect([exitCode, stderr]).to.deep.equal([
      1,
      "hopcheck: None of the 0 frames in the captures is to or from 10.0.0.10:80/tcp or 10.0.0.10:53/udp. What is in them most: no IP at all.",
    ]);
  });
});
