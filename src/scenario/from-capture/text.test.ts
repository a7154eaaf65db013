import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { PaperLab } from "../../forwarding/testing/paper-lab.js";
import { loadScenario } from "../load.js";
import { scenarioFrom } from "./scenario.js";
import { scenarioText } from "./text.js";

/** What YAML takes for something else than text, or for its end. */
const HOSTILE = [
  "no",
  "~",
  "0x10",
  "1e3",
  ".inf",
  "- send: {}",
  "a: b",
  "# none",
  " }, { bounce: { host: director } }",
  '"',
  "'",
  "\\",
  "|",
  ">-",
  "&a *a",
  "!!js",
  "%YAML 1.1",
  "---\n",
  "...\r\n",
  "\t",
  " ",
  "\n",
  "\r",
  "{{}}",
  "[]",
];

describe("the text of a scenario from captures", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "hopcheck-text-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  function reread(title: string, payload: Uint8Array) {
    const lab = new PaperLab("dr");
    lab.request({ spec: { "udp.dstport": 53, payload } });
    const from = scenarioFrom(title, lab.evidence(), [], false);
    if (typeof from === "string") throw new Error(from);
    const file = join(folder, "scenario.yaml");
    writeFileSync(file, scenarioText(from.scenario, [{ path: [], lines: [JSON.stringify(title)] }]));
    return loadScenario(file);
  }

  it("means what was captured, whatever the payload and the folder's name are", () => {
    const texts = fc.array(fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: "binary" })), { maxLength: 4 });
    const payloads = fc.oneof(
      texts.map((parts) => Buffer.from(parts.join(""), "latin1")),
      fc.uint8Array({ maxLength: 40 }),
    );
    fc.assert(
      fc.property(texts, payloads, (title, payload) => {
        const { title: read, steps } = reread(`As captured: ${title.join("")}`, payload);
        expect(read).to.equal(`As captured: ${title.join("")}`);
        expect(steps.map(({ kind }) => kind)).to.deep.equal(["send"]);
        const [step] = steps;
        const sent = step?.kind === "send" ? (step.fields.payload as Uint8Array | undefined) : undefined;
        expect(Buffer.from(sent ?? []).toString("hex")).to.equal(Buffer.from(payload).toString("hex"));
      }),
    );
  });
});
