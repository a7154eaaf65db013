/** Texts that somebody else chose, in every place of a result that has a text, through every format. */

import { execFileSync } from "node:child_process";
import { DOMParser } from "@xmldom/xmldom";
import { expect } from "chai";
import fc from "fast-check";
import { parse } from "yaml";
import { renderBadge } from "./badge-svg.js";
import { compareResults } from "./compare.js";
import { comparisonHtml } from "./compare-html.js";
import { renderComparison, renderMatrix } from "./compare-list.js";
import { comparisonMarkdown, matrixMarkdown } from "./compare-markdown.js";
import { renderConformance } from "./conformance.js";
import { matrixOf } from "./directors.js";
import { renderDots } from "./dot.js";
import { exampleResult } from "./example.js";
import { renderAnnotations, renderStepSummary } from "./github.js";
import { reportFixture } from "./golden.test-support.js";
import { renderHtml } from "./html.js";
import { readResult, renderJson } from "./json.js";
import { renderJunit } from "./junit.js";
import { renderScenario, renderSummary } from "./list.js";
import { matrixHtml } from "./matrix-html.js";
import type { RunResult } from "./result.js";
import { allVisible, visible } from "./visible.js";

/** Stands in every such text, so that a test can say where they came out. */
const MARK = "evil";

const ATTACKS: readonly string[] = [
  "\x1b[31m\x1b]0;title\x07\x9b2J",
  "\r::stop-commands::x\n::error file=x,line=1::boo\n  ::add-mask::y",
  "##[add-mask]x ##[command]y",
  "%0A::error::z%25,line=9:",
  "<script>alert(1)</script><img src=x onerror=y>",
  "]]></failure><testcase/>&amp;&#0;&lt;",
  "</pre></details></code>\n\n# heading\n- item",
  "`*_[x](javascript:y)_*` ~~z~~ | a | b | \\",
  "@octocat https://x.example www.x.example #1 mail@x.example",
  "\u202e\u2066\u200b\ufeff\u2028\u2029\u0085",
  "\ufffe\uffff\ud800 \udc00",
  "--- \n!!js/function x: &a *a {{ }} '\" : - ? %YAML 1.1\t",
  "../../../etc/passwd",
  "",
];

/** Properties whose values are not chosen freely: enumerations, numbers as text, and what a schema binds. */
const BOUND: ReadonlySet<string> = new Set([
  "verdict",
  "status",
  "level",
  "profile",
  "where",
  "direction",
  "declared",
  "startedAt",
  "bytes",
  "id",
  "problemIn",
  "protocol",
  "model",
]);

/** The example with a text at the beginning of every text in it that is free. */
function poisoned(text: string): RunResult {
  const poison = (value: unknown, key: string, owner: string): unknown => {
    if (Array.isArray(value)) return value.map((item) => poison(item, key, owner));
    if (typeof value === "object" && value !== null)
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, poison(item, name, key)]));
    const isBound = BOUND.has(key) || owner === "models" || key === "models" || (owner === "tool" && key === "name");
    return typeof value === "string" && !isBound ? `${MARK}${text}${value}` : value;
  };
  return poison(exampleResult(), "", "") as RunResult;
}

/** As long as a text of the example can get. */
const attack = fc.array(fc.constantFrom(...ATTACKS), { minLength: 1, maxLength: 4 }).map((parts) => parts.join(""));

/** Holds for each single attack, and for what random ones make together. */
function always(holds: (result: RunResult) => void): void {
  for (const text of ATTACKS) holds(poisoned(text));
  fc.assert(
    fc.property(attack, (text) => holds(poisoned(text))),
    { numRuns: 30 },
  );
}

const side = (result: RunResult) => ({ name: result.reproduce ?? "", ...result });
const better = (result: RunResult): RunResult => ({
  ...exampleResult(),
  scenarios: result.scenarios.map((scenario) => ({
    ...scenario,
    findings: scenario.findings.map((finding) => ({ ...finding, status: "pass" as const })),
  })),
});
const comparison = (result: RunResult) => compareResults(side(better(result)), side(result));
const matrix = (result: RunResult) => matrixOf([side(result), side(better(result))]);

/** What a terminal, a browser or an editor would obey or hide. */
const UNSEEN = /[^\P{C}\n\p{Co}\p{Cn}]|[\p{Zl}\p{Zp}]/u;

function expectPlain(text: string): void {
  expect(text).to.contain(MARK);
  expect(UNSEEN.exec(text)?.[0]).to.equal(undefined);
}

