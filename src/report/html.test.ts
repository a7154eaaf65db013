import { createHash } from "node:crypto";
import { inflateRawSync } from "node:zlib";
import { expect } from "chai";
import { exampleResult } from "./example.js";
import { markup, poisoned } from "./html/render.test-support.js";
import { renderHtml, renderReport } from "./html.js";

const page = renderHtml(exampleResult());

/** What a browser without scripts shows: all but the texts of scripts. */
function readable(html: string): string {
  return html.replace(/(<script\b[^>]*>)[\s\S]*?<\/script>/g, "$1");
}

function policyOf(html: string): string | undefined {
  return /<meta http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html)?.[1];
}

function unpacked(packed: string): unknown {
  return JSON.parse(inflateRawSync(Buffer.from(packed, "base64")).toString());
}

describe("renderHtml", () => {
  it("shows verdict, list and findings without its script", () => {
    const shown = readable(page);
    expect(shown).to.contain(
      "2 rules violated: 1 of 3 scenarios failed. Not run: 1 scenario that the director does not support.",
    );
    for (const { title, file, findings } of exampleResult().scenarios) {
      expect(shown).to.contain(title).and.contain(file);
      for (const { rule, expected = "", observed = "", causes } of findings.filter(({ status }) => status === "fail")) {
        expect(shown).to.contain(`>${rule}<`).and.contain(expected).and.contain(observed);
        for (const { fix = "" } of causes) expect(shown).to.contain(fix);
      }
    }
  });

  it("says which version of the director was tested, where that is known", () => {
    const directorIn = (html: string) => /<dt>Director<\/dt><dd>(.*?)<\/dd>/.exec(html)?.[1];
    expect(directorIn(page)).to.equal("ipvs 1.2.1");
    const unknown = { name: "ipvs", where: "host-kernel" } as const;
    expect(directorIn(renderHtml({ ...exampleResult(), director: unknown }))).to.equal("ipvs");
  });

  it("says first what is broken, who does it, and what mends it", () => {
    const broken = /<section class="broken"[\s\S]*?<\/section>/.exec(page)?.[0] ?? "";
    expect(broken).to.contain("DR-ARP-02").and.contain("at fault: <strong>rs1</strong>");
    expect(broken).to.contain("sysctl -w net.ipv4.conf.all.arp_ignore=1");
    expect(broken).to.contain("The lab did not settle: rs2 answered no canary within 10 s.");
    expect(page.indexOf("What is broken")).to.be.lessThan(page.indexOf('id="scenarios"'));
  });

  it("counts each rule once, by profile and level", () => {
    const counts = /<section class="counts"[\s\S]*?<\/section>/.exec(page)?.[0] ?? "";
    expect(counts)
      .to.contain('<td>core</td><th scope="row">MUST NOT</th>')
      .and.contain('<td class="number fail">1</td>');
    expect(counts).to.contain("<td>extended</td>");
  });

  it("lets nothing be loaded or run but its own style and script", () => {
    const css = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? "";
    const script = /<script>([\s\S]*)<\/script>/.exec(page)?.[1] ?? "";
    const hash = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
    expect(policyOf(page)).to.equal(
      `default-src 'none'; script-src ${hash(script)}; style-src ${hash(css)}; base-uri 'none'; form-action 'none'`,
    );
    expect(readable(page)).not.to.match(/<(iframe|img|object|embed|form|link|base)\b/i);
    expect(readable(page)).not.to.match(/\s(style|src|on\w+)=/i);
    expect(css).not.to.match(/url\(|@import/);
    expect(script).not.to.match(/<\/?script|<!--|\beval\(|new Function/);
  });

  it("refers to nothing outside", () => {
    const links = [...page.matchAll(/ href="([^"]*)"/g)].map(([, href]) => href ?? "");
    expect(links.filter((href) => !href.startsWith("#"))).to.deep.equal([]);
    expect(readable(page)).not.to.match(/https?:/);
  });

  it("shows hostile text as text, wherever it stands", () => {
    const hostile = `</script><!--</style></title></noscript><script>alert(1)</script>" onload='x' <img src=x> ]]> \x1b[31m\u202e &amp;`;
    const shown = renderHtml(poisoned(exampleResult(), hostile));
    expect(shown.match(/<\/script>/g)).to.have.lengthOf(page.match(/<\/script>/g)?.length ?? 0);
    for (const end of ["</style>", "</title>", "</noscript>"]) expect(shown.split(end), end).to.have.lengthOf(2);
    expect(shown)
      .not.to.contain("<!--")
      .and.not.to.match(/[^\n\P{Cc}]|\u202e/u);
    const { names, rest } = markup(readable(shown).replace(/<style>[\s\S]*?<\/style>/, ""));
    const clean = new Set(markup(readable(page)).names);
    expect(names.filter((name) => !clean.has(name))).to.deep.equal([]);
    expect(rest).not.to.contain("<");
  });

  it("renders a run of nothing and one of captures", () => {
    const { director: _, ...run } = exampleResult();
    const empty = renderHtml({ ...run, scenarios: [] });
    expect(empty).to.contain("no traffic never passes").and.contain("captures were judged");
  });
});

describe("renderReport", () => {
  it("keeps evidence in the page, and puts a large run's into files beside it", () => {
    const small = renderReport(exampleResult(), () => undefined);
    expect(small.beside.size).to.equal(0);
    expect(small.page.match(/<script type="application\/json" id="evidence-\d+">/g)).to.have.lengthOf(4);

    const large = renderReport(exampleResult(), () => undefined, 100);
    expect(large.page).not.to.contain('id="evidence-');
    expect([...large.beside.keys()]).to.deep.equal([1, 2, 3, 4].map((number) => `index.evidence/${number}.js`));
    expect(policyOf(large.page)).to.match(/script-src 'sha256-[^']+' 'strict-dynamic';/);
  });

  it("writes evidence as a call with nothing in it that could be code", () => {
    const hostile = '");alert(1)//</script>';
    const { beside } = renderReport(poisoned(exampleResult(), hostile), () => undefined, 100);
    for (const text of beside.values()) expect(text).to.match(/^hopcheckEvidence\(\d+,"[A-Za-z0-9+/=]+"\)\n$/);
  });

  it("keeps the scenario's file as it is, for it is downloaded", () => {
    const [scenario] = exampleResult().scenarios;
    if (scenario === undefined) throw new Error("the example has no scenario");
    const fileText = "title: \u202e</script>\n";
    const { beside } = renderReport({ ...exampleResult(), scenarios: [{ ...scenario, fileText }] }, () => undefined, 0);
    const packed = /"(.+)"/.exec([...beside.values()].join(""))?.[1] ?? "";
    expect(unpacked(packed)).to.include({ fileText });
  });

  it("goes without the frames of a file that is no capture of ours", () => {
    const { beside } = renderReport(exampleResult(), () => Buffer.from("no capture at all"), 0);
    const packed = /"(.+)"/.exec(beside.get("index.evidence/1.js") ?? "")?.[1] ?? "";
    expect(unpacked(packed)).not.to.have.property("frames");
  });
});
