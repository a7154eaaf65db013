import { expect } from "chai";
import { exampleResult } from "./example.js";
import { ResultFormatError, readResult, renderJson } from "./json.js";
import schema from "./results.schema.json" with { type: "json" };

/** The example with the value at a path replaced (or taken out, for undefined), as the text of a file. */
function changed(path: string, value: unknown): string {
  const result: unknown = JSON.parse(renderJson(exampleResult()));
  const steps = path.split(".");
  const last = steps.pop() ?? "";
  const owner = steps.reduce((node, step) => (node as Record<string, unknown>)[step], result);
  (owner as Record<string, unknown>)[last] = value;
  return JSON.stringify(result);
}

function refusal(text: string, name = "results.json"): string {
  try {
    readResult(text, name);
  } catch (error) {
    expect(error).to.be.instanceOf(ResultFormatError);
    return (error as Error).message;
  }
  throw new Error("was accepted");
}

describe("readResult", () => {
  it("reads what renderJson wrote", () => {
    expect(readResult(renderJson(exampleResult()), "results.json")).to.deep.equal(exampleResult());
    expect(readResult(renderJson({ ...exampleResult(), scenarios: [] }), "results.json").scenarios).to.deep.equal([]);
  });

  const refused: [what: string, text: string, message: string][] = [
    [
      "a verdict of another's making",
      changed("verdict", "ok"),
      '$.verdict: must be one of "pass", "fail", "inconclusive", not "ok"',
    ],
    [
      "an unknown status",
      changed("scenarios.1.findings.0.status", "passed"),
      '$.scenarios[1].findings[0].status: must be one of "pass", "fail", "inconclusive", "not-exercised", "declared", "not-supported", not "passed"',
    ],
    [
      "an unknown property",
      changed("scenarios.0.journeys.0.hops.2.colour", "red"),
      '$.scenarios[0].journeys[0].hops[2]: unknown property "colour"',
    ],
    [
      "a missing property",
      changed("scenarios.2.reproduce", undefined),
      '$.scenarios[2]: property "reproduce" is missing',
    ],
    [
      "a frame number from 0",
      changed("scenarios.0.findings.0.frames.0.number", 0),
      "$.scenarios[0].findings[0].frames[0].number: must be >= 1, not 0",
    ],
    [
      "bytes that are no hexadecimal",
      changed("scenarios.0.journeys.0.hops.0.bytes", "0g"),
      '$.scenarios[0].journeys[0].hops[0].bytes: must match pattern "^([0-9a-f]{2})*$", not "0g"',
    ],
    [
      "a violation without frames that does not say what was looked for",
      changed("scenarios.0.findings.1.frames", []),
      '$.scenarios[0].findings[1]: property "lookedFor" is missing',
    ],
    ["a list of scenarios that is none", changed("scenarios", {}), "$.scenarios: must be array, not {}"],
    [
      "a date that is none",
      changed("startedAt", "yesterday"),
      '$.startedAt: must match pattern "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?Z$", not "yesterday"',
    ],
    [
      "a later version",
      changed("schemaVersion", 2),
      "$.schemaVersion: version 2 of the results is that of a newer hopcheck, and this one reads version 1; update it",
    ],
    [
      "a version that never was",
      changed("schemaVersion", "0"),
      '$.schemaVersion: there is no version "0" of the results; this hopcheck reads version 1',
    ],
    ["a result of another tool", changed("tool.name", "x"), '$.tool.name: must be "hopcheck", not "x"'],
    ["a list", "[]", "$: this is no result of hopcheck (results.json): it has no schemaVersion"],
    [
      "the JSON of something else",
      '{"name":"x","version":"1.0.0"}',
      "$: this is no result of hopcheck (results.json): it has no schemaVersion",
    ],
    [
      "an object with a prototype",
      renderJson(exampleResult()).replace("{", '{"__proto__":{},'),
      '$: unknown property "__proto__"',
    ],
  ];
  for (const [what, text, message] of refused) {
    it(`refuses ${what}`, () => {
      expect(refusal(text)).to.equal(`results.json: ${message}`);
    });
  }

  it("refuses text that is no JSON, and cites it without its escapes", () => {
    expect(refusal("\x1b[31m<html>", "a\nb.json"))
      .to.match(/^a␊b\.json: not JSON: .*␛\[31m/)
      .and.not.match(/\p{Cc}/u);
  });
});

describe("renderJson", () => {
  const lines = renderJson(exampleResult()).split("\n");

  it("has each hop on one line, and each property of a failure on one of its own", () => {
    const hops = exampleResult().scenarios.flatMap(({ journeys }) => journeys.flatMap((journey) => journey.hops));
    expect(lines.filter((line) => /^ +\{"tap":.*"bytes":"[0-9a-f]+".*\},?$/.test(line))).to.have.lengthOf(hops.length);
    expect(lines).to.include('          "observed": "10.0.0.10 is-at 02:00:00:00:00:11"');
    expect(lines.filter((line) => /^ +\{"rule":"DR-ARP-05","title":.*\},?$/.test(line))).to.have.lengthOf(1);
  });

  it("writes what JSON.stringify would, but for spaces", () => {
    const odd = { ...exampleResult(), verdict: undefined, director: { name: '"\n\\\u2028', where: "userspace" } };
    expect(JSON.parse(renderJson(odd as never))).to.deep.equal(JSON.parse(JSON.stringify(odd)));
  });
});

describe("results.schema.json", () => {
  const definitions = { result: schema, ...schema.$defs } as Record<string, { properties?: object }>;

  it("describes no property that the example does not show, so that none escapes these tests", () => {
    const known = new Set<string>();
    JSON.stringify(exampleResult(), (key, value) => {
      known.add(key);
      return value;
    });
    const described = Object.values(definitions).flatMap((one) => Object.keys(one.properties ?? {}));
    expect(described.filter((property) => !known.has(property))).to.deep.equal([]);
  });

  it("is strict: no object takes unknown properties", () => {
    const lax: string[] = [];
    const visit = (node: unknown, path: string) => {
      if (typeof node === "object" && node !== null) {
        if (
          "properties" in node &&
          !/\/(if|then)$/.test(path) &&
          !("additionalProperties" in node && node.additionalProperties === false)
        ) {
          lax.push(path);
        }
        for (const [key, value] of Object.entries(node)) {
          visit(value, `${path}/${key}`);
        }
      }
    };
    visit(schema, "");
    expect(lax).to.deep.equal([]);
  });
});
