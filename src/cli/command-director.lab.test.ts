import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { ScenarioResult } from "../report/result.js";
import { RunFolder } from "./run.test-support.js";

const SCENARIO = `title: A request reaches a real server
setup:
  services:
    - vip: 10.0.0.10
      port: 80
      protocol: tcp
      model: nat
      realServers: [{ name: rs1, ip: 192.168.10.11, port: 8080 }, { name: rs2, ip: 192.168.10.12, port: 8080 }]
  director: { interfaces: [{ ip: 10.0.0.1/24 }, { ip: 192.168.10.1/24 }] }
  client: { ip: 10.0.0.100/24 }
covers: [NAT-REQ-01]
steps:
  - send: { flow: a, tcp.flags: S }
`;
const SECOND = SCENARIO.replace("A request reaches", "Another one reaches");
const DRAINED = `${SCENARIO.replace("A request", "A request after a change")}
`.replace("steps:", "steps:\n  - remove: { server: rs1 }");

/** Connection tracking does the work; what follows it is what a test is about. */
const NFT = `table ip balance
delete table ip balance
table ip balance {
  chain prerouting {
    type nat hook prerouting priority dstnat;
{%- for service in services %}
    ip daddr {{ service.vip }} {{ service.protocol }} dport {{ service.port }} dnat ip addr . port to {{ service.realServers[0].ip }} . {{ service.realServers[0].port }}
{%- endfor %}
  }
}
`;

