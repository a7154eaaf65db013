import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { RunFolder } from "./cli/run.test-support.js";
import type { FindingResult } from "./report/result.js";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** A line of an example that is wrong, and the rule that must say so. */
interface Broken {
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** The case that shows it. */
  readonly shownBy: string;
  readonly rule: string;
  readonly cause?: string;
}

interface Example {
  /** The bundled cases that it passes. */
  readonly cases: readonly string[];
  readonly where: string;
  readonly broken: Readonly<Record<string, Broken>>;
}

const EXAMPLES: Readonly<Record<string, Example>> = {
  nftables: {
    cases: ["nat/request", "nat/session", "dr/request", "dr/round-robin"],
    where: "host-kernel",
    broken: {
      "maps no port": {
        file: "balance.nft.liquid",
        from: "{{ server.ip }} . {{ server.port }}",
        to: "{{ server.ip }} . {{ service.port }}",
        shownBy: "nat/request",
        rule: "NAT-REQ-03",
      },
      "leaves the MAC as it is": {
        file: "balance.nft.liquid",
        from: "fwd ip to {{ server.ip }} device {{ server.interface }}",
        to: "fwd to {{ server.interface }}",
        shownBy: "dr/request",
        rule: "DR-REQ-02",
      },
    },
  },
  keepalived: {
    cases: ["nat/request", "nat/weight"],
    where: "user-mode-linux",
    broken: {
      "maps no port": {
        file: "keepalived.conf.liquid",
        from: "assign port = server.port",
        to: "assign port = service.port",
        shownBy: "nat/request",
        rule: "NAT-REQ-03",
      },
    },
  },
  xdp: {
    cases: ["dr/request", "tun/request"],
    where: "host-kernel",
    broken: {
      "does not count down the TTL": {
        file: "balance.c",
        from: "    age(ip);\n",
        to: "",
        shownBy: "dr/request",
        rule: "GEN-TTL-01",
      },
      "has the VIP for its tunnel's source": {
        file: "balance.c",
        from: ".saddr = server->dip,",
        to: ".saddr = inner->daddr,",
        shownBy: "tun/request",
        rule: "TUN-ENC-02",
      },
    },
  },
  python: {
    cases: ["dr/request", "dr/arp", "nat/request"],
    where: "host-kernel",
    broken: {
      "leaves the checksum of TCP as it is": {
        file: "balance.py",
        from: 'struct.pack("!H", port), *checksums[1:])',
        to: 'struct.pack("!H", port))',
        shownBy: "nat/request",
        rule: "NAT-REQ-07",
      },
      "leaves the MAC as it is": {
        file: "balance.py",
        from: "egress.send(mac, ",
        to: "egress.send(frame[:6], ",
        shownBy: "dr/request",
        rule: "DR-REQ-02",
      },
    },
  },
  haproxy: {
    cases: ["proxy/handshake", "proxy/session"],
    where: "host-kernel",
    broken: {
      "asks real servers at a port where nobody listens": {
        file: "haproxy.cfg.liquid",
        from: "{{ server.ip }}:{{ server.port }}",
        to: "{{ server.ip }}:{{ service.port }}",
        shownBy: "proxy/session",
        rule: "PROXY-REQ-01",
      },
      "is declared to be what it is not": {
        file: "director.yaml",
        from: "models: [proxy]",
        to: "models: [nat]",
        shownBy: "./as-nat.yaml",
        rule: "NAT-REQ-01",
        cause: "director-is-a-proxy",
      },
    },
  },
};

/** Each is run as its user would run it, in a folder of its own. */
describe("the worked examples", function () {
  this.timeout(300_000);

  let folder: RunFolder;
  afterEach(() => folder.remove());

  const run = async (name: string, cases: readonly string[], broken?: Broken) => {
    folder = new RunFolder("/var/tmp");
    cpSync(join(ROOT, "fixtures/examples", name), folder.folder, { recursive: true });
    if (broken !== undefined) {
      const text = readFileSync(join(folder.folder, broken.file), "utf8");
      expect(text.split(broken.from), `${broken.file} has the line once`).to.have.length(2);
      folder.write(broken.file, text.replace(broken.from, broken.to));
    }
    const files = cases.map((one) => (one.startsWith("./") ? one : join(ROOT, "cases", `${one}.yaml`)));
    const ended = await folder.run(...files, "--director", "director.yaml", "--profile", "extended", "--out", "out");
    return { ...ended, ...folder.results("out") };
  };

  for (const [name, { cases, where, broken }] of Object.entries(EXAMPLES))
    describe(name, () => {
      it(`passes ${cases.join(", ")}`, async () => {
        const { status, stdout, scenarios, director } = await run(name, cases);
        expect(
          scenarios.map(({ verdict }) => verdict),
          stdout,
        ).to.deep.equal(cases.map(() => "pass"));
        expect(status, stdout).to.equal(0);
        expect(director?.where).to.equal(where);
      });

      for (const [what, line] of Object.entries(broken))
        it(`that ${what} fails ${line.rule}`, async () => {
          const { status, stdout, scenarios } = await run(name, [line.shownBy], line);
          const found: FindingResult[] = scenarios.flatMap(({ findings }) => findings);
          const failed = found.filter(({ rule, status }) => rule === line.rule && status === "fail");
          expect(
            failed.map(({ suspect }) => suspect),
            stdout,
          ).to.include("director");
          if (line.cause !== undefined) expect(failed[0]?.causes[0]?.id).to.equal(line.cause);
          expect(status).to.equal(1);
        });
    });
});
