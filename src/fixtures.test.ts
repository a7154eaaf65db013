/** The captures below `fixtures`, judged as `hopcheck verify` judges them, without a process for each. */

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { judged } from "./cli/verify-files.js";
import { bySetup, type Subject } from "./cli/verify-subject.js";
import { conclude } from "./forwarding/captured/conclude.js";
import { evidenceOf } from "./forwarding/captured/evidence.js";
import { catalogue } from "./forwarding/catalogue.js";
import { complaints } from "./recordings/compare.js";
import { type Expected, readExpected } from "./recordings/recording.js";
import { scenarioFrom } from "./scenario/from-capture/scenario.js";
import { scenarioText } from "./scenario/from-capture/text.js";
import { loadScenario } from "./scenario/load.js";

const fixtures = fileURLToPath(new URL("../fixtures/captures", import.meta.url));
const names = readdirSync(fixtures, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

describe("the captures of", () => {
  const folder = mkdtempSync(join(tmpdir(), "hopcheck-fixtures-"));
  const scenario = join(folder, "scenario.yaml");
  after(() => rmSync(folder, { recursive: true }));

  for (const name of names) {
    describe(name, () => {
      const expected = readExpected(join(fixtures, name));
      let subject: Subject;
      before(async () => {
        subject = await bySetup(join(fixtures, name, "setup.yaml"), []);
      });

      it("are judged right", () => {
        const { verdict, findings } = judged(subject, { capture: [], profile: "extended", reporter: [] }, "");
        expect(complaints(expected, findings)).to.deep.equal([]);
        expect(verdict).to.equal(expected.verdict);
      });

      it("become scenarios that can be run, also where some of them are missing", () => {
        const taps = [...new Set(subject.captures.map(({ tap }) => tap))];
        for (const wanted of [taps, ...taps.map((tap) => [tap])])
          for (const withFault of [false, true]) {
            const captures = subject.captures.filter(({ tap }) => wanted.includes(tap));
            const { evidence } = evidenceOf(subject.setup, captures, subject.withoutModel);
            const { findings } = conclude(evidence, catalogue);
            const from = scenarioFrom(name, evidence, findings, withFault);
            if (typeof from === "string") expect(wanted).to.not.equal(taps);
            else writeFileSync(scenario, scenarioText(from.scenario, from.notes));
            if (typeof from === "object")
              expect(loadScenario(scenario).steps).to.have.length(from.scenario.steps.length);
          }
      });

      it("blame nobody else where some of them are missing", () => {
        const wrong = subsetsOf([...new Set(subject.captures.map(({ tap }) => tap))]).flatMap((taps) => {
          const captures = subject.captures.filter(({ tap }) => taps.includes(tap));
          return falselyBlamed({ ...subject, captures }, expected).map((what) => `${taps.join(", ")}: ${what}`);
        });
        expect(wrong).to.deep.equal([]);
      });
    });
  }
});

/** From none to all. */
function subsetsOf(taps: readonly string[]): string[][] {
  return Array.from({ length: 2 ** taps.length }, (_, bits) => taps.filter((_, index) => (bits >> index) & 1));
}

function falselyBlamed({ setup, captures, withoutModel }: Subject, { fails = [], mayFail = [] }: Expected): string[] {
  const { findings } = conclude(evidenceOf(setup, captures, withoutModel).evidence, catalogue);
  return findings
    .filter(({ status, rule }) => status === "fail" && !mayFail.includes(rule))
    .filter(({ rule, suspect }) => {
      // Without a capture of its own nothing may tell whose MAC a host's is.
      return !fails.some((known) => known.rule === rule && [known.suspect, "network"].includes(suspect ?? ""));
    })
    .map(({ rule, suspect, expected, observed }) => `${rule} blames ${suspect}: ${observed}, and not ${expected}`);
}
