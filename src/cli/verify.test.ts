import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { readResult } from "../report/json.js";
import type { ScenarioResult } from "../report/result.js";
import { NATIVE_PACKAGES } from "./native.js";

const main = fileURLToPath(new URL("main.js", import.meta.url));
const fixtures = fileURLToPath(new URL("../../fixtures/captures", import.meta.url));

describe("hopcheck verify", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "hopcheck-verify-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function verify(...args: string[]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, "verify", ...args, "--out", folder], {
      encoding: "utf8",
      cwd: folder,
    });
    return { status, stdout, stderr };
  }

  function resultOf(): ScenarioResult {
    const file = join(folder, "results.json");
    return readResult(readFileSync(file, "utf8"), file).scenarios[0] as ScenarioResult;
  }

  it("ends with 0 where all holds, and with 1 where a rule is violated or nothing proves anything", () => {
    for (const [name, expected] of [
      ["dr-good", ["pass", 0]],
      ["nat-stale-neighbour", ["fail", 1]],
      ["dr-director-only", ["inconclusive", 1]],
    ] as const) {
      const { status } = verify(join(fixtures, name, "setup.yaml"), "--reporter", "json");
      expect([resultOf().verdict, status]).to.deep.equal(expected);
    }
  });

  it("finds the setup behind a VIP, and judges by what it wrote as it did before", () => {
    for (const name of ["dr-good", "dr-cooked-good", "nat-good", "nat-stale-neighbour", "tun-vip-missing"]) {
      const own = readdirSync(join(fixtures, name)).filter((file) => file.includes(".pcap"));
      const files = own.map((file) => join(fixtures, name, file));
      const first = verify("--vip", "10.0.0.10", ...files, "--write-setup", "found.yaml", "--reporter", "json");
      const before = resultOf();
      const second = verify(join(folder, "found.yaml"), "--reporter", "json");
      const after = resultOf();
      expect(before.captured?.assumed.length).to.be.greaterThan(0);
      for (const sentence of before.captured?.assumed ?? []) expect(first.stderr).to.contain(sentence);
      expect([after.verdict, second.status, statuses(after)]).to.deep.equal([
        before.verdict,
        first.status,
        statuses(before),
      ]);
    }
  });

  it("finds behind a VIP what is wrong there", () => {
    for (const [name, rule, suspect, cause] of [
      ["nat-stale-neighbour", "NAT-REQ-04", "director", "stale-neighbour"],
      // Nobody tells that the real server has another NIC: it just does not answer.
      ["dr-rp-filter", "DR-RS-01", "rs1", "rp-filter-strict"],
    ] as const) {
      const own = readdirSync(join(fixtures, name)).filter((file) => file.includes(".pcap"));
      verify("--vip", "10.0.0.10", ...own.map((file) => join(fixtures, name, file)), "--reporter", "json");
      const failures = resultOf().findings.filter(({ status }) => status === "fail");
      const told = failures.map((one) => [one.rule, one.suspect, one.causes[0]?.id]);
      expect(told, name).to.deep.equal([[rule, suspect, cause]]);
    }
  });

  function statuses({ findings }: ScenarioResult) {
    return findings.map(({ rule, status, suspect }) => `${rule} ${status} ${suspect}`);
  }

  it("says what a tap lacks that a rule needs", () => {
    const { status } = verify(join(fixtures, "dr-director-only/setup.yaml"), "--reporter", "json");
    const { verdict, problem, findings } = resultOf();
    expect([status, verdict]).to.deep.equal([1, "inconclusive"]);
    expect(problem).to.contain("a capture of rs1 or rs2 would settle it");
    const rule = findings.find((finding) => finding.rule === "DR-RS-01");
    expect([rule?.status, rule?.reason]).to.deep.equal([
      "not-exercised",
      "there is no capture of rs1 and rs2, where this shows",
    ]);
  });

  it("says what is in captures that have nothing of the service", () => {
    const capture = join(fixtures, "nat-good/rs2.pcap");
    const { status, stdout } = verify("--vip", "198.51.100.7:443/tcp", capture);
    const { verdict, problem = "", findings } = resultOf();
    expect([status, verdict, findings]).to.deep.equal([1, "inconclusive", []]);
    expect(problem).to.match(/^None of the frames is for 198\.51\.100\.7:443\. What is in them most: tcp /);
    expect(stdout).to.contain("None of the frames is for 198.51.100.7:443.");
  });

  for (const file of ["director.pcapng", "rs2.pcap.gz"])
    it(`reads ${file} from a pipe, as often as it has to, and judges as if it were a file`, () => {
      const own = readdirSync(join(fixtures, "dr-good")).filter((name) => name.includes(".pcap"));
      const paths = own.map((name) => join(fixtures, "dr-good", name));
      verify("--vip", "10.0.0.10", ...paths, "--reporter", "json");
      const before = resultOf();
      const piped = paths.map((path) => (path.endsWith(file) ? "-" : path));
      const words = [process.execPath, main, "verify", "--vip", "10.0.0.10", ...piped, "--reporter", "json"];
      const pipe = spawnSync(
        "sh",
        ["-c", 'cat "$0" | "$@"', join(fixtures, "dr-good", file), ...words, "--out", folder],
        {
          encoding: "utf8",
          cwd: folder,
        },
      );
      const after = resultOf();
      expect([pipe.status, after.verdict, statuses(after)], pipe.stderr).to.deep.equal([0, "pass", statuses(before)]);
      expect(after.captured?.files.map(({ file }) => file)).to.include("-");
    });

  it("takes a capture from a pipe for a tap of the setup", () => {
    const setup = join(fixtures, "dr-good/setup.yaml");
    verify(setup, "--reporter", "json");
    const before = resultOf();
    const words = [process.execPath, main, "verify", setup, "--capture", "director=-", "--reporter", "json"];
    const capture = join(fixtures, "dr-good/director.pcapng");
    spawnSync("sh", ["-c", 'cat "$0" | "$@"', capture, ...words, "--out", folder], { cwd: folder });
    expect(statuses(resultOf())).to.deep.equal(statuses(before));
  });

  it("says what is wrong with what comes from a pipe", () => {
    const words = [process.execPath, main, "verify", "--vip", "10.0.0.10", "-", "--out", folder];
    const { status, stderr } = spawnSync("sh", ["-c", 'printf "no capture at all" | "$@"', "sh", ...words], {
      encoding: "utf8",
      cwd: folder,
    });
    expect([status, stderr]).to.deep.equal([
      2,
      'hopcheck: standard input is no capture: it begins with 6e6f206361707475 ("no captu"). Files of pcap and pcapng can be read, also compressed by gzip or zstd.\n',
    ]);
  });

  it("works for an ordinary user", () => {
    const asNobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
    const isRoot = process.getuid?.() === 0;
    const setup = join(fixtures, "dr-good/setup.yaml");
    const words = [...(isRoot ? asNobody : []), process.execPath, main, "verify", setup, "--reporter", "list"];
    const { status } = spawnSync(words[0] as string, words.slice(1), { encoding: "utf8", cwd: tmpdir() });
    expect(status).to.equal(0);
  });

  for (const [why, args, message] of [
    ["a setup that is not there", () => ["none.yaml"], /none\.yaml:1:1: there is no such file/],
    [
      "a tap that the setup lacks",
      () => [join(fixtures, "dr-good/setup.yaml"), "--capture", "rs9=a.pcap"],
      /--capture rs9: the setup has no such tap; did you mean/,
    ],
    [
      "a capture that is none",
      () => [
        join(fixtures, "dr-good/setup.yaml"),
        "--capture",
        `rs1=${write("a.pcap", "no capture at all, but long enough")}`,
      ],
      /a\.pcap is /,
    ],
    [
      "an address that is none",
      () => ["--vip", "10.0.0", "a.pcap"],
      /write an address, with a port and its protocol if you like/,
    ],
    ["captures without a setup", () => ["a.pcap", "b.pcap"], /verify takes one setup file/],
  ] as const) {
    it(`refuses ${why}`, () => {
      const { status, stderr } = verify(...args());
      expect(stderr).to.match(message);
      expect(status).to.equal(2);
    });
  }

  function write(name: string, text: string): string {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  }
});

describe("the import graph of hopcheck verify", () => {
  it("has no part that is compiled for a machine", () => {
    const seen = new Set<string>();
    const packages = new Set<string>();
    const visit = (file: string) => {
      if (seen.has(file)) return;
      seen.add(file);
      const imports = readFileSync(file, "utf8").matchAll(/^(?:import|export)\b[^;"'()=]*["']([^"'\n]+)["']/gm);
      for (const [, specifier = ""] of imports) {
        if (specifier.startsWith(".")) {
          const target = join(dirname(file), specifier);
          if (target.endsWith(".js")) visit(target);
        } else packages.add(specifier.split("/")[0] ?? specifier);
      }
    };
    // What main loads for this command alone.
    for (const file of [main, fileURLToPath(new URL("verify.js", import.meta.url))]) visit(file);
    expect(seen).to.include(fileURLToPath(new URL("verify-files.js", import.meta.url)));
    expect([...packages].filter((name) => NATIVE_PACKAGES.some((native) => native === name))).to.deep.equal([]);
  });
});
