import { expect } from "chai";
import { exampleResult } from "../example.js";
import type { RunResult } from "../result.js";
import { markup, poisoned, rulesView, ruleView, scenarioView } from "./render.test-support.js";

const result = exampleResult();
const [failing, translated, tunnelled, unsupported] = result.scenarios.map((_, index) =>
  scenarioView(result, index),
) as [string, string, string, string];

describe("the view of a scenario", () => {
  it("shows every finding, cause and command", () => {
    for (const [index, scenario] of result.scenarios.entries()) {
      const shown = scenarioView(result, index);
      expect(shown).to.contain(scenario.title).and.contain(scenario.file).and.contain(scenario.reproduce);
      for (const finding of scenario.findings) {
        expect(shown).to.contain(`>${finding.rule}<`).and.contain(finding.title);
        for (const { text, fix = "", confirm = "" } of finding.causes)
          expect(shown).to.contain(text).and.contain(fix).and.contain(confirm);
      }
    }
  });

  it("has failures before passes", () => {
    expect(failing.indexOf("DR-ARP-02")).to.be.lessThan(failing.indexOf("DR-ARP-05"));
  });

  it("says why a finding is declared, and why a scenario was not run", () => {
    expect(tunnelled).to.contain("so that routers spread flows");
    expect(unsupported).to.contain("Not run: the director does not support what it asks for.");
    expect(unsupported).to.contain("sctp: this director balances TCP and UDP only");
  });

  it("shows what the director said last", () => {
    expect(tunnelled)
      .to.contain("balancing 10.0.0.10:80\nrs2 does not answer")
      .and.contain('<a href="logs/tun-mtu.log">');
  });

  it("has a column for every hop, and a mark on every changed field", () => {
    const hops = result.scenarios[0]?.journeys[0]?.hops ?? [];
    const changes = hops.flatMap(({ changed = [] }) => changed.map(({ verdict }) => verdict));
    const marks = (verdict: string) => failing.match(new RegExp(`<td class="${verdict} `, "g"))?.length;
    expect(failing.match(/<th scope="col" class="hop /g)).to.have.lengthOf(hops.length);
    expect(marks("allowed")).to.equal(changes.filter((change) => change === "allowed").length);
    expect(marks("violation")).to.equal(1);
  });

  it("leads from a violated field to its rule, and from a finding to the hop and the field", () => {
    expect(failing).to.match(
      /breaks a rule: <\/span><a [^>]*>02:00:00:00:00:11<\/a><a class="rule" href="#\/rule\/DR-ARP-08">/,
    );
    expect(failing).to.contain('<a href="#/scenario/1?journey=1&amp;hop=3">router/eth1 #5</a>');
    expect(failing).to.contain('<a href="#/scenario/1?journey=1&amp;hop=4&amp;field=eth.dst">rs1 #5</a>');
  });

  it("marks the bytes of changed fields, and those of the one that is looked at", () => {
    expect(failing).to.contain(
      '0000  <mark class="violation selected">02 00 00 00 00 11</mark> <mark class="allowed">02 00 00 00 00 ff</mark> 08 00 45 00',
    );
    const other = scenarioView(result, 0, { journey: 0, hop: 2, field: "ip.ttl" });
    expect(other).to.contain('<mark class="allowed selected">3c</mark>');
  });

  it("shows a field that stays the same once it is looked at", () => {
    expect(failing).not.to.contain('<th scope="row">tcp.<wbr/>seq_raw</th>');
    const other = scenarioView(result, 0, { journey: 0, hop: 0, field: "tcp.seq_raw" });
    expect(other)
      .to.contain('<th scope="row">tcp.<wbr/>seq_raw</th>')
      .and.contain('<mark class=" selected">de ad be ef</mark>');
  });

  it("tells the headers of a tunnel apart, and lines the packet up with what it was before", () => {
    expect(tunnelled).to.contain("Outer IP header: the tunnel").and.contain("Inner IP header: the packet itself");
    expect(tunnelled).to.contain('<th scope="row">ip.<wbr/>ttl / #2</th>');
    expect(tunnelled).to.match(/<td class="added "><span aria-hidden="true">\+ <\/span>.*?172\.31\.7\.9<\/a><\/td>/);
  });

  it("draws hosts, addresses, MACs, segments and the VIP", () => {
    for (const text of [">router<", ">10.0.0.11<", ">02:00:00:00:00:11<", ">10.0.0.0/24<", ">VIP 10.0.0.10<"])
      expect(failing).to.contain(text);
    expect(failing.match(/<g class="stop /g)).to.have.lengthOf(4);
    expect(failing).to.contain("the packet was seen out at client, in at router/eth0, out at router/eth1, in at rs1");
  });

  it("has a rung for each frame on its way, and marks the broken one", () => {
    expect(failing.match(/class="rung /g)).to.have.lengthOf(3);
    expect(failing).to.contain(">✗ S #5<").and.contain(">S #1<");
  });

  it("draws no path from one receiver of a broadcast to the next", () => {
    const [scenario] = result.scenarios;
    const [hop] = scenario?.journeys[0]?.hops ?? [];
    if (scenario === undefined || hop === undefined) throw new Error("the example has no hop");
    const { changed: _, ...sent } = hop;
    const hops = [sent, { ...sent, host: "rs1" }, { ...sent, host: "rs2", from: 0 }];
    const shown = scenarioView({ ...result, scenarios: [{ ...scenario, journeys: [{ title: "arp", hops }] }] }, 0);
    expect(shown).to.contain("client → rs1, rs2 · nothing changed");
  });

  it("says where the journeys are that the result has no room for", () => {
    expect(tunnelled).to.contain("3 more in the capture.");
  });

  it("links to no capture that lies elsewhere", () => {
    for (const capture of [
      "javascript:alert(1)",
      "https://example.org/x",
      "//example.org/x",
      "/etc/passwd",
      "../../x",
      "a\\b",
    ]) {
      const scenarios = result.scenarios.map((scenario) => ({ ...scenario, capture }));
      expect(scenarioView({ ...result, scenarios }, 0), capture).not.to.match(/href="(?!#)/);
    }
    expect(failing).to.contain('<a href="captures/dr-arp.pcapng">');
  });

  it("takes places that are none for the first there is", () => {
    const lost = scenarioView(result, 0, { finding: 99, journey: 99, hop: 99, field: "nonsense" });
    expect(lost).to.contain("02:00:00:00:00:11");
    expect(translated).to.contain("Packets");
  });

  it("shows hostile text as text, wherever it stands", () => {
    const hostile = `</style></title><script>alert(1)</script>" onload='x' <img src=x> ]]> \x1b[31m\u202e &amp;`;
    const views = (run: RunResult) => [
      ...run.scenarios.map((_, index) => scenarioView(run, index)),
      rulesView(run),
      ruleView(run, run.scenarios[0]?.findings[0]?.rule ?? ""),
    ];
    const shown = views(poisoned(result, hostile)).join("");
    expect(shown).not.to.match(/<(script|img)\b/i);
    expect(shown).not.to.match(/[^\n\P{Cc}]|\u202e/u);
    expect(shown).to.contain("&lt;script>alert(1)&lt;/script>").and.contain("␛[31m‹U+202E› &amp;amp;");
    const clean = new Set(markup(views(result).join("")).names);
    expect(markup(shown).names.filter((name) => !clean.has(name))).to.deep.equal([]);
    expect(markup(shown).rest).not.to.contain("<");
  });

  it("shows hostile bytes and field names as text, too", () => {
    const hostile = "<script>alert(1)</script>";
    const shown = scenarioView(poisoned(result, hostile, ["bytes", "field"]), 0);
    expect(shown).not.to.match(/<script\b/i);
  });
});

describe("the views of rules", () => {
  it("list every rule of the run with its status and scenarios", () => {
    const shown = rulesView(result);
    for (const { rule } of result.scenarios.flatMap(({ findings }) => findings))
      expect(shown).to.contain(`href="#/rule/${rule}"`);
  });

  it("give text and source of one, who exercises it, and the fault that proves it", () => {
    const shown = ruleView(result, "DR-ARP-02");
    expect(shown).to.contain("ip-sysctl.rst, arp_ignore").and.contain("Real servers keep quiet about the VIP");
    expect(shown).to.match(/\d+ faults? that proves? it/);
    expect(shown).to.contain("caught in ");
  });

  it("say so of a rule that is none", () => {
    expect(ruleView(result, "<b>")).to.contain("No scenario of this run was judged by a rule of that name.");
  });
});
