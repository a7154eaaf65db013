import { createHash } from "node:crypto";
import { expect } from "chai";
import { exampleResult } from "./example.js";
import { renderHtml } from "./html.js";
import { contrast, DARK, LIGHT, PAIRS } from "./palette.js";
import type { RunResult } from "./result.js";

const page = renderHtml(exampleResult());

/** Every string of the example replaced, but for the few that are no free text. */
function poisoned(text: string): RunResult {
  const kept = new Set([
    "verdict",
    "status",
    "direction",
    "change",
    "level",
    "profile",
    "where",
    "declared",
    "observed",
    "bytes",
    "field",
  ]);
  return JSON.parse(JSON.stringify(exampleResult()), (key, value) =>
    typeof value === "string" && !kept.has(key) ? text : value,
  ) as RunResult;
}

/** The names of all elements and attributes; text that broke out of its place would add one, or leave a `<` over. */
function markup(html: string): readonly string[] {
  const tag = /<(\/?[a-z][a-z0-9]*|!doctype)((?:\s+[a-z-]+(?:="[^"]*")?)*)\s*\/?>/gi;
  expect(html.replace(tag, "")).not.to.contain("<");
  const attributes = (text = "") => [...text.matchAll(/([a-z-]+)(?:="[^"]*")?/gi)].map(([, name]) => `@${name}`);
  const names = [...html.matchAll(tag)].flatMap(([, name = "", rest]) => [name, ...attributes(rest)]);
  return [...new Set(names)].toSorted();
}

describe("renderHtml", () => {
  it("shows every scenario, finding, cause and fix", () => {
    for (const scenario of exampleResult().scenarios) {
      expect(page).to.contain(scenario.title).and.contain(scenario.file).and.contain(scenario.reproduce);
      for (const finding of scenario.findings) {
        expect(page).to.contain(`>${finding.rule}<`).and.contain(finding.title);
        for (const cause of finding.causes) {
          expect(page)
            .to.contain(cause.text)
            .and.contain(cause.fix ?? "");
        }
      }
    }
  });

  it("says why a finding is declared, and why a scenario was not run", () => {
    expect(page).to.contain("so that routers spread flows");
    expect(page).to.contain("Not run: the director does not support what it asks for.");
    expect(page.match(/sctp: this director balances TCP and UDP only/g)).to.have.lengthOf(2);
    expect(page).to.contain("1 of 3 scenarios failed. Not run: 1 scenario that the director does not support.");
  });

  it("has a column for every hop, and a mark on every changed field", () => {
    const hops = exampleResult().scenarios.flatMap(({ journeys }) => journeys.flatMap((journey) => journey.hops));
    const changes = hops.flatMap((hop) => hop.changed?.map(({ verdict }) => verdict) ?? []);
    expect(page.match(/<th scope="col" class="hop /g)).to.have.lengthOf(hops.length);
    expect(page.match(/<td class="mono allowed">/g)).to.have.lengthOf(
      changes.filter((change) => change === "allowed").length,
    );
    expect(page.match(/<td class="mono violation">/g)).to.have.lengthOf(
      changes.filter((change) => change === "violation").length,
    );
    expect(page.match(/<figure>/g)).to.have.lengthOf(hops.length);
  });

  it("leads from a violated field to the finding, and from the finding to the hop", () => {
    expect(page).to.match(/breaks a rule: <\/span>02:00:00:00:00:11<a href="#s1-f3">DR-ARP-08<\/a>/);
    expect(page).to.contain('<a href="#s1-j1-h3">router/eth1 #5</a>');
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    const targets = [...page.matchAll(/ href="#([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).to.equal(ids.length);
    expect(ids).to.include.members(targets);
  });

  it("shows failures first and opened, passes folded", () => {
    expect(page.indexOf("DR-ARP-02")).to.be.lessThan(page.indexOf("DR-ARP-05"));
    expect(page).to.match(/<details class="finding fail" id="s1-f2" open>/);
    expect(page).to.match(/<details class="fold"><summary><span class="badge pass">/);
  });

  it("marks the bytes of changed fields", () => {
    expect(page).to.contain(
      '0000  <mark class="violation">02 00 00 00 00 11</mark> <mark class="allowed">02 00 00 00 00 ff</mark> 08 00 45 00',
    );
  });

  it("lets nothing be loaded or run", () => {
    const policy = /<meta http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(page)?.[1];
    const css = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? "";
    const hash = createHash("sha256").update(css).digest("base64");
    expect(policy).to.equal(`default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`);
    expect(page).not.to.match(/<(script|iframe|img|object|embed|form|link|base)\b/i);
    expect(page).not.to.match(/\s(style|src|on\w+)=/i);
    expect(css).not.to.match(/url\(|@import/);
  });

  it("refers to nothing outside its folder", () => {
    const links = [...page.matchAll(/ href="([^"]*)"/g)].map(([, href]) => href ?? "");
    expect(links.filter((href) => !href.startsWith("#"))).to.deep.equal([
      "captures/dr-arp.pcapng",
      "captures/nat-request.pcapng",
    ]);
    expect(page).not.to.match(/https?:/);
  });

  it("shows hostile text as text, wherever it stands", () => {
    const hostile = `</style></title><script>alert(1)</script>" onload='x' <img src=x> ]]> \x1b[31m\u202e ::error::x &amp;`;
    const shown = renderHtml(poisoned(hostile));
    expect(shown).not.to.match(/<(script|img)\b/i);
    expect(shown.match(/<\/style>/g)).to.have.lengthOf(1);
    expect(shown.match(/<\/title>/g)).to.have.lengthOf(1);
    expect(shown).not.to.match(/[^\n\P{Cc}]|\u202e/u);
    expect(shown).to.contain("&lt;script>alert(1)&lt;/script>").and.contain("␛[31m‹U+202E› ::error::x &amp;amp;");
    expect(markup(shown)).to.deep.equal(markup(page));
  });

  it("shows hostile bytes and field names as text, too", () => {
    const hostile = "<script>alert(1)</script>";
    const result = JSON.parse(JSON.stringify(exampleResult()), (key, value) =>
      key === "bytes" || key === "field" ? hostile : value,
    ) as RunResult;
    expect(renderHtml(result)).not.to.match(/<script\b/i);
  });

  it("tells the headers of a tunnel apart, and lines the packet up with what it was before", () => {
    expect(page)
      .to.match(/Outer IP header: the tunnel/)
      .and.match(/Inner IP header: the packet itself/);
    expect(page).to.contain('<th scope="row" class="mono">ip.<wbr/>ttl / #2</th>');
    expect(page).to.match(/<td class="mono added"><span aria-hidden="true">\+ <\/span>.*?172\.31\.7\.9<\/td>/);
  });

  it("draws no path from one receiver of a broadcast to the next", () => {
    const [scenario] = exampleResult().scenarios;
    const [hop] = scenario?.journeys[0]?.hops ?? [];
    if (scenario === undefined || hop === undefined) throw new Error("the example has no hop");
    const { changed: _, ...sent } = hop;
    const hops = [sent, { ...sent, host: "rs1" }, { ...sent, host: "rs2", from: 0 }];
    const shown = renderHtml({ ...exampleResult(), scenarios: [{ ...scenario, journeys: [{ title: "arp", hops }] }] });
    expect(shown).to.contain("client → rs1, rs2 · nothing changed");
  });

  it("says where the journeys are that it has no room for", () => {
    expect(page).to.contain("3 more in the capture.");
  });

  it("links to no capture that lies elsewhere", () => {
    for (const capture of [
      "javascript:alert(1)",
      "https://example.org/x",
      "//example.org/x",
      "/etc/passwd",
      "../../x",
      "a\\b",
      "",
    ]) {
      const result = exampleResult();
      const scenarios = result.scenarios.map((scenario) => ({ ...scenario, capture }));
      expect(renderHtml({ ...result, scenarios }), capture).not.to.match(/href="(?!#)/);
    }
  });

  it("renders a run of nothing and one of captures", () => {
    const { director: _, ...run } = exampleResult();
    const empty = renderHtml({ ...run, scenarios: [] });
    expect(empty).to.contain("no traffic never passes").and.contain("captures were judged");
  });
});

describe("colours", () => {
  for (const [name, palette] of Object.entries({ light: LIGHT, dark: DARK })) {
    for (const [text, ground] of PAIRS) {
      it(`${name}: ${text} can be read on ${ground}`, () => {
        expect(contrast(palette[text], palette[ground])).to.be.at.least(4.5);
      });
    }
  }

  it("are measured as WCAG measures them", () => {
    expect(contrast("#000000", "#ffffff")).to.be.closeTo(21, 0.001);
    expect(contrast("#777777", "#ffffff")).to.be.closeTo(4.48, 0.005);
  });
});