describe("a director that a command starts", function () {
  this.timeout(300_000);

  let folder: RunFolder;
  beforeEach(() => {
    folder = new RunFolder();
    folder.write("first.yaml", SCENARIO);
    folder.write("second.yaml", SECOND);
    folder.write("third.yaml", DRAINED);
    folder.write("rules.nft.liquid", NFT);
  });
  afterEach(() => folder.remove());

  /** Runs the scenarios against a director with these lines in its file. */
  const against = async (lines: string, ...args: string[]) => {
    folder.write("lb.yaml", `name: my-lb\nmodels: [nat]\nconfig: rules.nft.liquid\n${lines}`);
    const ended = await folder.run(...args, "--director", "lb.yaml", "--out", "out");
    return { ...ended, ...(existsSync(join(folder.folder, "out/results.json")) ? folder.results("out") : {}) };
  };
  const findingOf = (scenario: ScenarioResult | undefined, id: string) =>
    scenario?.findings.find(({ rule }) => rule === id);
  const statusesOf = (scenarios: readonly ScenarioResult[] = []) => scenarios.map(({ verdict }) => verdict);

  it("balances, and takes over what a scenario changes", async () => {
    const lines = `start: nft -f $config && exec sleep infinity
ready: { command: nft list table ip balance }
change: nft -f $config
`;
    const { status, scenarios, director } = await against(lines, "first.yaml", "third.yaml");
    expect([status, statusesOf(scenarios)]).to.deep.equal([0, ["pass", "pass"]]);
    expect(director).to.include({ name: "my-lb", where: "host-kernel" });
    const [, changed] = scenarios ?? [];
    expect(changed?.hosts.map(({ name }) => name)).to.include("rs2");
    expect(changed?.journeys.some(({ hops }) => hops.some(({ tap }) => tap === "rs2"))).to.equal(true);
  });

  it("is of whom its file says, and of the version that the command line says", async () => {
    const lines = `start: nft -f $config && exec sleep infinity
ready: { command: nft list table ip balance }
implementation: { organization: Example, version: "1.10", contact: [lb@example.org] }
`;
    const { status, director, reproduce, scenarios } = await against(lines, "first.yaml", "--director-version", "a b");
    expect(status).to.equal(0);
    expect(director?.implementation).to.deep.equal({
      organization: "Example",
      version: "a b",
      contact: ["lb@example.org"],
    });
    const command = "hopcheck run first.yaml --director lb.yaml --director-version 'a b'";
    expect([reproduce, scenarios?.[0]?.reproduce]).to.deep.equal([command, command]);
  });

  it("is not asked for changes where its file has no command for them", async () => {
    const { scenarios } = await against("start: nft -f $config && exec sleep infinity\n", "third.yaml");
    expect(scenarios?.[0]).to.include({
      verdict: "not-supported",
      reason: "change-servers: its file has no `change`",
    });
  });

  it("that crashes while it is asked fails the scenario, by what ended it and with its last words, and starts again", async () => {
    // It ends with the first request that connection tracking sees.
    const lines = `start: |
  nft -f $config
  echo started with $HOPCHECK_VIPS
  while ! nft list ruleset | grep -q never && [ "$(cat /proc/sys/net/netfilter/nf_conntrack_count)" = 0 ]; do :; done
  echo "a request, help" >&2
  kill -SEGV $$
ready: { log: ^started with 10.0.0.10$ }
`;
    const { status, stdout, scenarios } = await against(lines, "first.yaml", "second.yaml");
    expect([status, statusesOf(scenarios)]).to.deep.equal([1, ["fail", "fail"]]);
    const [first] = scenarios ?? [];
    expect(findingOf(first, "director-runs-on")).to.include({
      status: "fail",
      suspect: "director",
      expected: "it runs on",
      observed: "it was ended by SIGSEGV",
    });
    expect(first?.log?.end).to.contain("a request, help");
    expect(existsSync(join(folder.folder, "out", first?.log?.file ?? ""))).to.equal(true);
    expect(stdout).to.contain("✗ director-runs-on failed: MUST · The director's program runs on");
  });

  it("that ends before it is ready says so with its last words", async () => {
    const { status, scenarios } = await against(
      "start: echo no licence found; exit 3\nready: { port: 9999 }\n",
      "first.yaml",
    );
    expect([status, statusesOf(scenarios)]).to.deep.equal([1, ["inconclusive"]]);
    expect(scenarios?.[0]?.problem).to.equal(
      "the lab could not be built: the director ended with exit status 3 before it was ready; its last words:\nno licence found",
    );
  });

  it("is refused where its User-Mode Linux kernel does not see its folder", async () => {
    const { status, stderr } = await against("start: exec sleep infinity\nneeds: [ip_vs]\n", "first.yaml");
    expect(status).to.equal(3);
    expect(stderr).to.contain(
      `the director cannot be started: ${folder.folder} is not to be seen where it runs, in a User-Mode Linux kernel, which has a /tmp and a /run of its own; keep the director's file elsewhere`,
    );
  });

  it("that is never ready ends in bounded time", async () => {
    const lines = "start: exec sleep infinity\nready: { port: 9999 }\nwithin: 1\n";
    const { scenarios } = await against(lines, "first.yaml");
    expect(scenarios?.[0]?.problem).to.equal(
      "the lab could not be built: the director was not ready within 1 s, and said nothing",
    );
  });

  it("is known to be ready by a port, and by its answer to ARP for the VIP", async () => {
    const port = `start: |
  nft -f $config
  exec perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(LocalPort => 9999, Listen => 1) or die; sleep'
ready: { port: 9999 }
`;
    expect(await against(port, "first.yaml")).to.include({ status: 0 });
    expect(
      await against("start: nft -f $config && exec sleep infinity\nready: { arp: vip }\n", "first.yaml"),
    ).to.include({
      status: 0,
    });
    const silent = `start: exec sleep infinity
ready: { arp: vip }
within: 1
host: { vipDevice: none }
`;
    const { scenarios } = await against(silent, "first.yaml");
    expect(scenarios?.[0]?.problem).to.contain("the director was not ready within 1 s");
  });

  it("comes to rest though it is shown every frame, those of the lab's own canaries too", async () => {
    const listening = "import socket; s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(3))";
    const lines = `start: |
  nft -f $config
  exec /usr/bin/python3 -c '${listening}; [s.recv(65536) for _ in iter(int, 1)]'
ready: { command: nft list table ip balance }
`;
    const { status, scenarios } = await against(lines, "first.yaml");
    expect([status, statusesOf(scenarios)]).to.deep.equal([0, ["pass"]]);
  });

  it("that never sleeps settles nothing, and holds nobody up for ever", async () => {
    const lines = "start: nft -f $config && while :; do :; done\nready: { command: nft list table ip balance }\n";
    const { status, scenarios } = await against(lines, "first.yaml");
    expect([status, statusesOf(scenarios)]).to.deep.equal([1, ["inconclusive"]]);
    expect(scenarios?.[0]?.problem).to.contain("a program does not come to rest");
  });

  it("is told in a sentence what is wrong with its template", async () => {
    folder.write("rules.nft.liquid", "table ip x {\n  {{ services[0].vpi }}\n}\n");
    const { scenarios } = await against("start: exec sleep infinity\n", "first.yaml");
    expect(scenarios?.[0]?.problem).to.match(
      /^the lab could not be built: .*rules\.nft\.liquid:2:6: undefined variable: services\.0\.vpi$/,
    );
  });

  it("sees no network but the lab's", async () => {
    const lines = `start: |
  ip -o link show | cut -d' ' -f2 | tr '\\n' ' '
  exec sleep infinity
ready: { log: eth1 }
`;
    const { scenarios } = await against(lines, "first.yaml");
    expect(scenarios?.[0]?.log?.end ?? "").to.match(/^lo: eth0@\S+: eth1@\S+:$/);
  });
});