describe("texts of others", () => {
  it("are text on a terminal, and no commands in a log", () => {
    always((result) => {
      for (const lines of [
        [...result.scenarios.flatMap((scenario) => renderScenario(scenario)), ...renderSummary(result)],
        renderDots(result),
        renderComparison(comparison(result)),
        renderMatrix(matrix(result)),
      ]) {
        expectPlain(lines.join("\n"));
        expect(lines.filter((line) => /^\s*::|##\[|\n/.test(line))).to.deep.equal([]);
      }
    });
  });

  it("are text in annotations, each of which is one command", () => {
    always((result) => {
      const lines = renderAnnotations(result);
      expectPlain(lines.join("\n"));
      expect(lines).to.have.lengthOf(4);
      for (const line of lines) {
        const command = commandIn(line);
        expect(["error", "warning"]).to.include(command.name);
        expect(Object.keys(command.properties)).to.deep.equal(["file", "line", "col", "title"]);
        expect(command.properties.file).to.match(/^evil/);
        expect(line).to.not.contain("##[");
        // The runner shows the lines of a message, and obeys none of them: they are no lines of its input.
        expect(command.data.split("\n").filter((text) => /^\s*::/.test(text))).to.deep.equal([]);
      }
    });
  });

  it("are text in Markdown: none stands outside of an element in which nothing means anything", () => {
    always((result) => {
      for (const text of [
        renderStepSummary(result),
        comparisonMarkdown(comparison(result)),
        matrixMarkdown(matrix(result)),
      ]) {
        expectPlain(text);
        const outside = text
          .replace(/<code>[^\n<>`*_[\]|@\\~$:.]*?<\/code>/g, "")
          .replace(/<pre>(?:[^<>\n]|\n(?!\n))*<\/pre>/g, "");
        expect(outside).to.not.contain(MARK);
        expect(outside).to.not.match(/<(?!\/?(?:details|summary)>)/);
      }
    });
  });

  it("are text in XML", () => {
    always((result) => {
      const xml = renderJunit(result);
      expectPlain(xml);
      const suites = soundXml(xml).getElementsByTagName("testsuite");
      expect([...suites].map((suite) => suite.getAttribute("name"))).to.deep.equal(
        result.scenarios.map(({ title }) => visible(title)),
      );
      expect(soundXml(renderBadge(result)).textContent).to.not.contain(MARK);
    });
    execFileSync("xmllint", ["--noout", "--nonet", "--schema", reportFixture("junit.xsd"), "-"], {
      input: renderJunit(poisoned(ATTACKS.join(""))),
      stdio: "pipe",
    });
  });

  it("are text in YAML", () => {
    always((result) => {
      const yaml = renderConformance(result);
      expectPlain(yaml);
      const report = parse(yaml);
      const { features: _features, lacks: _lacks, implementation, ...director } = allVisible(result).director ?? {};
      expect(report.implementation).to.deep.equal({ ...implementation, ...director });
      expect(report.implementation.contact[0]).to.match(/^evil/);
      expect(report.reproduce).to.deep.equal([visible(result.reproduce ?? "")]);
      expect(report.kind).to.equal("ConformanceReport");
    });
  });

  it("are the same in JSON once it is read again", () => {
    always((result) => {
      expect(readResult(renderJson(result), "results.json")).to.deep.equal(JSON.parse(JSON.stringify(result)));
    });
  });

  it("are text in HTML", () => {
    // The page's own script, and the data that it shows.
    const scripts = (html: string) => html.match(/<\/?script\b/g)?.length ?? 0;
    const own = scripts(renderHtml(exampleResult()));
    always((result) => {
      const page = renderHtml(result);
      for (const html of [page, comparisonHtml(comparison(result)), matrixHtml(matrix(result))]) {
        expectPlain(html);
        expect(html).to.not.match(/<(?:img|testcase|failure)\b/);
        expect(scripts(html)).to.equal(html === page ? own : 0);
      }
    });
  });
});

function soundXml(text: string) {
  const complaints: string[] = [];
  const parser = new DOMParser({ onError: (level, message) => complaints.push(`${level}: ${message}`) });
  const root = parser.parseFromString(text, "application/xml").documentElement;
  expect(complaints).to.deep.equal([]);
  if (root === null) throw new Error("no element");
  return root;
}

/** Reads a line as the runner of GitHub does: its name up to a space, properties between commas, all unescaped. */
function commandIn(line: string) {
  const trimmed = line.trimStart();
  const end = trimmed.indexOf("::", 2);
  expect(trimmed.startsWith("::") && end > 0, line).to.equal(true);
  const [name = "", ...rest] = trimmed.slice(2, end).split(" ");
  const pairs = rest
    .join(" ")
    .split(",")
    .map((pair) => {
      const at = pair.indexOf("=");
      return [pair.slice(0, at), unescaped(pair.slice(at + 1))] as const;
    });
  return { name, properties: Object.fromEntries(pairs), data: unescaped(trimmed.slice(end + 2)) };
}

function unescaped(text: string): string {
  return text
    .replaceAll("%0D", "\r")
    .replaceAll("%0A", "\n")
    .replaceAll("%3A", ":")
    .replaceAll("%2C", ",")
    .replaceAll("%25", "%");
}
