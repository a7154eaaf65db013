import { expect } from "chai";
import { exampleResult } from "./example.js";
import { finding } from "./example-finding.js";
import { makeStyle, PLAIN, renderFailure, renderProblem, renderSummary } from "./list.js";
import type { ScenarioResult } from "./result.js";

const [directRouting, translation, tunnel] = exampleResult().scenarios as [
  ScenarioResult,
  ScenarioResult,
  ScenarioResult,
];
const named = (scenario: ScenarioResult, rule: string) =>
  scenario.findings.find((one) => one.rule === rule) ?? finding(rule, { status: "pass" });

const HOSTILE = "\x1b[31mred\x1b]0;title\x07\n::error file=x::boo\r##[add-mask]x";

describe("renderFailure", () => {
  it("says what was wanted, what came, who is at fault and what to do", () => {
    expect(renderFailure(directRouting, named(directRouting, "DR-ARP-02")).join("\n")).to.equal(
      `
✗ DR-ARP-02 failed: MUST NOT · A real server never answers who-has VIP (broadcast)
  scenario    Real servers keep quiet about the VIP · cases/dr/arp.yaml
  rule        No ARP reply has the VIP as sender address and a real server's MAC as sender hardware address.
  seen at     rs1 #1, #2 · arp.src.hw_mac
  expected    no answer of rs1 to who-has 10.0.0.10 before its answer for 10.0.0.11
  observed    10.0.0.10 is-at 02:00:00:00:00:11
  suspect     rs1
  cause       arp_ignore is set on lo only; the kernel reads it from the NIC that the request came in by, and from all. (1 less likely: see the report)
  confirm     sysctl net.ipv4.conf.all.arp_ignore net.ipv4.conf.eth0.arp_ignore  # on rs1
  fix         sysctl -w net.ipv4.conf.all.arp_ignore=1  # on rs1
  capture     captures/dr-arp.pcapng
  again       hopcheck run cases/dr/arp.yaml --director ipvs`.trimStart(),
    );
  });

  it("names the tap where none of the frames is from there", () => {
    const elsewhere = { ...named(directRouting, "DR-ARP-08"), tap: "director", field: "eth.dst" };
    expect(renderFailure(directRouting, elsewhere)).to.include(
      "  seen at     director · eth.dst · with router/eth1 #5; rs1 #5",
    );
  });

  it("names the hop at which it shows before the other frames", () => {
    expect(renderFailure(directRouting, named(directRouting, "DR-ARP-08"))).to.include(
      "  seen at     rs1 #5 · eth.dst · with router/eth1 #5",
    );
  });

  it("cuts long values in the middle, and nothing that is to be pasted", () => {
    const long = "0123456789".repeat(100);
    const reproduce = `hopcheck run ${long}`;
    const failure = finding("X", {
      status: "fail",
      expected: long,
      observed: long,
      causes: [{ id: "x", text: long, fix: `ip route add ${long}` }],
    });
    const lines = renderFailure({ ...directRouting, title: long, reproduce }, failure);
    const cut = `${long.slice(0, 100)}…${long.slice(-99)}`;
    expect(lines).to.include.members([
      `  expected    ${cut}`,
      `  observed    ${cut}`,
      `  cause       ${cut}`,
      `  fix         ip route add ${long}`,
      `  again       ${reproduce}`,
    ]);
  });

  it("says an assertion once", () => {
    const statement = "client in: ip.ttl=60";
    const assertion = finding("expect@12", { status: "fail", statement, lookedFor: statement, expected: "a frame" });
    const lines = renderFailure(directRouting, assertion);
    expect(lines.filter((line) => line.includes(statement))).to.deep.equal([`  rule        ${statement}`]);
  });

  it("says what was looked for where nothing came", () => {
    expect(renderFailure(directRouting, named(directRouting, "DR-REQ-07")).join("\n")).to.equal(
      `
○ DR-REQ-07 not exercised: MUST · The director does not see the answers
  scenario    Real servers keep quiet about the VIP · cases/dr/arp.yaml
  rule        No frame from VIP:vport to the client is addressed to the director.
  looked for  an answer of a real server to a request
  capture     captures/dr-arp.pcapng
  again       hopcheck run cases/dr/arp.yaml --director ipvs`.trimStart(),
    );
  });

  it("takes a dozen lines at most, and one line for each thing, whatever the text", () => {
    const hostile = finding("DR-ARP-02", {
      status: "fail",
      title: HOSTILE,
      statement: HOSTILE,
      suspect: HOSTILE,
      tap: HOSTILE,
      field: HOSTILE,
      lookedFor: HOSTILE,
      expected: HOSTILE,
      observed: HOSTILE,
      frames: Array.from({ length: 10_000 }, (_, number) => ({ tap: HOSTILE, number })),
      causes: [{ id: "x", text: HOSTILE, confirm: HOSTILE, fix: HOSTILE }],
    });
    const scenario = {
      ...directRouting,
      title: HOSTILE,
      file: HOSTILE,
      capture: HOSTILE,
      reproduce: HOSTILE,
      problem: HOSTILE,
    };
    const lines = [...renderFailure(scenario, hostile), ...renderProblem(scenario)];
    expect(renderFailure(scenario, hostile)).to.have.lengthOf.at.most(12);
    expect(renderFailure(scenario, { ...hostile, frames: [] })).to.have.lengthOf.at.most(12);
    expect(lines.filter((line) => /\p{Cc}/u.test(line))).to.deep.equal([]);
    expect(lines.filter((line) => /^\s*::|##\[/.test(line))).to.deep.equal([]);
    expect(lines).to.include("  suspect     ␛[31mred␛]0;title␇␊::error file=x::boo␍# #[add-mask]x");
  });

  it("keeps a fix of several commands on one line that can be pasted", () => {
    const two = finding("X", {
      status: "fail",
      causes: [{ id: "x", text: "t", fix: "ip link set lo up\nip addr add 10.0.0.10/32 dev lo\n" }],
    });
    expect(renderFailure(directRouting, two)).to.include(
      "  fix         ip link set lo up; ip addr add 10.0.0.10/32 dev lo",
    );
  });
});

describe("renderProblem", () => {
  it("says what kept the scenario from ending", () => {
    expect(renderProblem(tunnel).join("\n")).to.equal(
      `
? problem: A request too long for the tunnel is refused
  scenario    cases/tun/mtu.yaml
  problem     The lab did not settle: rs2 answered no canary within 10 s.; Last frame of rs2: #12, 10.002 s ago.
  again       hopcheck run cases/tun/mtu.yaml --director ipvs`.trimStart(),
    );
  });
});

describe("renderSummary", () => {
  it("counts scenarios and rules and gives the verdict", () => {
    expect(renderSummary(exampleResult()).join("\n")).to.equal(
      `
≈ TUN-ENC-02 declared: the outer source is chosen per flow, so that routers spread flows
– not supported: SCTP is translated with a checksum of its own: sctp: this director balances TCP and UDP only
4 scenarios  1 passed · 1 failed · 1 inconclusive · 1 not supported
11 rules     4 passed · 2 failed · 1 inconclusive · 1 not exercised · 1 declared · 2 not supported
fail · 17.4 s · ipvs, Linux 6.1.176 in User-Mode Linux`.trimStart(),
    );
  });

  it("keeps silent about deviations where there are none, and about a director where captures were judged", () => {
    const { director: _, ...run } = exampleResult();
    expect(renderSummary({ ...run, verdict: "pass", scenarios: [translation] }).join("\n")).to.equal(
      `
1 scenario  1 passed · 0 failed · 0 inconclusive
3 rules     3 passed · 0 failed · 0 inconclusive · 0 not exercised
pass · 17.4 s`.trimStart(),
    );
  });

  it("says that a run of nothing is no pass", () => {
    const unsupported = exampleResult().scenarios.filter(({ verdict }) => verdict === "not-supported");
    for (const scenarios of [[], unsupported])
      expect(renderSummary({ ...exampleResult(), scenarios }).at(-1)).to.match(/^fail: no scenario was run/);
  });
});

describe("makeStyle", () => {
  it("colours on a terminal only, and only where NO_COLOR does not forbid it", () => {
    expect(makeStyle({ isTTY: true }, {}).bad("x")).to.equal("\x1b[31mx\x1b[39m");
    expect(makeStyle({ isTTY: true }, { NO_COLOR: "" }).bad("x")).to.equal("\x1b[31mx\x1b[39m");
    expect(makeStyle({ isTTY: true }, { NO_COLOR: "1" })).to.equal(PLAIN);
    expect(makeStyle({ isTTY: false }, {})).to.equal(PLAIN);
    expect(makeStyle({}, {})).to.equal(PLAIN);
  });

  it("colours the verdict of a finding, and no text of a packet gets a colour of its own", () => {
    const lines = renderFailure(
      { ...directRouting, title: "\x1b[32mok" },
      named(directRouting, "DR-ARP-02"),
      makeStyle({ isTTY: true }, {}),
    );
    expect(lines[0]).to.contain("\x1b[31m✗ DR-ARP-02 failed\x1b[39m");
    expect(lines[1]).to.contain("␛[32mok");
  });
});
